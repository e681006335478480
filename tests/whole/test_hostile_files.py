"""Files that are not what they say, or more: refused at the field, or drawn anew without it."""

from __future__ import annotations

import io
import struct
import zlib
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from PIL import ExifTags, Image

from tests.core.clamd import EICAR, clamd
from tests.factories import make_offer
from tests.offers.making import PDF
from tests.whole.refused import GOOD_REPORT, REPORT
from tests.world import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.test import TestResponse

    from tests.pages import PageClient

pytestmark = pytest.mark.one_backend

SCRIPT = b"<script>window.__pwned=1</script>"


def picture(kind: str = "JPEG", **more: Any) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(file, kind, **more)
    return file.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    crc = struct.pack("!I", zlib.crc32(name + data))
    return struct.pack("!I", len(data)) + name + data + crc


def bomb(side: int) -> bytes:
    """Return a PNG of few bytes that says it has so many pixels a side."""
    head = struct.pack("!IIBBBBB", side, side, 1, 0, 0, 0, 0)
    body = zlib.compress(bytes(2_000_000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


def secretive() -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = SCRIPT.decode()
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = "N"
    return picture(exif=exif, comment=SCRIPT)


#: What a browser, a server or a program would take for something else than a picture or a PDF.
REFUSED = {
    "page.html": b"<!DOCTYPE html>" + SCRIPT,
    "page.jpg": b"<html>" + SCRIPT,
    "drawing.svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="window.__pwned=1"/>',
    "drawing.png": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
    ".htaccess": b"AddType application/x-httpd-php .jpg",
    "program.jpg.exe": b"MZ\x90\0" * 99,
    "program.pdf": b"\x7fELF" + bytes(99),
    "book.xlsx": b"PK\x03\x04" + bytes(99),
    "gif.js": b"GIF89a/*" + bytes(20) + b"*/=1;window.__pwned=1//",
    "late.pdf": SCRIPT + PDF,
    "both.pdf": PDF + b"PK\x03\x04",
    "runs.pdf": PDF.replace(b"/Catalog", b"/Catalog/OpenAction<</S/JavaScript/JS(app.alert)>>"),
    "bomb.png": bomb(50_000),
    "half.jpg": picture()[:200],
    "empty.jpg": b"",
}

#: What is a picture, and something else beside; only the picture is kept.
CLEANED = {
    "after.gif": picture("GIF") + SCRIPT,
    "after.jpg": picture() + b"PK\x03\x04" + SCRIPT,
    "within.png": picture("PNG")[:-12] + chunk(b"tEXt", b"x\0" + SCRIPT) + chunk(b"IEND", b""),
    "said.jpg": secretive(),
    "x.html": picture(),
    "x\u202egpj.exe": picture(),
    "x\0.php": picture(),
    "../../etc/x.jpg": picture(),
    "x" * 400 + ".jpg": picture(),
    'x";filename=evil.html': picture(),
}


def attach(client: PageClient, offer: str, data: bytes, name: str) -> TestResponse:
    form = client.page(f"/incidents/EX27/offers/{offer}").form("offer.attach")
    return client.submit(form, document=(io.BytesIO(data), name, "image/jpeg"))


def photograph(client: PageClient, data: bytes, name: str = "x.jpg") -> TestResponse:
    form = client.page(REPORT).form()
    photos = (io.BytesIO(data), name, "image/jpeg")
    return client.submit(form, **GOOD_REPORT, photos=photos)


@pytest.fixture
def offer(session: Any, world: Any) -> str:
    return str(make_offer(session, world.actor("alpha")).reference)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_picture_and_no_plain_pdf_is_refused_at_the_field(client_for, offer, name):
    client = client_for("alpha")
    page = client.read(attach(client, offer, REFUSED[name], name), 422)
    assert page.error_at("document")
    assert client.get(f"/incidents/EX27/offers/{offer}/files/1").status_code == 404
    if name != "empty.jpg":
        page = client.read(photograph(client, REFUSED[name], name), 422)
        assert page.error_at("photos")
        assert GOOD_REPORT["words"] in page.html


@pytest.mark.parametrize("name", CLEANED, ids=ascii)
def test_of_a_picture_only_the_picture_is_kept(client_for, offer, name):
    client = client_for("alpha")
    assert attach(client, offer, CLEANED[name], name).status_code == 303
    report = photograph(client, CLEANED[name], name).headers["Location"]
    for url in (f"/incidents/EX27/offers/{offer}/files/1", f"{report}/photos/1"):
        answer = client.get(url)
        assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
        assert SCRIPT not in answer.data
        assert dict(Image.open(io.BytesIO(answer.data)).getexif()) == {}
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert answer.headers["Content-Security-Policy"].endswith("sandbox")
        said = answer.headers["Content-Disposition"]
        assert said.isascii()
        assert not any(it in said for it in ("..", "/e", "\r", "\n", "\\", "\u202e"))
        assert said.rstrip('"').endswith(".jpg")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("Plan für Öl.pdf", "filename*=UTF-8''Plan%20f%C3%BCr%20%C3%96l.pdf"),
        ("насос.pdf", "filename*=UTF-8''%D0%BD%D0%B0%D1%81%D0%BE%D1%81.pdf"),
        ("100%.pdf", 'filename="100_.pdf"'),
        ("a\u202efdp.exe", 'filename="a fdp.pdf"'),
    ],
)
def test_a_name_is_sent_as_the_standard_has_it(client_for, offer, sent, kept):
    """RFC 6266, with the ASCII of it beside for those who know no better."""
    client = client_for("alpha")
    assert attach(client, offer, PDF, sent).status_code == 303
    answer = client.get(f"/incidents/EX27/offers/{offer}/files/1")
    said = answer.headers["Content-Disposition"]
    assert said.startswith("attachment;")
    assert kept in said
    assert "filename=" in said


@pytest.fixture
def scanned(make_app: Callable[..., Any], world: Any) -> Callable[[str], PageClient]:
    """Return a maker of people of a portal with a scanner at an address."""

    def sign_in(url: str) -> PageClient:
        client: PageClient = make_app(clamd_url=url).test_client()
        assert client.sign_in(world.people["alpha"].email, PASSWORD).status_code == 303
        return client

    return sign_in


def test_what_the_scanner_knows_is_refused_and_the_words_stay(scanned, offer):
    infected = PDF.replace(b"%%EOF", b"% " + EICAR + b"\n%%EOF")
    with clamd() as scanner:
        client = scanned(scanner.url)
        page = client.read(attach(client, offer, infected, "x.pdf"), 422)
        assert "virus scanner refuses" in page.error_at("document")
        page = client.read(photograph(client, picture() + EICAR), 422)
        assert "virus scanner refuses" in page.error_at("photos")
        assert GOOD_REPORT["words"] in page.html
        assert attach(client, offer, PDF, "x.pdf").status_code == 303
        assert photograph(client, picture()).status_code == 303
        assert scanner.seen[-2:] == [PDF, picture()]


def test_while_the_scanner_is_away_files_wait_and_nothing_else_does(scanned, offer):
    with ExitStack() as here:
        url = here.enter_context(clamd()).url
    client = scanned(url)
    page = client.read(attach(client, offer, PDF, "x.pdf"), 422)
    assert "cannot be checked" in page.error_at("document")
    page = client.read(photograph(client, picture()), 422)
    assert "cannot be checked" in page.error_at("photos")
    assert GOOD_REPORT["words"] in page.html
    form = page.form()
    assert client.submit(form).status_code == 303

"""Data sheets: what is refused of a PDF, and what is left of a file's name."""

from __future__ import annotations

import random

import pytest

from portal.core.sheets import SheetError, check_pdf, is_pdf, stem_of
from tests.offers.making import PDF


def test_a_plain_pdf_is_taken():
    assert is_pdf(PDF)
    check_pdf(PDF)
    check_pdf(PDF.rstrip() + b"\r\n\0\0")
    check_pdf(PDF.replace(b"/Catalog", b"/Catalog/JSON 1/Launched 2"))


def test_letters_that_come_up_in_compressed_data_are_no_reason():
    noise = random.Random(0).randbytes(200_000) + b"/JS /Launch "  # noqa: S311 - no secret
    check_pdf(PDF.replace(b"endobj", b"stream\n" + noise + b"endstream endobj"))


@pytest.mark.parametrize(
    "name",
    [b"JavaScript", b"JS", b"Launch", b"EmbeddedFile", b"EmbeddedFiles", b"RichMedia", b"XFA",
     b"SubmitForm", b"J#61vaScript", b"#4a#53", b"Launc#68"],
)  # fmt: skip
def test_one_that_does_something_is_refused(name):
    with pytest.raises(SheetError, match="runs a program"):
        check_pdf(PDF.replace(b"/Catalog", b"/Catalog/OpenAction<</S/" + name + b">>"))


@pytest.mark.parametrize(
    "data", [PDF + b"PK\x03\x04", PDF + b"<script>", PDF[:-7], b"%PDF-1.7", PDF + b"MZ\x90"]
)
def test_one_that_is_something_else_beside_is_refused(data):
    with pytest.raises(SheetError, match="Save it as PDF again"):
        check_pdf(data)


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("pump.pdf", "pump"),
        ("pump", "pump"),
        ("", "file"),
        (None, "file"),
        (".htaccess", "htaccess"),
        ("..", "file"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot"),
        ("pump.pdf.exe", "pump.pdf"),
        ("pump\0.php", "pump"),
        ("pump\u202efdp.exe", "pump fdp"),
        ("pu\u200bmp\ufeff.jpg", "pu mp"),
        ("pump\r\nSet-Cookie: a=b.pdf", "pump Set-Cookie: a=b"),
        ("\U000e0001\ud800x.pdf", "x"),
        ("Pumpe für Öl.pdf", "Pumpe für Öl"),
        ("Pumpe fu\u0308r.pdf", "Pumpe für"),
        ("x" * 300 + ".pdf", "x" * 76),
        ("   .pdf", "file"),
    ],
)
def test_a_name_hides_nothing(name, stem):
    assert stem_of(name, 76) == stem

"""The headers of every kind of answer, as they are; a change is made in `headers.txt`, too."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from portal.core.web.headers import nonce
from tests import factories as make
from tests.browser.pictures import snapshot
from tests.offers.making import PDF
from tests.world import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from werkzeug.test import TestResponse

    from tests.pages import PageClient
    from tests.world import World

SNAPSHOT = Path(__file__).with_name("headers.txt")

#: What says nothing of what a browser may do.
_OTHERS = {"Content-Length", "Date", "ETag", "Last-Modified", "Location", "Set-Cookie"}
_NONCE = re.compile(r"'nonce-[A-Za-z0-9_-]{22}'")
_NAME = re.compile(r"EX27-[A-Z0-9]{4}")

NEW = "/incidents/EX27/feed/new"
SOCKET = "/socket.io/?EIO=4&transport=polling"


def lines_of(answer: TestResponse) -> list[str]:
    lines = (f"  {k}: {v}" for k, v in answer.headers.items() if k not in _OTHERS)
    return sorted(_NAME.sub("EX27-…", _NONCE.sub("'nonce-…'", line)) for line in lines)


def told(answers: list[tuple[str, TestResponse]]) -> str:
    """Return what all answers say, and then what each says beside it."""
    every = [(f"{what}: {answer.status_code}", lines_of(answer)) for what, answer in answers]
    common = set.intersection(*(set(lines) for _, lines in every))
    page = ["every answer", *sorted(common)]
    for what, lines in every:
        page += [what, *(it for it in lines if it not in common)]
    return "\n".join(page) + "\n"


def files_of(
    client: PageClient, erac: PageClient, world: World
) -> Iterator[tuple[str, TestResponse]]:
    """Yield what is sent as a file: a picture, a data sheet, tables."""
    form = client.page(NEW).form("post.submit")
    picture = (io.BytesIO(snapshot(120, 90).jpeg), "x.jpg")
    typed = {
        "words": "A picture.",
        "county": "29097",
        "lifeline": "ENERGY",
        "standing": "closed",
    }
    sent = client.submit(form, **typed, photos=picture)
    yield "a picture", client.get(f"{sent.headers['Location']}/photos/1")
    offer = make.make_offer(world.session, world.actor("alpha")).reference
    page = client.page(f"/incidents/EX27/offers/{offer}")
    sheet = (io.BytesIO(PDF), "x.pdf")
    assert client.submit(page.form("offer.attach"), document=sheet).status_code == 303
    yield "a data sheet", client.get(f"/incidents/EX27/offers/{offer}/files/1")
    yield "a table", client.get("/incidents/EX27/log.csv")
    yield "a workbook", erac.get("/incidents/EX27/erac/offers.xlsx")


def answers_of(
    client: PageClient, erac: PageClient, world: World
) -> Iterator[tuple[str, TestResponse]]:
    """Yield an answer of every kind."""
    styles = client.application.static_url_path + "/ui/portal.css"
    yield "a page", client.get("/incidents/EX27/")
    yield "a page that runs no script", client.application.test_client().get("/register")
    yield "an error", client.get("/incidents/EX27/feed/EX27-0000")
    yield "a refusal of the route", client.put("/account")
    yield "a refusal of the size", client.post(NEW, data={"x": "x" * 300_000})
    yield "a file of the interface", client.get(styles, buffered=True)
    yield from files_of(client, erac, world)
    yield "a way on", client.application.test_client().get("/account")
    yield "a sign of life", client.get("/healthz")
    yield "a socket's beginning", client.get(SOCKET)
    yield "a refusal of a socket", client.get(SOCKET, headers={"Origin": "https://x.example"})


@pytest.mark.one_backend
def test_every_kind_of_answer_has_the_headers_it_had(client_for, world):
    client, erac = client_for("alpha"), client_for("erac")
    assert told(list(answers_of(client, erac, world))) == SNAPSHOT.read_text("utf-8")


@pytest.mark.one_backend
def test_behind_tls_every_answer_says_that_there_is_no_other_way(make_app, world):
    base = "https://portal.example.gov"
    app = make_app(base_url=base)
    client = app.test_client()
    styles = app.static_url_path + "/ui/portal.css"
    for path in ("/sign-in", "/nowhere", styles, "/account", "/healthz", SOCKET):
        answer = client.get(path, base_url=base, buffered=True)
        said = answer.headers.getlist("Strict-Transport-Security")
        assert said == ["max-age=31536000; includeSubDomains"], path
    held = dict(re.findall(r'name="(csrf_token|once)"[^>]*?value="([^"]+)"',
                           client.get("/sign-in", base_url=base).text))  # fmt: skip
    typed = {**held, "email": world.people["alpha"].email, "password": PASSWORD}
    answer = client.post("/sign-in", base_url=base, data=typed, headers={"Referer": f"{base}/"})
    assert answer.status_code == 303
    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert cookie.startswith("__Host-sid=")
    assert "Secure" in cookie


@pytest.mark.one_backend
def test_no_two_answers_share_a_nonce_and_none_is_named_in_vain(client_for):
    client, seen = client_for("moderator"), set()
    for path in ("/incidents/EX27/feed/queue", "/incidents/EX27/feed", "/account") * 3:
        page = client.page(path)
        (policy,) = page.response.headers.getlist("Content-Security-Policy")
        (word,) = re.findall(r"'nonce-([^']+)'", policy)
        assert {it.get("nonce") for it in page.all("script")} == {word}
        seen.add(word)
    assert len(seen) == 9
    signed_out = client.application.test_client().get("/register")
    assert "script-src 'none'" in signed_out.headers["Content-Security-Policy"]


@pytest.mark.one_backend
def test_the_nonce_is_known_to_pages_alone(app):
    """What goes over sockets and into lists is the same for everybody."""
    folder = Path(app.root_path) / "templates"
    naming = {path.relative_to(folder).as_posix() for path in folder.rglob("*.html")
              if "nonce" in path.read_text("utf-8")}  # fmt: skip
    assert naming
    assert not any("fragment" in name or name.startswith("ui/") for name in naming)
    for name in naming:
        source = (folder / name).read_text("utf-8")
        assert name == "base.html" or '{% extends "base.html" %}' in source, name
    with app.app_context():
        assert nonce() == nonce()

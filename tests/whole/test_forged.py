"""No page of another site writes in a person's name, whatever it sends: not one row changes."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from portal.core.columns import Row
from portal.core.web.origins import own_origin
from tests.whole.moving import FORMS, form_of
from tests.whole.refused import GOOD_REPORT, REPORT
from tests.whole.routes import routes_of
from tests.whole.scene import csrf_of
from tests.world import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from tests.pages import Form, PageClient

ELSEWHERE = "page of another site"
TOO_OLD = "was not opened from the portal"

#: Origins that are not http://localhost, though some would like to be taken for it.
FOREIGN_ORIGINS = [
    "null", "", "https://evil.example", "http://evil.example", "http://localhost.evil.example",
    "http://evil.localhost", "http://evil-localhost", "http://localhostevil.example",
    "https://localhost", "http://localhost:8080", "http://localhost:443", "http://localhost.",
    "http://localhost/", "http://localhost@evil.example", "http://127.0.0.1", "http://[::1]",
    "http://localhost http://evil.example", "http://localhost, http://evil.example",
    "ws://localhost", "file://", "localhost", "http://l\u043ecalhost".encode().decode("latin-1"),
    "http://xn--lcalhost-pcf", "chrome-extension://abcdefghijklmnop",
]  # fmt: skip

FOREIGN_SITES = ["cross-site", "same-site", "SAME-ORIGIN", "", "same-origin, cross-site", "x"]

#: What else is said beside the headers above; nothing of it makes them right.
_OVERRIDES = {
    "X-HTTP-Method-Override": "GET",
    "X-Forwarded-Host": "evil.example",
    "X-Requested-With": "XMLHttpRequest",
}


def forged_headers() -> list[dict[str, str]]:
    """Return what a browser says, and what no browser says, of a page that is not ours."""
    own = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    return [
        *({"Origin": it} for it in FOREIGN_ORIGINS),
        *({"Sec-Fetch-Site": it} for it in FOREIGN_SITES),
        *({**own, "Sec-Fetch-Site": it} for it in FOREIGN_SITES[:2]),
        {**own, "Origin": "null"},
        {**_OVERRIDES, "Origin": "http://evil.example"},
    ]


def forged_tokens(own: str, foreign: str) -> Iterator[str | None]:
    """Yield tokens that are not of this session, or none."""
    yield from (None, "", "x", foreign, own[:-1], own + "x", own.swapcase(), f'"{own}"')


def digest_of(session: Session) -> str:
    """Return a digest of every row there is, but of when a session was last heard of."""
    session.rollback()
    digest = hashlib.sha256()
    for table in Row.metadata.sorted_tables:
        columns = [it for it in table.columns if it.name != "last_seen_at"]
        rows = sorted(map(repr, session.execute(select(*columns)).all()))
        digest.update("\n".join([table.name, *rows]).encode())
    return digest.hexdigest()


def send(client: PageClient, form: Form, typed: dict[str, Any], **more: Any) -> Any:
    data = {k: v for k, v in {**form.filled, **typed}.items() if v is not None}
    return client.post(form.action, data=data, **more)


@pytest.mark.sampled(4)
@pytest.mark.parametrize(("stage", "move"), FORMS)
def test_a_form_that_would_be_taken_is_not_taken_from_elsewhere(scene, stage, move):
    """Each is filled in and ready to be sent, by somebody who may."""
    client, form = form_of(scene, stage, move)
    typed = stage.fill(scene.world, move)
    own, foreign = form.filled["csrf_token"][0], csrf_of(scene.client("observer"))
    before = digest_of(scene.session)
    for headers in forged_headers():
        answer = send(client, form, typed, headers=headers)
        assert (answer.status_code, ELSEWHERE in answer.text) == (403, True), headers
    for token in forged_tokens(own, foreign):
        answer = send(client, form, {**typed, "csrf_token": token})
        assert (answer.status_code, TOO_OLD in answer.text) == (403, True), token
    for body in (
        {"json": {**typed, **form.filled}},
        {"data": "&".join(f"{k}={v}" for k, v in typed.items()), "content_type": "text/plain"},
        {"query_string": {**form.filled, **typed}},
    ):
        assert client.post(form.action.partition("?")[0], **body).status_code == 403, body
    assert digest_of(scene.session) == before


def test_no_route_takes_a_write_from_elsewhere(scene):
    """Those without a form of a move, too; and whoever asks."""
    clients = (scene.client("admin"), scene.anonymous())
    before = digest_of(scene.session)
    for client in clients:
        token = csrf_of(client, "/account" if client is scene.client("admin") else "/sign-in")
        for route in (it for it in routes_of(scene.app) if it.method == "POST"):
            typed = {"csrf_token": token, "once": secrets.token_urlsafe(16)}
            for headers in (
                {"Origin": "http://evil.example"},
                {"Sec-Fetch-Site": "cross-site"},
            ):
                answer = client.post(route.path(), data=typed, headers=headers)
                assert (answer.status_code, ELSEWHERE in answer.text) == (403, True), route
    assert digest_of(scene.session) == before


def test_nobody_is_signed_in_from_elsewhere(scene):
    """A page of another site could otherwise let a person work in a stranger's name."""
    client = scene.anonymous()
    form = client.page("/sign-in").form()
    typed = {"email": scene.world.people["bravo"].email, "password": PASSWORD}
    own, foreign = form.filled["csrf_token"][0], csrf_of(scene.client("observer"))
    before = digest_of(scene.session)
    for headers in forged_headers():
        assert send(client, form, typed, headers=headers).status_code == 403, headers
    for token in forged_tokens(own, foreign):
        assert send(client, form, {**typed, "csrf_token": token}).status_code == 403, token
    assert digest_of(scene.session) == before


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://localhost"},
        {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
    ],
    ids=str,
)
def test_what_comes_from_our_own_page_is_taken(scene, headers):
    client = scene.client("alpha")
    form = client.page(REPORT).form()
    assert send(client, form, GOOD_REPORT, headers=headers).status_code == 303


def test_another_method_is_not_put_in_the_place_of_the_real_one(scene):
    client, before = scene.client("admin"), digest_of(scene.session)
    names = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")
    for route in (it for it in routes_of(scene.app) if it.method == "POST"):
        for method in ("POST", "DELETE"):
            asked = {"_method": method, "csrf_token": csrf_of(client)}
            for name in names:
                headers = {name: method}
                answer = client.get(route.path(), query_string=asked, headers=headers)
                # Who is half-way nowhere in signing in is led on, and that is all.
                led_on = {303} if route.rule.startswith("/sign-in/") else set()
                assert answer.status_code in {200, 403, 404, 405, 410} | led_on, route
    assert digest_of(scene.session) == before


@pytest.mark.parametrize(
    ("configured", "host", "own"),
    [
        ("https://portal.example.gov", "evil.example", "https://portal.example.gov"),
        ("https://Portal.example.gov:443", "x", "https://portal.example.gov"),
        ("http://portal.example.gov:80/", "x", "http://portal.example.gov"),
        ("https://portal.example.gov:8443", "x", "https://portal.example.gov:8443"),
        ("https://[2001:DB8::1]:8443", "x", "https://[2001:db8::1]:8443"),
        ("", "localhost:8000", "http://localhost:8000"),
        ("", "[::1]:8000", "http://[::1]:8000"),
        ("", "127.0.0.1:80", "http://127.0.0.1"),
        ("", "localhost:x", ""),
        ("", "localhost:99999", ""),
    ],
)
def test_an_origin_is_written_as_a_browser_writes_it(configured, host, own):
    assert own_origin(configured, {"wsgi.url_scheme": "http", "HTTP_HOST": host}) == own

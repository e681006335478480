"""Every route: who may come in, how, and with which headers it answers."""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from portal.core.actor import Role
from portal.core.web.requests import is_own_path, is_public
from portal.journal.models import Entry, Once
from tests import passkeys
from tests.whole.routes import Route, pages_of, routes_of
from tests.whole.scene import csrf_of
from tests.world import PASSWORD

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

    from tests.whole.scene import Scene

SNAPSHOT = Path(__file__).with_name("routes.txt")

#: What anybody may ask for. Whoever adds to it opens the portal a little further.
PUBLIC = {
    "accounts.passkey",
    "accounts.sign_in",
    "healthz",
    "joining.accept",
    "joining.accept_by_passkey",
    "joining.recover",
    "joining.renew",
    "joining.renew_by_passkey",
    "metrics",
    "readyz",
    "registering.forgotten",
    "registering.new",
    "registering.reply",
    "registering.sent",
    "registering.show",
    "second.code",
    "second.codes",
    "second.passkey",
    "second.terms",
    "static",
    "joining.accept_by_provider",
    "single_sign_on.start",
    "single_sign_on.back",
    "company.show",
    "company.other",
}

#: What is answered to who sends nothing, or sends it behind a link that is nobody's.
TO_ANYBODY = {
    "company.other": 303,
    "company.show": 303,
    "joining.accept_by_provider": 410,
    "single_sign_on.start": 404,
    "accounts.sign_in": 422,
    "accounts.passkey": 422,
    "joining.accept": 410,
    "joining.accept_by_passkey": 410,
    "joining.recover": 410,
    "joining.renew": 410,
    "joining.renew_by_passkey": 410,
    "registering.new": 422,
    "registering.reply": 404,
    "registering.forgotten": 200,
    "second.code": 303,
    "second.codes": 303,
    "second.passkey": 303,
    "second.terms": 303,
}

HEADERS = {
    "Content-Security-Policy": "default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "accelerometer=()",
}


@pytest.fixture(scope="module")
def routes(scene: Scene) -> list[Route]:
    return routes_of(scene.app)


def writes(routes: list[Route]) -> list[Route]:
    return [it for it in routes if it.method == "POST"]


# ---------------------------------------------------------------- the map


def line_of(scene: Scene, route: Route) -> str:
    view = scene.app.view_functions[route.endpoint]
    roles = getattr(view, "roles", None)
    who = "anybody" if route.endpoint in PUBLIC else "signed in"
    if roles is not None:
        who = " ".join(role for role in Role if role in roles)
    return f"{route.method:<4}  {route.rule}  ({who})"


def test_no_route_comes_or_goes_unseen(scene, routes):
    """What has to be changed with a route is `routes.txt`: others build on the old one."""
    now = [line_of(scene, it) for it in routes]
    assert now == SNAPSHOT.read_text("utf-8").splitlines()


def test_only_these_are_public(scene, routes):
    with scene.app.app_context():
        found = {it.endpoint for it in routes if is_public(it.endpoint)}
    assert found == PUBLIC


def test_nothing_is_answered_but_get_and_post(scene, routes):
    assert {it.method for it in routes} == {"GET", "POST"}
    client = scene.client("admin")
    for path in sorted({it.path() for it in routes}):
        for method in ("PUT", "PATCH", "DELETE", "TRACE"):
            assert client.open(path, method=method).status_code == 405, (method, path)
            assert scene.anonymous().open(path, method=method).status_code == 405
    for route in writes(routes):
        if not any(it.method == "GET" and it.rule == route.rule for it in routes):
            assert client.get(route.path()).status_code == 405, route


# ---------------------------------------------------------------- the anonymous


def test_the_anonymous_are_asked_to_sign_in_and_come_back(scene, routes):
    for route in routes:
        if route.method != "GET" or route.endpoint in PUBLIC:
            continue
        path = route.path()
        for asked in (path, f"{path}?before=EX27-0000&x=%C3%A9"):
            answer = scene.anonymous().get(asked)
            assert answer.status_code == 302, route
            target = urlsplit(answer.headers["Location"])
            assert (target.scheme, target.netloc, target.path) == ("", "", "/sign-in")
            (back,) = parse_qs(target.query)["next"]
            assert urlsplit(back).path == path
            assert parse_qs(urlsplit(back).query) == parse_qs(urlsplit(asked).query)
            assert is_own_path(back)


def test_the_anonymous_write_nothing(scene, routes):
    before = scene.count(Entry), scene.count(Once)
    for route in writes(routes):
        client = scene.anonymous()
        assert client.post(route.path()).status_code == 403, route
        token = csrf_of(client, "/sign-in")
        status = client.post(route.path(), data={"csrf_token": token}).status_code
        # Behind a link there is a page for the anonymous; this link is nobody's.
        assert status == TO_ANYBODY.get(route.endpoint, 401), route
    assert (scene.count(Entry), scene.count(Once)) == before


def test_public_pages_open_without_signing_in(scene, routes):
    for route in routes:
        if route.method == "GET" and route.endpoint in PUBLIC:
            answer = scene.anonymous().get(route.path(), buffered=True)
            assert answer.status_code in {200, 303, 404, 410}, route


def test_a_cookie_that_means_nothing_is_no_sign_in(scene):
    for cookie in (
        "x",
        "eyJfdXNlcl9pZCI6IjEifQ.aaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbb",
        "." * 4000,
    ):
        client = scene.anonymous()
        client.set_cookie("sid", cookie)
        assert client.get("/account").status_code == 302


# ---------------------------------------------------------------- forged writes


def test_no_write_without_the_token_of_the_own_session(scene, routes):
    client = scene.client("admin")
    foreign = csrf_of(scene.client("bravo"))
    before = scene.count(Entry), scene.count(Once)
    for route in writes(routes):
        typed = {"once": secrets.token_urlsafe(16), "note": "x", "reason": "x"}
        for token in (None, "", "x", foreign, foreign[:-2]):
            sent = typed if token is None else {**typed, "csrf_token": token}
            answer = client.post(route.path(), data=sent)
            assert answer.status_code == 403, (route, token)
        assert client.post(route.path(), json={"csrf_token": foreign}).status_code == 403
    assert (scene.count(Entry), scene.count(Once)) == before
    assert client.get("/account").status_code == 200, "the forger signed the person out"


def test_reading_writes_nothing(scene, routes):
    clients = [scene.client("admin"), scene.client("alpha")]
    before = scene.count(Entry), scene.count(Once)
    for route in routes:
        for client in clients if route.method == "GET" else ():
            client.get(route.path(), buffered=True)
            client.head(route.path(), buffered=True)
    assert (scene.count(Entry), scene.count(Once)) == before


# ---------------------------------------------------------------- desks


def test_a_desks_pages_are_closed_to_all_other_roles(scene, routes):
    """Whether what they ask for exists does not matter, and is not told."""
    bound = [it for it in routes if getattr(scene.app.view_functions[it.endpoint], "roles", ())]
    assert bound
    for name in ("alpha", "alpha_admin", "moderator", "mop3", "cikr", "erac", "logistics",
                 "records", "admin", "observer"):  # fmt: skip
        client, actor = scene.client(name), scene.world.actor(name)
        for route in bound:
            roles = getattr(scene.app.view_functions[route.endpoint], "roles")  # noqa: B009
            sent = {"data": {"csrf_token": csrf_of(client)}} if route.method == "POST" else {}
            answer = client.open(route.path(), method=route.method, **sent)
            assert (answer.status_code == 403) is not bool(actor.roles & roles), (name, route)


# ---------------------------------------------------------------- headers


#: What a part of a page carries: it is nothing by itself, and many are fetched on a bad line.
OF_PARTS = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}


def assert_headers(answer: TestResponse, *, kept: bool = False) -> None:
    told = f"{answer.request.path}: {answer.status}"
    for name, start in (OF_PARTS if kept else HEADERS).items():
        assert answer.headers.get(name, "").startswith(start), (told, name)
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert kept or "Referrer-Policy" in answer.headers
    assert ("no-store" in answer.headers["Cache-Control"]) is not kept, told
    assert "Server" not in answer.headers or "Werkzeug" not in answer.headers["Server"]


def test_every_answer_carries_the_headers(scene, routes):
    for route in routes:
        for client in (scene.anonymous(), scene.client("admin")):
            answer = client.open(route.path(), method=route.method, buffered=True)
            assert_headers(answer, kept=route.endpoint == "static")


def test_refusals_carry_the_headers_too(scene):
    client = scene.client("alpha")
    answers = {
        404: client.get("/nowhere"),
        405: client.put("/account"),
        400: client.get("/account", headers={"Host": "evil.example"}),
        413: client.post("/incidents/EX27/feed/new", data={"words": "x" * 300_000}),
        403: client.get("/admin"),
    }
    for status, answer in answers.items():
        assert answer.status_code == status
        assert_headers(answer)
    missing = client.get("/static/ui/nothing.css")
    assert missing.status_code == 404
    assert "immutable" not in missing.headers["Cache-Control"]


def test_what_breaks_says_nothing_of_itself_and_carries_the_headers(scene, monkeypatch):
    def breaks() -> None:
        raise RuntimeError("canary of the engine room")

    monkeypatch.setitem(scene.app.view_functions, "account.show", breaks)
    monkeypatch.setattr(scene.app, "testing", value=False)
    answer = scene.client("alpha").get("/account")
    assert answer.status_code == 500
    assert_headers(answer)
    assert "canary" not in answer.text
    assert "Traceback" not in answer.text
    scene.client("alpha").read(answer)


def test_the_cookie_of_a_session_is_closed_to_scripts_and_other_sites(scene):
    client = scene.anonymous()
    answer = client.sign_in(scene.world.people["alpha"].email, PASSWORD)
    cookies = answer.headers.getlist("Set-Cookie")
    assert sorted(it.partition("=")[0] for it in cookies) == ["device", "sid"]
    for cookie in cookies:
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Path=/" in cookie
        assert "Domain" not in cookie


# ---------------------------------------------------------------- where `next` leads

FOREIGN = [
    "//evil.example", "///evil.example", "////evil.example", "https://evil.example",
    "http:evil.example", "https:/evil.example", "https:evil.example", "ftp://evil.example",
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x",
    "/\\evil.example", "\\\\evil.example", "\\/evil.example", "/\\/evil.example",
    "/\t/evil.example", "/\n/evil.example", "/\r/evil.example", "\t//evil.example",
    "\n//evil.example", " //evil.example", "\x00//evil.example", "/\x00/evil.example",
    "/\x0b/evil.example", "\x01https://evil.example", "java\tscript:alert(1)",
    "/x\r\nSet-Cookie: a=b", "/x\r\nLocation: //evil.example", "evil.example",
    "evil.example/x", "@evil.example", "user@evil.example", "?next=//evil.example", "#x",
    "\u3002evil.example", "//evil\u3002example", "/\u2028/evil.example",
    "/\u202e/evil.example", "/\u200b/evil.example", "//\u007f", "\ufeff//evil.example",
    "mailto:x@evil.example", "\u00a0//evil.example", "/\u00a0/evil.example",
    "//localhost@evil.example", "//localhost:80@evil.example", "https://localhost/account",
    "http://localhost:80/account", "/\u2029/evil.example", "/\u00ad/evil.example",
    "\u2060//evil.example", "/\\\\evil.example", "/\t\\evil.example", "///\\evil.example",
    "http:\\\\evil.example", "https:\tevil.example", "//[::1]", "//0x7f.1",
    "//evil.example:443",
    "/\x85/evil.example", "/\ufeff/evil.example", "blob:https://evil.example/x", "file:///etc",
    "about:blank", "view-source:/account", "//user:word@evil.example/", "/\x7f/evil.example",
]  # fmt: skip

#: Odd, but on this very portal whatever a browser makes of it.
OWN = [
    "/account", "/incidents/EX27/feed?before=EX27-0000", "/incidents/EX27/feed#x", "/%2fevil",
    "/%5cevil.example", "/@evil.example", "/x//evil.example", "/x?u=https://evil.example", "/",
    "/x/https:/evil.example", "/.evil.example", "/é", "/%09/evil.example",
    "/%2f%2fevil.example",
    "/%252f%252fevil.example", "/;//evil.example", "/account?next=//evil.example",
    "/javascript:alert(1)", "/./evil.example", "/\uff0fevil.example",
]  # fmt: skip


def as_a_browser_reads(target: str) -> str:
    """Return the host that a browser goes to, "" for the one it is at (WHATWG URL)."""
    target = re.sub(r"[\t\n\r]", "", target.strip("".join(map(chr, range(33)))))
    target = re.sub(r"^([a-z][a-z0-9+.-]*:)?[/\\]{2,}", r"\1//", target, flags=re.IGNORECASE)
    return urlsplit(target.replace("\\", "/")).netloc or urlsplit(target).scheme


@pytest.mark.parametrize("target", [*FOREIGN, *OWN], ids=ascii)
def test_signing_in_leads_to_this_portal_and_nowhere_else(scene, target):
    client, email = scene.anonymous(), scene.world.people["charlie"].email
    page = client.get("/sign-in", query_string={"next": target})
    assert page.status_code == 200
    token = csrf_of(client, "/sign-in")
    answer = client.post(
        "/sign-in",
        query_string={"next": target},
        data={
            "csrf_token": token,
            "once": "x",
            "email": email,
            "password": PASSWORD,
        },
    )
    assert answer.headers["Location"] == "/sign-in/second"
    answer = client.show_passkey("/sign-in/second", passkeys.of_person(email))
    assert answer.status_code == 303
    location = answer.headers["Location"]
    assert as_a_browser_reads(location) == ""
    assert location.startswith("/")
    assert "evil" not in answer.headers.get("Set-Cookie", "")
    if target in FOREIGN:
        assert location == "/"
    assert not re.search(r"[\r\n]", str(answer.headers["Location"]))


def test_the_form_keeps_where_to_go_on(scene):
    """It has no address of its own, so it is posted to the page's, `next` and all."""
    client, url = scene.anonymous(), "/sign-in?next=/incidents/EX27/feed"
    form = client.page(url).form("sign_in.start")
    assert form.element.get("action") is None
    answer = client.submit(form, to=url, email="nobody@world.example", password="x")
    form = client.read(answer, 422).form("sign_in.start")
    assert form.element.get("action") is None
    email = scene.world.people["charlie"].email
    client.submit(form, to=url, email=email, password=PASSWORD)
    answer = client.show_passkey("/sign-in/second", passkeys.of_person(email))
    assert answer.headers["Location"] == "/incidents/EX27/feed"


def test_a_path_of_two_slashes_leads_nowhere_else(scene):
    for path in ("//evil.example/feed", "//evil.example", "/\\evil.example", "/%0d%0aX: y"):
        answer = scene.anonymous().get(path)
        location = answer.headers.get("Location", "/")
        assert urlsplit(location).netloc in {"", "localhost"}, path
        assert "X" not in answer.headers


def test_pages_of_get_are_all_there(scene):
    assert {it.endpoint for it in pages_of(scene.app)} >= {"floor.show", "feed.index"}

"""Which host is answered is fixed by configuration; nothing a request says changes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.world import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.pages import PageClient

pytestmark = pytest.mark.one_backend

EVIL = [
    "evil.example", "localhost.evil.example", "localhost@evil.example",
    "evil.example#localhost",
    "evil.example, localhost", "localhost, evil.example", "xlocalhost", "localhost.", "",
    "127.0.0.2", "2130706433", "[::]", "evil.example:80", "localhost:80@evil.example",
    "evil.example/localhost", "localhost\tevil.example", "portal.example.gov.evil.example",
]  # fmt: skip

FORWARDED = {
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Server": "evil.example",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Prefix": "/evil.example",
    "X-Host": "evil.example",
    "X-Original-URL": "/admin",
    "X-Rewrite-URL": "/admin",
    "Forwarded": "host=evil.example;proto=https",
}


@pytest.mark.parametrize("host", EVIL)
def test_another_host_is_not_answered(anonymous: PageClient, host: str):
    for path in ("/sign-in", "/healthz", "/account", "/", "/static/x"):
        answer = anonymous.get(path, headers={"Host": host})
        assert answer.status_code == 400, path
        assert "evil" not in answer.headers.get("Location", "")
        assert "<html" not in answer.text or "evil" not in answer.text


@pytest.mark.parametrize("host", EVIL)
def test_nor_where_the_portal_has_an_address(make_app: Callable[..., Flask], host: str):
    client = make_app(base_url="https://portal.example.gov").test_client()
    for known in (host, "localhost", "127.0.0.1"):
        answer = client.get("/sign-in", headers={"Host": known}, base_url="https://localhost")
        assert answer.status_code == 400


def test_what_a_proxy_is_said_to_have_seen_changes_nothing(client_for, world):
    client = client_for("alpha")
    for path in ("/account", "/incidents/EX27/", "/incidents/EX27/feed", "/nowhere"):
        page = client.get(path, headers=FORWARDED)
        assert page.status_code == client.get(path).status_code
        assert "evil" not in page.text
    stranger = client.application.test_client()
    assert (
        stranger.get("/account", headers=FORWARDED).headers["Location"].startswith("/sign-in")
    )
    form = stranger.page("/sign-in").form("sign_in.start")
    data = {**form.filled, "email": world.people["alpha"].email, "password": PASSWORD}
    answer = stranger.post("/sign-in", data=data, headers=FORWARDED)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in/second")


def test_a_link_for_somebody_new_leads_to_the_address_of_the_configuration(client_for, world):
    admin = client_for("admin")
    form = admin.page("/admin/people/invite").form()
    data = {
        **form.filled,
        "addresses": "somebody@world.example",
        "organization": world.organizations["alpha"].reference,
        "roles": ["liaison"],
    }
    answer = admin.post("/admin/people/invite", data=data, headers=FORWARDED)
    assert answer.status_code in {200, 303}
    assert "evil" not in answer.text
    assert "/invite/" in answer.text


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "DEBUG", "PROPFIND", "x"])
def test_no_other_method_is_answered(anonymous: PageClient, method: str):
    for path in ("/sign-in", "/", "/healthz"):
        answer = anonymous.open(path, method=method, headers={"X-Canary": "canary-of-trace"})
        assert answer.status_code == 405, path
        assert "canary" not in answer.text

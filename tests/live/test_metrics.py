"""Figures: of things, never of people; for this machine itself, or for who has the token."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest
from flask import request

from portal.core.logs import JsonLine
from portal.live import stopping

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.pages import PageClient
    from tests.world import World

TOKEN = "figures-for-who-knows-this"


@pytest.mark.one_backend
def test_requests_are_counted_by_what_they_ask_for_and_not_by_who_or_where(
    app: Flask, world: World, client_for: Callable[[str], PageClient]
):
    browser = client_for("alpha")
    browser.get(f"/incidents/{world.code}/feed/NOBODY-KNOWS")
    browser.get("/a-path-of-somebodys-own")
    browser.open("/account", method="BREW")
    told = app.test_client().get("/metrics").text
    assert 'portal_requests_total{endpoint="feed.show",method="GET",status="404"} 1.0' in told
    assert 'method="other"' in told
    person = world.people["alpha"]
    for words in ("NOBODY-KNOWS", "somebodys", "BREW", person.email, world.code):
        assert words not in told


def test_what_stands_is_measured_when_asked(app: Flask, world: World):
    del world
    told = app.test_client().get("/metrics")
    assert told.content_type.startswith("text/plain")
    figures = dict(
        line.rsplit(" ", 1) for line in told.text.splitlines() if not line.startswith("#")
    )
    assert figures["portal_database_up"] == "1.0"
    assert float(figures["portal_journal_entries"]) > 0
    assert figures["portal_sockets"] == figures["portal_notes_waiting"] == "0.0"


@pytest.mark.one_backend
@pytest.mark.parametrize(
    ("address", "headers", "code"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("192.0.2.7", {}, 404),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 404),
        ("127.0.0.1", {"Via": "1.1 somebody"}, 404),
        ("192.0.2.7", {"X-Portal-Peer": "127.0.0.1"}, 404),
        ("192.0.2.7", {"Authorization": f"Bearer {TOKEN}"}, 404),
    ],
)
def test_this_machine_itself_may_ask(app: Flask, address: str, headers, code: int):
    asked = app.test_client().get(
        "/metrics", headers=headers, environ_base={"REMOTE_ADDR": address}
    )
    assert asked.status_code == code


@pytest.mark.one_backend
@pytest.mark.parametrize(
    ("shown", "code"),
    [(f"Bearer {TOKEN}", 200), ("Bearer", 404), ("Bearer é", 404), (f"Bearer {TOKEN}x", 404)],
)
def test_with_a_token_nobody_else_may(make_app, shown: str, code: int):
    client = make_app(metrics_token=TOKEN).test_client()
    assert client.get("/metrics").status_code == 404, "this machine itself neither"
    headers = {"Authorization": shown.encode().decode("latin-1")}
    for address in ("127.0.0.1", "192.0.2.7"):
        asked = client.get("/metrics", headers=headers, environ_base={"REMOTE_ADDR": address})
        assert asked.status_code == code


@pytest.mark.one_backend
def test_a_process_that_is_told_to_end_is_not_ready(app: Flask):
    client = app.test_client()
    assert client.get("/readyz").status_code == 200
    stopping.Running(app).is_stopping = True
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.headers["Connection"] == "close"
    assert client.get("/healthz").status_code == 200


@pytest.mark.one_backend
@pytest.mark.parametrize(
    ("proxies", "known"), [(0, "127.0.0.1"), (1, "203.0.113.2"), (2, "203.0.113.1")]
)
def test_who_asks_is_told_by_as_many_proxies_as_are_ours(make_app, proxies: int, known: str):
    app = make_app(proxies=proxies)
    told = "198.51.100.66, 203.0.113.1, 203.0.113.2"
    seen = []
    app.before_request_funcs[None].insert(0, lambda: seen.append(request.remote_addr))
    app.test_client().get("/healthz", headers={"X-Forwarded-For": told})
    assert seen == [known]


def test_a_line_of_json_is_one_line_whatever_is_in_it():
    record = logging.LogRecord(
        "portal.x", logging.WARNING, "", 1, "said %s", ("a\nb\x1b[2J",), None
    )
    line = JsonLine().format(record)
    assert line.isascii()
    assert line.isprintable()
    told = json.loads(line)
    assert (told["said"], told["level"]) == ("said a\nb\x1b[2J", "WARNING")
    assert told["at"].endswith("Z")

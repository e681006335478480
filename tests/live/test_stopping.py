"""A server that is told to end: nobody is cut off, nothing waits unwritten, all come back."""

from __future__ import annotations

import signal
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
import requests
from sqlalchemy import select

from portal.journal.models import Entry
from tests.databases import opened
from tests.live.plain import POLLING, WEBSOCKET, connected
from tests.live.server import PATIENCE_S, Server, live_of, visiting, wait_until
from tests.pages import Page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.world import World

pytestmark = [
    pytest.mark.xdist_group("live"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

#: Late for a request, but not too late.
LATE_S = 0.3
FEED = "/incidents/EX27/feed"
BOTH = pytest.mark.parametrize("transports", [WEBSOCKET, POLLING], ids="+".join)


@pytest.fixture
def server(database_url: str, world: World, tmp_path: Path) -> Iterator[Server]:
    del world
    with Server(database_url, tmp_path) as server:
        yield server


def end(server: Server) -> int:
    """Tell it to end, and return with what it did."""
    process = server.process
    assert process is not None
    server.kill(signal.SIGTERM)
    return int(process.returncode)


@pytest.mark.one_backend
@BOTH
@pytest.mark.sampled(2)
def test_sockets_are_told_when_to_come_back_each_at_another_time(
    server: Server, world: World, transports: list[str]
):
    with visiting(server, world.people["charlie"].email) as reader:
        start = live_of(reader.open(FEED).text)
        known = {"Cookie": reader.cookie}
        with (
            connected(server.url, transports, known) as one,
            connected(server.url, transports, known) as other,
        ):
            for client in (one, other):
                client.follow(start)
            assert end(server) == 0
            told = [client.next() for client in (one, other)]
        assert {event for event, _ in told} == {"closing"}
        assert {data["why"] for _, data in told} == {"restarting"}
        assert all(1 <= data["retry_s"] <= 10 for _, data in told)
        server.start()
        with connected(server.url, transports, known) as again:
            assert again.follow(start) == {"frames": [], "heads": start["heads"]}


@pytest.mark.one_backend
def test_who_was_taken_in_is_answered_and_an_idle_line_is_hung_up_on(server: Server):
    """Neither is reset: a browser would show that, or send a form again."""
    address, asked = ("127.0.0.1", server.port), b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    with (
        socket.create_connection(address, PATIENCE_S) as idle,
        socket.create_connection(address, PATIENCE_S) as taken_in,
    ):
        idle.sendall(asked + b"\r\n")
        first = b""
        while not first.endswith(b"}\n"):
            first += idle.recv(65_536)
        taken_in.sendall(asked)
        process = server.process
        assert process is not None
        process.send_signal(signal.SIGTERM)
        assert idle.recv(65_536) == b""
        time.sleep(LATE_S)
        assert process.poll() is None, "it waits for who has begun to ask"
        taken_in.sendall(b"\r\n")
        answer = taken_in.recv(65_536)
        assert answer.startswith(b"HTTP/1.1 ")
        assert b"Connection: close" in answer
        assert process.wait(PATIENCE_S) == 0


@pytest.mark.one_backend
def test_a_request_that_is_being_answered_is_finished(
    server: Server, world: World, session: Any
):
    """Somebody else holds the database, so that the answer takes its time."""
    with (
        visiting(server, world.people["alpha"].email) as author,
        opened(server.database_url) as other,
    ):
        path = f"{FEED}/new"
        answers: list[requests.Response] = []

        page = author.open(path)
        form = Page(path, 200, page.text, 0, page).form("post.submit")
        said = {"words": "At the last moment.", "county": "29097", "lifeline": "ENERGY"}
        said |= {"standing": "closed", "asked_for": "partners"}

        def send() -> None:
            answers.append(
                author.http.post(
                    server.url + form.action,
                    data={**form.filled, **said},
                    headers={"Referer": server.url + path},
                    allow_redirects=False,
                    timeout=PATIENCE_S,
                )
            )

        connection = other.engine.connect()
        sending = threading.Thread(target=send)
        with connection.execution_options(portal_begin="IMMEDIATE").begin():
            sending.start()
            wait_until(lambda: is_waiting(server), "the request waits for the database")
            process = server.process
            assert process is not None
            process.send_signal(signal.SIGTERM)
            wait_until(lambda: "ending" in server.log, "it has heard")
            assert process.poll() is None
        connection.close()
        sending.join(PATIENCE_S)
        assert process.wait(PATIENCE_S) == 0
        assert answers[0].status_code == 303
    session.rollback()
    posted = session.scalars(select(Entry.move).where(Entry.subject == "post"))
    assert posted.all() == ["submit"]


def is_waiting(server: Server) -> bool:
    told = requests.get(f"{server.url}/metrics", timeout=PATIENCE_S).text
    # This question is one; the other is the request that waits.
    return "portal_requests_running 2.0" in told


@pytest.mark.one_backend
def test_nobody_is_let_in_any_more_while_it_ends(server: Server, world: World):
    with visiting(server, world.people["alpha"].email) as somebody:
        somebody.open(FEED)
        assert end(server) == 0
        with pytest.raises(requests.ConnectionError):
            somebody.open(FEED)


def test_what_was_noted_is_on_record(server: Server, world: World, session: Any):
    """A refusal is written after its page is shown; the end comes in between."""
    with visiting(server, world.people["alpha"].email) as somebody:
        assert somebody.open("/admin").status_code == 403
        assert end(server) == 0
    session.rollback()
    assert session.scalars(select(Entry.seq).where(Entry.move == "refuse")).all()


@pytest.mark.one_backend
def test_told_twice_it_ends_at_once(server: Server, world: World):
    del world
    process = server.process
    assert process is not None
    for _ in range(2):
        process.send_signal(signal.SIGTERM)
        time.sleep(0.01)
    assert process.wait(PATIENCE_S) in {0, 1}

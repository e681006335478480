"""What Socket.IO promises is as it was: the same talk with the library's driver and ours."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
import requests
import socketio

from tests.live.driver.talking import BOTH, POLLING, WEBSOCKET, talker, talking
from tests.live.server import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.xdist_group("driver"),
    pytest.mark.sampled(2),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

EVERY = pytest.mark.parametrize("transports", [WEBSOCKET, POLLING, BOTH], ids="+".join)


@pytest.fixture(scope="module", params=["theirs", "ours"])
def url(request) -> Iterator[str]:
    with talking(request.param) as url:
        yield url


@EVERY
def test_what_is_asked_is_answered(url, transports):
    with talker(url, transports) as one:
        assert one.io.transport() == transports[-1]
        for words in (
            ["a"],
            [1, "b", None],
            [{"deep": [True, "ü", "漢字 \U0001f32a"]}],
            ["a", ""],
        ):
            expected = words[0] if len(words) == 1 else words
            found = one.ask("echo", *words)
            assert (list(found) if isinstance(found, tuple) else found) == expected


@EVERY
def test_bytes_come_back_as_they_were(url, transports):
    with talker(url, transports) as one:
        sent = bytes(range(256)) * 20
        assert one.ask("echo", sent) == sent
        one.io.emit("again", ({"deep": sent}, "more"))
        assert one.next() == ["again", {"deep": sent}, "more"]


@pytest.mark.parametrize("transports", [WEBSOCKET, BOTH], ids="+".join)
def test_a_thousand_things_keep_their_order(url, transports):
    with talker(url, transports) as one:
        for n in range(1000):
            one.io.emit("again", n)
        assert [one.next() for _ in range(1000)] == [["again", n] for n in range(1000)]


@EVERY
def test_rooms(url, transports):
    with ExitStack() as stack:
        first, second, third = (stack.enter_context(talker(url, transports)) for _ in range(3))
        assert first.ask("join", "a") == ["a"]
        assert first.ask("join", "b") == ["a", "b"]
        assert second.ask("join", "b") == ["b"]
        third.io.emit("to", ("a", "to a"))
        third.io.emit("to", (["a", "b"], "to both"))
        third.io.emit("others", "to others")
        third.io.emit("to", (first.io.get_sid(), "to one"))
        third.io.emit("to", ("nowhere", "to nobody"))
        assert third.ask("echo", 1) == 1
        assert first.ask("leave", "a") == ["b"]
        third.io.emit("to", ("a", "to nobody"))
        third.io.emit("to", ("b", "to b"))
        heard = [[first.next()[1] for _ in range(5)], [second.next()[1] for _ in range(3)]]
        assert heard == [
            ["to a", "to both", "to others", "to one", "to b"],
            ["to both", "to others", "to b"],
        ]
        assert third.came.empty()


@EVERY
def test_the_server_may_ask_back(url, transports):
    with talker(url, transports) as one:
        assert one.ask("ask", "what?") == ["answer", "what?"]


@EVERY
def test_a_last_word_is_heard_before_the_server_hangs_up(url, transports):
    with talker(url, transports) as one:
        one.io.emit("out")
        assert one.next() == ["last", "word"]
        assert one.next() == ["disconnect", "server disconnect"]
    wait_until(lambda: requests.get(f"{url}/sockets", timeout=9).json() == [0, 0], "no socket")


@EVERY
def test_who_hangs_up_is_forgotten(url, transports):
    def sockets():
        return requests.get(f"{url}/sockets", timeout=9).json()

    wait_until(lambda: sockets() == [0, 0], "no socket")  # who polled is missed after a while
    before = len(requests.get(f"{url}/left", timeout=9).json())
    with talker(url, transports) as one:
        assert one.ask("join", "a") == ["a"]
        assert sockets() == [1, 1]
    why = wait_until(lambda: requests.get(f"{url}/left", timeout=9).json()[before:], "an end")
    assert why[0] in {"client disconnect", "transport close", "ping timeout"}
    wait_until(lambda: sockets() == [0, 0], "no socket")


@EVERY
def test_a_refusal_says_why(url, transports):
    told = []
    with (
        pytest.raises(socketio.exceptions.ConnectionError),
        talker(url, transports, auth={"refuse": "me"}, refused=told.append),
    ):
        pass
    assert told == [{"message": "not you"}]


@EVERY
def test_a_namespace_that_is_not_there_is_refused(url, transports):
    with (
        pytest.raises(socketio.exceptions.ConnectionError),
        talker(url, transports, namespaces=["/nowhere"]),
    ):
        pass


@EVERY
def test_two_namespaces_share_a_connection(url, transports):
    with talker(url, transports, namespaces=["/", "/other"]) as one:
        assert one.ask("echo", 1) == 1
        assert one.ask("echo", 2, namespace="/other") == 2
        one.io.disconnect()


@EVERY
@pytest.mark.sampled(3)
def test_who_says_nothing_for_long_but_lives_is_kept(url, transports):
    with talker(url, transports) as one:
        one.io.sleep(6)  # two pings
        assert one.ask("echo", 1) == 1

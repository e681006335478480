"""What a socket may send, how often, and how many a person has."""

from __future__ import annotations

import struct
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import websocket

from portal.live.seats import MESSAGES
from portal.live.service import FRAMES
from tests.live.plain import WEBSOCKET, connected
from tests.live.server import PATIENCE_S, live_of, visiting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.live.conftest import Place
    from tests.live.server import Visitor

pytestmark = [
    pytest.mark.xdist_group("live"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

FEED = "/incidents/EX27/feed"


# ---------------------------------------------------------------- in the test's own process


@pytest.mark.one_backend
@pytest.mark.usefixtures("held_clock")
def test_who_says_too_much_is_told_and_closed(ear_of):
    ear, other = ear_of("alpha", follows=False), ear_of("bravo", follows=False)
    for _ in range(MESSAGES.burst):
        assert "heads" in ear.follow()
    assert ear.follow() == {"error": "too fast"}
    assert ear.heard() == [("closing", {"why": "too_fast", "retry_s": 30.0})]
    assert not ear.is_connected
    assert "heads" in other.follow()


@pytest.mark.one_backend
def test_nonsense_counts_too_and_a_quiet_socket_stays(ear_of, held_clock):
    ear = ear_of("alpha", follows=False)
    for _ in range(MESSAGES.burst * 3):
        assert "error" in ear.send("nonsense")
        held_clock.tick(1)
    assert ear.is_connected
    for _ in range(MESSAGES.burst + 1):
        ear.send("nonsense")
    assert not ear.is_connected


@pytest.mark.one_backend
def test_a_sixth_window_closes_the_oldest_of_the_person_and_nobody_elses(ear_of):
    other = ear_of("bravo")
    ears = [ear_of("alpha") for _ in range(7)]
    assert [it.is_connected for it in ears] == [False] * 2 + [True] * 5
    for closed in ears[:2]:
        assert closed.heard() == [("closing", {"why": "too_many", "retry_s": None})]
    assert all("heads" in it.follow() for it in [*ears[2:], other])


# ---------------------------------------------------------------- on the real server


@pytest.fixture
def reader(place: Place) -> Iterator[Visitor]:
    with visiting(place.server, place.world.people["charlie"].email) as visitor:
        yield visitor


@contextmanager
def opened(place: Place, reader: Visitor) -> Iterator[websocket.WebSocket]:
    """Lend a connection that has come as far as its namespace."""
    url = f"ws://127.0.0.1:{place.server.port}/socket.io/?EIO=4&transport=websocket"
    line = websocket.create_connection(url, cookie=reader.cookie, timeout=PATIENCE_S)
    try:
        assert line.recv().startswith("0{")
        line.send("40/live,")
        assert line.recv().startswith("40/live,")
        yield line
    finally:
        line.shutdown()


def code_of(line: websocket.WebSocket) -> int | None:
    """Read until the server hangs up; return the code that it says."""
    try:
        while True:
            opcode, data = line.recv_data(control_frame=True)
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                return int(struct.unpack("!H", data[:2])[0])
    except (websocket.WebSocketException, OSError):
        return None


def frame(data: bytes, opcode: int, *, fin: int = 1) -> websocket.ABNF:
    return websocket.ABNF(fin, 0, 0, 0, opcode, 1, data)


TEXT, MORE, BINARY = (websocket.ABNF.OPCODE_TEXT, websocket.ABNF.OPCODE_CONT,
                      websocket.ABNF.OPCODE_BINARY)  # fmt: skip

#: What is sent, and the code with which the server hangs up.
REFUSED = {
    "a frame of 16 KB and one": ([frame(b"x" * 16_385, TEXT)], 1009),
    "a frame that says it is endless": ([b"\x81\xff" + b"\x7f" + b"\xff" * 7 + b"mask"], 1009),
    "a message in many frames": (
        [frame(b"x" * 8000, TEXT, fin=0), *[frame(b"x" * 8000, MORE, fin=0)] * 2],
        1009,
    ),
    "binary": ([frame(b"x", BINARY)], 1003),
    "a flood": ([frame(b"3", TEXT)] * (FRAMES.burst + 5), 4009),
    "a flood of pings": ([frame(b"", websocket.ABNF.OPCODE_PING)] * (FRAMES.burst + 5), 4009),
    "no mask": ([b"\x81\x013"], 1002),
    "no UTF-8": ([frame(b"\xff\xfe", TEXT)], 1007),
    "an unknown extension": ([websocket.ABNF(1, 1, 0, 0, TEXT, 1, b"x")], 1002),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_connection_may_not_send_ends_it_and_no_other(place, reader, name):
    sent, code = REFUSED[name]
    with connected(place.server.url, WEBSOCKET, {"Cookie": reader.cookie}) as neighbour:
        start = live_of(reader.open(FEED).text)
        with opened(place, reader) as line:
            for it in sent:
                line.sock.sendall(it if isinstance(it, bytes) else it.format())
            assert code_of(line) == code
        assert neighbour.follow(start)["heads"] == start["heads"]


def test_json_of_any_depth_breaks_nothing(place, reader):
    with connected(place.server.url, WEBSOCKET, {"Cookie": reader.cookie}) as neighbour:
        with opened(place, reader) as line:
            line.send('42/live,1["follow",' + "[" * 8000 + "]" * 8000 + "]")
            time.sleep(0.2)
        start = live_of(reader.open(FEED).text)
        assert neighbour.follow(start)["heads"] == start["heads"]

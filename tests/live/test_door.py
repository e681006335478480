"""Who is refused before the sockets, on the real server: nothing goes to a page elsewhere."""

from __future__ import annotations

import base64
import json
import socket
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests import factories
from tests.live.plain import POLLING, connected
from tests.live.server import PATIENCE_S, Visitor, live_of, visiting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.live.conftest import Place
    from tests.live.server import Server

pytestmark = [
    pytest.mark.xdist_group("live"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

FEED = "/incidents/EX27/feed"
PATH = "/socket.io/?EIO=4&transport="

#: With PORT in them, those that would like to be taken for the server's own.
FOREIGN_ORIGINS = [
    "null", "https://evil.example", "http://evil.example", "http://127.0.0.1.evil.example",
    "http://127.0.0.1:PORT.evil.example", "http://evil.127.0.0.1:PORT", "http://127.0.0.1:1",
    "http://127.0.0.1", "https://127.0.0.1:PORT", "ws://127.0.0.1:PORT", "http://localhost:PORT",
    "http://127.0.0.1:PORT@evil.example", "http://evil.example#http://127.0.0.1:PORT",
    "http://127.1:PORT", "http://2130706433:PORT", "http://0x7f.1:PORT", "http://[::1]:PORT",
    "http://127.0.0.1:PORT/", "http://127.0.0.1:PORT, http://evil.example", "file://",
    "http://xn--127-uu0a.0.0.1:PORT", "HTTP://127.0.0.1:PORT", "http://127.0.0.1.:PORT",
]  # fmt: skip


@pytest.fixture(scope="module")
def reader(place: Place) -> Iterator[Visitor]:
    with visiting(place.server, place.world.people["charlie"].email) as visitor:
        visitor.open(FEED)
        yield visitor


def foreign(place: Place) -> list[str]:
    return [it.replace("PORT", str(place.server.port)) for it in FOREIGN_ORIGINS]


def shake(server: Server, cookie: str, **headers: str | None) -> bytes:
    """Ask for a websocket as a browser does, and return all that ever comes back."""
    said: dict[str, Any] = {
        "Host": f"127.0.0.1:{server.port}",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": base64.b64encode(b"x" * 16).decode(),
        "Sec-WebSocket-Version": "13",
        "Cookie": cookie,
        **headers,
    }
    lines = [f"{name}: {value}" for name, value in said.items() if value is not None]
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE_S) as line:
        request = "\r\n".join([f"GET {PATH}websocket HTTP/1.1", *lines, "", ""])
        line.sendall(request.encode())
        line.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: line.recv(4096), b""))


@contextmanager
def polling(place: Place, reader: Visitor) -> Iterator[tuple[str, dict[str, str]]]:
    """Lend the address of a connection that is open, sits in its rooms and waits for news."""
    start = live_of(reader.open(FEED).text)
    known = {"Cookie": reader.cookie}
    url = f"{place.server.url}{PATH}polling"
    opened = requests.get(url, headers=known, timeout=PATIENCE_S).text
    url += f"&sid={json.loads(opened[1:])['sid']}"
    requests.post(url, data="40/live,", headers=known, timeout=PATIENCE_S)
    assert requests.get(url, headers=known, timeout=PATIENCE_S).text.startswith("40/live,")
    asked = f'42/live,1["follow",{json.dumps(start)}]'
    requests.post(url, data=asked, headers=known, timeout=PATIENCE_S)
    yield url, known
    # It is still there, and what waited for it has not been handed to anybody else.
    answer = requests.get(url, headers=known, timeout=PATIENCE_S)
    assert answer.text.startswith("43/live,1["), answer.text


def test_no_websocket_for_a_page_elsewhere(place, reader):
    own = f"http://127.0.0.1:{place.server.port}"
    for origin in foreign(place):
        came = shake(place.server, reader.cookie, Origin=origin)
        head, _, body = came.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 403"), origin
        assert body == b"403 Forbidden\n"
    for headers in (
        {"Origin": None},
        {"Origin": own, "Sec-Fetch-Site": "cross-site"},
        {"Origin": own, "Sec-Fetch-Site": "same-site"},
        {"Origin": "http://evil.example", "X-Forwarded-Host": "evil.example"},
        {"Origin": None, "Upgrade": "WebSocket"},
    ):
        assert shake(place.server, reader.cookie, **headers).startswith(b"HTTP/1.1 403"), (
            headers
        )
    evil = {"Origin": "http://evil.example", "Host": "evil.example"}
    assert shake(place.server, reader.cookie, **evil).startswith(b"HTTP/1.1 400")
    assert shake(place.server, reader.cookie, Origin=own).startswith(b"HTTP/1.1 101")


def test_no_polling_for_a_page_elsewhere(place, reader):
    """Neither a connection of its own, nor a word of one that is open, nor a word into it."""
    forged = [{"Origin": it} for it in foreign(place)]
    forged += [{"Sec-Fetch-Site": it} for it in ("cross-site", "same-site", "")]
    forged += [{"Origin": "http://evil.example", "X-Forwarded-Host": "evil.example"}]
    with polling(place, reader) as (url, known):
        for headers in forged:
            asked = partial(requests.request, headers=known | headers, timeout=PATIENCE_S)
            for answer in (
                asked("GET", f"{place.server.url}{PATH}polling"),
                asked("GET", url),
                asked("POST", url, data="41/live,"),
                asked("OPTIONS", url),
            ):
                assert (answer.status_code, answer.text) == (403, "403 Forbidden\n"), headers
                assert "Access-Control-Allow-Origin" not in answer.headers
        evil = {**known, "Host": "evil.example"}
        assert requests.get(url, headers=evil, timeout=PATIENCE_S).status_code == 400


def test_our_own_pages_are_not_allowed_to_be_read_by_others(place, reader):
    """The right Origin opens the door, and no header lets another site read the answer."""
    own = {"Cookie": reader.cookie, "Origin": place.server.url, "Sec-Fetch-Site": "same-origin"}
    with connected(place.server.url, POLLING, own) as client:
        start = live_of(reader.open(FEED).text)
        assert client.follow(start)["heads"] == start["heads"]
    url = f"{place.server.url}{PATH}polling"
    answer = requests.get(url, headers=own, timeout=PATIENCE_S)
    assert answer.status_code == 200
    assert not [it for it in answer.headers if it.lower().startswith("access-control")]
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_more_than_a_message_is_not_even_read(place, reader):
    with polling(place, reader) as (url, known):
        for size in (16_385, 10_000_000):
            headers = {**known, "Content-Length": str(size)}
            answer = requests.post(url, headers=headers, data=b"", timeout=PATIENCE_S)
            assert answer.status_code == 413, size


def test_nothing_that_is_let_out_meanwhile_reaches_a_page_elsewhere(place, reader):
    own = {"Cookie": reader.cookie}
    with place.database.sessions() as session:
        here = place.world.within(session)
        post = factories.make_post(session, here.actor("alpha"), words="Canary at the door.")
        factories.publish(session, here.actor("moderator"), post)
    for origin in foreign(place):
        assert b"Canary" not in shake(place.server, reader.cookie, Origin=origin)
        url = f"{place.server.url}{PATH}polling"
        answer = requests.get(url, headers={**own, "Origin": origin}, timeout=PATIENCE_S)
        assert "sid" not in answer.text
    assert "Canary at the door." in reader.open(FEED).text

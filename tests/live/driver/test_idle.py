"""Who holds a connection and is nowhere, or gives no sign of life, does not keep it."""

from __future__ import annotations

from contextlib import closing
from urllib.parse import urlsplit

import pytest
import requests
import websocket

from tests.live.driver.talking import talking
from tests.live.server import PATIENCE_S

pytestmark = [
    pytest.mark.xdist_group("driver"),
    # The library leaves it to Python to close its sockets.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def opened(url: str, *, answers: bool = True) -> websocket.WebSocket:
    one = websocket.create_connection(
        f"ws://{urlsplit(url).netloc}/socket.io/?EIO=4&transport=websocket", timeout=PATIENCE_S
    )
    one.answers = answers
    assert one.recv().startswith("0{")
    return one


def until_the_end(one: websocket.WebSocket) -> list[str]:
    """Answer pings, if it does, until the server hangs up; return what else came."""
    came = []
    while True:
        try:
            text = one.recv()
        except (websocket.WebSocketConnectionClosedException, ConnectionError):
            return came
        if not text:
            return came
        if text == "2" and one.answers:
            one.send("3")
        elif text != "2":
            came.append(text)


def test_who_enters_nowhere_is_hung_up_on():
    with talking("ours") as url, closing(opened(url)) as one:
        assert until_the_end(one) == ["1"]
        assert requests.get(f"{url}/sockets", timeout=9).json() == [0, 0]


def test_who_was_shown_out_and_stays_is_hung_up_on():
    with talking("ours") as url, closing(opened(url)) as one:
        one.send("40")
        assert one.recv().startswith("40{")
        one.send('42["out"]')
        assert until_the_end(one) == ['42["last","word"]', "41", "1"]


def test_who_gives_no_sign_of_life_is_let_go():
    with talking("ours") as url, closing(opened(url, answers=False)) as one:
        one.send("40")
        assert len(until_the_end(one)) == 1
        assert requests.get(f"{url}/sockets", timeout=9).json() == [0, 0]


def test_who_polls_and_enters_nowhere_is_forgotten():
    with talking("ours") as url:
        polled = requests.get(f"{url}/socket.io/?EIO=4&transport=polling", timeout=PATIENCE_S)
        sid = polled.json()["sid"] if polled.text[0] == "{" else polled.text.split('"')[3]
        address = f"{url}/socket.io/?EIO=4&transport=polling&sid={sid}"
        while requests.get(address, timeout=PATIENCE_S).ok:
            pass
        assert requests.get(f"{url}/sockets", timeout=9).json() == [0, 0]

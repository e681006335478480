"""Who does not read is told to come back; nobody else loses anything, and no stream breaks."""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import ExitStack, closing
from urllib.parse import urlsplit

import pytest
import requests
import websocket
from wsproto import ConnectionType
from wsproto.connection import Connection
from wsproto.events import CloseConnection, TextMessage

from tests.live.driver.talking import talking
from tests.live.server import PATIENCE_S

pytestmark = [
    pytest.mark.xdist_group("driver"),
    # The library leaves it to Python to close its sockets.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

COUNT, SIZE = 400, 2_000


def opened(url: str, *, receive_buffer: int | None = None) -> websocket.WebSocket:
    options = (
        []
        if receive_buffer is None
        else [(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)]
    )
    one = websocket.create_connection(
        f"ws://{urlsplit(url).netloc}/socket.io/?EIO=4&transport=websocket",
        sockopt=options,
        timeout=PATIENCE_S,
    )
    assert one.recv().startswith("0{")
    one.send("40")
    assert one.recv().startswith("40{")
    return one


def numbers(texts: list[str]) -> list[int]:
    return [json.loads(it[2:])[1]["n"] for it in texts if it.startswith('42["entry"')]


def heard(one: websocket.WebSocket, count: int) -> list[int]:
    texts: list[str] = []
    while len(numbers(texts[-1:])) + len(texts) < count + 1 and len(texts) < count:
        text = one.recv()
        if text == "2":
            one.send("3")
        else:
            texts.append(text)
    return numbers(texts)


def rest_of(one: websocket.WebSocket) -> tuple[list[str], CloseConnection | None]:
    """Read what is left to its end, with another's eyes."""
    reader, texts, part, end = Connection(ConnectionType.CLIENT), [], "", None
    while True:
        data = one.sock.recv(65_536)
        if not data:
            return texts, end
        reader.receive_data(data)
        for event in reader.events():
            if isinstance(event, CloseConnection):
                end = event
            elif isinstance(event, TextMessage):
                part += event.data
                if event.message_finished:
                    texts.append(part)
                    part = ""


def tell(url: str) -> None:
    answer = requests.post(
        f"{url}/tell", params={"count": COUNT, "size": SIZE}, timeout=PATIENCE_S
    )
    assert answer.text == "told"


def test_who_stops_reading_is_cut_in_order_and_the_others_hear_everything():
    with talking("ours") as url, ExitStack() as stack:
        stalled = stack.enter_context(closing(opened(url, receive_buffer=4096)))
        fine = [stack.enter_context(closing(opened(url))) for _ in range(3)]
        found: list[list[int]] = []
        readers = [
            threading.Thread(target=lambda it=it: found.append(heard(it, 2 * COUNT)))
            for it in fine
        ]
        for reader in readers:
            reader.start()
        tell(url)
        time.sleep(1.7)  # longer than anybody may take nothing of so much
        tell(url)
        for reader in readers:
            reader.join(PATIENCE_S)
        assert found == [[*range(COUNT), *range(COUNT)]] * 3
        texts, end = rest_of(stalled)
        assert numbers(texts) == [*range(len(numbers(texts)))]
        assert len(texts) < 2 * COUNT
        assert (end and end.code, end and end.reason) == (4008, "resync")


def test_who_reads_slowly_but_reads_gets_everything():
    with talking("ours") as url, closing(opened(url, receive_buffer=4096)) as slow:
        tell(url)
        found: list[int] = []
        while len(found) < COUNT:
            time.sleep(0.002)
            text = slow.recv()
            if text == "2":
                slow.send("3")
            found += numbers([text])
        assert found == [*range(COUNT)]

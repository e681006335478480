"""Talkative servers for tests, and clients that write down what they hear."""

from __future__ import annotations

import queue
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
import socketio

from portal.config import ROOT
from tests.live.server import PATIENCE_S, free_port, wait_until
from tests.live.wire import Line, OrderedClient, finish, make_client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SCRIPT = Path(__file__).with_name("serve_talk.py")
WEBSOCKET, POLLING, BOTH = ["websocket"], ["polling"], ["polling", "websocket"]


@contextmanager
def talking(which: str) -> Iterator[str]:
    """Lend the address of a server on `theirs` or `ours`."""
    port = free_port()
    words = [sys.executable, str(SCRIPT), str(port), which]
    with subprocess.Popen(words, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}) as process:
        url = f"http://127.0.0.1:{port}"
        try:
            wait_until(lambda: is_up(url), "a server that answers")
            yield url
        finally:
            process.terminate()


def is_up(url: str) -> bool:
    try:
        return requests.get(f"{url}/left", timeout=5).ok
    except requests.ConnectionError:
        return False


class Talker:
    """A client; `came` holds what it heard, in order."""

    def __init__(self, io: socketio.Client) -> None:
        self.io = io
        self.came: queue.Queue[Any] = queue.Queue()
        io.on("*", lambda event, *words: self.came.put([event, *words]))
        io.on("asked", lambda words: ["answer", words])
        io.on("disconnect", lambda reason: self.came.put(["disconnect", reason]))

    def ask(self, *words: Any, namespace: str = "/") -> Any:
        event, *rest = words
        return self.io.call(event, tuple(rest), namespace=namespace, timeout=PATIENCE_S)

    def next(self) -> Any:
        return self.came.get(timeout=PATIENCE_S)


@contextmanager
def talker(
    url: str,
    transports: list[str],
    namespaces: list[str] | None = None,
    auth: Any = None,
    refused: Callable[[Any], Any] = print,
) -> Iterator[Talker]:
    line = Line()
    one = Talker(make_client(line, OrderedClient))
    one.io.on("connect_error", refused)
    try:
        one.io.connect(
            url,
            transports=transports,
            namespaces=namespaces or ["/"],
            auth=auth,
            wait_timeout=PATIENCE_S,
        )
        yield one
    finally:
        finish(one.io, line)

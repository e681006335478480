"""The library's own client, with nothing of ours but a list of what came."""

from __future__ import annotations

import queue
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import socketio

from tests.live.conftest import NAMESPACE
from tests.live.server import PATIENCE_S
from tests.live.wire import Line, OrderedClient, finish, make_client

if TYPE_CHECKING:
    from collections.abc import Iterator

WEBSOCKET, POLLING = ["websocket"], ["polling"]


class Plain:
    """A client; `came` holds the events, in the order in which the library's threads ran."""

    def __init__(self, io: socketio.Client) -> None:
        self.came: queue.Queue[tuple[str, Any]] = queue.Queue()
        self.io = io
        self.io.on("*", lambda event, data: self.came.put((event, data)), namespace=NAMESPACE)

    def follow(self, start: dict[str, Any]) -> Any:
        return self.io.call("follow", start, namespace=NAMESPACE, timeout=PATIENCE_S)

    def next(self) -> tuple[str, Any]:
        return self.came.get(timeout=PATIENCE_S)


@contextmanager
def connected(
    url: str,
    transports: list[str],
    headers: dict[str, str],
    *,
    namespace: str = NAMESPACE,
    kind: type[socketio.Client] = socketio.Client,
    **websocket_options: Any,
) -> Iterator[Plain]:
    """Connect, and lend the client; fails when the server refuses."""
    line = Line()
    client = Plain(make_client(line, kind, **websocket_options))
    try:
        client.io.connect(
            url,
            headers=dict(headers),  # the library takes the cookie out
            transports=transports,
            namespaces=[namespace],
            wait_timeout=PATIENCE_S,
        )
        yield client
    finally:
        finish(client.io, line)


def is_refused(
    url: str, transports: list[str], headers: dict[str, str], **options: Any
) -> bool:
    """Return whether the server refuses a connection."""
    try:
        with connected(url, transports, headers, kind=OrderedClient, **options):
            return False
    except (socketio.exceptions.ConnectionError, ValueError):  # shut before the first packet
        return True

"""The library's own client, with nothing of ours but a list of what came."""

from __future__ import annotations

import queue
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import requests
import socketio

from tests.live.conftest import NAMESPACE
from tests.live.server import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Iterator

WEBSOCKET, POLLING = ["websocket"], ["polling"]


class Plain:
    """A client; `came` holds the events, in the order in which the library's threads ran."""

    def __init__(self, http: requests.Session, **websocket_options: Any) -> None:
        self.came: queue.Queue[tuple[str, Any]] = queue.Queue()
        self.io = socketio.Client(
            reconnection=False,
            handle_sigint=False,
            http_session=http,
            websocket_extra_options=websocket_options,
        )
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
    **websocket_options: Any,
) -> Iterator[Plain]:
    """Connect, and lend the client; fails when the server refuses."""
    with requests.Session() as http:
        client = Plain(http, **websocket_options)
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
            with suppress(Exception):
                client.io.eio.disconnect(abort=True)


def is_refused(
    url: str, transports: list[str], headers: dict[str, str], **options: Any
) -> bool:
    """Return whether the server refuses a connection."""
    try:
        with connected(url, transports, headers, **options):
            return False
    except (socketio.exceptions.ConnectionError, ValueError):  # shut before the first packet
        return True

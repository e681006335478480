"""The library's client, on lines that can be cut and that leave nothing open behind them."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import engineio
import requests
import socketio
import websocket
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool

if TYPE_CHECKING:
    from collections.abc import Callable


class Line(requests.Session):
    """All connections of one client, by HTTP or websocket: they can be cut in mid-sentence."""

    def __init__(self) -> None:
        super().__init__()
        self._sockets: list[socket.socket] = []
        self._websockets: list[websocket.WebSocket] = []
        opened, websocket_opened = self._sockets.append, self._websockets.append

        class Connection(HTTPConnection):
            def connect(self) -> None:
                super().connect()
                opened(self.sock)

        class Pool(HTTPConnectionPool):
            ConnectionCls = Connection

        class WebSocket(websocket.WebSocket):
            def __init__(self, *args: Any, **kwargs: Any) -> None:
                super().__init__(*args, **kwargs)
                websocket_opened(self)

        self.websocket_class = WebSocket
        adapter = HTTPAdapter()
        adapter.poolmanager.pool_classes_by_scheme = {"http": Pool}
        self.mount("http://", adapter)

    def cut(self) -> None:
        """End every connection at once; whoever waits for an answer gets an error."""
        for it in [*self._sockets, *(it.sock for it in self._websockets)]:
            with suppress(OSError, AttributeError):
                it.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give everything back."""
        super().close()
        for it in self._websockets:
            it.shutdown()


class _Engine(engineio.Client):
    """Hands messages over in the order in which they came; the library starts a thread each."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.in_order = ThreadPoolExecutor(1)

    def start_background_task(
        self, target: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> Any:
        if target is self.handlers.get("message"):
            with suppress(RuntimeError):  # it was closed meanwhile
                return self.in_order.submit(target, *args)
        return super().start_background_task(target, *args, **kwargs)

    def disconnect(self, *_args: Any, **why: Any) -> None:
        """Hang up at once; the library waits until the server has answered the last poll."""
        super().disconnect(**why | {"abort": True})


class OrderedClient(socketio.Client):
    """The library's client, with the order of messages kept."""

    def _engineio_client_class(self) -> type[engineio.Client]:
        return _Engine


def make_client(line: Line, kind: type[socketio.Client], **options: Any) -> socketio.Client:
    """Return a client that uses a line, and does not come back by itself."""
    options["class_"] = line.websocket_class
    return kind(
        reconnection=False,
        handle_sigint=False,
        http_session=line,
        websocket_extra_options=options,
    )


def finish(client: socketio.Client, line: Line) -> None:
    """Hang up, and see that nothing of the client goes on."""
    engine = client.eio
    tasks = [task for task in (engine.read_loop_task, engine.write_loop_task) if task]
    with suppress(Exception):
        engine.disconnect(abort=True)
    for _ in range(100):
        engine.queue.put(None)  # whoever waits for something to write need not wait any longer
        line.cut()
        for task in tasks:
            task.join(0.05)
        if not any(task.is_alive() for task in tasks):
            break
    line.close()
    if isinstance(engine, _Engine):
        engine.in_order.shutdown()

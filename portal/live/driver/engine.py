"""Engine.IO's server with our sockets under it, and the check that it still is what we know."""

import base64
import os
import resource
from binascii import Error as Base64Error
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

import engineio
from engineio.packet import OPEN, Packet
from flask import Flask
from flask_socketio import SocketIO
from wsproto.utilities import generate_accept_token

from portal.live.driver import encoding, seam
from portal.live.driver.connection import Connection
from portal.live.driver.fanout import Fanout
from portal.live.driver.outbox import Outbox
from portal.live.driver.pings import Pings
from portal.live.driver.sockets import Socket
from portal.live.driver.wire import Limits

#: In the environment of a request: takes its socket out of the server's hands.
TAKE = "portal.take_socket"

#: Above this many seconds that whatever comes has to wait, new sockets are sent away …
MOST_LAG_S = 2.0
#: … and when no more than this many files could still be opened: requests need some.
SPARE_FILES = 200
_RETRY_S = 5

#: Names that are drawn at once.
_DRAWN = 64

_NO_BODY = BytesIO()
#: Kinds of what handlers may ask of a request.
_KEPT = frozenset({str, tuple, bool})

_SWITCHING = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: "
)


class Engine(engineio.Server):  # type: ignore[misc]  # it brings no types
    """The server that a SocketIO brings becomes this one; see `make_socketio`.

    limits : makes what each new websocket's client may send.
    is_anywhere : says whether a socket is in some namespace.
    forget_audiences : is told that somebody is heard in another way from now on.
    most   : sockets at once; whoever comes then is told to come later.
    """

    is_anywhere: Callable[[str], bool]
    forget_audiences: Callable[[], None]
    most: int
    outbox: Outbox
    pings: Pings
    limits: Callable[[], Limits]

    def set_up(self, limits: Callable[[], Limits] | None) -> None:
        """Begin with nobody."""
        self.start_service_task = False  # `Pings` looks after everybody
        self._stock: list[bytes] = []
        self.outbox = Outbox()
        self.most = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - SPARE_FILES
        self.pings = Pings(self.ping_interval, self.ping_timeout)
        self.limits = limits or (lambda: Limits(message=self.max_http_buffer_size))

    def generate_id(self) -> str:
        """Return a name that nobody can guess: 128 bits, drawn from the system in stock."""
        if not self._stock:
            drawn = os.urandom(16 * _DRAWN)
            self._stock = [drawn[at : at + 16] for at in range(0, len(drawn), 16)]
        return base64.urlsafe_b64encode(self._stock.pop()).decode()[:22]

    def tell(self, event: str, *words: Any) -> Any:
        """Call a handler, and wait for it."""
        return self._trigger_event(event, *words, run_async=False)

    def forget(self, socket: Socket) -> None:
        """Know a socket no more."""
        self.pings.remove(socket)
        self.sockets.pop(socket.sid, None)

    def _handle_connect(
        self,
        environ: dict[str, Any],
        _start_response: object,
        transport: str,
        jsonp_index: int | None = None,
    ) -> Any:
        """Let a client in, by either transport."""
        if self.pings.lag > MOST_LAG_S or len(self.sockets) >= self.most:
            return _refusal("503 Service Unavailable", [("Retry-After", str(_RETRY_S))])
        socket = Socket(self, self.generate_id())
        connection = None
        if transport == "websocket":
            connection = self._take_over(environ)
            if connection is None:
                return _refusal("400 Bad Request", [("Sec-WebSocket-Version", "13")])
            socket.adopt(connection)
        self.sockets[socket.sid] = socket
        self.pings.add(socket)
        socket.send(Packet(OPEN, self._opening(socket.sid, transport)))
        if self.tell("connect", socket.sid, _slim(environ)) not in {None, True}:
            self.forget(socket)
            if connection is None:
                return self._unauthorized()
            socket.close()
        if connection is not None:
            connection.listen()
            return []
        socket.connected = True
        socket.schedule_ping()
        return self._ok(socket.poll(), jsonp_index=jsonp_index)

    def _opening(self, sid: str, transport: str) -> dict[str, Any]:
        return {
            "sid": sid,
            "upgrades": self._upgrades(sid, transport),
            "pingTimeout": int(self.ping_timeout * 1000),
            "pingInterval": int(self.ping_interval * 1000),
            "maxPayload": self.max_http_buffer_size,
        }

    def upgrade(self, socket: Socket, environ: dict[str, Any]) -> Any:
        """Try out a websocket for a socket that is polling."""
        if socket.upgraded or socket.upgrading:
            return _refusal("400 Bad Request")
        connection = self._take_over(environ)
        if connection is None:
            return _refusal("400 Bad Request", [("Sec-WebSocket-Version", "13")])
        socket.try_out(connection)
        connection.listen()
        return ()  # a list would be taken for packets

    def _take_over(self, environ: dict[str, Any]) -> Connection | None:
        """Shake hands and take the request's socket; None where a handshake is none."""
        key = environ.get("HTTP_SEC_WEBSOCKET_KEY", "")
        try:
            is_right = len(base64.b64decode(key, validate=True)) == 16
        except (Base64Error, ValueError):
            is_right = False
        if not is_right or environ.get("HTTP_SEC_WEBSOCKET_VERSION") != "13":
            return None
        accept = generate_accept_token(key.encode())
        connection = Connection(environ[TAKE](), self.outbox, self.limits())
        connection.put(_SWITCHING + accept + b"\r\n\r\n")
        return connection


def _refusal(status: str, headers: Iterable[tuple[str, str]] = ()) -> dict[str, Any]:
    plain = ("Content-Type", "text/plain; charset=utf-8")
    return {"status": status, "headers": [plain, *headers], "response": f"{status}\n".encode()}


def _slim(environ: dict[str, Any]) -> dict[str, Any]:
    """Return what handlers may ask of the first request, without what holds on to it."""
    kept = {name: value for name, value in environ.items() if type(value) in _KEPT}
    for name in ("wsgi.errors", "flask.app"):
        if name in environ:
            kept[name] = environ[name]
    kept["wsgi.input"] = _NO_BODY
    return kept


def _take_all_files() -> None:
    """Allow this process as many open files as it may allow itself."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def make_socketio(
    app: Flask, *, limits: Callable[[], Limits] | None = None, **options: Any
) -> SocketIO:
    """Return a SocketIO whose websockets are ours; everything else of it is as it was.

    limits : makes what each new client may send; else `max_http_buffer_size` alone holds.
    Raises MovedError when the libraries are not those that were tested.
    """
    seam.check()
    _take_all_files()
    # The library makes its Engine.IO server itself: there is no argument for another class.
    options = {"json": encoding} | options
    made: Any = SocketIO(app, async_mode="gevent", client_manager=Fanout(), **options)
    made.server.eio.__class__ = Engine
    made.server.eio.set_up(limits)
    made.server.eio.is_anywhere = made.server.manager.is_anywhere
    made.server.eio.forget_audiences = made.server.manager.forget_audiences
    return made  # type: ignore[no-any-return]  # as any other

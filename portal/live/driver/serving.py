"""The HTTP server under the driver: requests whose end is clear, sockets that can be taken."""

import gc
import socket
from contextlib import suppress
from typing import Any, BinaryIO

import gevent
import gevent.socket
from flask import Flask
from gevent.pywsgi import WSGIHandler, WSGIServer

from portal.live.driver.engine import TAKE
from portal.live.driver.headers import Headers, read_headers

#: Connections that wait to be accepted: a storm is no reason to turn anybody away.
BACKLOG = 4096
#: What the kernel holds for a slow reader, in bytes: above that we want to know of it.
_SEND_BUFFER = 128 * 1024
#: A peer that acknowledges nothing for so long is gone, in milliseconds.
_SILENCE_MS = 30_000


class Server(WSGIServer):
    """Answers on a listening socket.

    unread : those of whose request not all has been read; of new ones, nothing yet.
    idle   : those that have had an answer and may ask again.
    """

    def __init__(self, *words: Any, **options: Any) -> None:
        """Begin with nobody."""
        super().__init__(*words, **options)
        self.unread: set[Handler] = set()
        self.idle: set[Handler] = set()

    def hang_up_idle(self) -> None:
        """Read nothing more from those who ask nothing; what is on its way is still read."""
        for handler in tuple(self.idle):
            with suppress(OSError):
                handler.socket.shutdown(socket.SHUT_RD)


class Handler(WSGIHandler):
    """Answers the requests of one connection, until one takes its socket."""

    socket: Any
    server: Server
    headers_sent: bool
    close_connection: bool
    _is_new = True

    def handle(self) -> None:
        """Answer one request after the other."""
        self.server.unread.add(self)
        try:
            super().handle()
        finally:
            self.server.unread.discard(self)
            self.server.idle.discard(self)

    def read_requestline(self) -> str:
        """Wait for a request, and return its first line."""
        if not self._is_new:
            self.server.idle.add(self)
        line: str = super().read_requestline()
        self._is_new = False
        self.server.idle.discard(self)
        self.server.unread.add(self)
        return line

    def MessageClass(  # type: ignore[override]  # noqa: N802 - pywsgi asks no more of it
        self, lines: BinaryIO, *_more: object
    ) -> Headers:
        """Read the headers; a request whose end is not clear is refused, with 400."""
        return read_headers(lines)

    def log_request(self) -> None:
        """Write no line: the application logs what it answers."""

    def get_environ(self) -> dict[str, Any]:
        """Return the request's environment, from which its socket can be taken."""
        self.server.unread.discard(self)
        environ: dict[str, Any] = super().get_environ()
        environ[TAKE] = self._take_socket
        return environ

    def _take_socket(self) -> socket.socket:
        """Give the socket away: nothing here reads, writes or closes it any more."""
        held = self.socket
        # Not a copy of it: closing one of two would leave the other's number with the hub.
        kind = held.family, held.type, held.proto  # told, or the system is asked for each
        taken = held._sock.__class__(*kind, fileno=held._sock.detach())  # noqa: SLF001
        self.socket = None
        held.close()
        self.headers_sent = self.close_connection = True
        return taken


def settle() -> None:
    """Leave what is there for good out of every search for garbage, and search less often.

    Sockets are let go of one by one; a search through all of them would stop everybody. Nor
    does anybody ask which greenlet came of which: every message would pay for it.
    """
    gevent.config.track_greenlet_tree = False
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens; what it accepts is set up as it is."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = gevent.socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    set_up(listener)
    listener.bind((host, port))
    listener.listen(BACKLOG)
    return listener


def set_up(listener: socket.socket) -> None:
    """Have what a listening socket accepts set up as the driver wants it."""
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _SILENCE_MS)


def server_on(app: Flask, listener: socket.socket) -> Server:
    """Return a server that answers on a listening socket once it is started."""
    return Server(listener, app, handler_class=Handler, log=None)


def serve(app: Flask, host: str, port: int) -> None:
    """Answer requests and sockets on an address, until interrupted."""
    settle()
    server_on(app, listening(host, port)).serve_forever()

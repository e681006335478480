"""The HTTP server under the driver: requests whose end is clear, sockets that can be taken."""

import gc
import socket
from typing import Any, BinaryIO

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


class Handler(WSGIHandler):
    """Answers the requests of one connection, until one takes its socket."""

    socket: Any
    headers_sent: bool
    close_connection: bool

    def MessageClass(  # type: ignore[override]  # noqa: N802 - pywsgi asks no more of it
        self, lines: BinaryIO, *_more: object
    ) -> Headers:
        """Read the headers; a request whose end is not clear is refused, with 400."""
        return read_headers(lines)

    def get_environ(self) -> dict[str, Any]:
        """Return the request's environment, from which its socket can be taken."""
        environ: dict[str, Any] = super().get_environ()
        environ[TAKE] = self._take_socket
        return environ

    def _take_socket(self) -> socket.socket:
        """Give the socket away: nothing here reads, writes or closes it any more."""
        held = self.socket
        # Not a copy of it: closing one of two would leave the other's number with the hub.
        taken = held._sock.__class__(fileno=held._sock.detach())  # noqa: SLF001
        self.socket = None
        held.close()
        self.headers_sent = self.close_connection = True
        return taken


def settle() -> None:
    """Leave what is there for good out of every search for garbage, and search less often.

    Sockets are let go of one by one; a search through all of them would stop everybody.
    """
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


def server_on(app: Flask, listener: socket.socket) -> WSGIServer:
    """Return a server that answers on a listening socket once it is started."""
    return WSGIServer(listener, app, handler_class=Handler, log=None)


def serve(app: Flask, host: str, port: int) -> None:
    """Answer requests and sockets on an address, until interrupted."""
    settle()
    server_on(app, listening(host, port)).serve_forever()

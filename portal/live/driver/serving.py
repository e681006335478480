"""The HTTP server under the driver: requests whose end is clear, sockets that can be taken."""

import gc
import re
import socket
from email.errors import (
    CloseBoundaryNotFoundDefect,
    InvalidMultipartContentTransferEncodingDefect,
    MultipartInvariantViolationDefect,
    NoBoundaryInMultipartDefect,
    StartBoundaryNotFoundDefect,
)
from typing import Any

import gevent.socket
from flask import Flask
from gevent.pywsgi import WSGIHandler, WSGIServer

from portal.live.driver.engine import TAKE

#: Connections that wait to be accepted: a storm is no reason to turn anybody away.
BACKLOG = 4096
#: What the kernel holds for a slow reader, in bytes: above that we want to know of it.
_SEND_BUFFER = 128 * 1024
#: A peer that acknowledges nothing for so long is gone, in milliseconds.
_SILENCE_MS = 30_000

#: What the name of a header is made of. Source: RFC 9110, section 5.6.2.
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")

_DIGITS = re.compile("[0-9]{1,15}")

#: What the parser misses that wants to read the body, too; headers it finds no fault with.
_OF_BODIES = (
    StartBoundaryNotFoundDefect,
    CloseBoundaryNotFoundDefect,
    NoBoundaryInMultipartDefect,
    MultipartInvariantViolationDefect,
    InvalidMultipartContentTransferEncodingDefect,
)


def ends_clearly(headers: Any) -> bool:
    """Return whether everybody reads the same end of a request out of its headers.

    What a proxy in front reads otherwise could hide a second request in the first one's body.
    Source: RFC 9112, sections 5.1, 5.2 and 6.3.
    """
    lengths = headers.get_all("content-length") or []
    codings = headers.get_all("transfer-encoding") or []
    return (
        all(isinstance(it, _OF_BODIES) for it in headers.defects)
        and all(_TOKEN.fullmatch(name) and "\n" not in told for name, told in headers.items())
        and len(lengths) + len(codings) <= 1
        and all(_DIGITS.fullmatch(it) for it in lengths)
        and all(it.lower() == "chunked" for it in codings)
    )


class Handler(WSGIHandler):
    """Answers the requests of one connection, until one takes its socket."""

    socket: Any
    headers_sent: bool
    close_connection: bool

    def read_request(self, line: str) -> Any:
        """Read the headers of a request; one whose end is not clear is refused, with 400."""
        is_read = bool(super().read_request(line))
        if is_read and not ends_clearly(self.headers):
            raise ValueError("it is not clear where this request ends")
        return is_read

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

"""The serving processes of one machine among themselves: whose a long-polling client is.

A websocket is one connection and lives where it was accepted. Long-polling is many requests,
and the listening socket hands each to any process. So a client's session id begins with the
name of the process that gave it; a request for another process is passed on over that one's own
socket, which lies in a folder that only this account can enter. No proxy in front has to know.
"""

import http.client
import logging
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from flask import Flask

from portal.live.door import Door

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

#: Marks a request in its environ that came over this process's own socket.
PRIVATE = "portal.is_private"

#: A poll is held for 25 s at most; after so long the other process counts as dead.
_PATIENCE_S = 60.0

#: How long it may take to tell something of itself, in seconds.
_SHORT_PATIENCE_S = 2.0

_PEER = "X-Portal-Peer"
_PEER_KEY = "HTTP_X_PORTAL_PEER"

#: What concerns one connection alone. Source: RFC 9110, section 7.6.1.
_HOP = {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}

_UNKNOWN = b'{"code":1,"message":"Session ID unknown"}'


@dataclass(frozen=True, slots=True)
class Place:
    """Where a process stands among its siblings.

    name     : its own; in the session ids that it gives.
    folder   : of everybody's sockets.
    shared   : the descriptor of the socket on which all listen.
    lifeline : a descriptor that ends when the process that started this one is gone.
    """

    name: str
    folder: Path
    shared: int
    lifeline: int

    @classmethod
    def of(cls, told: list[str]) -> "Place | None":
        """Read it from the command line; None of a process that stands alone."""
        if not told:
            return None
        name, folder, shared, lifeline = told
        return cls(name, Path(folder), int(shared), int(lifeline))

    def listen(self) -> tuple[socket.socket, socket.socket]:
        """Return the socket of all, and this process's own."""
        own = socket.socket(socket.AF_UNIX)
        own.bind(str(self.address_of(self.name)))
        own.listen(512)
        return socket.socket(fileno=self.shared), own

    def address_of(self, name: str) -> Path:
        """Return where a sibling listens."""
        return self.folder / f"{name}.sock"

    def others(self) -> list[str]:
        """Return the names of the siblings that have a socket."""
        return sorted(it.stem for it in self.folder.glob("*.sock") if it.stem != self.name)


class Siblings:
    """Stands before everything, and passes on what belongs to another process."""

    def __init__(self, app: Flask, inner: "WSGIApplication", place: Place) -> None:
        """Stand before `inner`; from now on each session id says whose it is."""
        self._inner, self._place = inner, place
        self._door: Door = app.extensions["door"]
        engine = app.extensions["socketio"].server.eio
        given = engine.generate_id
        engine.generate_id = lambda: f"{place.name}-{given()}"

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer here, or pass on."""
        peer = environ.pop(_PEER_KEY, None)
        if environ.get(PRIVATE):
            environ["REMOTE_ADDR"] = peer or ""
            return self._inner(environ, start_response)
        name = self._whose(environ)
        if name is None or self._door.refusal(environ):
            return self._inner(environ, start_response)
        if "HTTP_UPGRADE" in environ or not self._place.address_of(name).exists():
            # The client stays with polling, or connects anew.
            start_response("400 Bad Request", [("Content-Type", "application/json")])
            return [_UNKNOWN]
        return self._pass_on(environ, start_response, name)

    def _whose(self, environ: "WSGIEnvironment") -> str | None:
        """Return the name of the other process that a request is for."""
        if not self._door.is_mine(environ):
            return None
        sid = parse_qs(environ.get("QUERY_STRING", "")).get("sid", [""])[0]
        name = sid.partition("-")[0]
        return name if name.isdecimal() and name != self._place.name else None

    def _pass_on(
        self, environ: "WSGIEnvironment", start_response: "StartResponse", name: str
    ) -> Iterable[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        path = f"{environ['PATH_INFO']}?{environ['QUERY_STRING']}"
        sibling = Line(self._place.address_of(name))
        try:
            body = environ["wsgi.input"].read(length) if length else None
            headers = dict(_headers(environ))
            sibling.request(environ["REQUEST_METHOD"], path, body, headers)
            answer = sibling.getresponse()
            said = answer.read()
        except (OSError, http.client.HTTPException):
            log.info("process %s does not answer for its client", name)
            start_response("400 Bad Request", [("Content-Type", "application/json")])
            return [_UNKNOWN]
        finally:
            sibling.close()
        kept = [(k, v) for k, v in answer.getheaders() if k.lower() not in _HOP]
        start_response(f"{answer.status} {answer.reason}", kept)
        return [said]


class Line(http.client.HTTPConnection):
    """A connection to another process's own socket."""

    def __init__(self, address: Path, patience_s: float = _PATIENCE_S) -> None:
        """Connect when something is asked."""
        super().__init__("localhost", timeout=patience_s)
        self._address = address

    def connect(self) -> None:
        """Open the socket."""
        self.sock: Any = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._address))


def ask(place: Place, name: str, path: str, host: str) -> bytes | None:
    """Return what another process says under a path; None where it says nothing good.

    host : by what the portal is known.
    """
    line = Line(place.address_of(name), _SHORT_PATIENCE_S)
    try:
        line.request("GET", path, headers={"Host": host, "Connection": "close"})
        answer = line.getresponse()
        said = answer.read()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        line.close()
    return said if answer.status == http.client.OK else None


def _headers(environ: "WSGIEnvironment") -> Iterator[tuple[str, str]]:
    for key, value in environ.items():
        name = key.removeprefix("HTTP_").replace("_", "-").title()
        if key.startswith("HTTP_") and name.lower() not in _HOP:
            yield name, value
    if environ.get("CONTENT_TYPE"):
        yield "Content-Type", environ["CONTENT_TYPE"]
    yield _PEER, environ.get("REMOTE_ADDR", "")
    yield "Connection", "close"

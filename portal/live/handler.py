"""Requests of the serving process, whose end must be clear, and its websockets.

A websocket is opened where the door lets pass, and closed on too much.
"""

import re
import struct
from contextlib import suppress
from datetime import timedelta
from email.errors import (
    CloseBoundaryNotFoundDefect,
    InvalidMultipartContentTransferEncodingDefect,
    MultipartInvariantViolationDefect,
    NoBoundaryInMultipartDefect,
    StartBoundaryNotFoundDefect,
)
from typing import Any

from geventwebsocket.exceptions import ProtocolError, WebSocketError
from geventwebsocket.handler import WebSocketHandler
from geventwebsocket.websocket import Header, WebSocket

from portal.core.rates import Pace, Rate
from portal.live.door import MAX_MESSAGE, Door

#: Frames of a connection, of whatever kind: a page sends its handshake, `follow`, and a sign of
#: life every 25 s.
FRAMES = Rate(burst=20, every=timedelta(seconds=1))

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

_TOO_LONG, _NO_TEXT, _TOO_FAST = 1009, 1003, 4009


class LimitedWebSocket(WebSocket):  # type: ignore[misc]  # it brings no types
    """A websocket that looks at a frame's head before it reads the frame."""

    closed: bool
    stream: Any
    raw_read: Any
    raw_write: Any
    environ: Any

    def __init__(self, *args: Any) -> None:
        """Begin with nothing read."""
        super().__init__(*args)
        self._pace = Pace(FRAMES)
        self._length = 0

    def read_frame(self) -> tuple[Any, bytes]:
        """Read the next frame; a connection that sends too much is closed, and told why."""
        header = Header.decode_header(self.stream)
        if header.flags or not header.mask:
            raise ProtocolError
        if header.opcode == self.OPCODE_BINARY:
            self._end(_NO_TEXT)
        if header.opcode in {self.OPCODE_TEXT, self.OPCODE_CONTINUATION}:
            self._length += header.length
        if max(self._length, header.length) > MAX_MESSAGE:
            self._end(_TOO_LONG)
        if self._pace.wait():
            self._end(_TOO_FAST)
        if header.fin:
            self._length = 0
        payload = self.raw_read(header.length) if header.length else b""
        if len(payload) != header.length:
            raise WebSocketError("the connection ended within a frame")
        return header, header.unmask_payload(payload)

    def close(self, code: int = 1000, message: bytes | None = None) -> None:
        """Say why and hang up: the library's own frame leaves out the code."""
        if self.closed:
            return
        with suppress(WebSocketError, OSError):
            said = struct.pack("!H", code) + bytes(message or b"")
            self.send_frame(said, self.OPCODE_CLOSE)
        self.closed = True
        self.stream = self.raw_write = self.raw_read = self.environ = None

    def _end(self, code: int) -> None:
        self.close(code)
        raise WebSocketError(f"closed with {code}")


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


class Handler(WebSocketHandler):  # type: ignore[misc]  # it brings no types
    """Answers a request of the serving process; makes it a websocket only for sockets."""

    websocket: WebSocket

    def read_request(self, line: str) -> bool:
        """Read the headers of a request; one whose end is not clear is refused, with 400."""
        is_read = bool(super().read_request(line))
        if is_read and not ends_clearly(self.headers):
            raise ValueError("it is not clear where this request ends")
        return is_read

    def upgrade_websocket(self) -> Any:
        """Shake hands, unless the door says no: then the request is answered like any other."""
        door: Door = self.application.extensions["door"]
        if not door.is_mine(self.environ) or door.refusal(self.environ):
            return None
        result = super().upgrade_websocket()
        if hasattr(self, "websocket"):
            plain = self.websocket
            limited = LimitedWebSocket(self.environ, plain.stream, self)
            self.websocket = self.environ["wsgi.websocket"] = limited
            plain.closed = True  # else it closes the connection when it is thrown away
        return result

"""Websocket frames: bytes to messages and back, nothing else. Source: RFC 6455, section 5.

No extension is ever negotiated: a frame that is made once for all can't be compressed for each.
"""

import struct
from dataclasses import dataclass, field
from enum import IntEnum

from portal.core.rates import Pace


class Opcode(IntEnum):
    """What a frame is. Source: RFC 6455, section 11.8."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


class Code(IntEnum):
    """Why a connection is closed. Source: RFC 6455, section 7.4.1; from 4000 on our own."""

    NORMAL = 1000
    GOING_AWAY = 1001
    PROTOCOL = 1002
    UNSUPPORTED = 1003
    NOT_TEXT = 1007
    TOO_LONG = 1009
    RESYNC = 4008
    TOO_FAST = 4009


class WireError(Exception):
    """What a client sent can't be read on; its connection is closed with `code`."""

    def __init__(self, code: Code) -> None:
        """Say why."""
        super().__init__(code.name)
        self.code = code


#: Bytes a frame's head may say that follow, with their length in 7, 16 and 64 bits.
_SHORT, _MIDDLE = 126, 65_536
_FIN, _RESERVED, _MASKED = 0x80, 0x70, 0x80


def frame(payload: bytes, opcode: Opcode = Opcode.TEXT) -> bytes:
    """Return the one frame that carries a payload to a client."""
    size = len(payload)
    if size < _SHORT:
        return bytes((_FIN | opcode, size)) + payload
    if size < _MIDDLE:
        return struct.pack("!BBH", _FIN | opcode, 126, size) + payload
    return struct.pack("!BBQ", _FIN | opcode, 127, size) + payload


def text_frame(packet: str | bytes) -> bytes:
    """Return the frame of an encoded Engine.IO packet: text, or binary as it is."""
    if isinstance(packet, str):
        return frame(packet.encode())
    return frame(bytes(packet), Opcode.BINARY)


def close_frame(code: Code, why: str = "") -> bytes:
    """Return the frame that says why nothing follows. why : at most 123 bytes."""
    return frame(struct.pack("!H", code) + why.encode(), Opcode.CLOSE)


@dataclass(slots=True)
class Limits:
    """What a client may send.

    message : bytes of one message, in however many frames.
    pace    : how many frames of whatever kind in what time; None for any number.
    binary  : whether messages may be other than text.
    """

    message: int = 1_000_000
    pace: Pace | None = None
    binary: bool = True


Message = tuple[Opcode, bytes]


@dataclass(slots=True)
class Reader:
    """Puts together what one client sends."""

    limits: Limits
    _rest: bytes = b""
    _parts: list[bytes] = field(default_factory=list)
    _opcode: Opcode = Opcode.CONTINUATION

    def feed(self, data: bytes) -> list[Message]:
        """Return the messages and control frames that are whole now.

        Raises WireError on what no client may send.
        """
        data = self._rest + data if self._rest else data
        found: list[Message] = []
        at = 0
        while (end := self._end_of(data, at)) is not None:
            message = self._take(data, at, end)
            if message is not None:
                found.append(message)
            at = end
        self._rest = data[at:]
        return found

    def _end_of(self, data: bytes, at: int) -> int | None:
        """Return where the frame that begins at `at` ends; None until it is whole."""
        if len(data) - at < 2:
            return None
        size, head = data[at + 1] & 0x7F, 6
        if not data[at + 1] & _MASKED or data[at] & _RESERVED:
            raise WireError(Code.PROTOCOL)
        if size >= _SHORT:
            wide = 2 if size == 126 else 8
            if len(data) - at < 2 + wide:
                return None
            size, head = int.from_bytes(data[at + 2 : at + 2 + wide]), 6 + wide
        if size + sum(map(len, self._parts)) > self.limits.message:
            raise WireError(Code.TOO_LONG)
        end = at + head + size
        return end if end <= len(data) else None

    def _take(self, data: bytes, at: int, end: int) -> Message | None:
        """Return what a whole frame completes."""
        if self.limits.pace is not None and self.limits.pace.wait():
            raise WireError(Code.TOO_FAST)
        size = data[at + 1] & 0x7F
        start = at + (2 if size < _SHORT else 4 if size == 126 else 10)
        payload = _unmask(data[start : start + 4], data[start + 4 : end])
        is_last = bool(data[at] & _FIN)
        try:
            opcode = Opcode(data[at] & 0x0F)
        except ValueError:
            raise WireError(Code.PROTOCOL) from None
        if opcode >= Opcode.CLOSE:
            if not is_last or len(payload) >= _SHORT:
                raise WireError(Code.PROTOCOL)
            return opcode, payload
        return self._add(opcode, payload, is_last=is_last)

    def _add(self, opcode: Opcode, payload: bytes, *, is_last: bool) -> Message | None:
        """Return a message once its last part is here."""
        is_first = self._opcode is Opcode.CONTINUATION
        if is_first is (opcode is Opcode.CONTINUATION):
            raise WireError(Code.PROTOCOL)
        if opcode is Opcode.BINARY and not self.limits.binary:
            raise WireError(Code.UNSUPPORTED)
        if is_first and is_last:
            return opcode, payload
        if is_first:
            self._opcode = opcode
        self._parts.append(payload or b"")
        if not is_last:
            return None
        opcode, payload = self._opcode, b"".join(self._parts)
        self._opcode = Opcode.CONTINUATION
        self._parts.clear()
        return opcode, payload


def _unmask(mask: bytes, payload: bytes) -> bytes:
    size = len(payload)
    key = int.from_bytes((mask * (size // 4 + 1))[:size])
    return (int.from_bytes(payload) ^ key).to_bytes(size)

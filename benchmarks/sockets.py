"""The load client: thousands of Socket.IO clients over websocket in one thread, by epoll.

Raw Engine.IO 4 and Socket.IO 5, no library and no thread per client, so that the time measured
is the server's. It stands for clients that do what the browser does: connect, follow, listen.
"""

import base64
import json
import os
import select
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

_CHUNK = 16_384
_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10
_ENTRY = b'42/live,["entry",'
_ENTRY_END = 4 + len(_ENTRY)

#: Handshakes under way at once, and how long all of them together may take to move on.
_IN_FLIGHT = 64
_STALL_S = 30.0


def mask(opcode: int, payload: bytes) -> bytes:
    """Return a client's frame: whole, and masked as the protocol wants it."""
    key, size = os.urandom(4), len(payload)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2)
    cover = (key * (size // 4 + 1))[:size]
    masked = int.from_bytes(payload) ^ int.from_bytes(cover)
    return bytes([0x80 | opcode]) + length + key + masked.to_bytes(size)


def split(data: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """Return the whole frames of a server's stream as (opcode, payload), and what is left."""
    frames, at, end = [], 0, len(data)
    while end - at >= 2:
        size, start = data[at + 1], at + 2
        if size > 125:
            wide = 2 if size == 126 else 8
            size, start = int.from_bytes(data[start : start + wide]), start + wide
        if end < start + size:
            break
        frames.append((data[at] & 15, data[start : start + size]))
        at = start + size
    return frames, data[at:]


def is_one(data: bytes) -> bool:
    """Return whether this is one whole text frame of usual length, and nothing else."""
    return data[0] == 0x81 and data[1] == 126 and int.from_bytes(data[2:4]) == len(data) - 4


class Party(Protocol):
    """Whoever has a socket in the loop."""

    sock: socket.socket

    def take(self, data: bytes) -> None:
        """Take what has come; nothing at all means that the server hung up."""


class Loop:
    """Hands what comes to whom it is for."""

    def __init__(self, port: int) -> None:
        """Begin with nobody."""
        self.address = ("127.0.0.1", port)
        self._epoll = select.epoll()
        self._parties: dict[int, Party] = {}

    def dial(self) -> socket.socket:
        """Return a connected socket; on loopback this does not wait."""
        sock = socket.create_connection(self.address, timeout=10)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setblocking(False)  # noqa: FBT003 - a socket's own word
        return sock

    def add(self, party: Party) -> None:
        """Listen for somebody."""
        self._parties[party.sock.fileno()] = party
        self._epoll.register(party.sock, select.EPOLLIN)

    def remove(self, party: Party) -> None:
        """Hang up, unless that has been done."""
        if self._parties.pop(party.sock.fileno(), None) is not None:
            self._epoll.unregister(party.sock)
            party.sock.close()

    def turn(self, timeout: float) -> None:
        """Hand out what has come by now, waiting for the first at most `timeout` seconds."""
        parties = self._parties
        for fd, _ in self._epoll.poll(timeout):
            party = parties.get(fd)
            if party is None:  # hung up on a moment ago
                continue
            try:
                data = party.sock.recv(_CHUNK)
            except BlockingIOError:
                continue
            except OSError:
                data = b""
            party.take(data)

    def close(self) -> None:
        """Hang up on everybody."""
        for party in list(self._parties.values()):
            self.remove(party)
        self._epoll.close()


@dataclass(slots=True)
class Count:
    """What all clients of a herd have in common.

    seated, lost : how many have been let in, and how many are gone.
    heard        : how many have heard the event of the moment at least once; `last` is when.
    """

    seated: int = 0
    lost: int = 0
    heard: int = 0
    last: float = 0.0


class Client:
    """One browser's socket: connects, follows, keeps what it is told."""

    __slots__ = ("_buffer", "_count", "_follow", "_loop", "_open", "entries", "heads", "sock")

    def __init__(
        self, loop: Loop, count: Count, cookie: str, follow: dict[str, object]
    ) -> None:
        """Ask for the upgrade."""
        self._loop, self._count, self._follow = loop, count, follow
        self._buffer, self._open = b"", False
        self.heads: dict[str, int] = {}
        self.entries: list[bytes] = []
        self.sock = loop.dial()
        host = f"{loop.address[0]}:{loop.address[1]}"
        self.sock.send(
            f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {host}\r\n"
            f"Origin: http://{host}\r\nCookie: {cookie}\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n\r\n".encode()
        )

    def take(self, data: bytes) -> None:
        """Take what has come."""
        if not self._buffer and data[4:_ENTRY_END] == _ENTRY and is_one(data):
            self._note(data[4:])  # all that most clients get most of the time: be quick
        elif not data:
            self._lose()
        else:
            self._take_apart(self._buffer + data)

    def _take_apart(self, data: bytes) -> None:
        if not self._open:
            head, end, data = data.partition(b"\r\n\r\n")
            if not end:
                self._buffer = head
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self._lose()
                return
            self._open = True
        frames, self._buffer = split(data)
        for opcode, payload in frames:
            if opcode == _TEXT:
                self._hear(payload)
            elif opcode == _PING:
                self.sock.send(mask(_PONG, payload))
            elif opcode == _CLOSE:
                self._lose()
                return

    def _note(self, text: bytes) -> None:
        if not self.entries:
            self._count.heard += 1
            self._count.last = time.perf_counter()
        self.entries.append(text)

    def _hear(self, text: bytes) -> None:
        if text.startswith(_ENTRY):
            self._note(text)
        elif text == b"2":  # ping
            self.sock.send(mask(_TEXT, b"3"))
        elif text.startswith(b"0"):
            self.sock.send(mask(_TEXT, b"40/live,"))
        elif text.startswith(b"40/live,"):
            asked = json.dumps(["follow", self._follow], separators=(",", ":"))
            self.sock.send(mask(_TEXT, f"42/live,0{asked}".encode()))
        elif text.startswith(b"43/live,0"):
            self._sit(json.loads(text[9:])[0])
        elif text.startswith((b"44/live", b"41/live")):  # refused, thrown out
            self._lose()

    def _sit(self, answer: dict[str, dict[str, int]]) -> None:
        if "heads" not in answer:
            message = f"follow was answered with {answer}"
            raise RuntimeError(message)
        self.heads = answer["heads"]
        self._count.seated += 1

    def _lose(self) -> None:
        self._count.lost += 1
        self._loop.remove(self)


class Post:
    """One HTTP request sent by hand, in the same loop as the clients: when it went and came."""

    def __init__(self, loop: Loop, head: str, body: str) -> None:
        """Connect, but send nothing yet."""
        self._loop = loop
        self._request = (
            f"{head}\r\nHost: {loop.address[0]}:{loop.address[1]}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}"
        ).encode()
        self.sock = loop.dial()
        self.sent_at = self.answered_at = 0.0
        self.answer = b""
        loop.add(self)

    def send(self) -> None:
        """Send it."""
        self.sent_at = time.perf_counter()
        self.sock.send(self._request)

    def take(self, data: bytes) -> None:
        """Take the answer, to its end."""
        if not data:
            self._loop.remove(self)
        self.answered_at = self.answered_at or time.perf_counter()
        self.answer += data


class Herd:
    """Clients that were let in together."""

    def __init__(self, loop: Loop, kind: type[Client] = Client) -> None:
        """Begin with nobody."""
        self.loop = loop
        self._kind = kind
        self.count = Count()
        self.clients: list[Client] = []

    def seat(self, tickets: Iterable[tuple[str, dict[str, object]]]) -> None:
        """Let clients in, each with its cookie and what it asks to follow.

        Raises RuntimeError if one is refused, or nothing moves for half a minute.
        """
        moved_at, seated = time.monotonic(), self.count.seated
        waiting = list(reversed(list(tickets)))
        while waiting or self.count.seated < len(self.clients):
            while waiting and len(self.clients) - self.count.seated < _IN_FLIGHT:
                client = self._kind(self.loop, self.count, *waiting.pop())
                self.clients.append(client)
                self.loop.add(client)
            self.loop.turn(1.0)
            if self.count.seated > seated:
                moved_at, seated = time.monotonic(), self.count.seated
            if self.count.lost or time.monotonic() - moved_at > _STALL_S:
                message = f"{self.count.lost} refused or lost, {seated} of the clients seated"
                raise RuntimeError(message)

    def listen(self, seconds: float) -> None:
        """Go on for a time, whatever comes."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.loop.turn(left)

    def listen_for_all(self, patience: float) -> None:
        """Go on until everybody has heard the event, or patience ends."""
        until = time.monotonic() + patience
        while self.count.heard < len(self.clients) and time.monotonic() < until:
            self.loop.turn(0.1)

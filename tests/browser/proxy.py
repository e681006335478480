"""A network between a browser and the server: cut and healed, narrow-minded, or slow."""

from __future__ import annotations

import re
import socket
import struct
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

_PACKED = re.compile(rb"accept-encoding: [^\r]*", re.IGNORECASE)
_UNPACKED = b"Accept-Encoding: identity"
_REFUSAL = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_AT_ONCE = struct.pack("ii", 1, 0)

#: A slow line passes on so many bytes at a time, so that several connections share it fairly.
_PIECE = 1460


@dataclass
class Line:
    """One direction of a line: what all connections send in it goes one piece after another.

    bits_s    : how much goes through in a second; 0 is no limit.
    latency_s : how long each piece is under way.
    """

    bits_s: int = 0
    latency_s: float = 0.0
    _is_free_at: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def arrival_of(self, size: int) -> float:
        """Return when a piece that is sent now has arrived."""
        with self._lock:
            start = max(time.monotonic(), self._is_free_at)
            self._is_free_at = start + (size * 8 / self.bits_s if self.bits_s else 0.0)
            return self._is_free_at + self.latency_s


class Carrier:
    """Carries the bytes of one connection in one direction over a line, in their order."""

    def __init__(self, line: Line, end: socket.socket) -> None:
        self._line, self._end = line, end
        self._under_way: deque[tuple[float, bytes]] = deque()
        self._changed = threading.Condition()
        self._is_over = False
        self._thread = threading.Thread(target=self._deliver, daemon=True)
        self._thread.start()

    def send(self, data: bytes) -> None:
        """Put bytes on the line, no faster than it takes them."""
        size = _PIECE if self._line.bits_s else len(data)
        for at in range(0, len(data), size):
            piece = data[at : at + size]
            arrives = self._line.arrival_of(len(piece))
            with self._changed:
                self._under_way.append((arrives, piece))
                self._changed.notify()
            time.sleep(max(0.0, arrives - self._line.latency_s - time.monotonic()))

    def close(self) -> None:
        """Wait until all that is under way has arrived."""
        with self._changed:
            self._is_over = True
            self._changed.notify()
        self._thread.join()

    def _deliver(self) -> None:
        with suppress(OSError):
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._under_way or self._is_over)
                    if not self._under_way:
                        return
                    arrives, piece = self._under_way.popleft()
                time.sleep(max(0.0, arrives - time.monotonic()))
                self._end.sendall(piece)


class Network:
    """Passes bytes between whoever comes to `port` and the server behind it.

    It asks the server to pack nothing, so that all it says can be read on the way.

    refuses_sockets : answers every websocket handshake with 400, as strict proxies do.
    packs           : lets the server pack what it says, as it does without a network between.
    """

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._ends: set[socket.socket] = set()
        self._said: list[bytearray] = []
        self._is_cut = False
        self.refuses_sockets = False
        self.packs = False
        self._up, self._down = Line(), Line()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def heard(self) -> str:
        """Return every byte that the server has said: pages, answers, frames of sockets."""
        return "\n".join(bytes(said).decode("utf-8", "replace") for said in self._said)

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.cut()
        with suppress(OSError):  # wakes the thread that waits in `accept`
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def cut(self) -> None:
        """Drop every connection, and every new one as soon as it comes."""
        self._is_cut = True
        for end in list(self._ends):
            self._drop(end)

    def heal(self) -> None:
        """Let new connections through again."""
        self._is_cut = False

    def slow_down(self, *, bits_s: int, latency_s: float) -> None:
        """Be a line so slow in either direction, each byte under way half of the latency."""
        for line in (self._up, self._down):
            line.bits_s, line.latency_s = bits_s, latency_s / 2

    def _asked(self, data: bytes) -> bytes:
        """Return what goes on to the server for what was asked of it."""
        return data if self.packs else _PACKED.sub(_UNPACKED, data)

    def _keep(self, said: bytearray, data: bytes) -> None:
        """Remember what the server said."""
        said += data

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self._is_cut:
                self._drop(near)
                continue
            try:
                far = socket.create_connection(("127.0.0.1", self._server_port))
            except OSError:  # nobody is there: whoever came hears so
                self._drop(near)
                continue
            self._ends |= {near, far}
            for way in (self._ask, self._answer):
                threading.Thread(target=way, args=(near, far), daemon=True).start()

    def _ask(self, near: socket.socket, far: socket.socket) -> None:
        carrier = Carrier(self._up, far)
        with suppress(OSError):
            while data := near.recv(65536):
                if self.refuses_sockets and b"upgrade: websocket" in data.lower():
                    near.sendall(_REFUSAL)
                    break
                carrier.send(self._asked(data))
        carrier.close()
        self._hang_up(near, far)

    def _answer(self, near: socket.socket, far: socket.socket) -> None:
        said, carrier = bytearray(), Carrier(self._down, near)
        self._said.append(said)
        with suppress(OSError):
            while data := far.recv(65536):
                self._keep(said, data)
                carrier.send(data)
        carrier.close()
        self._hang_up(near, far)

    def _hang_up(self, *ends: socket.socket) -> None:
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            self._ends.discard(end)
            end.close()

    def _drop(self, end: socket.socket) -> None:
        """Reset a connection: the other side hears of it at once."""
        with suppress(OSError):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            end.shutdown(socket.SHUT_RDWR)
        self._ends.discard(end)
        end.close()

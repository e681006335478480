"""A network between a browser and the server that can be cut, healed, and narrow-minded."""

from __future__ import annotations

import re
import socket
import struct
import threading
from contextlib import suppress
from typing import Self

_PACKED = re.compile(rb"accept-encoding: [^\r]*", re.IGNORECASE)
_REFUSAL = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_AT_ONCE = struct.pack("ii", 1, 0)


class Network:
    """Passes bytes between whoever comes to `port` and the server behind it.

    It asks the server to pack nothing, so that all it says can be read on the way.

    refuses_sockets : answers every websocket handshake with 400, as strict proxies do.
    """

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._ends: set[socket.socket] = set()
        self._said: list[bytearray] = []
        self._is_cut = False
        self.refuses_sockets = False
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

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self._is_cut:
                self._drop(near)
                continue
            far = socket.create_connection(("127.0.0.1", self._server_port))
            self._ends |= {near, far}
            for way in (self._ask, self._answer):
                threading.Thread(target=way, args=(near, far), daemon=True).start()

    def _ask(self, near: socket.socket, far: socket.socket) -> None:
        with suppress(OSError):
            while data := near.recv(65536):
                if self.refuses_sockets and b"upgrade: websocket" in data.lower():
                    near.sendall(_REFUSAL)
                    break
                far.sendall(_PACKED.sub(b"Accept-Encoding: identity", data))
        self._hang_up(near, far)

    def _answer(self, near: socket.socket, far: socket.socket) -> None:
        said = bytearray()
        self._said.append(said)
        with suppress(OSError):
            while data := far.recv(65536):
                said += data
                near.sendall(data)
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

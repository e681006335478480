"""A scanner that speaks clamd's INSTREAM, and knows one virus: the harmless one of EICAR."""

from __future__ import annotations

import socketserver
import struct
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: In two, so that no scanner of a developer's machine takes this file for infected.
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!$H+H*"

_MOST = 25 * 1024 * 1024


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        command = b""
        while not command.endswith(b"\0"):
            more = self.rfile.read(1)
            if not more:
                return
            command += more
        if command != b"zINSTREAM\0":
            self.wfile.write(b"UNKNOWN COMMAND\0")
            return
        data = b""
        while (size := struct.unpack("!I", self.rfile.read(4))[0]) > 0:
            data += self.rfile.read(size)
            if len(data) > _MOST:
                self.wfile.write(b"INSTREAM size limit exceeded. ERROR\0")
                return
        self.server.seen.append(data)  # type: ignore[attr-defined]
        self.wfile.write(self.server.answer or _verdict(data))  # type: ignore[attr-defined]


def _verdict(data: bytes) -> bytes:
    return b"stream: Eicar-Test-Signature FOUND\0" if EICAR in data else b"stream: OK\0"


class Clamd:
    """A running scanner.

    answer : what it says instead of the truth; b"" for the truth.
    """

    def __init__(self, server: Any, url: str) -> None:
        self._server, self.url = server, url
        server.seen, server.answer = [], b""

    @property
    def seen(self) -> list[bytes]:
        found: list[bytes] = self._server.seen
        return found

    def say(self, answer: bytes) -> None:
        self._server.answer = answer


@contextmanager
def clamd(path: Path | None = None) -> Iterator[Clamd]:
    """Lend a scanner, on a port of this machine or on a path."""
    if path is None:
        server: Any = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Handler)
        url = f"tcp://127.0.0.1:{server.server_address[1]}"
    else:
        server, url = (
            socketserver.ThreadingUnixStreamServer(str(path), _Handler),
            f"unix:{path}",
        )
    serving = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    serving.start()
    try:
        yield Clamd(server, url)
    finally:
        server.shutdown()
        server.server_close()
        serving.join()

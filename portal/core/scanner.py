"""Files that people send, shown to a virus scanner: ClamAV's clamd, by its INSTREAM command."""

import socket
import struct
from urllib.parse import urlsplit

#: How long the scanner may take, in seconds: to be reached, and for each of its answers.
PATIENCE_S = 10.0

_PORT = 3310
_CHUNK = 64 * 1024
_LONGEST_ANSWER = 4096

INFECTED = (
    "The virus scanner refuses this file. Do not open it, and tell whoever sent it to you."
)
UNCHECKED = (
    "Files cannot be checked for viruses now, so this one was not taken. Send the rest without"
    " it, or try again in a few minutes."
)


class ScanError(ValueError):
    """A file that was not taken; says why in words for people."""


class Scanner:
    """Where clamd listens."""

    def __init__(self, url: str) -> None:
        """Read tcp://host:port or unix:/path; raises ValueError for anything else."""
        parts = urlsplit(url)
        self._path = parts.path if parts.scheme == "unix" and not parts.netloc else ""
        self._host = parts.hostname or "" if parts.scheme == "tcp" else ""
        self._port = parts.port or _PORT
        if not self._path and not self._host:
            raise ValueError(f"no address of a scanner (tcp://host:port, unix:/path): {url}")

    def check(self, data: bytes) -> None:
        """Return if the scanner finds nothing; raises ScanError, also when it cannot tell."""
        try:
            answer = self._ask(data)
        except OSError as error:
            raise ScanError(UNCHECKED) from error
        if answer.endswith(" FOUND"):
            raise ScanError(INFECTED)
        if answer != "stream: OK":
            raise ScanError(UNCHECKED)

    def _ask(self, data: bytes) -> str:
        with self._connected() as line:
            line.sendall(b"zINSTREAM\0")
            for at in range(0, len(data), _CHUNK):
                chunk = data[at : at + _CHUNK]
                line.sendall(struct.pack("!I", len(chunk)) + chunk)
            line.sendall(struct.pack("!I", 0))
            answer = b""
            while not answer.endswith(b"\0") and len(answer) < _LONGEST_ANSWER:
                more = line.recv(_LONGEST_ANSWER)
                if not more:
                    break
                answer += more
        return answer.rstrip(b"\0").decode("ascii", "replace")

    def _connected(self) -> socket.socket:
        if not self._path:
            return socket.create_connection((self._host, self._port), PATIENCE_S)
        line = socket.socket(socket.AF_UNIX)
        try:
            line.settimeout(PATIENCE_S)
            line.connect(self._path)
        except OSError:
            line.close()
            raise
        return line

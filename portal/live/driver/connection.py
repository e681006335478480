"""One websocket's socket: what waits for it goes out in one write; what comes in is read on.

It belongs to the gevent hub: nobody waits for it, and while nothing happens it costs no
greenlet.
"""

import socket
import time
from collections.abc import Callable
from typing import Any

import gevent

from portal.live.driver.outbox import JOINED, Outbox
from portal.live.driver.wire import (
    Code,
    Limits,
    Opcode,
    Reader,
    WireError,
    close_frame,
    frame,
)

#: A connection with more bytes than this waiting, of which none went for so long (seconds) …
SOFT_LIMIT, STALL_S = 256 * 1024, 1.5
#: … or with more than this is cut: its client has to ask for what it missed.
HARD_LIMIT = 8 * 1024 * 1024

#: How long a client may take to read the last that was said to it, in seconds.
_LINGER_S = 5.0

_READ, _WRITE = 1, 2


class Connection:
    """A socket that was taken out of the server's hands, and does not block.

    free       : the socket, for as long as nothing waits for it and it is not ending.
    on_message : gets each message, in the hub: it must not wait.
    on_closed  : called once, in the hub, when nothing will come any more.
    """

    __slots__ = (
        "_blocked",
        "_ending",
        "_is_over",
        "_last",
        "_loop",
        "_outbox",
        "_progress_at",
        "_reader",
        "_reading",
        "_size",
        "_sock",
        "_waiting",
        "_writing",
        "free",
        "on_closed",
        "on_message",
    )

    def __init__(self, sock: socket.socket, outbox: Outbox, limits: Limits) -> None:
        """Take over a connected socket; `listen` begins to read it."""
        sock.settimeout(0)
        self._sock: socket.socket | None = sock
        self.free: socket.socket | None = sock
        self._outbox = outbox
        self._reader = Reader(limits)
        self._loop: Any = gevent.get_hub().loop
        self._reading: Any = None
        self._writing: Any = None
        self._waiting: list[bytes | memoryview] = []
        self._size = 0
        self._blocked = self._is_over = False
        self._progress_at = 0.0
        self._ending: Any = None
        self._last: bytes | None = None
        self.on_message: Callable[[str | bytes], object] = _ignore
        self.on_closed: Callable[[], object] = _ignore_end

    @property
    def is_open(self) -> bool:
        """Return whether it still takes frames."""
        return self._sock is not None and self._ending is None

    # ------------------------------------------------------------ out

    def put(self, data: bytes) -> None:
        """Let a frame go out, after all that was put before, here or for many."""
        if self.is_open:
            self._outbox.add(data, self)

    def take(self, data: bytes | memoryview) -> bool:
        """Keep a frame until it is written; return whether nothing waited before it."""
        if self._sock is None or self._is_over:
            return False
        self.free = None
        self._is_over = data is self._last
        self._waiting.append(data)
        self._size += len(data)
        if self._blocked and self._ending is None:
            self._look_at_progress()
        return len(self._waiting) == 1

    def keep(self, rest: memoryview) -> None:
        """Keep what the socket did not take of a frame, until it takes more."""
        self.take(rest)
        self._block()

    def flush(self) -> None:
        """Write what waits, unless the client has yet to take what went before."""
        if not self._blocked:
            self._write()

    def _write(self) -> None:
        waiting, sock = self._waiting, self._sock
        if sock is None:
            return
        while waiting:
            some = waiting[:JOINED]
            try:
                sent = sock.send(some[0]) if len(some) == 1 else sock.sendmsg(some)
            except BlockingIOError:
                self._block()
                return
            except OSError:
                self.abort()
                return
            self._progress_at = time.monotonic() if self._blocked else 0.0
            if not self._drop(some, sent):
                self._block()
                return
        self._unblock()
        if self._is_over:
            self._shut()
        elif self._ending is None:
            self.free = sock

    def _drop(self, some: list[bytes | memoryview], sent: int) -> bool:
        """Forget so many bytes of what was to be written; return whether that was all."""
        self._size -= sent
        for number, data in enumerate(some):
            if sent < len(data):
                self._waiting[: number + 1] = [memoryview(data)[sent:]]
                return False
            sent -= len(data)
        del self._waiting[: len(some)]
        return True

    def _block(self) -> None:
        """Wait until the socket takes more."""
        if self._blocked or self._sock is None:
            return
        self._blocked, self._progress_at = True, time.monotonic()
        if self._writing is None:
            self._writing = self._loop.io(self._sock.fileno(), _WRITE)
        self._writing.start(self._write)

    def _unblock(self) -> None:
        if self._blocked:
            self._blocked = False
            self._writing.stop()

    def _look_at_progress(self) -> None:
        """Cut a client that does not read: it has lost its place, the others keep theirs."""
        is_stalled = time.monotonic() - self._progress_at > STALL_S
        if self._size > HARD_LIMIT or (self._size > SOFT_LIMIT and is_stalled):
            del self._waiting[1:]  # the first may be half on its way
            self._size = len(self._waiting[0])
            self.end(Code.RESYNC, "resync")
            self.take(self._last or b"")  # at once: what was left out may not come before

    # ------------------------------------------------------------ in

    def listen(self) -> None:
        """Begin to read."""
        if self._sock is not None:
            self._reading = self._loop.io(self._sock.fileno(), _READ)
            self._reading.start(self._read)

    def _read(self) -> None:
        try:
            data = self._sock.recv(16_384) if self._sock is not None else b""
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.abort()
            return
        if self._ending is not None:
            return  # what comes now was sent before it heard that it is over
        try:
            for opcode, payload in self._reader.feed(data):
                self._take(opcode, payload)
        except WireError as error:
            self.end(error.code)

    def _take(self, opcode: Opcode, payload: bytes) -> None:
        match opcode:
            case _ if self._ending is not None:
                pass
            case Opcode.TEXT:
                try:
                    self.on_message(payload.decode())
                except UnicodeDecodeError:
                    raise WireError(Code.NOT_TEXT) from None
            case Opcode.BINARY:
                self.on_message(payload)
            case Opcode.PING:
                self.put(frame(payload, Opcode.PONG))
            case Opcode.CLOSE:
                self.end(Code.NORMAL)

    # ------------------------------------------------------------ the end

    def end(self, code: Code, why: str = "") -> None:
        """Say why after what already waits, and hang up; takes and gives nothing more."""
        if not self.is_open:
            return
        self.free, self._last = None, close_frame(code, why)
        self._outbox.add(self._last, self)
        self._ending = self._loop.timer(_LINGER_S)
        self._ending.start(self.abort)
        self._tell_end()

    def _shut(self) -> None:
        """Say that nothing follows, and let the client have read it before all is gone."""
        try:
            if self._sock is not None:
                self._sock.shutdown(socket.SHUT_WR)
        except OSError:
            self.abort()

    def abort(self) -> None:
        """Let go of the socket at once."""
        if self._sock is None:
            return
        for watcher in (self._reading, self._writing, self._ending):
            if watcher is not None:
                watcher.stop()
                watcher.close()
        self._reading = self._writing = self._ending = None
        sock, self._sock, self.free = self._sock, None, None
        self._waiting.clear()
        self._size = 0
        sock.close()
        self._tell_end()

    def _tell_end(self) -> None:
        told, self.on_closed = self.on_closed, _ignore_end
        self.on_message = _ignore
        told()


def _ignore(_message: str | bytes) -> None:
    """Take a message that nobody waits for."""


def _ignore_end() -> None:
    """Hear of an end that was told before."""

"""One websocket's socket: what waits for it goes out in one write; what comes in is read on.

It belongs to the gevent hub: nobody waits for it, and while nothing happens it costs no
greenlet. Frames are put, and an outbox flushes them; so what several put in the same moment is
joined, and everybody's frames keep their order.
"""

import socket
import time
from collections.abc import Callable
from typing import Any

import gevent

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
#: Frames that are joined into one write at most.
_JOINED = 64
#: So many connections are written to before others of the process get a turn.
_CHUNK = 256

_READ, _WRITE = 1, 2


class Outbox:
    """The connections that something waits for."""

    def __init__(self) -> None:
        """Begin with none."""
        self._ready: list[Connection] = []
        self._is_running = False

    def add(self, connection: "Connection") -> None:
        """Write to a connection soon."""
        self._ready.append(connection)
        if not self._is_running:
            self._is_running = True
            gevent.spawn(self._run)

    def _run(self) -> None:
        try:
            while self._ready:
                ready, self._ready = self._ready, []
                for number, connection in enumerate(ready, 1):
                    connection.flush()
                    if not number % _CHUNK:
                        gevent.sleep(0)
        finally:
            self._is_running = False


class Connection:
    """A socket that was taken out of the server's hands, and does not block.

    on_message : gets each message, in the hub: it must not wait.
    on_closed  : called once, in the hub, when nothing will come any more.
    """

    __slots__ = (
        "_blocked",
        "_ending",
        "_loop",
        "_outbox",
        "_progress_at",
        "_reader",
        "_reading",
        "_size",
        "_sock",
        "_waiting",
        "_writing",
        "on_closed",
        "on_message",
    )

    def __init__(self, sock: socket.socket, outbox: Outbox, limits: Limits) -> None:
        """Take over a connected socket; `listen` begins to read it."""
        sock.settimeout(0)
        self._sock: socket.socket | None = sock
        self._outbox = outbox
        self._reader = Reader(limits)
        self._loop: Any = gevent.get_hub().loop
        self._reading: Any = None
        self._writing: Any = None
        self._waiting: list[bytes] = []
        self._size = 0
        self._blocked = False
        self._progress_at = 0.0
        self._ending: Any = None
        self.on_message: Callable[[str | bytes], object] = _ignore
        self.on_closed: Callable[[], object] = _ignore_end

    @property
    def is_open(self) -> bool:
        """Return whether it still takes frames."""
        return self._sock is not None and self._ending is None

    @property
    def waiting(self) -> int:
        """Return how many bytes wait to go out."""
        return self._size

    # ------------------------------------------------------------ out

    def put(self, data: bytes) -> None:
        """Let a frame go out after what already waits."""
        if self._ending is not None or self._sock is None:
            return
        if not self._waiting:
            self._outbox.add(self)
        self._waiting.append(data)
        self._size += len(data)
        if self._blocked:
            self._look_at_progress()

    def flush(self) -> None:
        """Write what waits, unless the client has yet to take what went before."""
        if self._blocked or self._sock is None:
            return
        waiting = self._waiting
        if len(waiting) != 1 or self._ending is not None:
            self._write()
            return
        data = waiting[0]  # what nearly always is, in as few words as can be
        try:
            sent = self._sock.send(data)
        except BlockingIOError:
            self._block()
            return
        except OSError:
            self.abort()
            return
        if sent == len(data):
            waiting.clear()
            self._size = 0
        else:
            waiting[0] = data[sent:]
            self._size -= sent
            self._block()

    def _write(self) -> None:
        waiting, sock = self._waiting, self._sock
        while waiting and sock is not None:
            some = waiting[:_JOINED]
            data = some[0] if len(some) == 1 else b"".join(some)
            try:
                sent = sock.send(data)
            except BlockingIOError:
                self._block()
                return
            except OSError:
                self.abort()
                return
            self._size -= sent
            self._progress_at = time.monotonic() if self._blocked else 0.0
            if sent < len(data):
                waiting[: len(some)] = [data[sent:]]
                self._block()
                return
            del waiting[: len(some)]
        self._unblock()
        if self._ending is not None:
            self._shut()

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
        self.put(close_frame(code, why))
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
        sock, self._sock = self._sock, None
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

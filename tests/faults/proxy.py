"""A network that misbehaves on purpose, between anybody and a port of this machine.

It is slow, narrow or silent, resets or closes connections, breaks them at a certain byte in
either direction, or says everything twice. One thread carries all connections.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Coroutine

_RESET = struct.pack("ii", 1, 0)
_PATIENCE_S = 30

#: What is read at once, and so many of these wait at most before the sender has to.
_PIECE = 4096
_MOST_UNDER_WAY = 64


class End(StrEnum):
    """How a connection ends: the other side hears an error, or a goodbye in mid-sentence."""

    RESET = "reset"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Cut:
    """A connection breaks when so many bytes have gone up (to the server) or down."""

    after: int
    is_up: bool = True
    how: End = End.RESET


#: Says for each connection, by its number from 0, if and where it breaks.
Plan = Callable[[int], Cut | None]


@dataclass(slots=True)
class Way:
    """One direction for all connections together.

    bits_s    : how much goes through in a second; 0 is no limit.
    latency_s : how long each piece is under way.
    passed    : bytes that have come out at the other end.
    is_free_at : when all that is on it has been put on the line.
    """

    bits_s: int = 0
    latency_s: float = 0.0
    passed: int = 0
    is_free_at: float = 0.0

    def arrival_of(self, size: int, now: float) -> float:
        """Return when a piece that is sent now has arrived."""
        start = max(now, self.is_free_at)
        self.is_free_at = start + (size * 8 / self.bits_s if self.bits_s else 0.0)
        return self.is_free_at + self.latency_s


@dataclass(eq=False, slots=True)
class _Line:
    """One connection: this side, the other side, and where it breaks."""

    near: socket.socket
    far: socket.socket | None = None
    cut: Cut | None = None
    sent: dict[bool, int] = field(default_factory=lambda: {True: 0, False: 0})
    ends: int = 0
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def left(self, *, is_up: bool) -> int | None:
        """Return how many bytes may still go this way; None for all."""
        if self.cut is None or self.cut.is_up is not is_up:
            return None
        return self.cut.after - self.sent[is_up]


class ChaosProxy:
    """Listens on a port of its own and passes on to another, as well as it is told to.

    plan    : where connections break; may be changed at any time, counts for new ones.
    doubles : whatever goes up is also sent on a second connection, whose answer nobody gets.
    count   : how many connections there have been; `broken` how many of them `plan` broke.
    """

    def __init__(self, to_port: int, plan: Plan | None = None) -> None:
        self.to_port, self.plan = to_port, plan
        self.doubles = False
        self.count = self.broken = 0
        self.up, self.down = Way(), Way()
        self._lines: set[_Line] = set()
        self._is_refusing = False
        self._passes = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self._listener.setblocking(False)  # noqa: FBT003 - a socket's own word
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._passes.set()
        self._thread.start()
        self._do(self._begin)
        return self

    def __exit__(self, *_exception: object) -> None:
        asyncio.run_coroutine_threadsafe(self._finish(), self._loop).result(_PATIENCE_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE_S)
        self._loop.close()
        self._listener.close()

    # ------------------------------------------------------------ what a test says

    def slow_down(self, *, bits_s: int = 0, latency_s: float = 0.0) -> None:
        """Carry so much in either direction, each piece so long under way."""
        for way in (self.up, self.down):
            way.bits_s, way.latency_s = bits_s, latency_s
            way.is_free_at = 0.0

    def blackhole(self) -> None:
        """Pass nothing on and end nothing: neither side hears anything until `heal`."""
        self._do(self._passes.clear)

    def reset(self, how: End = End.RESET) -> None:
        """Break all connections that there are; new ones get through."""
        self._do(lambda: self._break_all(how))

    def refuse(self) -> None:
        """Break all connections, and every new one as soon as it comes, until `heal`."""
        self._is_refusing = True
        self.reset()

    def heal(self) -> None:
        """Pass on again, what was held back first."""
        self._is_refusing = False
        self._do(self._passes.set)

    # ------------------------------------------------------------ its own thread

    def _do(self, what: Callable[[], object]) -> None:
        async def call() -> None:
            what()

        asyncio.run_coroutine_threadsafe(call(), self._loop).result(_PATIENCE_S)

    def _begin(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._spawn(self._accept())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _finish(self) -> None:
        others = [*self._tasks]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        self._break_all(End.RESET)

    def _break_all(self, how: End) -> None:
        for line in list(self._lines):
            self._hang_up(line, how)

    def _hang_up(self, line: _Line, how: End) -> None:
        """End a connection; whoever carries it stops, and forgets the file numbers first."""
        if line not in self._lines:
            return
        self._lines.discard(line)
        for end in filter(None, (line.near, line.far)):
            self._loop.remove_reader(end)
            self._loop.remove_writer(end)
            with suppress(OSError):
                if how is End.RESET:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                else:
                    end.shutdown(socket.SHUT_RDWR)
            end.close()
        for task in line.tasks:
            if task is not asyncio.current_task():
                task.cancel()

    async def _accept(self) -> None:
        while True:
            near, _ = await self._loop.sock_accept(self._listener)
            number, self.count = self.count, self.count + 1
            line = _Line(near, cut=self.plan(number) if self.plan else None)
            self._lines.add(line)
            if self._is_refusing:
                self._hang_up(line, End.RESET)
            else:
                line.tasks.append(self._spawn(self._open(line)))

    async def _open(self, line: _Line) -> None:
        try:
            line.far = await self._dial()
        except OSError:
            self._hang_up(line, End.RESET)
            return
        copies = [await self._dial()] if self.doubles else []
        for copy in copies:
            self._spawn(self._swallow(copy))
        for is_up, ends in (
            (True, (line.near, [line.far, *copies])),
            (False, (line.far, [line.near])),
        ):
            line.tasks.append(self._spawn(self._carry(line, ends, is_up=is_up)))

    async def _dial(self) -> socket.socket:
        far = socket.socket()
        far.setblocking(False)  # noqa: FBT003 - a socket's own word
        try:
            await self._loop.sock_connect(far, ("127.0.0.1", self.to_port))
        except BaseException:  # also when the test is over meanwhile
            far.close()
            raise
        return far

    async def _swallow(self, copy: socket.socket) -> None:
        """Read what a copy is answered, and let nobody have it."""
        try:
            with suppress(OSError):
                while await self._loop.sock_recv(copy, _PIECE):
                    pass
        finally:
            copy.close()

    async def _carry(
        self, line: _Line, ends: tuple[socket.socket, list[socket.socket]], *, is_up: bool
    ) -> None:
        """Carry one connection in one direction until it ends or breaks."""
        source, targets = ends
        way = self.up if is_up else self.down
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_MOST_UNDER_WAY)
        deliver = self._deliver(line, under_way, targets, is_up=is_up)
        line.tasks.append(self._spawn(deliver))
        data = b"."
        while data:
            try:
                data = await self._loop.sock_recv(source, _PIECE)
            except OSError:
                self._hang_up(line, End.RESET)
                data = b""
            await under_way.put((way.arrival_of(len(data), self._loop.time()), data))

    async def _deliver(
        self,
        line: _Line,
        under_way: asyncio.Queue[tuple[float, bytes]],
        targets: list[socket.socket],
        *,
        is_up: bool,
    ) -> None:
        """Put at the other end what has arrived, up to where the connection breaks."""
        way = self.up if is_up else self.down
        try:
            while True:
                arrives, data = await under_way.get()
                await asyncio.sleep(max(0.0, arrives - self._loop.time()))
                await self._passes.wait()
                if not data:
                    break
                left = line.left(is_up=is_up)
                for target in targets:
                    await self._loop.sock_sendall(target, data[:left])
                line.sent[is_up] += len(data)
                way.passed += len(data[:left])
                if left is not None and left <= len(data):
                    self.broken += 1
                    assert line.cut is not None
                    self._hang_up(line, line.cut.how)
                    return
            for target in targets:
                target.shutdown(socket.SHUT_WR)
        except OSError:
            self._hang_up(line, End.RESET)
        line.ends += 1
        if line.ends == 2:
            self._hang_up(line, End.CLOSE)

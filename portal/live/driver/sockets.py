"""Engine.IO's socket over our connection: the same packets, without a queue or a greenlet.

Long-polling stays the library's; a socket that upgrades gives up its queue on the way.
"""

import logging
import time
from collections import deque
from functools import cached_property
from typing import Any

import engineio.socket
import gevent
from engineio.exceptions import EngineIOError
from engineio.packet import NOOP, PING, PONG, UPGRADE, Packet

from portal.live.driver.connection import Connection
from portal.live.driver.wire import Code, text_frame

log = logging.getLogger(__name__)

_PING, _CLOSE = text_frame("2"), text_frame("1")
_PROBE, _PROBED, _PONG = "2probe", text_frame("3probe"), "3"


class Socket(engineio.socket.Socket):  # type: ignore[misc]  # it brings no types
    """One Engine.IO session; `connection` is None for as long as it is polling.

    slot : when it is asked for signs of life; kept by `Pings`.
    """

    server: Any
    sid: str
    slot = 0
    connection: Connection | None = None
    last_ping: float | None = None
    connected = upgrading = upgraded = closing = closed = False

    def __init__(self, server: Any, sid: str) -> None:
        """Begin without anything that only polling needs."""
        self.server, self.sid = server, sid
        self.last_ping = time.time()  # as if one had come: the next may be asked for
        self._is_asked = self._is_busy = False
        self._inbox: deque[str | bytes | None] = deque()

    @cached_property
    def queue(self) -> Any:
        """Return what waits for the next poll."""
        return self.server.create_queue()

    @cached_property
    def session(self) -> dict[str, Any]:
        """Return what handlers keep for the session."""
        return {}

    # ------------------------------------------------------------ the websocket

    def _upgrade_websocket(self, environ: dict[str, Any], _start_response: object) -> Any:
        """Answer who is polling and would rather have a websocket."""
        return self.server.upgrade(self, environ)

    def adopt(self, connection: Connection) -> None:
        """Go on by this connection alone."""
        connection.on_message, connection.on_closed = self._hear, self._lose
        self.connection = connection
        self.connected = self.upgraded = True
        self.upgrading = False

    def try_out(self, connection: Connection) -> None:
        """Go over to a connection once its client has shown that it carries both ways."""
        self.upgrading = True

        def hear(message: str | bytes) -> None:
            if message == _PROBE:
                connection.put(_PROBED)
                self.queue.put(Packet(NOOP))  # ends the poll that is under way
            elif message == str(UPGRADE):
                self._go_over(connection)
            else:
                connection.end(Code.PROTOCOL)

        def give_up() -> None:
            if self.connection is None:
                self.upgrading = False

        def run_out() -> None:
            if self.connection is not connection:
                connection.abort()

        connection.on_message, connection.on_closed = hear, give_up
        gevent.spawn_later(self.server.ping_timeout, run_out)

    def _go_over(self, connection: Connection) -> None:
        """Let the connection carry what the polls have not, and all that follows."""
        if self.closed or self.closing:
            connection.end(Code.GOING_AWAY)
            return
        for packet in self._left_in_queue():
            connection.put(text_frame(packet.encode()))
        self.adopt(connection)
        self.server.forget_audiences()
        self.last_ping = None

    def _left_in_queue(self) -> list[Packet]:
        left = []
        while not self.queue.empty():
            packet = self.queue.get_nowait()
            if packet is not None and packet.packet_type not in {NOOP, PING}:
                left.append(packet)
        self.queue.put(Packet(NOOP))  # for a poll that was about to take what is taken now
        del self.queue
        return left

    # ------------------------------------------------------------ packets

    def send(self, pkt: Packet) -> None:
        """Send a packet; what waits for the same socket goes out with it."""
        if self.connection is None:
            super().send(pkt)
        elif not self.closed:
            self.connection.put(text_frame(pkt.encode()))

    def receive(self, pkt: Packet) -> None:
        """Take a packet; a pong is all that a socket is asked for."""
        if pkt.packet_type == PONG and self.connection is not None:
            self._is_asked = False
        else:
            super().receive(pkt)

    def _hear(self, message: str | bytes) -> None:
        """Take a message in the hub: signs of life at once, all else in a greenlet, in turn."""
        if message == _PONG:
            self._is_asked = False
        else:
            self._put_in(message)

    def _lose(self) -> None:
        self._put_in(None)

    def _put_in(self, message: str | bytes | None) -> None:
        self._inbox.append(message)
        if not self._is_busy:
            self._is_busy = True
            gevent.spawn(self._work)

    def _work(self) -> None:
        try:
            while self._inbox:
                message = self._inbox.popleft()
                if message is None:
                    self.close(abort=True, reason=self.server.reason.TRANSPORT_CLOSE)
                else:
                    self._dispatch(message)
        finally:
            self._is_busy = False

    def _dispatch(self, message: str | bytes) -> None:
        try:
            self.receive(Packet(encoded_packet=message))
        except (EngineIOError, ValueError):
            log.info("%s sent what is no packet", self.sid)
        except Exception:
            log.exception("a packet of %s could not be dealt with", self.sid)

    # ------------------------------------------------------------ signs of life

    def ask(self) -> None:
        """Ask for a sign of life; long-polling asks for its own."""
        if self.connection is not None and not self.closed:
            self._is_asked = True
            self.connection.put(_PING)

    def look(self) -> None:
        """Let go of who gave none, and of who came but entered nowhere, or was shown out."""
        if self.closed:
            self.server.forget(self)
        elif not self.server.is_anywhere(self.sid):
            gevent.spawn(self.close, wait=False)
        elif self.connection is None:
            gevent.spawn(self.check_ping_timeout)
        elif self._is_asked:
            self._inbox.clear()
            self.connection.abort()

    def schedule_ping(self) -> None:
        """Ask again later: only a polling socket does so by itself."""
        if self.connection is None:
            super().schedule_ping()

    # ------------------------------------------------------------ the end

    def close(self, wait: bool = True, abort: bool = False, reason: Any = None) -> None:  # noqa: FBT001, FBT002 - the library's
        """Tell the handlers, then the client unless it has gone, and hang up."""
        if self.connection is None:
            super().close(wait, abort, reason)
        elif not (self.closed or self.closing):
            self.closing = True
            reason = reason or self.server.reason.SERVER_DISCONNECT
            try:
                self.server.tell("disconnect", self.sid, reason)
            finally:
                self.closed = True
                self.server.forget(self)
                if not abort:
                    self.connection.put(_CLOSE)
                self.connection.end(Code.NORMAL)

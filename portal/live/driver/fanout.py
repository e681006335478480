"""Rooms, and the one frame that goes to everybody in them.

In place of python-socketio's own manager, by its public hook: an event is encoded and framed
once, and the same bytes are put to each connection of the room. What asks more (answers to be
waited for, attachments, long-polling) goes the library's way, one packet for each.
"""

from collections.abc import Iterator
from typing import Any

from engineio.packet import MESSAGE
from engineio.packet import Packet as EnginePacket
from socketio import Manager
from socketio.packet import EVENT

from portal.live.driver.connection import Connection
from portal.live.driver.sockets import Socket
from portal.live.driver.wire import text_frame

Room = str | None
#: Who hears by a connection, and who by polling.
Audience = tuple[tuple[Connection, ...], tuple[Socket, ...]]


class Fanout(Manager):  # type: ignore[misc]  # it brings no types
    """Who is in which room of a namespace; `None` is the room of all.

    A socket's own name is a room, too; it needs no entry of its own.
    """

    rooms: dict[str, dict[Room, dict[str, Socket]]]
    server: Any

    def __init__(self) -> None:
        """Begin with nobody."""
        super().__init__()
        self._audiences: dict[tuple[str, Room], Audience] = {}
        self._named: dict[tuple[str, str], str] = {}
        self._in: dict[tuple[str, str], set[str]] = {}
        self._arriving: set[tuple[str, str]] = set()
        self._leaving: set[tuple[str, str]] = set()

    # ------------------------------------------------------------ sending

    def emit(
        self,
        event: str,
        data: Any,
        namespace: str,
        room: Any = None,
        skip_sid: Any = None,
        callback: Any = None,
        **more: Any,
    ) -> None:
        """Send an event to a room, to several, to one socket, or to all of a namespace."""
        room = more.pop("to", None) or room
        words = [*data] if isinstance(data, tuple) else [] if data is None else [data]
        packet = self.server.packet_class(EVENT, namespace=namespace, data=[event, *words])
        encoded = None if callback else packet.encode()
        if not isinstance(encoded, str):
            super().emit(event, data, namespace, room, skip_sid, callback, **more)
            return
        skipped = {skip_sid} if isinstance(skip_sid, str) else {*(skip_sid or ())}
        whole = EnginePacket(MESSAGE, encoded)
        connections, polling = self._audience(namespace, room, skipped)
        for socket in polling:
            self.server.eio.send_packet(socket.sid, whole)
        if connections:
            self.server.eio.outbox.add(text_frame(whole.encode()), connections)

    def _audience(self, namespace: str, room: Any, skipped: set[str]) -> Audience:
        """Return who is to hear what is said to a room; kept until somebody comes or goes."""
        members = self._members(namespace, room)
        is_kept = isinstance(room, str | None) and not skipped
        if is_kept and (found := self._audiences.get((namespace, room))) is not None:
            return found
        heard = [it for sid, it in tuple(members.items()) if sid not in skipped]
        made = (
            tuple(it.connection for it in heard if it.connection is not None),
            tuple(it for it in heard if it.connection is None),
        )
        if is_kept and room in self.rooms.get(namespace, {}):
            self._audiences[namespace, room] = made
        return made

    def forget_audiences(self) -> None:
        """Look anew who is heard how: a socket has gone over to a connection."""
        self._audiences.clear()

    def _members(self, namespace: str, room: Any) -> dict[str, Socket]:
        """Return the sockets of one room, of several, or the one of that name."""
        rooms = self.rooms.get(namespace, {})
        if room is not None and not isinstance(room, str):
            return {k: v for it in room for k, v in self._members(namespace, it).items()}
        if room in rooms:
            return rooms[room]
        own = rooms.get(None, {}).get(room) if room is not None else None
        return {} if own is None else {str(room): own}

    def get_participants(self, namespace: str, room: Any) -> Iterator[tuple[str, str]]:
        """Yield the name in the namespace and the connection's own of all in a room."""
        members = tuple(self._members(namespace, room).items())
        yield from ((sid, socket.sid) for sid, socket in members)

    # ------------------------------------------------------------ coming and going

    def pre_connect(self, eio_sid: str, namespace: str) -> str | None:
        """Take a connection into a namespace, on trial; None if it is there already."""
        if (namespace, eio_sid) in self._named or eio_sid not in self.server.eio.sockets:
            return None
        sid = str(self.server.eio.generate_id())
        members = self.rooms.setdefault(namespace, {}).setdefault(None, {})
        members[sid] = self.server.eio.sockets[eio_sid]
        self._audiences.pop((namespace, None), None)
        self._named[namespace, eio_sid] = sid
        self._arriving.add((namespace, sid))
        return sid

    def connect(self, sid: str, namespace: str) -> str:
        """Take one for good who came on trial."""
        self._arriving.discard((namespace, sid))
        return sid

    def is_connected(self, sid: str | None, namespace: str) -> bool:
        """Return whether somebody has come and is not about to go."""
        key = (namespace, sid or "")
        return (
            key not in self._arriving
            and key not in self._leaving
            and sid in self.rooms.get(namespace, {}).get(None, {})
        )

    def pre_disconnect(self, sid: str, namespace: str) -> str | None:
        """Take one as going, whom handlers may still ask about."""
        self._leaving.add((namespace, sid))
        return self.eio_sid_from_sid(sid, namespace)

    def basic_disconnect(self, sid: str, namespace: str, **_more: Any) -> None:
        """Forget one, in every room."""
        rooms = self.rooms.get(namespace, {})
        for room in self._in.pop((namespace, sid), ()):
            self._out_of(namespace, room, sid)
        socket = rooms.get(None, {}).get(sid)
        if socket is not None:
            self._named.pop((namespace, socket.sid), None)
            self._out_of(namespace, None, sid)
        self.callbacks.pop(sid, None)
        self._arriving.discard((namespace, sid))
        self._leaving.discard((namespace, sid))

    def sid_from_eio_sid(self, eio_sid: str, namespace: str) -> str | None:
        """Return a connection's name in a namespace."""
        return self._named.get((namespace, eio_sid))

    def is_anywhere(self, eio_sid: str) -> bool:
        """Return whether a connection is in some namespace, if only on trial."""
        return any((namespace, eio_sid) in self._named for namespace in self.rooms)

    def eio_sid_from_sid(self, sid: str, namespace: str) -> str | None:
        """Return the connection's own name."""
        socket = self.rooms.get(namespace, {}).get(None, {}).get(sid)
        return None if socket is None else socket.sid

    # ------------------------------------------------------------ rooms

    def basic_enter_room(self, sid: str, namespace: str, room: str, **_more: Any) -> None:
        """Let one into a room. Raises ValueError for who is not there, or a socket's name."""
        rooms = self.rooms.get(namespace, {})
        socket = rooms.get(None, {}).get(sid)
        if socket is None:
            raise ValueError("sid is not connected to requested namespace")
        if room in rooms[None]:
            raise ValueError("cannot enter a sid room")
        rooms.setdefault(room, {})[sid] = socket
        self._audiences.pop((namespace, room), None)
        self._in.setdefault((namespace, sid), set()).add(room)

    def basic_leave_room(self, sid: str, namespace: str, room: str) -> None:
        """Let one out of a room."""
        inside = self._in.get((namespace, sid), set())
        if room in inside:
            inside.discard(room)
            self._out_of(namespace, room, sid)

    def get_rooms(self, sid: str, namespace: str) -> list[str]:
        """Return the rooms that one is in, its own first."""
        return [sid, *sorted(self._in.get((namespace, sid), ()))]

    def _out_of(self, namespace: str, room: Room, sid: str) -> None:
        rooms = self.rooms[namespace]
        self._audiences.pop((namespace, room), None)
        members = rooms.get(room, {})
        members.pop(sid, None)
        if not members and room is not None:
            rooms.pop(room, None)

"""The channel of one process: seats, and what is said to sockets. Nothing else emits."""

from collections.abc import Mapping
from typing import Any

from flask_socketio import SocketIO

from portal.accounts.queries import Stay
from portal.journal.audience import rooms_of
from portal.live.seats import Seat, Seats

NAMESPACE = "/live"


def socket_room(incident_id: int, room: str) -> str:
    """Return the name under which Socket.IO knows a room of an incident."""
    return f"{incident_id}:{room}"


class Channel:
    """Says things to sockets, and keeps them where their people belong."""

    def __init__(self, socketio: SocketIO) -> None:
        """Begin with nobody."""
        self.socketio = socketio
        self.server: Any = socketio.server  # type: ignore[attr-defined]
        self.seats = Seats()

    def say(self, event: str, message: Mapping[str, Any], to: str) -> None:
        """Send an event to a room or to one socket."""
        self.socketio.emit(event, dict(message), to=to, namespace=NAMESPACE)

    def is_occupied(self, incident_id: int, room: str) -> bool:
        """Return whether somebody sits in a room of an incident."""
        rooms = self.server.manager.rooms.get(NAMESPACE, {})
        return socket_room(incident_id, room) in rooms

    def sit(self, seat: Seat, incident_id: int | None, rooms: frozenset[str]) -> None:
        """Move a socket into exactly these rooms of one incident."""
        manager = self.server.manager
        was = {
            socket_room(seat.incident_id, r) for r in seat.rooms if seat.incident_id is not None
        }
        now = {socket_room(incident_id, r) for r in rooms if incident_id is not None}
        for name in was - now:
            manager.leave_room(seat.sid, NAMESPACE, name)
        for name in now - was:
            manager.enter_room(seat.sid, NAMESPACE, name)
        seat.incident_id, seat.rooms = incident_id, rooms

    def recheck(self, seat: Seat, found: Stay | None) -> None:
        """Close a socket, or move it to where its people now belong, by what was read anew."""
        if found is None:
            self.close(seat, "signed_out")
            return
        seat.renew(*found)
        rooms = rooms_of(seat.actor)
        lost, gained = seat.rooms - rooms, rooms - seat.rooms
        if seat.incident_id is None or not (lost or gained):
            return
        self.sit(seat, seat.incident_id, rooms)
        for room in sorted(lost):
            self.say("purge", {"room": room}, to=seat.sid)
        if gained:
            self.say("reload", {"why": "rooms"}, to=seat.sid)

    def close(self, seat: Seat, why: str, retry_s: float | None = None) -> None:
        """Say why and hang up; without `retry_s` the client does not come back by itself."""
        self.sit(seat, None, frozenset())
        self.seats.remove(seat.sid)
        self.say("closing", {"why": why, "retry_s": retry_s}, to=seat.sid)
        self.server.disconnect(seat.sid, namespace=NAMESPACE)

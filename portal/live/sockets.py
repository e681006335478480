"""What a socket may say: connect, and follow one incident, both at once if it likes.

The handlers are python-socketio's own, without a Flask request around each: what they need of
one, the session's cookie, they read themselves.
"""

from typing import Any

from flask_socketio import SocketIO

from portal.live.arrivals import Arrivals
from portal.live.channel import NAMESPACE, Channel
from portal.live.follows import Answer, Follow, Follows

#: No person sits in more rooms than this.
_MOST_ROOMS = 64
#: A person's windows and devices at one process; one more, and the oldest is told and closed.
_MOST_SOCKETS = 5
#: Who said too much may come back after so many seconds, or twice that.
_TOO_FAST_S = 30.0


def parse_follow(message: object) -> Follow | None:
    """Return the message, or None when it has another shape: nobody is trusted."""
    if not isinstance(message, dict):
        return None
    code, generation, heads = (message.get(key) for key in ("incident", "generation", "heads"))
    if (
        not isinstance(code, str)
        or not isinstance(generation, str)
        or not isinstance(heads, dict)
    ):
        return None
    if len(heads) > _MOST_ROOMS:
        return None
    if not all(isinstance(r, str) and type(n) is int and n >= 0 for r, n in heads.items()):
        return None
    return Follow(code, generation, heads)


def register(
    socketio: SocketIO, channel: Channel, arrivals: Arrivals, follows: Follows
) -> None:
    """Register the events of the namespace."""
    server: Any = socketio.server  # type: ignore[attr-defined]

    def connect(sid: str, environ: dict[str, Any], auth: object = None) -> bool:
        """Refuse the anonymous; where they come from was looked at before.

        Who says at once what to follow is spared a message and its way there and back.
        """
        seat, wanted = arrivals.seat_for(sid, environ), parse_follow(auth)
        if seat is None:
            return False
        channel.seats.add(seat)
        for oldest in channel.seats.of_person(seat.actor.person_id)[:-_MOST_SOCKETS]:
            channel.close(oldest, "too_many")
        if wanted is not None:
            channel.say("followed", follows.first_answer(seat, wanted), to=sid)
        return channel.seats.get(sid) is seat  # it may have lost its session meanwhile

    def disconnect(sid: str, _reason: object = None) -> None:
        channel.seats.remove(sid)

    def follow(sid: str, message: object = None, *_more: object) -> Answer:
        seat, wanted = channel.seats.get(sid), parse_follow(message)
        if seat is not None and seat.pace.wait():
            channel.close(seat, "too_fast", retry_s=_TOO_FAST_S)
            return {"error": "too fast"}
        if seat is None or wanted is None:
            return {"error": "follow {incident, generation, heads}"}
        return follows.answer(seat, wanted)

    for handler in (connect, disconnect, follow):
        server.on(handler.__name__, handler, namespace=NAMESPACE)

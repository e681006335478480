"""Seats: which socket sits in which rooms, for whom, until when."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from portal.core.actor import Actor
from portal.core.rates import Pace, Rate

#: What a socket may say: ten at once and then one a second, so sixty a minute.
MESSAGES = Rate(burst=10, every=timedelta(seconds=1))

#: Which column of a seat an account entry's subject concerns.
CONCERNS = {
    "person": "person_id",
    "membership": "membership_id",
    "organization": "organization_id",
    "sign_in": "sign_in_id",
}


@dataclass(slots=True)
class Seat:
    """One socket and the session it came with.

    incident_id : whose rooms it sits in; None until it follows one.
    ends_at     : when the session ends by the clock if no request comes.
    known_at    : the number of the last account entry when the person was read.
    pace        : what it may still say.
    """

    sid: str
    actor: Actor
    ends_at: datetime
    incident_id: int | None = None
    rooms: frozenset[str] = frozenset()
    known_at: int = 0
    pace: Pace = field(default_factory=lambda: Pace(MESSAGES))

    def is_concerned_by(self, subject: str, subject_id: int) -> bool:
        """Return whether an account entry may change what this socket's person sees."""
        return bool(getattr(self.actor, CONCERNS[subject]) == subject_id)

    def renew(self, actor: Actor, ends_at: datetime) -> None:
        """Take over what was read anew."""
        self.actor, self.ends_at = actor, ends_at


class Seats:
    """All sockets of this process."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._seats: dict[str, Seat] = {}
        self._of_person: dict[int | None, list[Seat]] = {}

    def __iter__(self) -> Iterator[Seat]:
        """Walk over a copy, so that sockets may come and go meanwhile."""
        return iter(list(self._seats.values()))

    def __len__(self) -> int:
        """Return how many sockets there are."""
        return len(self._seats)

    def get(self, sid: str) -> Seat | None:
        """Return the seat of a socket."""
        return self._seats.get(sid)

    def add(self, seat: Seat) -> None:
        """Seat a socket."""
        self._seats[seat.sid] = seat
        self._of_person.setdefault(seat.actor.person_id, []).append(seat)

    def remove(self, sid: str) -> Seat | None:
        """Forget a socket that has gone."""
        seat = self._seats.pop(sid, None)
        if seat is not None:
            persons = self._of_person[seat.actor.person_id]
            persons.remove(seat)
            if not persons:
                del self._of_person[seat.actor.person_id]
        return seat

    def of_person(self, person_id: int | None) -> list[Seat]:
        """Return the seats of a person, the oldest first."""
        return [*self._of_person.get(person_id, ())]

    def concerned(self, entries: Iterable[tuple[str, int]]) -> list[Seat]:
        """Return the seats that one of these account entries (subject, id) may change."""
        wanted = {(subject, i) for subject, i in entries if subject in CONCERNS}
        return [s for s in self if any(s.is_concerned_by(*entry) for entry in wanted)]

    def ended_by_clock(self, now: datetime) -> list[Seat]:
        """Return the seats whose session has ended unless a request came meanwhile."""
        return [seat for seat in self if seat.ends_at <= now]

    def places(self) -> frozenset[tuple[int, int]]:
        """Return who is where: incident and person, however many sockets they have there."""
        return frozenset(
            (seat.incident_id, seat.actor.person_id)
            for seat in self
            if seat.incident_id is not None and seat.actor.person_id is not None
        )

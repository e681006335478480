"""What the demo is made of: steps, each one write of one person at one minute."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy.orm import Session

from portal.accounts.queries import actor_of, get_person_by_email
from portal.core.actor import SYSTEM, Actor
from portal.feed.models import Post
from portal.incidents.models import Incident
from portal.journal.transaction import Tx

#: How long the exercise has been going on when it is loaded: it is its third day.
LASTS = timedelta(hours=66)

#: The minute of the loading, and the one from which the parts written by hand count.
NOW = LASTS // timedelta(minutes=1)
HAND_WRITTEN = NOW - 185


@dataclass(slots=True)
class Scene:
    """What is there already, by the names that the demo gives it."""

    session: Session
    incident_id: int = 0
    posts: dict[str, int] = field(default_factory=dict)
    offers: dict[str, int] = field(default_factory=dict)
    _actors: dict[str, Actor] = field(default_factory=dict)

    def actor(self, email: str) -> Actor:
        """Return who acts under this address; the portal itself under none.

        Raises LookupError for somebody who is not there.
        """
        if not email:
            return SYSTEM
        if email not in self._actors:
            person = get_person_by_email(self.session, email)
            actor = actor_of(self.session, person.id) if person else None
            if actor is None:
                message = f"{email} is not among the demo's people"
                raise LookupError(message)
            self._actors[email] = actor
        return self._actors[email]

    def incident(self, tx: Tx) -> Incident:
        """Return the demo's incident."""
        return tx.session.get_one(Incident, self.incident_id)

    def post(self, tx: Tx, name: str) -> Post:
        """Return the post of this name."""
        return tx.session.get_one(Post, self.posts[name])


#: What a step does, through the operations.
Act = Callable[[Tx, Scene], object]


@dataclass(frozen=True, slots=True)
class Step:
    """One write.

    minute : minutes after the start.
    who    : address of the person who acts; "" is the portal itself.
    """

    minute: float
    who: str
    do: Act

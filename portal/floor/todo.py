"""What waits for one person, of every kind, most urgent first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from portal.core import clock
from portal.core.actor import Actor, Role
from portal.floor.queries import Counts, Posts
from portal.incidents.models import Incident
from portal.offers.queries import Tally, Turn
from portal.organizations.models import ATTESTED_FOR
from portal.presence.models import CheckIn

#: What has no time of its own stands among what is due in an hour.
_PATIENCE = timedelta(hours=1)
#: A shift is spoken of from so long before its end.
_SHIFT_ENDS = timedelta(hours=1)

#: Kinds of tasks; of two that are due at one time the one that stands first comes first.
KINDS = (
    *("acknowledge", "queue", "second", "offers", "offer_question", "question", "shift"),
    *("doubted", "check_in", "contact", "period", "offer_ending", "offer_draft"),
    *("applications", "attest"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One thing that waits. row : what it is about; number, late : of how many it speaks."""

    kind: str
    due: datetime | None = None
    since: datetime | None = None
    row: Any = None
    number: int = 1
    late: int = 0

    @property
    def is_late(self) -> bool:
        """True once its time has passed."""
        return self.due is not None and self.due <= clock.now()


@dataclass(frozen=True, slots=True)
class Todo:
    """All that waits. changes_at : when the clock next makes something late, or new."""

    tasks: list[Task]
    changes_at: datetime | None

    @property
    def next_due(self) -> datetime | None:
        """Return when the next of them is due, or was."""
        return min((it.due for it in self.tasks if it.due), default=None)


def todo(
    incident: Incident,
    actor: Actor,
    posts: Posts,
    counts: Counts,
    own: CheckIn | None,
    offers: tuple[Sequence[Turn], Tally | None],
) -> Todo:
    """Return what waits for the actor."""
    turns, tally = offers
    tasks = [
        *_of_posts(posts),
        *_of_shift(incident, actor, own),
        *_of_desk(incident, counts),
        *(_of_turn(turn) for turn in turns),
        *_of_erac(tally),
        *_of_incident(incident, actor),
        *_of_organizations(actor, counts),
    ]
    now = clock.now()
    tasks.sort(key=lambda it: (it.due or now + _PATIENCE, KINDS.index(it.kind)))
    times = [it.due for it in tasks if it.due]
    if own is not None:
        times.append(own.until - _SHIFT_ENDS)
    return Todo(tasks, min((at for at in times if at > now), default=None))


def _of_posts(posts: Posts) -> Iterator[Task]:
    for it in posts.to_acknowledge:
        yield Task(kind="acknowledge", due=it.acknowledge_by, row=it)
    for it in posts.questions:
        yield Task(kind="question", since=it.moved_at, row=it)


def _of_shift(incident: Incident, actor: Actor, own: CheckIn | None) -> Iterator[Task]:
    if own is not None:
        if own.until <= clock.now() + _SHIFT_ENDS:
            yield Task(kind="shift", due=own.until, row=own)
    elif incident.is_open and not actor.has(Role.OBSERVER):
        yield Task(kind="check_in")


def _of_desk(incident: Incident, counts: Counts) -> Iterator[Task]:
    patience = timedelta(minutes=incident.review_minutes)
    of_counts = (
        ("queue", counts.waiting, counts.late, counts.waiting_since),
        ("second", counts.proposed, 0, counts.proposed_since),
        ("doubted", counts.doubted, 0, counts.doubted_since),
    )
    for kind, number, late, since in of_counts:
        if number:
            due = since + patience if since and kind != "doubted" else None
            yield Task(kind=kind, number=number, late=late, since=since, due=due)


def _of_turn(turn: Turn) -> Task:
    return Task(kind=f"offer_{turn.kind}", due=turn.due, since=turn.at, row=turn)


def _of_erac(tally: Tally | None) -> Iterator[Task]:
    if tally is not None and tally.unanswered:
        yield Task(kind="offers", number=tally.unanswered, late=tally.late, row=tally)


def _of_organizations(actor: Actor, counts: Counts) -> Iterator[Task]:
    if counts.applications:
        since = counts.applications_since
        yield Task(kind="applications", number=counts.applications, since=since)
    if actor.has(Role.ORG_ADMIN):
        at = counts.attested_at
        if at is None or at <= clock.now() - ATTESTED_FOR:
            yield Task(kind="attest", since=at)


def _of_incident(incident: Incident, actor: Actor) -> Iterator[Task]:
    if not incident.is_open or not actor.has(Role.ADMIN, Role.MOP3):
        return
    if not (incident.telephone and incident.email):
        yield Task(kind="contact", row=incident)
    ends_at = incident.period_ends_at
    if ends_at is not None and ends_at <= clock.now():
        yield Task(kind="period", due=ends_at, row=incident)

"""Looks: who read what belongs to others, on record in stream 0 and for the owner to see."""

import threading
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

from sqlalchemy.orm import Session

from portal.core import clock
from portal.core.actor import Actor, Role
from portal.core.db import Database, database_of
from portal.journal.audience import AUDIT
from portal.journal.notes import notes_for
from portal.journal.numbers import Draft

#: Whoever looks at a thing again within this time does not stand there twice.
AGAIN = timedelta(minutes=15)

#: How many looks a process remembers, to know those that come again.
_REMEMBERED = 20_000

_Seen = OrderedDict[Hashable, datetime]
_SEEN: WeakKeyDictionary[Database, _Seen] = WeakKeyDictionary()
_turn = threading.Lock()


def note_looks(
    session: Session,
    actor: Actor,
    what: str,
    whose: Mapping[int, str] | None = None,
    *,
    is_export: bool = False,
) -> None:
    """Note that somebody reads what belongs to other organizations; one's own is nobody's news.

    what      : code of `looks`: what is read.
    whose     : reference of what is read, by the organization it belongs to; None for a list of
                many, which is noted once and for no organization ("desk").
    is_export : it leaves as a file.

    The same person and thing within `AGAIN` is noted once by each process. The page is not kept
    waiting and asks the database nothing for it; if the database is busy or full, the note goes
    to the log as one line of JSON, see `portal.journal.notes`.
    """
    if actor.is_system:
        return
    move = "export" if is_export else "look"
    roles = [role.value for role in Role if role in actor.roles]
    things = [("desk", 0, "")] if whose is None else _of_others(actor, whose)
    notes_for(session).add(
        Draft(
            subject,
            move,
            {"what": what, "reference": reference, "roles": roles},
            subject_id=subject_id,
            rooms=frozenset({AUDIT}),
            by=actor,
        )
        for subject, subject_id, reference in things
        if _is_new(session, (actor.person_id, move, what, subject_id, reference))
    )


def _of_others(actor: Actor, whose: Mapping[int, str]) -> list[tuple[str, int, str]]:
    return [
        ("organization", organization_id, reference)
        for organization_id, reference in sorted(whose.items())
        if organization_id != actor.organization_id
    ]


def _is_new(session: Session, look: Hashable) -> bool:
    """Return whether it was not noted a moment ago, and remember it; the oldest go first."""
    now = clock.now()
    with _turn:
        seen = _SEEN.setdefault(database_of(session), OrderedDict())
        before = seen.get(look)
        if before is not None and timedelta(0) <= now - before < AGAIN:
            return False
        seen[look] = now
        seen.move_to_end(look)
        while len(seen) > _REMEMBERED:
            seen.popitem(last=False)
    return True

"""Refusals: who was not let in, or not let through, and from which address."""

import threading
from collections import OrderedDict, deque
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

from sqlalchemy.orm import Session

from portal.core import clock
from portal.core.actor import Actor
from portal.core.db import Database, database_of
from portal.journal.audience import AUDIT
from portal.journal.notes import notes_for
from portal.journal.numbers import Draft

#: So many of one kind from one address are noted in each `WITHIN`; the rest adds nothing.
MOST = 10
WITHIN = timedelta(minutes=1)

#: How many addresses a process counts for.
_REMEMBERED = 20_000

_Counted = OrderedDict[tuple[str, str], deque[datetime]]
_COUNTED: WeakKeyDictionary[Database, _Counted] = WeakKeyDictionary()
_turn = threading.Lock()


def note_refusal(
    session: Session,
    why: str,
    *,
    address: str,
    actor: Actor | None = None,
    person_id: int = 0,
    **more: str,
) -> None:
    """Note a refusal, without keeping anybody waiting; see `portal.journal.notes`.

    why       : code of `refusals`.
    address   : IP address that asked.
    actor     : who was refused, if signed in.
    person_id : whom it concerns, if not signed in; 0 when nobody here is known by what was
                typed. That is not kept: somebody may type a password there.
    more      : what more there is to say in words, such as `page` and `method`.
    """
    if not _is_within_bounds(session, why, address):
        return
    concerned = person_id if actor is None else actor.person_id or 0
    says = {"why": why, "address": address, **more}
    rooms = frozenset({AUDIT})
    notes_for(session).add(
        [Draft("person", "refuse", says, subject_id=concerned, rooms=rooms, by=actor)]
    )


def _is_within_bounds(session: Session, why: str, address: str) -> bool:
    now = clock.now()
    with _turn:
        counted = _COUNTED.setdefault(database_of(session), OrderedDict())
        times = counted.setdefault((why, address), deque(maxlen=MOST))
        counted.move_to_end((why, address))
        while len(counted) > _REMEMBERED:
            counted.popitem(last=False)
        if len(times) == MOST and timedelta(0) <= now - times[0] < WITHIN:
            return False
        times.append(now)
    return True

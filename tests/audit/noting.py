"""Notes, written down when a test says so: no thread does it there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from portal.journal.models import Entry, Words
from portal.journal.notes import QUIET, notes_for

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Noted:
    """One note as the journal keeps it."""

    subject: str
    move: str
    subject_id: int
    person_id: int | None
    words: dict[str, Any]


def noted(session: Session) -> list[Noted]:
    """Write down what waits, and return all notes, oldest first."""
    notes_for(session).write_down(session)
    session.rollback()
    rows = session.execute(
        select(Entry, Words.data)
        .join(Words, (Words.incident_id == Entry.incident_id) & (Words.seq == Entry.seq))
        .where(Entry.incident_id == 0, Entry.move.in_(QUIET))
        .order_by(Entry.seq)
    )
    return [
        Noted(e.subject, e.move, e.subject_id, e.person_id, json.loads(data))
        for e, data in rows
    ]

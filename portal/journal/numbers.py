"""Numbers last: `seq` in the stream, `n` in each room, time and link, under the head's lock.

Whoever writes waits here for the one before, so this asks for little; see `statements`.
"""

import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Update, bindparam, insert, update
from sqlalchemy.orm import Session

from portal.core import clock
from portal.core.actor import Actor
from portal.core.columns import MovedRow, table_of
from portal.journal import chain, statements
from portal.journal.models import Entry, Head
from portal.journal.statements import Links


@dataclass(slots=True)
class Draft:
    """An entry that waits for its numbers; `row` is None for the portal's own notes.

    by     : who did it, where that is not who writes.
    is_new : this entry is the row's first.
    """

    subject: str
    move: str
    says: Mapping[str, Any]
    row: Any = None
    stream: int = 0
    subject_id: int = 0
    rooms: AbstractSet[str] = frozenset()
    by: Actor | None = None
    is_new: bool = False


def open_stream(session: Session, incident_id: int) -> None:
    """Begin the stream of a new incident, empty."""
    session.execute(
        insert(Head).values(incident_id=incident_id, seq=0, at=clock.now(), hash="")
    )


def record(session: Session, stream: int, drafts: Sequence[Draft], actor: Actor) -> None:
    """Write the drafts as numbered entries of the stream, in their order."""
    connection = session.connection()
    wanted = Counter(room for draft in drafts for room in draft.rooms)
    taken = statements.take(connection, stream, len(drafts), dict(sorted(wanted.items())))
    numbers = {
        room: iter(range(last - wanted[room] + 1, last + 1))
        for room, last in taken.rooms.items()
    }
    links = Links(taken.at, taken.hash)
    for seq, draft in enumerate(drafts, taken.seq + 1):
        at = max(clock.now(), links.at + clock.TICK)
        rooms = {room: next(numbers[room]) for room in sorted(draft.rooms)}
        said, entry = _entry(draft, draft.by or actor, seq=seq, at=at)
        entry["hash"] = chain.link(links.hash, Entry(**entry), rooms)
        links.add(entry, rooms, said)
    statements.append(connection, stream, links)
    for draft, entry in zip(drafts, links.entries, strict=True):
        _stamp(session, draft, entry["at"])


def _entry(
    draft: Draft, actor: Actor, *, seq: int, at: datetime
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the words with their key, and the entry without its link."""
    key, data = secrets.token_bytes(32), chain.canonical(draft.says)
    entry = {
        "incident_id": draft.stream,
        "seq": seq,
        "at": at,
        "subject": draft.subject,
        "move": draft.move,
        "subject_id": draft.subject_id,
        "person_id": actor.person_id,
        "organization_id": actor.organization_id,
        "digest": chain.digest_of(key, data),
    }
    return {"key": key, "data": data}, entry


def _stamp(session: Session, draft: Draft, at: datetime) -> None:
    """Give the row its entry's time, so that rows and entries stand in one order."""
    row = draft.row
    if row is None:
        return
    kind: Any = type(row)
    columns = getattr(kind, "stamps", {}).get(draft.move, ())
    stamping = _stamping(kind, (*columns, "moved_at"))
    session.connection().execute(stamping, {"row_id": row.id, "stamped_at": at})
    if isinstance(row, MovedRow):
        row.stamped(session, draft.move, at)


@cache
def _stamping(row: Any, columns: tuple[str, ...]) -> Update:
    table = table_of(row)
    times: dict[str, Any] = dict.fromkeys(columns, bindparam("stamped_at"))
    return update(table).where(table.c.id == bindparam("row_id")).values(times)

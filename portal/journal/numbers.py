"""Numbers last: `seq` in the stream, `n` in each room, time and link, under the head's lock.

Whoever writes waits here for the one before, so this asks for little; see `statements`.
"""

import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import insert
from sqlalchemy.orm import Session

from portal.core import clock
from portal.core.actor import Actor
from portal.core.columns import MovedRow
from portal.journal import chain, statements
from portal.journal.models import Entry, Head
from portal.journal.statements import Links, Taken


@dataclass(slots=True)
class Draft:
    """An entry that waits for its numbers; `row` is None for the portal's own notes.

    by     : who did it, where that is not who writes.
    is_new : this entry is the row's first.
    gained : those of the rooms that the row did not belong to before.
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
    gained: AbstractSet[str] = frozenset()


class Said(NamedTuple):
    """An entry's words with their key, and their keyed digest."""

    words: dict[str, Any]
    digest: str


def open_stream(session: Session, incident_id: int) -> None:
    """Begin the stream of a new incident, empty."""
    session.execute(
        insert(Head).values(incident_id=incident_id, seq=0, at=clock.now(), hash="")
    )


def record(session: Session, drafts: Sequence[Draft], actor: Actor) -> None:
    """Write the drafts as numbered entries of their streams, in their order: a write's end."""
    connection = session.connection()
    streams = []
    for stream in sorted({draft.stream for draft in drafts}):
        mine = [(draft, _said(draft)) for draft in drafts if draft.stream == stream]
        wanted = Counter(room for draft, _ in mine for room in draft.rooms)
        taken = statements.take(connection, stream, len(mine), dict(sorted(wanted.items())))
        streams.append(_link(session, taken, wanted, mine, actor))
    statements.append(connection, streams)


def _said(draft: Draft) -> Said:
    """Return what takes no number: the words with their key, and their digest."""
    key, data = secrets.token_bytes(32), chain.canonical(draft.says)
    return Said({"key": key, "data": data}, chain.digest_of(key, data))


def _link(
    session: Session,
    taken: Taken,
    wanted: Mapping[str, int],
    drafts: Sequence[tuple[Draft, Said]],
    actor: Actor,
) -> Links:
    """Give each draft its number in the stream and in its rooms, its time and its link."""
    numbers = {
        room: iter(range(last - wanted[room] + 1, last + 1))
        for room, last in taken.rooms.items()
    }
    links = Links(taken.stream, taken.at, taken.hash)
    for seq, (draft, said) in enumerate(drafts, taken.seq + 1):
        at = max(clock.now(), links.at + clock.TICK)
        rooms = {room: next(numbers[room]) for room in sorted(draft.rooms)}
        entry = _entry(draft, draft.by or actor, seq=seq, at=at, digest=said.digest)
        entry["hash"] = chain.link(links.hash, Entry(**entry), rooms)
        links.add(entry, rooms, said.words)
        if draft.row is not None:
            links.gain(draft.subject, draft.subject_id, sorted(draft.gained))
            links.stamp(draft.row, draft.move)
        if isinstance(draft.row, MovedRow):
            draft.row.stamped(session, draft.move, at)
    return links


def _entry(
    draft: Draft, actor: Actor, *, seq: int, at: datetime, digest: str
) -> dict[str, Any]:
    """Return the entry without its link."""
    return {
        "incident_id": draft.stream,
        "seq": seq,
        "at": at,
        "subject": draft.subject,
        "move": draft.move,
        "subject_id": draft.subject_id,
        "person_id": actor.person_id,
        "organization_id": actor.organization_id,
        "digest": digest,
    }

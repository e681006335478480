"""Walking the chain: is every entry what it was, and is every gap a lawful one?"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.core.db import begin_snapshot
from portal.journal import chain
from portal.journal.models import Entry, EntryRoom, Head, RoomHead, Words

#: Entries are read in pages of this many.
_PAGE = 1000

#: Hears how many entries were looked at.
Told = Callable[[int], object]

#: Lies before every number, also those that the portal never gives.
_BEFORE_ALL = -(2**62)


class Finding(StrEnum):
    """What `portal verify` can say of an entry or a stream."""

    DESTROYED = "destroyed"
    MISSING = "missing"
    ALTERED = "altered"


@dataclass(frozen=True, slots=True)
class Found:
    """One finding; `seq` is 0 when it concerns the stream as a whole."""

    incident_id: int
    seq: int
    finding: Finding
    what: str

    @property
    def is_lawful(self) -> bool:
        """True for a record that was destroyed with a certificate."""
        return self.finding is Finding.DESTROYED


@dataclass(frozen=True, slots=True)
class Page:
    """One run of a stream's entries, with what stands beside them."""

    entries: list[Entry]
    rooms: Mapping[int, Mapping[str, int]]
    words: Mapping[int, Words]


def verify(
    session: Session,
    kept: Mapping[int, tuple[int, str]] | None = None,
    told: Told = lambda _count: None,
) -> list[Found]:
    """Return everything that is not intact, by stream; an empty list means intact.

    kept : heads written down elsewhere, {incident: (seq, hash)}, to be found in the streams.
    told : hears how many entries were looked at.

    Reads one moment of the database, whatever is written meanwhile.
    """
    begin_snapshot(session)
    return verify_here(session, kept, told)


def verify_here(
    session: Session,
    kept: Mapping[int, tuple[int, str]] | None = None,
    told: Told = lambda _count: None,
) -> list[Found]:
    """Return the same of what the session's own transaction sees, written by it or not."""
    heads = {head.incident_id: head for head in session.scalars(select(Head))}
    wanted = _recorded_heads(session)
    for incident_id, head in (kept or {}).items():
        wanted.setdefault(incident_id, set()).add(head)
    found: list[Found] = []
    for stream in sorted(heads.keys() | wanted.keys() | _written(session)):
        pages = _heard(_pages(session, stream), told)
        others = wanted.get(stream, set())
        found += _verify_stream(session, stream, heads.get(stream), others, pages)
    return found


def _heard(pages: Iterator[Page], told: Told) -> Iterator[Page]:
    for page in pages:
        yield page
        told(len(page.entries))


def _written(session: Session) -> set[int]:
    """Return the streams of which anything is there, so that none hides without a head."""
    tables = (Entry, EntryRoom, Words, RoomHead)
    return {i for it in tables for i in session.scalars(select(it.incident_id).distinct())}


def _recorded_heads(session: Session) -> dict[int, set[tuple[int, str]]]:
    """Stream 0 records the other streams' heads, so that cutting a tail off is seen."""
    wanted: dict[int, set[tuple[int, str]]] = {}
    for words in _notes(session, 0, "heads", "record"):
        for incident_id, (seq, link) in words["heads"].items():
            wanted.setdefault(int(incident_id), set()).add((seq, link))
    return wanted


def _certified(session: Session, stream: int) -> frozenset[int]:
    """Return the entries whose words a certificate of the same stream names as destroyed."""
    notes = _notes(session, stream, "record", "destroy")
    return frozenset(seq for words in notes for seq in words["entries"])


def _notes(session: Session, stream: int, subject: str, move: str) -> Iterator[dict[str, Any]]:
    """Yield the words of the portal's own notes, without altered ones: they prove nothing."""
    rows = session.execute(
        select(Entry.digest, Words.key, Words.data)
        .join(Words, (Words.incident_id == Entry.incident_id) & (Words.seq == Entry.seq))
        .where(Entry.incident_id == stream, Entry.subject == subject, Entry.move == move)
    )
    for digest, key, data in rows:
        if chain.digest_of(key, data) == digest:
            yield json.loads(data)


def _verify_stream(
    session: Session,
    stream: int,
    head: Head | None,
    wanted: AbstractSet[tuple[int, str]],
    pages: Iterable[Page],
) -> list[Found]:
    found, last, expected = [], Entry(hash="", at=None), 1
    certified = _certified(session, stream)
    links: dict[int, str] = {}
    for page in pages:
        for entry in page.entries:
            if entry.seq != expected:
                gap = f"after entry {expected - 1} comes entry {entry.seq}"
                found.append(Found(stream, expected, Finding.MISSING, gap))
            found += _verify_entry(entry, page, last.hash, certified)
            last, expected = entry, entry.seq + 1
            links[entry.seq] = entry.hash
    if head is None and not links:
        return [Found(stream, 0, Finding.MISSING, "the whole stream is gone")]
    if head is None or not _ends_at(head, last, expected - 1):
        found.append(Found(stream, 0, Finding.MISSING, "the stream does not end at its head"))
    for seq, link in sorted(wanted):
        if links.get(seq) != link:
            finding = Finding.ALTERED if seq in links else Finding.MISSING
            found.append(Found(stream, seq, finding, "differs from a head kept elsewhere"))
    return [*found, *_verify_rooms(session, stream), *_verify_orphans(session, stream)]


def _ends_at(head: Head, last: Entry, seq: int) -> bool:
    return (head.seq, head.hash) == (seq, last.hash) and last.at in {None, head.at}


def _verify_rooms(session: Session, stream: int) -> Iterator[Found]:
    """Each room counts 1, 2, 3 … up to its head; the order itself is part of the links."""
    counted = select(
        EntryRoom.room, func.count(), func.min(EntryRoom.n), func.max(EntryRoom.n)
    ).where(EntryRoom.incident_id == stream)
    rooms = {
        room: last if (first, last) == (1, count) else None
        for room, count, first, last in session.execute(counted.group_by(EntryRoom.room))
    }
    kept = select(RoomHead.room, RoomHead.n).where(RoomHead.incident_id == stream)
    heads = {room: n for room, n in session.execute(kept)}  # noqa: C416 - rows, not pairs
    for room in sorted(rooms.keys() | heads.keys()):
        if rooms.get(room) is None or rooms[room] != heads.get(room):
            yield Found(stream, 0, Finding.ALTERED, f"the numbers of room {room}")


def _verify_orphans(session: Session, stream: int) -> Iterator[Found]:
    for table, what in ((EntryRoom, "rooms"), (Words, "words")):
        entry = (Entry.incident_id == table.incident_id) & (Entry.seq == table.seq)
        alone = select(table.seq).outerjoin(Entry, entry).where(Entry.seq.is_(None))
        for seq in session.scalars(alone.where(table.incident_id == stream).distinct()):
            yield Found(stream, seq, Finding.ALTERED, f"there are {what} and no entry")


def _verify_entry(
    entry: Entry, page: Page, previous: str, certified: frozenset[int]
) -> Iterator[Found]:
    def say(finding: Finding, what: str) -> Found:
        return Found(entry.incident_id, entry.seq, finding, what)

    if chain.link(previous, entry, page.rooms.get(entry.seq, {})) != entry.hash:
        yield say(Finding.ALTERED, "the entry, its rooms or its place in the chain")
    words = page.words.get(entry.seq)
    if words is None and entry.seq in certified:
        yield say(Finding.DESTROYED, "words destroyed by law, with a certificate")
    elif words is None:
        yield say(Finding.MISSING, "the words are gone and no certificate says why")
    elif chain.digest_of(words.key, words.data) != entry.digest:
        yield say(Finding.ALTERED, "the words")


def _pages(session: Session, stream: int) -> Iterator[Page]:
    after = _BEFORE_ALL
    while True:
        entries = list(
            session.scalars(
                select(Entry)
                .where(Entry.incident_id == stream, Entry.seq > after)
                .order_by(Entry.seq)
                .limit(_PAGE)
            )
        )
        if not entries:
            return
        last = entries[-1].seq
        yield Page(
            entries,
            _rooms(session, stream, after, last),
            _words(session, stream, after, last),
        )
        session.expunge_all()
        after = last


def _rooms(session: Session, stream: int, after: int, last: int) -> dict[int, dict[str, int]]:
    rooms: dict[int, dict[str, int]] = {}
    for it in session.scalars(
        select(EntryRoom)
        .where(
            EntryRoom.incident_id == stream,
            EntryRoom.seq > after,
            EntryRoom.seq <= last,
        )
        .order_by(EntryRoom.room)
    ):
        rooms.setdefault(it.seq, {})[it.room] = it.n
    return rooms


def _words(session: Session, stream: int, after: int, last: int) -> dict[int, Words]:
    rows = session.scalars(
        select(Words).where(Words.incident_id == stream, Words.seq > after, Words.seq <= last)
    )
    return {words.seq: words for words in rows}

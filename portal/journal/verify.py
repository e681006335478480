"""Walking the chain: is every entry what it was, and is every gap a lawful one?"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.journal import chain
from portal.journal.models import Entry, EntryRoom, Head, Words

#: Entries are read in pages of this many.
_PAGE = 1000


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


def verify(session: Session, kept: Mapping[int, tuple[int, str]] | None = None) -> list[Found]:
    """Return everything that is not intact, by stream; an empty list means intact.

    kept : heads written down elsewhere, {incident: (seq, hash)}, to be found in the streams.
    """
    heads = {head.incident_id: head for head in session.scalars(select(Head))}
    wanted: dict[int, dict[int, str]] = {}
    for incident_id, (seq, link) in (kept or {}).items():
        wanted.setdefault(incident_id, {})[seq] = link
    _add_recorded_heads(session, wanted)
    found = [
        Found(i, 0, Finding.MISSING, "the whole stream is gone")
        for i in wanted
        if i not in heads
    ]
    for incident_id in sorted(heads):
        found += _verify_stream(session, heads[incident_id], wanted.get(incident_id, {}))
    return found


def _add_recorded_heads(session: Session, wanted: dict[int, dict[int, str]]) -> None:
    """Stream 0 records the other streams' heads, so that cutting a tail off is seen."""
    rows = session.scalars(
        select(Words.data)
        .join_from(Words, Entry, (Words.incident_id == 0) & (Words.seq == Entry.seq))
        .where(Entry.incident_id == 0, Entry.subject == "heads", Entry.move == "record")
    )
    for data in rows:
        for incident_id, (seq, link) in json.loads(data)["heads"].items():
            wanted.setdefault(int(incident_id), {}).setdefault(seq, link)


def _verify_stream(session: Session, head: Head, wanted: Mapping[int, str]) -> list[Found]:
    stream, found, previous, expected = head.incident_id, [], "", 1
    certified = _certified(session, stream)
    links = {}
    for page in _pages(session, stream):
        for entry in page.entries:
            if entry.seq != expected:
                gap = f"entries {expected} to {entry.seq - 1} are gone"
                found.append(Found(stream, expected, Finding.MISSING, gap))
            found += _verify_entry(entry, page, previous, certified)
            previous, expected = entry.hash, entry.seq + 1
            links[entry.seq] = entry.hash
    if (head.seq, head.hash) != (expected - 1, previous):
        found.append(Found(stream, 0, Finding.MISSING, "the stream does not end at its head"))
    for seq, link in wanted.items():
        if links.get(seq) != link:
            finding = Finding.ALTERED if seq in links else Finding.MISSING
            found.append(Found(stream, seq, finding, "differs from a head kept elsewhere"))
    return found


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


def _certified(session: Session, stream: int) -> frozenset[int]:
    """Return the entries whose words a certificate of the same stream names as destroyed."""
    rows = session.scalars(
        select(Words.data)
        .join_from(
            Words,
            Entry,
            (Words.incident_id == Entry.incident_id) & (Words.seq == Entry.seq),
        )
        .where(
            Entry.incident_id == stream,
            Entry.subject == "record",
            Entry.move == "destroy",
        )
    )
    return frozenset(seq for data in rows for seq in json.loads(data)["entries"])


def _pages(session: Session, stream: int) -> Iterator[Page]:
    after = 0
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

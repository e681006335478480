"""What was acknowledged, what is in the database, and what every client saw: do they agree?"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import select

from portal.feed.models import Post
from portal.journal.models import Entry, EntryRoom
from portal.journal.queries import heads as heads_of
from portal.journal.verify import verify
from portal.live.fragments import view_of
from tests.faults.logs import canaries_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sqlalchemy.orm import Session

    from tests.faults.logs import Ack, Seen


@dataclass(frozen=True, slots=True)
class Watcher:
    """A client that follows.

    rooms : where it sits.
    reads : whose words it may see, such as {"alpha", "seoc"}.
    """

    rooms: frozenset[str]
    reads: frozenset[str]
    seen: list[Seen]


@dataclass(slots=True)
class Verdict:
    """How many of what was acknowledged went wrong, and what it was.

    acknowledged : what the portal said it has; `written` what is in the database.
    shown        : how often somebody saw a stranger's words.
    broken       : what is wrong with the journal itself.
    """

    acknowledged: int = 0
    written: int = 0
    lost: int = 0
    doubled: int = 0
    reordered: int = 0
    shown: int = 0
    broken: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.doubled or self.reordered or self.shown or self.broken)

    @property
    def counts(self) -> dict[str, int]:
        names = ("acknowledged", "written", "lost", "doubled", "reordered", "shown", "broken")
        return {name: getattr(self, name) for name in names}

    def blame(self, what: str, why: str) -> None:
        setattr(self, what, getattr(self, what) + 1)
        self.faults.append(f"{what}: {why}")


@dataclass(frozen=True, slots=True)
class _Written:
    """A post as the database has it; `seq` is the number of the entry that made it."""

    reference: str
    seq: int


def ledger_check(
    session: Session,
    incident_id: int,
    acks: Iterable[Ack],
    watchers: Mapping[str, Watcher],
    sent: Iterable[str] | None = None,
) -> Verdict:
    """Compare the three. `sent` is every key that was ever sent, acknowledged or not."""
    session.rollback()
    verdict, acks = Verdict(), list(acks)
    written = _written(session, incident_id)
    verdict.acknowledged = len(acks)
    verdict.written = sum(map(len, written.values()))
    for found in verify(session):
        verdict.blame("broken", f"stream {found.incident_id} at {found.seq}: {found.what}")
    _check_effects(verdict, acks, written)
    if sent is not None:
        for key in written.keys() - set(sent):
            verdict.blame("broken", f"{key} was never sent")
    _check_order(verdict, acks, written)
    rooms = _rooms(session, incident_id)
    for name, watcher in watchers.items():
        _check_watcher(verdict, name, watcher, rooms)
        stood = heads_of(session, incident_id, watcher.rooms)
        for room, n in _last_heads(watcher).items():
            if n < stood.get(room, 0):
                verdict.blame("lost", f"{name} stands at {n} of {stood[room]} in {room}")
    return verdict


def _written(session: Session, incident_id: int) -> dict[str, list[_Written]]:
    """Return what is in the database by key; more than one is one too many."""
    made = (
        select(Post.words, Post.reference, Entry.seq)
        .join(Entry, (Entry.subject == "post") & (Entry.subject_id == Post.id))
        .where(Entry.incident_id == incident_id, Entry.move.in_(("submit", "post")))
        .order_by(Entry.seq)
    )
    found: dict[str, list[_Written]] = defaultdict(list)
    for words, reference, seq in session.execute(made):
        for _whose, key in canaries_in(words):
            found[key].append(_Written(reference, seq))
    return found


def _check_effects(
    verdict: Verdict, acks: Iterable[Ack], written: Mapping[str, list[_Written]]
) -> None:
    """What was acknowledged is there, under the reference that was said, and nothing twice."""
    for ack in acks:
        if ack.key not in written:
            verdict.blame("lost", f"{ack.key} of {ack.who}: {ack.answer} is not there")
        elif ack.answer.rpartition("/")[2] != written[ack.key][0].reference:
            verdict.blame("lost", f"{ack.key} is {written[ack.key]}, not {ack.answer}")
    for key, rows in written.items():
        for row in rows[1:]:
            verdict.blame("doubled", f"{key} is {rows[0].reference} and {row.reference}")


def _check_order(
    verdict: Verdict, acks: Iterable[Ack], written: Mapping[str, list[_Written]]
) -> None:
    """What was acknowledged before something else was ever sent comes before it."""
    known = [ack for ack in acks if ack.key in written]
    by_end = sorted(known, key=lambda ack: ack.at)
    highest, done = 0, 0
    for ack in sorted(known, key=lambda ack: ack.began):
        while by_end[done].at < ack.began:
            highest = max(highest, written[by_end[done].key][0].seq)
            done += 1
        if written[ack.key][0].seq < highest:
            verdict.blame("reordered", f"{ack.key} is before what was acknowledged earlier")


def _rooms(session: Session, incident_id: int) -> dict[str, dict[int, str]]:
    """Return for each room what each of its numbers is about; "" for what has no view there."""
    rows = session.execute(
        select(EntryRoom.room, EntryRoom.n, Entry.subject, Post.reference)
        .join(
            Entry,
            (Entry.incident_id == EntryRoom.incident_id) & (Entry.seq == EntryRoom.seq),
        )
        .outerjoin(Post, (Entry.subject == "post") & (Post.id == Entry.subject_id))
        .where(EntryRoom.incident_id == incident_id)
    )
    found: dict[str, dict[int, str]] = defaultdict(dict)
    for room, n, subject, reference in rows:
        is_shown = subject == "post" and view_of(subject, room) is not None
        found[room][n] = reference if is_shown else ""
    return found


def _check_watcher(
    verdict: Verdict, name: str, watcher: Watcher, rooms: Mapping[str, Mapping[int, str]]
) -> None:
    """What a client saw of each room is the room's own order, and nobody else's words."""
    have: dict[str, int] = {}
    for it in watcher.seen:
        for whose, key in it.canaries:
            if whose not in watcher.reads:
                verdict.blame("shown", f"{name} saw {whose}'s {key}")
        if it.how == "page":
            have = dict(it.heads)
        elif it.how == "answer":
            for what, why in _faults_of_answer(it, have, rooms):
                verdict.blame(what, f"{name}: {why}")
            have = dict(it.heads)
        elif it.how == "frame":
            for room, n, subject in it.frames:
                for what, why in _faults_of_frame((room, n, subject), have, rooms):
                    verdict.blame(what, f"{name}: {why}")
                have[room] = max(n, have.get(room, 0))


def _faults_of_frame(
    frame: tuple[str, int, str], have: Mapping[str, int], rooms: Mapping[str, Mapping[int, str]]
) -> Iterator[tuple[str, str]]:
    room, n, subject = frame
    due = have.get(room, 0) + 1
    if n < due:
        yield "doubled", f"{room} {n} was applied again"
    if n > due:
        yield "lost", f"{room} {n} was applied where {due} was due"
    if n not in rooms.get(room, {}):
        yield "lost", f"{room} {n} was seen and is not there"
    elif rooms[room][n] and rooms[room][n] != subject:
        yield "reordered", f"{room} {n} is {rooms[room][n]}, but {subject} was shown"


def _faults_of_answer(
    answer: Seen, have: Mapping[str, int], rooms: Mapping[str, Mapping[int, str]]
) -> Iterator[tuple[str, str]]:
    """An answer to `follow` brings each subject that a room has heard of since, once."""
    brought = [(room, subject) for room, _n, subject in answer.frames if subject]
    for pair in {it for it in brought if brought.count(it) > 1}:
        yield "doubled", f"{pair} came twice in one answer"
    for room, head in answer.heads.items():
        if head < have.get(room, 0):
            yield "reordered", f"{room} went back from {have[room]} to {head}"
        for n in range(have.get(room, 0) + 1, head + 1):
            subject = rooms.get(room, {}).get(n)
            if subject is None:
                yield "lost", f"{room} {n} was answered for and is not there"
            elif subject and (room, subject) not in brought:
                yield "lost", f"{room} {n}, {subject}, is missing in an answer"


def _last_heads(watcher: Watcher) -> dict[str, int]:
    have = dict.fromkeys(watcher.rooms, 0)
    for it in watcher.seen:
        have |= it.heads
        for room, n, _subject in it.frames if it.how == "frame" else ():
            have[room] = max(n, have.get(room, 0))
    return {room: n for room, n in have.items() if room in watcher.rooms}

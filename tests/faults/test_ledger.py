"""The ledger finds each kind of fault, and none where there is none."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, update

from portal.core.db import database_of
from portal.journal.audience import org
from portal.journal.models import Entry, EntryRoom
from tests.factories import make_post
from tests.faults.ledger import Verdict, Watcher, ledger_check
from tests.faults.logs import Ack, Log, Seen, canaries_in, canary

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from tests.world import World


@dataclass
class Books:
    """Three reports of Alpha's, acknowledged and seen as they should be."""

    session: Session
    world: World
    acks: list[Ack] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    reads: frozenset[str] = frozenset({"alpha"})

    def __post_init__(self) -> None:
        self.room = org(self.world.organizations["alpha"].id)
        self.seen.append(Seen("page", heads={self.room: 0}))
        for at in range(3):
            self.write(uuid.uuid4().hex, at)

    def write(self, key: str, at: float) -> None:
        words = f"Report {canary('alpha', key)}"
        post = make_post(self.session, self.world.actor("alpha"), words=words)
        answer = f"/incidents/EX27/feed/{post.reference}"
        self.acks.append(Ack(key, "alpha", answer, at, at + 0.5))
        frame = (self.room, len(self.acks), post.reference)
        self.seen.append(Seen("frame", {}, [frame], canaries_in(words)))

    def check(self, **told) -> Verdict:
        watchers = {"alpha": Watcher(frozenset({self.room}), self.reads, self.seen)}
        return ledger_check(self.session, self.world.incident_id, self.acks, watchers, **told)

    def only(self, what: str) -> None:
        """See that this is what the ledger finds, and nothing else."""
        counts = self.check().counts
        found = {name for name in counts if counts[name]} - {"acknowledged", "written"}
        assert found == {what}, self.check().faults


@pytest.fixture
def books(session: Session, world: World) -> Books:
    return Books(session, world)


def test_it_finds_nothing_where_all_is_well(books):
    verdict = books.check(sent={ack.key for ack in books.acks})
    assert verdict.is_clean, verdict.faults
    assert (verdict.acknowledged, verdict.written) == (3, 3)


def test_what_was_acknowledged_and_is_not_there_is_lost(books):
    books.acks.append(Ack(uuid.uuid4().hex, "alpha", "/incidents/EX27/feed/EX27-ZZZZ", 9, 10))
    books.only("lost")


def test_what_is_there_under_another_name_is_lost(books):
    books.acks[0] = replace(books.acks[0], answer=books.acks[1].answer)
    books.only("lost")


def test_what_a_client_skipped_is_lost(books):
    del books.seen[2]
    books.only("lost")


def test_what_a_client_never_came_to_is_lost(books):
    del books.seen[3]
    books.only("lost")


def test_what_an_answer_left_out_is_lost(books):
    books.seen[2:] = [Seen("answer", {books.room: 3}, [*books.seen[2].frames])]
    books.only("lost")


def test_an_answer_that_brings_everything_is_as_good_as_frames(books):
    frames = [frame for it in books.seen[2:] for frame in it.frames]
    books.seen[2:] = [Seen("answer", {books.room: 3}, frames)]
    assert books.check().is_clean


def test_one_key_with_two_effects_is_doubled(books):
    books.write(books.acks[2].key, 2.0)
    del books.acks[3]
    books.only("doubled")


def test_what_a_client_applied_twice_is_doubled(books):
    books.seen.append(books.seen[-1])
    books.only("doubled")


def test_what_came_twice_in_one_answer_is_doubled(books):
    frame = next(iter(books.seen[3].frames))
    books.seen[3:] = [Seen("answer", {books.room: 3}, [frame, frame])]
    books.only("doubled")


def test_what_was_acknowledged_first_and_stands_later_is_reordered(books):
    first = books.acks[0]
    books.acks[0] = replace(
        first, at=9.0
    )  # at the same time as the others: either may be first
    assert books.check().is_clean
    books.acks[0] = replace(first, began=5.0, at=5.5)
    books.only("reordered")


def test_another_than_the_rooms_order_is_reordered(books):
    one, other = (next(iter(it.frames)) for it in books.seen[2:4])
    books.seen[2] = Seen("frame", {}, [(books.room, 2, other[2])])
    books.seen[3] = Seen("frame", {}, [(books.room, 3, one[2])])
    books.only("reordered")


def test_heads_that_go_back_are_reordered(books):
    frame = next(iter(books.seen[3].frames))
    books.seen += [Seen("answer", {books.room: 2}), Seen("answer", {books.room: 3}, [frame])]
    books.only("reordered")


@pytest.mark.parametrize("how", ["page", "answer", "frame", "noise"])
def test_a_strangers_words_are_shown_to_the_wrong_person(books, how):
    whole = Seen("page", {books.room: 3}) if how == "page" else Seen(how, {books.room: 3})
    books.seen.append(replace(whole, canaries=[("bravo", uuid.uuid4().hex)]))
    books.only("shown")


def test_an_altered_entry_breaks_the_journal(books):
    write(books, update(Entry).where(Entry.seq == 2).values(move="retract"))
    assert books.check().broken


def test_a_gap_in_a_room_breaks_the_journal(books):
    write(books, delete(EntryRoom).where(EntryRoom.room == books.room, EntryRoom.n == 2))
    assert books.check().broken


def test_what_nobody_sent_breaks_the_journal(books):
    assert books.check(sent={books.acks[0].key}).broken == 2


def write(books: Books, statement) -> None:
    """Write past the portal, as a disk or a stranger would."""
    with database_of(books.session).engine.begin() as connection:
        connection.execute(statement)


def test_a_log_only_grows_and_gives_back_what_was_written(tmp_path):
    log = Log(tmp_path / "acks.log")
    acks = [Ack(uuid.uuid4().hex, "who", "/where", at, at + 1) for at in range(3)]
    for ack in acks:
        log.add(ack)
    assert log.read(Ack) == acks
    log.close()

"""Whoever changes the record behind the portal's back is found out."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import delete, func, insert, select, update

from portal.cli.verify import heads_of, parse_head
from portal.core import clock
from portal.feed import operations as feed
from portal.journal.audience import PARTNERS
from portal.journal.models import Entry, EntryRoom, Head, RoomHead, Words
from portal.journal.records import destroy, record_heads
from portal.journal.transaction import transaction
from portal.journal.verify import Finding, verify
from tests.factories import make_post, open_incident, publish, report, retract
from tests.journal.reading import check_journal

DAY = "2001-01-01 00:00:00"


def arrange_stream(session, world):
    """Make a stream with several entries, whose head stream 0 has recorded."""
    moderator = world.actor("moderator")
    for number in range(3):
        post = make_post(session, world.actor("alpha"), words=f"Report {number}")
        publish(session, moderator, post, seen_by=(PARTNERS,))
    record_heads(session)
    check_journal(session)


@pytest.fixture
def _copy(databases):
    with databases.lent_world(arrange_stream) as copy:
        yield copy


@pytest.fixture
def stream(world):
    return world.incident_id


def tamper(database, *statements):
    """Change tables as somebody would who has the database and not the portal."""
    with database.engine.begin() as connection:
        for statement in statements:
            touched = connection.execute(statement)
            assert touched.rowcount != 0, f"{statement} changed nothing"


def unlawful(session, kept=None):
    session.rollback()
    return [it for it in verify(session, kept) if not it.is_lawful]


def at(table, stream, seq):
    return (table.incident_id == stream) & (table.seq == seq)


def test_a_record_that_nobody_touched_is_intact(session):
    assert verify(session) == []


# ---------------------------------------------------------------- values

ENTRY_VALUES = {
    "seq": 99,
    "at": func.now(),
    "subject": "offer",
    "move": "retract",
    "subject_id": 4242,
    "person_id": None,
    "organization_id": 4242,
    "digest": "0" * 64,
    "hash": "0" * 64,
    "incident_id": 0,
}


@pytest.mark.parametrize("which", ["first", "middle", "last"])
@pytest.mark.parametrize("column", [it.name for it in Entry.__table__.columns])
def test_an_altered_entry_is_found(database, session, stream, column, which):
    last = session.get_one(Head, stream).seq
    seq = {"first": 1, "middle": last // 2, "last": last}[which]
    value = ENTRY_VALUES[column]
    if column in {"seq", "incident_id"}:  # must not hit another entry
        value = {"seq": 99, "incident_id": 77}[column]
    session.rollback()
    tamper(database, update(Entry).where(at(Entry, stream, seq)).values({column: value}))
    assert unlawful(session)


@pytest.mark.parametrize(
    ("table", "values"),
    [
        (EntryRoom, {"room": "staff"}),
        (EntryRoom, {"n": 99}),
        (EntryRoom, {"seq": 2}),
        (EntryRoom, {"seq": 99}),
        (EntryRoom, {"incident_id": 77}),
        (RoomHead, {"n": 1}),
        (RoomHead, {"n": 99}),
        (RoomHead, {"room": "region:Z"}),
        (RoomHead, {"incident_id": 77}),
        (Words, {"data": '{"words":"Something else."}'}),
        (Words, {"data": "no JSON"}),
        (Words, {"key": b"another key"}),
        (Words, {"seq": 99}),
        (Words, {"incident_id": 77}),
        (Head, {"seq": 4}),
        (Head, {"seq": 99}),
        (Head, {"at": func.now()}),
        (Head, {"hash": "0" * 64}),
        (Head, {"incident_id": 77}),
    ],
    ids=lambda it: it.__tablename__ if isinstance(it, type) else next(iter(it)),
)
def test_what_stands_beside_an_entry_cannot_be_altered_unseen(
    database, session, stream, table, values
):
    where = table.incident_id == stream
    if table is RoomHead:
        where &= table.room == PARTNERS
    elif table is EntryRoom:
        where &= (table.seq == 3) & (table.room == PARTNERS)
    elif table is Words:
        where &= table.seq == 3
    tamper(database, update(table).where(where).values(values))
    assert unlawful(session)


# ---------------------------------------------------------------- rows that go


def without(stream, seq):
    return [delete(it).where(at(it, stream, seq)) for it in (EntryRoom, Words, Entry)]


@pytest.mark.parametrize("which", ["first", "middle", "last"])
def test_a_deleted_entry_is_missing(database, session, stream, which):
    last = session.get_one(Head, stream).seq
    seq = {"first": 1, "middle": 3, "last": last}[which]
    session.rollback()
    tamper(database, *without(stream, seq))
    assert Finding.MISSING in {it.finding for it in unlawful(session)}


@pytest.mark.parametrize("table", [Entry, EntryRoom, Words, Head, RoomHead])
def test_a_deleted_row_is_found(database, session, stream, table):
    where = table.incident_id == stream
    if hasattr(table, "seq") and table is not Head:
        where &= table.seq == 3
    tamper(database, delete(table).where(where))
    assert unlawful(session)


def cut(session, stream, keep):
    """Return the statements that leave a stream as it was after entry `keep`."""
    entry = session.get_one(Entry, (stream, keep))
    gone = [
        delete(it).where(it.incident_id == stream, it.seq > keep)
        for it in (EntryRoom, Words, Entry)
    ]
    back = update(Head).where(Head.incident_id == stream)
    counted = session.execute(
        select(EntryRoom.room, func.max(EntryRoom.n).label("n"))
        .where(EntryRoom.incident_id == stream, EntryRoom.seq <= keep)
        .group_by(EntryRoom.room)
    )
    heads = {it.room: it.n for it in counted}
    rooms = [
        update(RoomHead)
        .where(RoomHead.incident_id == stream, RoomHead.room == room)
        .values(n=n)
        for room, n in heads.items()
    ]
    known = list(heads)
    rest = delete(RoomHead).where(RoomHead.incident_id == stream, RoomHead.room.not_in(known))
    session.rollback()
    return [*gone, back.values(seq=keep, at=entry.at, hash=entry.hash), *rooms], rest


@pytest.mark.parametrize("keep", [1, 3, 6])
def test_a_tail_that_is_cut_off_with_its_head_contradicts_stream_0(
    database, session, stream, keep
):
    statements, rest = cut(session, stream, keep)
    tamper(database, *statements)
    with database.engine.begin() as connection:
        connection.execute(rest)
    found = unlawful(session)
    assert [(it.incident_id, it.finding) for it in found] == [(stream, Finding.MISSING)]
    assert "elsewhere" in found[0].what


def test_a_tail_cut_off_before_stream_0_knew_of_it_is_found_by_a_head_kept_elsewhere(
    database, session, stream, world
):
    was = session.get_one(Head, stream).seq
    make_post(session, world.actor("alpha"), words="Nobody recorded this.")
    kept = dict(map(parse_head, heads_of(session)))
    statements, rest = cut(session, stream, was)
    tamper(database, *statements)
    with database.engine.begin() as connection:
        connection.execute(rest)
    assert unlawful(session) == []
    assert {it.incident_id for it in unlawful(session, kept)} == {stream}


def test_stream_0_cut_off_is_found_by_a_head_kept_elsewhere(database, session):
    kept = dict(map(parse_head, heads_of(session)))
    assert unlawful(session, kept) == []
    statements, rest = cut(session, 0, session.get_one(Head, 0).seq - 4)
    tamper(database, *statements)
    with database.engine.begin() as connection:
        connection.execute(rest)
    assert {it.incident_id for it in unlawful(session, kept)} == {0}


def test_a_stream_that_is_gone_whole_is_missing(database, session, stream):
    gone = [
        delete(it).where(it.incident_id == stream)
        for it in (EntryRoom, Words, Entry, RoomHead, Head)
    ]
    tamper(database, *gone)
    assert [(it.incident_id, it.finding) for it in unlawful(session)] == [
        (stream, Finding.MISSING)
    ]


def test_a_stream_without_its_head_is_found_although_nobody_recorded_it(
    database, session, world
):
    other = open_incident(session, world.actor("admin"), code="OTHER")
    make_post(session, world.actor("alpha"), other)
    number = other.id
    session.rollback()
    tamper(database, delete(Head).where(Head.incident_id == number))
    assert {it.incident_id for it in unlawful(session)} == {number}


def test_an_entry_slipped_in_at_the_end_is_found(database, session, stream):
    last = session.get_one(Head, stream).seq
    values = {it.name: getattr(session.get_one(Entry, (stream, last)), it.name)
              for it in Entry.__table__.columns}  # fmt: skip
    session.rollback()
    tamper(database, insert(Entry).values(values | {"seq": last + 1}))
    assert unlawful(session)


def test_an_entry_smuggled_into_another_room_is_found(database, session, stream):
    session.rollback()
    extra = {"incident_id": stream, "room": "region:Z", "n": 1, "seq": 3}
    tamper(database, insert(EntryRoom).values(extra))
    assert unlawful(session)


def test_two_entries_that_changed_places_are_found(database, session, stream):
    for table in (EntryRoom, Words, Entry):
        for was, becomes in ((3, 999), (4, 3), (999, 4)):
            statement = update(table).where(at(table, stream, was)).values(seq=becomes)
            tamper(database, statement)
    assert unlawful(session)


# ---------------------------------------------------------------- lawful destruction


def destroyed(session, world, stream, *seqs):
    with transaction(session, world.actor("records")) as tx:
        destroy(tx, stream, seqs, basis="RSMo 610.021, after review")


def test_words_destroyed_with_a_certificate_are_told_from_missing_ones(
    database, session, stream, world
):
    destroyed(session, world, stream, 3, 5)
    assert [(it.seq, it.finding) for it in verify(session)] == [
        (3, Finding.DESTROYED),
        (5, Finding.DESTROYED),
    ]
    assert unlawful(session) == []
    tamper(database, delete(Words).where(at(Words, stream, 4)))
    assert [(it.seq, it.finding) for it in unlawful(session)] == [(4, Finding.MISSING)]


def test_the_words_are_gone_and_the_entry_is_still_in_its_place(session, stream, world):
    links = select(Entry.hash).where(Entry.incident_id == stream).order_by(Entry.seq)
    before = session.scalars(links).all()
    destroyed(session, world, stream, 3)
    assert session.get(Words, (stream, 3)) is None
    assert session.scalars(links.where(Entry.seq <= len(before))).all() == before


def test_a_destroyed_entry_that_is_altered_is_still_found(database, session, stream, world):
    destroyed(session, world, stream, 3)
    session.rollback()
    tamper(database, update(Entry).where(at(Entry, stream, 3)).values(move="retract"))
    assert Finding.ALTERED in {it.finding for it in unlawful(session)}


@pytest.mark.parametrize(
    "forged",
    [
        json.dumps({"basis": "forged", "entries": [3, 4]}),
        "no JSON",
        "[]",
        json.dumps({"entries": "all"}),
        json.dumps({"entries": [[3], 4]}),
    ],
)
def test_a_forged_certificate_covers_nothing(database, session, stream, world, forged):
    destroyed(session, world, stream, 3)
    certificate = session.get_one(Head, stream).seq
    session.rollback()
    tamper(
        database,
        update(Words).where(at(Words, stream, certificate)).values(data=forged),
        delete(Words).where(at(Words, stream, 4)),
    )
    found = {(it.seq, it.finding) for it in unlawful(session)}
    assert {(4, Finding.MISSING), (certificate, Finding.ALTERED)} <= found


@pytest.mark.parametrize("forged", ["no JSON", "[]", '{"heads":[]}', '{"heads":{"x":[1]}}'])
def test_forged_heads_in_stream_0_are_found_and_hide_nothing(database, session, forged):
    record = select(Entry.seq).where(Entry.incident_id == 0, Entry.subject == "heads")
    seq = session.scalars(record).one()
    session.rollback()
    tamper(database, update(Words).where(at(Words, 0, seq)).values(data=forged))
    assert (0, seq, Finding.ALTERED) in {
        (it.incident_id, it.seq, it.finding) for it in unlawful(session)
    }


# ---------------------------------------------------------------- while the portal runs


def test_verifying_while_others_write_raises_no_false_alarm(database, session, world):
    """A writer commits between any two reads of the walk; the walk must not see it."""
    alpha = world.actor("alpha")

    def write():
        with database.sessions() as other, transaction(other, alpha) as tx:
            feed.submit(tx, world.within(other).incident, report())

    class Walk(type(session)):
        def scalars(self, *args, **kwargs):
            found = super().scalars(*args, **kwargs).all()
            write()
            return iter(found)

    with Walk(database.engine, info={"database": database}) as walking:
        assert verify(walking) == []


def test_heads_are_recorded_once_for_each_move_of_a_stream(session, world):
    assert record_heads(session) is False
    retract(session, world.actor("moderator"), make_and_publish(session, world))
    assert record_heads(session) is True
    assert record_heads(session) is False


def make_and_publish(session, world):
    post = make_post(session, world.actor("alpha"))
    return publish(session, world.actor("moderator"), post)


def test_times_of_day_do_not_matter(session, held_clock):
    held_clock.set(clock.now().replace(microsecond=0))
    assert verify(session) == []

"""The audit log: the entries of one stream, latest first, as far as their reader may know."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    case,
    cast,
    exists,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import Session

from portal.accounts.models import Membership, Person, SignIn
from portal.audit.queries.subjects import Subject, name_subjects
from portal.audit.queries.wording import WORK, act_of, said_in
from portal.core.actor import Actor
from portal.journal.audience import AUDIT, rooms_of
from portal.journal.models import Entry, EntryRoom, Head, Words
from portal.journal.notes import QUIET
from portal.organizations.models import Organization

#: Entries on one page, in one file; and how many are gone through where words are looked for.
PAGE = 50
EXPORTED = 2000
SEARCHED = 2000

#: Where no index leads, a page looks at so many entries of the stream, then offers to go on.
WINDOW = 20_000

#: How many people what was typed may mean.
_MOST_PEOPLE = 100

KINDS = {
    "": "Everything",
    "sign_in": "Sign-ins",
    "refusal": "Refusals",
    "administration": "Administration",
    "look": "Reads",
    "export": "Exports",
    "work": "Reports, offers and presence",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which entries are asked for: all that is set has to hold.

    stream       : incident; 0 is day-to-day operations, with accounts and looks.
    kind         : a key of `KINDS`.
    people       : who did it, or whom it concerns, any of them; None for everybody.
    organization : whose people did it, or what it concerns.
    since, until : from this instant, up to but not including that.
    words        : have to stand in the line as it is shown.
    """

    stream: int = 0
    kind: str = ""
    people: tuple[int, ...] | None = None
    organization: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One entry in words.

    act, said    : what was done, and what more is told of it.
    by, by_for   : who did it, "" for the portal itself or somebody unknown; for whom.
    subject      : what it is about, by its machine's name; about: its reference and name.
    address      : the IP address it came from, where that is known.
    """

    at: datetime
    act: str
    said: str
    by: str
    by_for: str
    subject: str
    about: Subject
    address: str

    def has(self, words: str) -> bool:
        """Return whether the words stand in the line, whatever their case."""
        told = (self.act, self.said, self.by, self.by_for, self.about.reference)
        return words.lower() in " ".join([*told, self.about.name, self.address]).lower()


@dataclass(frozen=True, slots=True)
class Found:
    """One page of lines. further : go on with what was before this; None at the beginning."""

    lines: list[Line]
    further: datetime | None


def people_like(session: Session, typed: str) -> tuple[int, ...]:
    """Return whom somebody may mean by a reference or a part of a name or e-mail, by id."""
    places = (Person.name, Person.email)
    alike = or_(*(it.icontains(typed, autoescape=True) for it in places))
    query = select(Person.id).where(or_(Person.reference == typed, alike))
    return tuple(session.scalars(query.order_by(Person.id).limit(_MOST_PEOPLE)))


def list_parties(session: Session) -> list[Any]:
    """Return id, reference and name of every organization, by name."""
    columns = (Organization.id, Organization.reference, Organization.name)
    return list(session.execute(select(*columns).order_by(Organization.name)))


def list_entries(
    session: Session, actor: Actor, filters: Filters, *, limit: int = PAGE
) -> Found:
    """Return what the actor's rooms heard of in a stream, latest first, at most `limit`.

    Words are looked for in the lines as they are shown: who searches learns no more than who
    reads. Then at most `SEARCHED` entries are gone through at a time.
    """
    after, before = _bounds(session, filters)
    floor = after
    if filters.people is None and (filters.kind or filters.organization is not None):
        floor = max(after, before - 1 - WINDOW)
    most = max(limit, SEARCHED) if filters.words else limit
    query = _entries(actor, filters).where(Entry.seq > floor, Entry.seq < before)
    rows = session.execute(query.order_by(Entry.seq.desc()).limit(most + 1)).all()
    has_more, rows = len(rows) > most, rows[:most]
    lines = [it for it in _lines(session, rows) if it.has(filters.words)]
    if len(lines) > limit:
        return Found(lines[:limit], lines[limit - 1].at)
    if has_more:
        return Found(lines, rows[-1].Entry.at)
    if floor > after:
        at = select(Entry.at).where(Entry.incident_id == filters.stream, Entry.seq == floor + 1)
        return Found(lines, session.scalar(at))
    return Found(lines, None)


def _bounds(session: Session, filters: Filters) -> tuple[int, int]:
    """Return the last number before `since`, and the first from `until` on.

    Times of a stream grow with its numbers: halving finds them by the primary key alone.
    """
    stream = filters.stream
    head = select(Head.seq).where(Head.incident_id == stream).scalar_subquery()
    since: Any = literal(0)
    until: Any = head + 1
    if filters.since is not None:
        since = _last_before(stream, filters.since, "since")
    if filters.until is not None:
        until = _last_before(stream, filters.until, "until") + 1
    after, before = session.execute(select(since.label("after"), until.label("before"))).one()
    return after or 0, before or 1


def _last_before(stream: int, at: datetime, name: str) -> Any:
    low = select(cast(literal(0), BigInteger).label("low"), (Head.seq + 1).label("high")).where(
        Head.incident_id == stream
    )
    halves = low.cte(name, recursive=True)
    middle = (halves.c.low + halves.c.high) // 2
    halves = halves.union_all(
        select(
            case((Entry.at < at, middle), else_=halves.c.low),
            case((Entry.at < at, halves.c.high), else_=middle),
        )
        .join_from(halves, Entry, and_(Entry.incident_id == stream, Entry.seq == middle))
        .where(halves.c.high - halves.c.low > 1)
    )
    found = select(halves.c.low).order_by(halves.c.low.desc()).limit(1)
    return found.scalar_subquery()


def _entries(actor: Actor, filters: Filters) -> Select[Any]:
    heard = exists().where(
        EntryRoom.incident_id == Entry.incident_id,
        EntryRoom.seq == Entry.seq,
        EntryRoom.room.in_(sorted(rooms_of(actor))),
    )
    name: Any = Person.name
    return (
        select(Entry, name.label("by"), Person.email, Organization.name.label("by_for"))
        .add_columns(Words.data)
        .outerjoin(Person, Person.id == Entry.person_id)
        .outerjoin(Organization, Organization.id == Entry.organization_id)
        .outerjoin(Words, and_(Words.incident_id == Entry.incident_id, Words.seq == Entry.seq))
        .where(
            Entry.incident_id == filters.stream,
            or_(heard, *_own_notes(actor)),
            *_asked(filters),
        )
    )


def _own_notes(actor: Actor) -> list[ColumnElement[bool]]:
    """Return, for who reads the record, what is about no row: certificates, letters sent again.

    But for the heads of other streams, which are written every minute for `portal verify`.
    """
    if AUDIT not in rooms_of(actor):
        return []
    return [and_(Entry.subject_id == 0, Entry.subject != "heads")]


def _asked(filters: Filters) -> list[ColumnElement[bool]]:
    kinds: dict[str, list[ColumnElement[bool]]] = {
        "": [],
        "sign_in": [Entry.subject == "sign_in"],
        "refusal": [Entry.move == "refuse"],
        "look": [Entry.move == "look"],
        "export": [Entry.move == "export"],
        "work": [Entry.subject.in_(sorted(WORK))],
        "administration": [
            Entry.subject.not_in(sorted({"sign_in", *WORK})),
            Entry.move.not_in(sorted(QUIET)),
        ],
    }
    asked = kinds[filters.kind]
    if filters.people is not None:
        asked.append(_concerns(filters.people))
    if filters.organization is not None:
        about = and_(Entry.subject == "organization", Entry.subject_id == filters.organization)
        asked.append(or_(Entry.organization_id == filters.organization, about))
    return asked


def _concerns(people: Sequence[int]) -> ColumnElement[bool]:
    """Return the condition that one of the people did it, or that it was done to one."""
    memberships = select(Membership.id).where(Membership.person_id.in_(people))
    sign_ins = select(SignIn.id).where(SignIn.person_id.in_(people))
    return or_(
        Entry.person_id.in_(people),
        and_(Entry.subject == "person", Entry.subject_id.in_(people)),
        and_(Entry.subject == "membership", Entry.subject_id.in_(memberships)),
        and_(Entry.subject == "sign_in", Entry.subject_id.in_(sign_ins)),
    )


def _lines(session: Session, rows: Sequence[Any]) -> list[Line]:
    names = name_subjects(session, {(it.Entry.subject, it.Entry.subject_id) for it in rows})
    return [_line(it, names) for it in rows]


def _line(row: Any, names: dict[tuple[str, int], Subject]) -> Line:
    entry, words = row.Entry, json.loads(row.data or "{}")
    return Line(
        at=entry.at,
        act=act_of(entry.subject, entry.move),
        said=said_in(entry.subject, entry.move, words),
        by=row.by or row.email or "",
        by_for=row.by_for or "",
        subject=entry.subject,
        about=names.get((entry.subject, entry.subject_id), Subject()),
        address=str(words.get("address", "")),
    )

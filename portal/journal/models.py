"""Rows of the journal. Nobody but this package writes them."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.columns import Row

_BIG = BigInteger().with_variant(Integer, "sqlite")


class Head(Row):
    """Where a stream stands: one row per incident, locked as the last act before COMMIT.

    seq  : number of the last entry; never leaves the server.
    at   : its time; the next entry is at least 1 µs later.
    hash : its link of the chain, 64 hexadecimal digits; empty before the first entry.
    """

    __tablename__ = "head"

    incident_id: Mapped[int] = mapped_column(_BIG, primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(_BIG, default=0)
    at: Mapped[datetime]
    hash: Mapped[str] = mapped_column(String(64), default="")


class RoomHead(Row):
    """The last number `n` of one room of one incident: contiguous, so that a gap means loss."""

    __tablename__ = "room_head"

    incident_id: Mapped[int] = mapped_column(_BIG, primary_key=True, autoincrement=False)
    room: Mapped[str] = mapped_column(String(40), primary_key=True)
    n: Mapped[int] = mapped_column(_BIG)


class Entry(Row):
    """What was done, to what, by whom: one link of its stream's chain.

    subject, move : name of the machine and of the move, such as post and publish.
    digest        : HMAC-SHA256 of the words under their own key, hexadecimal.
    hash          : SHA-256 over the previous hash and everything else in this entry.
    """

    __tablename__ = "entry"
    __table_args__ = (
        Index(None, "subject", "subject_id", "seq"),
        Index(None, "incident_id", "person_id", "seq"),
    )

    incident_id: Mapped[int] = mapped_column(_BIG, primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(_BIG, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    subject: Mapped[str] = mapped_column(String(40))
    move: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[int]
    person_id: Mapped[int | None]
    organization_id: Mapped[int | None]
    digest: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class EntryRoom(Row):
    """One room of an entry, and the entry's number there."""

    __tablename__ = "entry_room"
    __table_args__ = (Index(None, "incident_id", "seq"),)

    incident_id: Mapped[int] = mapped_column(_BIG, primary_key=True, autoincrement=False)
    room: Mapped[str] = mapped_column(String(40), primary_key=True)
    n: Mapped[int] = mapped_column(_BIG, primary_key=True, autoincrement=False)
    seq: Mapped[int]


class Words(Row):
    """An entry's words and their key, beside it, so that a law can have them destroyed.

    data : canonical JSON (sorted keys, no blanks) of the move's `says`.
    """

    __tablename__ = "words"

    incident_id: Mapped[int] = mapped_column(_BIG, primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(_BIG, primary_key=True, autoincrement=False)
    key: Mapped[bytes] = mapped_column(LargeBinary)
    data: Mapped[str]


class Audience(Row):
    """The rooms that a row belongs to now; kept by `transaction` from the row's `audience`."""

    __tablename__ = "audience"
    __table_args__ = (Index(None, "room", "subject", "subject_id"),)

    subject: Mapped[str] = mapped_column(String(40), primary_key=True)
    subject_id: Mapped[int] = mapped_column(_BIG, primary_key=True, autoincrement=False)
    room: Mapped[str] = mapped_column(String(40), primary_key=True)


class Once(Row):
    """A form's single-use key, taken as the first insert of its transaction.

    body_hash : SHA-256 of the fields without the key itself and the CSRF token.
    answer    : path of the page that the first sending was answered with.
    """

    __tablename__ = "once"
    __table_args__ = (Index(None, "at"),)

    person_id: Mapped[int] = mapped_column(_BIG, primary_key=True, autoincrement=False)
    token: Mapped[str] = mapped_column(String(64), primary_key=True)
    route: Mapped[str] = mapped_column(String(200))
    body_hash: Mapped[str] = mapped_column(String(64))
    answer: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime]


class Lease(Row):
    """Who does a job that only one process may do, and until when."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    holder: Mapped[str] = mapped_column(String(40))
    until: Mapped[datetime]


class Generation(Row):
    """Which life of the database this is: a restored copy gets a new name."""

    __tablename__ = "generation"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(32))

"""Rows of notices: how far the journal was read, and what is to be delivered."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    String,
    UniqueConstraint,
    column,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.columns import Id, Reference, Row
from portal.notify.states import DeliveryState

_BIG = BigInteger().with_variant(Integer, "sqlite")


class ReaderCursor(Row):
    """How far a reader has come in a stream: it has dealt with every entry up to `seq`."""

    __tablename__ = "reader_cursor"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    incident_id: Mapped[int] = mapped_column(_BIG, primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(_BIG)


class Delivery(Row):
    """One e-mail to one address about one entry of the journal; worded when it goes.

    incident_id, seq : the entry; `made_at` is its time.
    kind        : the notice, such as post.reject; names its template.
    subject_id  : the row it is about; `about` is what people call it, such as OZ27-K7F3.
    person_id   : whom it is for; None for the incident's duty address.
    address     : where it went, or will go; the person's or the incident's as of the last try.
    tries       : how often it was taken up, so that a late try cannot speak for a newer one.
    next_try_at : when it is taken up (again); while it is being sent, when that counts as lost.
    give_up_at  : until when it is tried: a day from when it was first due.
    last_error  : why the last try failed, or why nothing is sent; one line.
    message_id  : the same for every try, so that a repeat after a crash is known as one.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("incident_id", "seq", "person_id", "kind"),
        # Where there is no person, nothing would be the same as nothing.
        Index(
            "uq_delivery_incident_id_seq_kind_duty",
            "incident_id",
            "seq",
            "kind",
            unique=True,
            sqlite_where=column("person_id").is_(None),
            postgresql_where=column("person_id").is_(None),
        ),
        Index(None, "state", "next_try_at"),
        Index(None, "kind", "subject_id"),
        Index(None, "about"),
        Index(None, "made_at"),
    )

    id: Mapped[Id]
    reference: Mapped[Reference]
    incident_id: Mapped[int] = mapped_column(ForeignKey("incident.id"))
    seq: Mapped[int]
    made_at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    address: Mapped[str] = mapped_column(String(254))
    kind: Mapped[str] = mapped_column(String(81))
    subject_id: Mapped[int]
    about: Mapped[str] = mapped_column(String(24))
    state: Mapped[DeliveryState]
    tries: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime | None]
    give_up_at: Mapped[datetime]
    last_error: Mapped[str] = mapped_column(String(200), default="")
    sent_at: Mapped[datetime | None]
    message_id: Mapped[str] = mapped_column(String(320))

"""Rows of offers."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from portal.accounts.models import Person
from portal.core import clock
from portal.core.actor import Role
from portal.core.columns import (
    CodeColumn,
    CodesColumn,
    MovedRow,
    Reference,
    Row,
    Thousandths,
)
from portal.incidents.models import Incident
from portal.journal.audience import AUDIT, ERAC, org
from portal.offers.states import SENT, UNSENT, ItemState, OfferState, ViewState
from portal.organizations.models import Organization

#: Longest texts, in characters.
MAX_DESCRIPTION = 500
MAX_NOTE = 300
MAX_PLACE = 80
MAX_NAME = 120


class Offer(MovedRow):
    """What an organization can give, lend or sell: one or more lines on the same terms.

    organization_id : whose it is; person_id: who offers, or who of ERAC enters it.
    spoken_by       : who said it on the telephone, when ERAC entered it.
    edition         : how often its particulars were written, from 1.
    available_from, available_until : EDXL-RM BeginAvailable and EndAvailable.
    lead_hours      : hours from the order until it is ready to leave or to be picked up.
    transport       : code of `transports`; reach_miles: how far they deliver.
    operator        : code of `operators`.
    compensation    : code of `compensation`: on what terms; "" until chosen.
    contract        : number of the State contract, where the terms ask for it.
    price_until     : until when quoted prices hold.
    restrictions, insurance, support : in words; support is what it needs: fuel, lodging, guard.
    contact, telephone : who answers day and night.

    The promise:
    priority      : code of `offer-priorities`.
    waiting_since : since when somebody owes somebody an answer, see the state.
    answer_by     : until when; escalate_at: when a deputy is told that it comes near.
    escalated_at, warned_at : when that was done, and when the owner was told of its end.
    answered_at   : when ERAC last listed or declined it.

    assignee_id     : who of ERAC works on it.
    checks          : codes of `vetting` that are done.
    question, reply : what ERAC asks the owner, and the answer.
    reason, note    : code of `offer-reasons` when declined; what ERAC tells the owner.
    """

    __tablename__ = "offer"
    __table_args__ = (
        CheckConstraint("available_until > available_from", name="available_in_order"),
        CheckConstraint("lead_hours >= 0", name="lead_not_negative"),
        Index(None, "incident_id", "submitted_at"),
        Index(None, "incident_id", "state", "answer_by"),
        Index(None, "incident_id", "state", "submitted_at"),
        Index(None, "incident_id", "available_until"),
        Index(None, "incident_id", "answered_at"),
        Index(None, "assignee_id", "incident_id", "state"),
        Index(None, "state", "escalated_at", "escalate_at"),
        Index(None, "organization_id", "incident_id", "submitted_at"),
    )
    stamps = {  # noqa: RUF012
        "submit": ("submitted_at",),
        **dict.fromkeys(("list", "decline"), ("answered_at",)),
        "escalate": ("escalated_at",),
        "warn": ("warned_at",),
    }

    reference: Mapped[Reference]
    incident_id: Mapped[int] = mapped_column(ForeignKey("incident.id"))
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    spoken_by: Mapped[str] = mapped_column(String(MAX_NAME), default="")
    edition: Mapped[int] = mapped_column(default=1)
    available_from: Mapped[datetime]
    available_until: Mapped[datetime]
    lead_hours: Mapped[int] = mapped_column(default=0)
    transport: Mapped[CodeColumn] = mapped_column(default="pickup")
    reach_miles: Mapped[int | None]
    operator: Mapped[CodeColumn] = mapped_column(default="not_needed")
    compensation: Mapped[CodeColumn] = mapped_column(default="")
    contract: Mapped[str] = mapped_column(String(60), default="")
    price_until: Mapped[datetime | None]
    restrictions: Mapped[str] = mapped_column(default="")
    insurance: Mapped[str] = mapped_column(default="")
    support: Mapped[str] = mapped_column(default="")
    contact: Mapped[str] = mapped_column(String(MAX_NAME), default="")
    telephone: Mapped[str] = mapped_column(String(40), default="")
    priority: Mapped[CodeColumn] = mapped_column(default="routine")
    waiting_since: Mapped[datetime | None]
    answer_by: Mapped[datetime | None]
    escalate_at: Mapped[datetime | None]
    escalated_at: Mapped[datetime | None]
    warned_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    checks: Mapped[CodesColumn] = mapped_column(default=())
    question: Mapped[str] = mapped_column(default="")
    reply: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(String(40), default="")
    note: Mapped[str] = mapped_column(default="")
    state: Mapped[OfferState]
    submitted_at: Mapped[datetime | None]

    incident: Mapped[Incident] = relationship(viewonly=True)
    organization: Mapped[Organization] = relationship(lazy="raise", viewonly=True)
    person: Mapped[Person] = relationship(lazy="raise", foreign_keys=[person_id], viewonly=True)
    assignee: Mapped[Person | None] = relationship(
        lazy="raise", foreign_keys=[assignee_id], viewonly=True
    )
    lines: Mapped[list["OfferLine"]] = relationship(
        lazy="selectin", order_by="OfferLine.number", cascade="all, delete-orphan"
    )

    @property
    def stream(self) -> int:
        """Its entries stand in its incident's stream."""
        return self.incident_id

    @property
    def audience(self) -> frozenset[str]:
        """Between its organization and the ERAC cell; once sent, the record keeps it.

        A draft is its organization's alone, or the cell's while it is entered for a caller.
        """
        if self.state in UNSENT:
            return frozenset({ERAC if self.spoken_by else org(self.organization_id)})
        return frozenset({org(self.organization_id), ERAC, AUDIT})

    @property
    def made_by(self) -> Role | None:
        """Return whose people go on with it for a caller, whoever of them entered it."""
        return Role.ERAC if self.spoken_by else None

    @property
    def owner_id(self) -> int | None:
        """Return whose it is; of what is entered for a caller nobody's until it is sent."""
        is_with_erac = self.spoken_by and self.state in UNSENT
        return None if is_with_erac else self.organization_id

    @property
    def is_over(self) -> bool:
        """True when the clock or the incident has ended it, whatever its vetting says."""
        ended = self.available_until <= clock.now() or not self.incident.is_open
        return ended and self.state in SENT

    def stamped(self, session: Session, move: str, at: datetime) -> None:
        """Give its tags the time at which it was sent."""
        if move == "submit":
            session.execute(
                update(OfferTag).where(OfferTag.offer_id == self.id).values(submitted_at=at),
                execution_options={"synchronize_session": False},
            )


class OfferLine(Row):
    """An amount of one item of the catalogue.

    item, label, kind : of the catalogue, as it was when this was offered.
    about             : what was asked about such an item, in words, by attribute.
    amount            : > 0, in thousandths of `unit`, a code of `units` (UN/ECE Rec 20).
    may_split         : whether a part of it may be taken; smallest: the least at a time.
    county, place     : FIPS code of the county where it is, and where there.
    price_cents       : US cents per unit, for a quoted price; for ERAC and the owner alone.
    member_id         : the member for which an association offers; it and ERAC know alone.
    """

    __tablename__ = "offer_line"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("smallest > 0 AND smallest <= amount", name="smallest_in_amount"),
        CheckConstraint("price_cents > 0", name="price_positive"),
    )

    offer_id: Mapped[int] = mapped_column(ForeignKey("offer.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    item: Mapped[CodeColumn]
    label: Mapped[str] = mapped_column(String(MAX_NAME))
    kind: Mapped[str] = mapped_column(String(40))
    about: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    description: Mapped[str] = mapped_column(default="")
    amount: Mapped[Thousandths]
    unit: Mapped[CodeColumn]
    may_split: Mapped[bool] = mapped_column(default=True)
    smallest: Mapped[int | None] = mapped_column(BigInteger)
    county: Mapped[CodeColumn]
    place: Mapped[str] = mapped_column(String(MAX_PLACE), default="")
    price_cents: Mapped[int | None] = mapped_column(BigInteger)
    member_id: Mapped[int | None] = mapped_column(ForeignKey("organization.id"))

    member: Mapped[Organization | None] = relationship(lazy="raise", viewonly=True)


class OfferTag(Row):
    """One thing by which a sent offer is found: the desk's filters read nothing else.

    tag          : "item:FUEL", "county:29097" or "region:D".
    submitted_at : the offer's own, so that one index gives the latest of a tag.
    """

    __tablename__ = "offer_tag"
    __table_args__ = (
        Index(None, "incident_id", "tag", "submitted_at"),
        Index(None, "offer_id"),
    )

    incident_id: Mapped[int] = mapped_column(ForeignKey("incident.id"), primary_key=True)
    tag: Mapped[str] = mapped_column(String(48), primary_key=True)
    offer_id: Mapped[int] = mapped_column(ForeignKey("offer.id"), primary_key=True)
    submitted_at: Mapped[datetime | None]


class Sheet(Row):
    """A picture, made anew, or a data sheet that shows what is offered."""

    __tablename__ = "offer_sheet"

    offer_id: Mapped[int] = mapped_column(ForeignKey("offer.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(MAX_PLACE))
    mimetype: Mapped[str] = mapped_column(String(40))
    data: Mapped[bytes] = mapped_column(LargeBinary, deferred=True, deferred_raiseload=True)


class CatalogueItem(MovedRow):
    """An item that the ERAC cell added to the catalogue, or changed; see `catalogue.toml`.

    attributes : what is asked about it, "name" or "name: choice | choice".
    """

    __tablename__ = "catalogue_item"

    code: Mapped[str] = mapped_column(String(40), unique=True)
    label: Mapped[str] = mapped_column(String(MAX_NAME))
    kind: Mapped[str] = mapped_column(String(40))
    priority: Mapped[CodeColumn]
    units: Mapped[CodesColumn]
    attributes: Mapped[list[str]] = mapped_column(JSON)
    state: Mapped[ItemState]

    @property
    def stream(self) -> int:
        """The catalogue is a matter of day-to-day operations."""
        return 0

    @property
    def audience(self) -> frozenset[str]:
        """Who changed the catalogue is on record."""
        return frozenset({AUDIT})


class SavedView(MovedRow):
    """A view of the ERAC desk that the cell has given a name.

    query : the filters, as they stand in the page's address.
    """

    __tablename__ = "saved_view"
    __table_args__ = (Index(None, "state"),)

    name: Mapped[str] = mapped_column(String(40))
    query: Mapped[str] = mapped_column(String(300))
    state: Mapped[ViewState]

    @property
    def stream(self) -> int:
        """The desk's views outlast an incident."""
        return 0

    @property
    def audience(self) -> frozenset[str]:
        """They are the cell's own, and no row of anybody's page but the desk's."""
        return frozenset({ERAC})

"""Rows of offers."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.accounts.models import Person
from portal.core import clock
from portal.core.columns import CodeColumn, MovedRow, Reference, Thousandths
from portal.incidents.models import Incident
from portal.journal.audience import AUDIT, ERAC, org
from portal.offers.states import WAITING, OfferState
from portal.organizations.models import Organization

#: Longest description and note, in characters.
MAX_DESCRIPTION = 500


class Offer(MovedRow):
    """An amount of one item that an organization can give, lend or sell.

    member_id       : the member for which an association offers; only it and ERAC know.
    item            : code of `catalogue` (local NIMS Tier 2 list).
    amount          : > 0, in thousandths of `unit`, a code of `units` (UN/ECE Rec 20).
    county          : FIPS code of the county where it is.
    available_from, available_until : EDXL-RM BeginAvailable and EndAvailable.
    compensation    : code of `compensation`: on what terms.
    price_cents     : US cents per unit, only with a quoted price; for ERAC and the owner alone.
    reason          : code of `offer-reasons`, when declined.
    note            : what the ERAC cell tells the owner.
    """

    __tablename__ = "offer"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("available_until > available_from", name="available_in_order"),
        CheckConstraint("price_cents > 0", name="price_positive"),
        Index(None, "incident_id", "state", "submitted_at"),
        Index(None, "organization_id", "incident_id", "submitted_at"),
    )
    stamps = {"submit": ("submitted_at",)}  # noqa: RUF012

    reference: Mapped[Reference]
    incident_id: Mapped[int] = mapped_column(ForeignKey("incident.id"))
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"))
    member_id: Mapped[int | None] = mapped_column(ForeignKey("organization.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    item: Mapped[CodeColumn]
    description: Mapped[str]
    amount: Mapped[Thousandths]
    unit: Mapped[CodeColumn]
    county: Mapped[CodeColumn]
    available_from: Mapped[datetime]
    available_until: Mapped[datetime]
    compensation: Mapped[CodeColumn]
    contract: Mapped[str] = mapped_column(String(60), default="")
    price_cents: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(String(40), default="")
    note: Mapped[str] = mapped_column(default="")
    state: Mapped[OfferState]
    submitted_at: Mapped[datetime | None]

    incident: Mapped[Incident] = relationship()
    organization: Mapped[Organization] = relationship(
        lazy="raise", foreign_keys=[organization_id]
    )
    member: Mapped[Organization | None] = relationship(lazy="raise", foreign_keys=[member_id])
    person: Mapped[Person] = relationship(lazy="raise")

    @property
    def stream(self) -> int:
        """Its entries stand in its incident's stream."""
        return self.incident_id

    @property
    def audience(self) -> frozenset[str]:
        """An offer is between its organization and the ERAC cell; the record keeps it."""
        return frozenset({org(self.organization_id), ERAC, AUDIT})

    @property
    def is_over(self) -> bool:
        """True when the clock or the incident has ended it, whatever its vetting says."""
        ended = self.available_until <= clock.now() or not self.incident.is_open
        return ended and self.state in WAITING | {OfferState.LISTED}

"""Rows of organizations."""

from datetime import datetime, timedelta
from typing import ClassVar

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core import clock
from portal.core.columns import CodeColumn, CodesColumn, Id, MovedRow, Reference, Row
from portal.journal.audience import AUDIT
from portal.organizations.states import OrganizationKind, OrganizationState

#: How long contacts count as right once an organization's people have confirmed them.
ATTESTED_FOR = timedelta(days=365)


class Organization(MovedRow):
    """A party in the partnership, whose people act in its name.

    sectors  : codes of `sectors` (CISA critical infrastructure sectors and local ones).
    counties : FIPS codes of `counties` in which it works; they decide its SEMA regions.
    contacts : whom to call at any hour, in the order to try.
    provider : name of the OpenID provider by which its people must sign in; "" for none.
    attested_at : when its people last confirmed the contacts, which they do once a year.
    """

    __tablename__ = "organization"

    reference: Mapped[Reference]
    name: Mapped[str] = mapped_column(String(120), unique=True)
    kind: Mapped[OrganizationKind]
    sectors: Mapped[CodesColumn]
    counties: Mapped[CodesColumn]
    provider: Mapped[CodeColumn] = mapped_column(default="")
    attested_at: Mapped[datetime | None]
    state: Mapped[OrganizationState]

    contacts: Mapped[list["Contact"]] = relationship(
        lazy="raise", order_by="Contact.id", cascade="all, delete-orphan"
    )

    stamps: ClassVar[dict[str, tuple[str, ...]]] = {
        "attest": ("attested_at",),
        "correct_contacts": ("attested_at",),
    }

    @property
    def organization_id(self) -> int:
        """An organization is its own people's."""
        return self.id

    @property
    def is_attested(self) -> bool:
        """True while its people have confirmed the contacts within `ATTESTED_FOR`."""
        at = self.attested_at
        return at is not None and at > clock.now() - ATTESTED_FOR

    @property
    def stream(self) -> int:
        """Organizations are matters of day-to-day operations."""
        return 0

    @property
    def audience(self) -> frozenset[str]:
        """Changes of an organization are read by administrators and the records officer."""
        return frozenset({AUDIT})


class Contact(Row):
    """A person who answers for an organization at any hour (24-hour point of contact)."""

    __tablename__ = "contact"

    id: Mapped[Id]
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    telephone: Mapped[str] = mapped_column(String(40))
    email: Mapped[str] = mapped_column(String(254))


class AssociationMember(Row):
    """A company as member of a trade association."""

    __tablename__ = "association_member"
    __table_args__ = (UniqueConstraint("association_id", "company_id"),)

    id: Mapped[Id]
    association_id: Mapped[int] = mapped_column(ForeignKey("organization.id"))
    company_id: Mapped[int] = mapped_column(ForeignKey("organization.id"), index=True)

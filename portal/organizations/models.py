"""Rows of organizations."""

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core.columns import CodesColumn, Id, MovedRow, Reference, Row
from portal.journal.audience import AUDIT
from portal.organizations.states import OrganizationKind, OrganizationState


class Organization(MovedRow):
    """A party in the partnership, whose people act in its name.

    sectors  : codes of `sectors` (CISA critical infrastructure sectors and local ones).
    counties : FIPS codes of `counties` in which it works; they decide its SEMA regions.
    contacts : whom to call at any hour, in the order to try.
    """

    __tablename__ = "organization"

    reference: Mapped[Reference]
    name: Mapped[str] = mapped_column(String(120), unique=True)
    kind: Mapped[OrganizationKind]
    sectors: Mapped[CodesColumn]
    counties: Mapped[CodesColumn]
    state: Mapped[OrganizationState]

    contacts: Mapped[list["Contact"]] = relationship(
        lazy="raise", order_by="Contact.id", cascade="all, delete-orphan"
    )

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

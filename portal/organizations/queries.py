"""Reading organizations. Names are known to all partners; the rest is for staff."""

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from portal.core import codes
from portal.organizations.models import AssociationMember, Organization
from portal.organizations.states import OrganizationKind, OrganizationState


def regions_of(counties: tuple[str, ...]) -> tuple[str, ...]:
    """Return the SEMA region letters of the counties, each once, in order."""
    known = codes.load("counties")
    return tuple(sorted({known[fips]["region"] for fips in counties if fips in known}))


def get_organization(session: Session, reference: str) -> Organization | None:
    """Return the organization with its contacts."""
    return session.scalar(
        select(Organization)
        .where(Organization.reference == reference)
        .options(selectinload(Organization.contacts))
    )


def list_organizations(session: Session) -> list[Organization]:
    """Return all organizations with their contacts, by name."""
    return list(
        session.scalars(
            select(Organization)
            .options(selectinload(Organization.contacts))
            .order_by(Organization.name)
        )
    )


def list_active(session: Session, kind: OrganizationKind | None = None) -> list[Organization]:
    """Return the active organizations, by name; of one kind if asked."""
    query = select(Organization).where(Organization.state == OrganizationState.ACTIVE)
    if kind is not None:
        query = query.where(Organization.kind == kind)
    return list(session.scalars(query.order_by(Organization.name)))


def members_of(session: Session, association: Organization) -> list[Organization]:
    """Return the companies that are members of the association, by name."""
    return list(
        session.scalars(
            select(Organization)
            .join(AssociationMember, AssociationMember.company_id == Organization.id)
            .where(AssociationMember.association_id == association.id)
            .order_by(Organization.name)
        )
    )

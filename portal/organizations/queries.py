"""Reading organizations. Names are known to all partners; the rest is for staff."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.orm import Session, selectinload

from portal.core import codes
from portal.core.actor import Actor
from portal.organizations.models import AssociationMember, Organization
from portal.organizations.states import OrganizationKind, OrganizationState

T = TypeVar("T")


def regions_of(counties: tuple[str, ...]) -> tuple[str, ...]:
    """Return the SEMA region letters of the counties, each once, in order."""
    known = codes.load("counties")
    return tuple(sorted({known[fips]["region"] for fips in counties if fips in known}))


def by_region(counties: Iterable[T], code_of: Callable[[T], str]) -> dict[str, list[T]]:
    """Return things of one county each under the label of its SEMA region, in order."""
    known, regions = codes.load("counties"), codes.load("regions")
    found: dict[str, list[T]] = {label: [] for label in regions.choices().values()}
    for each in counties:
        found[regions.label(known[code_of(each)]["region"])].append(each)
    return {label: each for label, each in found.items() if each}


def _known_to(actor: Actor) -> ColumnElement[bool]:
    """Partners see who takes part now; staff also see who is suspended."""
    if actor.is_staff:
        return true()
    return or_(
        Organization.state == OrganizationState.ACTIVE,
        Organization.id == actor.organization_id,
    )


def get_organization(session: Session, reference: str, actor: Actor) -> Organization | None:
    """Return the organization with its contacts, if the actor may know of it."""
    return session.scalar(
        select(Organization)
        .where(Organization.reference == reference, _known_to(actor))
        .options(selectinload(Organization.contacts))
        .execution_options(populate_existing=True)
    )


def references_of(session: Session, ids: Iterable[int]) -> list[str]:
    """Return the references of organizations, in the order of their ids."""
    query = select(Organization.reference).where(Organization.id.in_(sorted(ids)))
    return list(session.scalars(query.order_by(Organization.id)))


def list_organizations(session: Session, actor: Actor) -> list[Organization]:
    """Return the organizations that the actor may know of, with their contacts, by name."""
    return list(
        session.scalars(
            select(Organization)
            .where(_known_to(actor))
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

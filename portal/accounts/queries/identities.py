"""Reading single sign-on: who is linked, and who has to come that way."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounts.models import Identity
from portal.organizations.models import Organization


def get_identity(session: Session, issuer: str, subject: str) -> Identity | None:
    """Return the link of somebody as a provider knows them."""
    return session.scalar(
        select(Identity).where(Identity.issuer == issuer, Identity.subject == subject)
    )


def list_identities(session: Session, person_id: int) -> list[Identity]:
    """Return a person's links to providers, in the order of making."""
    rows = session.scalars(
        select(Identity).where(Identity.person_id == person_id).order_by(Identity.id)
    )
    return list(rows)


def get_identity_of(session: Session, person_id: int, reference: str) -> Identity | None:
    """Return one of a person's links."""
    return session.scalar(
        select(Identity).where(Identity.person_id == person_id, Identity.reference == reference)
    )


def required_provider(session: Session, organization_id: int | None) -> str:
    """Return the name of the provider that an organization wants of its people; "" for none."""
    found = session.scalar(
        select(Organization.provider).where(Organization.id == organization_id)
    )
    return found or ""

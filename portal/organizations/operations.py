"""What can be done with organizations."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import delete, select

from portal.core.errors import FieldError, StateGoneError
from portal.core.references import unused_reference
from portal.journal.transaction import Tx
from portal.organizations.models import AssociationMember, Contact, Organization
from portal.organizations.states import ORGANIZATION, OrganizationKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactParticulars:
    """One 24-hour contact, as typed."""

    name: str
    telephone: str
    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationParticulars:
    """An organization as an administrator states it; see `Organization`."""

    name: str
    kind: OrganizationKind
    sectors: tuple[str, ...]
    counties: tuple[str, ...]
    contacts: tuple[ContactParticulars, ...] = ()


def register(tx: Tx, particulars: OrganizationParticulars) -> Organization:
    """Take an organization into the partnership.

    Raises FieldError if the name is taken.
    """
    reference = unused_reference(tx.session, Organization.reference)
    contacts = [Contact(**asdict(contact)) for contact in particulars.contacts]
    organization = Organization(reference=reference, contacts=contacts)
    _fill(tx, organization, particulars)
    tx.move(ORGANIZATION, "register", organization, **_said(particulars))
    return organization


def revise(tx: Tx, organization: Organization, particulars: OrganizationParticulars) -> None:
    """Change what is known of an organization; its people's rooms follow at once.

    Raises FieldError if the name is taken, or people of the old kind hold roles that the new
    kind cannot hold.
    """
    if (organization.kind is OrganizationKind.AGENCY) != (
        particulars.kind is OrganizationKind.AGENCY
    ):
        raise FieldError("kind", "An agency stays an agency, and no other becomes one.")
    tx.move(ORGANIZATION, "revise", organization, **_said(particulars))
    _fill(tx, organization, particulars)
    _replace_contacts(tx, organization, particulars.contacts)


def attest(tx: Tx, organization: Organization) -> None:
    """Confirm that the 24-hour contacts of one's own organization are right.

    Raises FieldError where nobody is named.
    """
    tx.check(ORGANIZATION, "attest", organization)
    named = select(Contact.id).where(Contact.organization_id == organization.id).limit(1)
    if tx.session.scalar(named) is None:
        raise FieldError("contacts", "Nobody is named yet. Name somebody to call first.")
    tx.move(ORGANIZATION, "attest", organization)


def correct_contacts(
    tx: Tx, organization: Organization, contacts: Sequence[ContactParticulars]
) -> None:
    """Name other 24-hour contacts for one's own organization; that confirms them, too."""
    tx.move(ORGANIZATION, "correct_contacts", organization)
    _replace_contacts(tx, organization, contacts)


def _replace_contacts(
    tx: Tx, organization: Organization, contacts: Sequence[ContactParticulars]
) -> None:
    for former in tx.session.scalars(
        select(Contact).where(Contact.organization_id == organization.id)
    ):
        tx.session.delete(former)
    for contact in contacts:
        tx.session.add(Contact(organization_id=organization.id, **asdict(contact)))


def _fill(tx: Tx, organization: Organization, particulars: OrganizationParticulars) -> None:
    taken = select(Organization.id).where(
        Organization.name == particulars.name, Organization.id != (organization.id or 0)
    )
    with tx.session.no_autoflush:
        if tx.session.scalar(taken) is not None:
            raise FieldError("name", "There is an organization of this name already.")
    organization.name = particulars.name
    organization.kind = particulars.kind
    organization.sectors = particulars.sectors
    organization.counties = particulars.counties


def _said(particulars: OrganizationParticulars) -> dict[str, object]:
    said = asdict(particulars)
    del said["contacts"]  # people's telephone numbers stay out of the record
    return said


def add_member(tx: Tx, association: Organization, company: Organization) -> None:
    """Note that a company is a member of an association.

    Raises FieldError if the one is no association, the other is one, or they are joined.
    """
    if association.kind is not OrganizationKind.ASSOCIATION:
        raise FieldError("member", "Only an association has members.")
    if company.kind is not OrganizationKind.COMPANY:
        raise FieldError("member", "Choose a company.")
    joined = select(AssociationMember.id).where(
        AssociationMember.association_id == association.id,
        AssociationMember.company_id == company.id,
    )
    if tx.session.scalar(joined) is not None:
        raise FieldError("member", "This company is a member already.")
    tx.move(ORGANIZATION, "add_member", association, member=company.reference)
    tx.session.add(AssociationMember(association_id=association.id, company_id=company.id))


def remove_member(tx: Tx, association: Organization, company: Organization) -> None:
    """Note that a company is no longer a member of an association.

    Raises StateGoneError if it was none.
    """
    tx.move(ORGANIZATION, "remove_member", association, member=company.reference)
    removed = tx.session.execute(
        delete(AssociationMember)
        .where(
            AssociationMember.association_id == association.id,
            AssociationMember.company_id == company.id,
        )
        .returning(AssociationMember.id),
        execution_options={"synchronize_session": False},
    ).first()
    if removed is None:
        raise StateGoneError("This company is no member.")


def require_provider(tx: Tx, organization: Organization, *, provider: str) -> None:
    """Let an organization's people sign in by one OpenID provider alone; "" lifts that.

    Raises FieldError for one's own: somebody must get in to lift it when the provider is away.
    """
    if provider and organization.id == tx.actor.organization_id:
        raise FieldError("provider", "You cannot require a provider of your own organization.")
    tx.move(ORGANIZATION, "require_provider", organization, provider=provider)
    organization.provider = provider


def suspend(tx: Tx, organization: Organization, *, reason: str) -> None:
    """Keep all people of an organization out, at once and on every channel.

    Raises FieldError for one's own: somebody must be left to restore it.
    """
    if organization.id == tx.actor.organization_id:
        raise FieldError("reason", "You cannot suspend your own organization.")
    tx.move(ORGANIZATION, "suspend", organization, reason=reason)


def restore(tx: Tx, organization: Organization) -> None:
    """Let the people of a suspended organization in again."""
    tx.move(ORGANIZATION, "restore", organization)

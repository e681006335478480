"""Memberships: for which organization a person acts, in which roles, until when."""

from datetime import datetime, timedelta

from sqlalchemy import Text, select, type_coerce

from portal.accounts.models import Membership, Person
from portal.accounts.operations.sign_ins import end_sign_ins
from portal.accounts.states import MEMBERSHIP, MembershipState, PersonState
from portal.core.actor import PRIVATE_ROLES, Role
from portal.core.errors import FieldError
from portal.journal.transaction import Tx
from portal.organizations.models import Organization
from portal.organizations.states import OrganizationKind, OrganizationState

#: Nobody stands in for a colleague for longer than this at once.
LONGEST_DEPUTY = timedelta(days=31)

#: Whose people may sit with the ERAC cell.
ADVISING = {OrganizationKind.CONTRACTOR, OrganizationKind.ASSOCIATION}


def grant(
    tx: Tx, person: Person, organization: Organization, *, roles: frozenset[Role]
) -> Membership:
    """Let a person act for one more organization.

    Raises FieldError if the person does so already, or a role does not fit.
    """
    fitting = fit(tx, organization, roles)
    known = select(Membership).where(
        Membership.person_id == person.id, Membership.organization_id == organization.id
    )
    former = tx.session.scalar(known)
    if former is not None and former.state is MembershipState.ACTIVE:
        raise FieldError("email", "This person acts for the organization already.")
    if former is not None:
        resume(tx, former, roles=roles)
        return former
    row = Membership(person_id=person.id, organization_id=organization.id, roles=tuple(fitting))
    tx.move(MEMBERSHIP, "grant", row, roles=fitting)
    return row


def change_roles(tx: Tx, membership: Membership, *, roles: frozenset[Role]) -> None:
    """Give a membership other roles; open pages and sockets follow at once.

    Raises FieldError if a role does not fit, or nobody would be left to administer.
    """
    organization = tx.session.get_one(Organization, membership.organization_id)
    fitting = fit(tx, organization, roles, had=membership.roles)
    tx.move(MEMBERSHIP, "change_roles", membership, roles=fitting)
    membership.roles = tuple(fitting)
    if Role.ADMIN not in roles:
        keep_an_administrator(tx, without=membership.person_id)


def depute(tx: Tx, membership: Membership, instead_of: Membership, *, until: datetime) -> None:
    """Let a person act in a colleague's place, in the colleague's roles, until a time.

    Raises FieldError for another organization, for oneself, or for a time out of bounds.
    """
    tx.check(MEMBERSHIP, "depute", membership)
    if instead_of.organization_id != membership.organization_id:
        raise FieldError("instead_of", "Choose somebody of the same organization.")
    if instead_of.id == membership.id:
        raise FieldError("instead_of", "Choose somebody else.")
    if not tx.now < until <= tx.now + LONGEST_DEPUTY:
        days = LONGEST_DEPUTY.days
        raise FieldError("until", f"Choose a time in the future, within {days} days.")
    if Role.ADMIN in instead_of.roles and not (tx.actor.has(Role.ADMIN) or tx.actor.is_system):
        raise FieldError("instead_of", "Only an administrator names a deputy for one.")
    colleague = tx.session.get_one(Person, instead_of.person_id)
    tx.move(
        MEMBERSHIP,
        "depute",
        membership,
        roles=list(instead_of.roles),
        until=until.isoformat(),
        acting_for=colleague.name,
    )
    membership.acting_roles = instead_of.roles
    membership.acting_until, membership.acting_for = until, colleague.name


def end_depute(tx: Tx, membership: Membership) -> None:
    """Let a person be no longer anybody's deputy."""
    tx.move(MEMBERSHIP, "end_depute", membership)
    _forget_deputy(membership)


def end_membership(tx: Tx, membership: Membership, *, reason: str) -> int:
    """Let a person no longer act for the organization; return how many sessions ended.

    Raises FieldError for one's own, and for the last administrator's.
    """
    if membership.id == tx.actor.membership_id:
        raise FieldError("reason", "You cannot remove yourself. A colleague can.")
    tx.move(MEMBERSHIP, "end", membership, reason=reason)
    _forget_deputy(membership)
    ended = end_sign_ins(
        tx, membership.person_id, why="membership ended", membership_id=membership.id
    )
    keep_an_administrator(tx, without=membership.person_id)
    return ended


def resume(tx: Tx, membership: Membership, *, roles: frozenset[Role]) -> None:
    """Let a person who was removed act for the organization again."""
    organization = tx.session.get_one(Organization, membership.organization_id)
    fitting = fit(tx, organization, roles)
    tx.move(MEMBERSHIP, "resume", membership, roles=fitting)
    membership.roles = tuple(fitting)


def fit(
    tx: Tx, organization: Organization, roles: frozenset[Role], *, had: tuple[str, ...] = ()
) -> list[Role]:
    """Return the roles in order, if an organization of this kind may hold them.

    had : those held before, which nobody has to be allowed to give anew.
    Raises FieldError for roles that do not fit, or are not the actor's to give.
    """
    if not roles:
        raise FieldError("roles", "Choose at least one role.")
    is_agency = organization.kind is OrganizationKind.AGENCY
    is_trusted = tx.actor.is_system or tx.actor.has(Role.ADMIN)
    if is_agency and not is_trusted:
        raise FieldError("roles", "Only an administrator gives an agency’s roles.")
    if is_agency and roles & PRIVATE_ROLES:
        raise FieldError(
            "roles", "An agency’s people hold the roles of the SEOC and its cells."
        )
    if not is_agency and roles - PRIVATE_ROLES:
        raise FieldError("roles", "These roles are for agencies only.")
    if Role.ERAC_ADVISOR in roles:
        if organization.kind not in ADVISING:
            raise FieldError(
                "roles", "Only people of contractors and associations sit with the ERAC cell."
            )
        if not is_trusted and Role.ERAC_ADVISOR not in had:
            raise FieldError("roles", "Only an administrator gives a seat with the ERAC cell.")
    return [role for role in Role if role in roles]


def keep_an_administrator(tx: Tx, *, without: int | None) -> None:
    """Refuse to leave the portal without an administrator, also when two remove each other."""
    rows = tx.session.execute(
        select(Membership, Person.state)
        .join(Person, Person.id == Membership.person_id)
        .join(Organization, Organization.id == Membership.organization_id)
        .where(
            Organization.state == OrganizationState.ACTIVE,
            Membership.state == MembershipState.ACTIVE,
            type_coerce(Membership.roles, Text).contains(Role.ADMIN.value),
        )
        .order_by(Membership.id)
        .with_for_update(of=Membership, key_share=True)
    )
    left = [
        membership
        for membership, state in rows
        if Role.ADMIN in membership.roles
        and state is PersonState.ACTIVE
        and membership.person_id != without
    ]
    if not left:
        raise FieldError("roles", "The portal needs one administrator. Name another one first.")


def _forget_deputy(membership: Membership) -> None:
    membership.acting_roles, membership.acting_until, membership.acting_for = (), None, ""

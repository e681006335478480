"""People: inviting, joining, passwords, keeping somebody out."""

from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.accounts.models import Membership, Person, Ticket
from portal.accounts.operations.links import end_links, issue, use
from portal.accounts.operations.memberships import fit, grant, keep_an_administrator
from portal.accounts.operations.sign_ins import end_sign_ins
from portal.accounts.states import PERSON, MembershipState, TicketPurpose
from portal.core.actor import Role
from portal.core.errors import ConflictError, FieldError, NotAllowedError
from portal.core.references import unused_reference
from portal.journal.transaction import Tx
from portal.organizations.models import Organization
from portal.organizations.states import OrganizationKind

#: The terms of use as they now read; whoever agreed to others is asked again.
TERMS_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """Whom to invite, for which organization, in which roles.

    by_letter : the portal itself sends the link, and makes it then.
    """

    email: str
    organization: Organization
    roles: frozenset[Role]
    is_demo: bool = False
    by_letter: bool = False


def invite(tx: Tx, invitation: Invitation) -> tuple[Person, str]:
    """Create a person and return the token of the invitation's link, which is kept nowhere.

    The token is "" where the link goes by letter.

    Raises FieldError if the address is taken or a role does not fit the organization.
    """
    email = invitation.email.strip().lower()
    if tx.session.scalar(select(Person.id).where(Person.email == email)) is not None:
        raise FieldError("email", "Somebody with this address has a sign-in already.")
    return invite_new(tx, replace(invitation, email=email))


def invite_new(tx: Tx, invitation: Invitation) -> tuple[Person, str]:
    """Do the same where nobody has the address, which is in small letters.

    Raises ConflictError if somebody has it meanwhile.
    """
    email, organization = invitation.email, invitation.organization
    roles = fit(tx, organization, invitation.roles)
    person = Person(
        reference=unused_reference(tx.session, Person.reference),
        email=email,
        is_demo=invitation.is_demo,
    )
    tx.move(
        PERSON, "invite", person, email=email, organization=organization.reference, roles=roles
    )
    try:
        tx.session.flush()
    except IntegrityError as error:
        raise ConflictError(f"Somebody invited {email} just now. Send it once more.") from error
    grant(tx, person, organization, roles=invitation.roles)
    if invitation.by_letter:
        return person, ""
    return person, issue(tx, person, TicketPurpose.INVITE)


def invite_again(tx: Tx, person: Person, *, by_letter: bool = False) -> str:
    """Return the token of a new invitation link; the earlier ones end.

    The token is "" where the link goes by letter.
    Raises NotAllowedError where the link would let somebody act for others, too.
    """
    if not may_invite_again(tx, person):
        raise NotAllowedError("This person is invited by others, too. The SEOC can do this.")
    tx.move(PERSON, "invite_again", person)
    return _link_again(tx, person, by_letter=by_letter)


def readmit(tx: Tx, person: Person, *, by_letter: bool = False) -> str:
    """Invite somebody again who was kept out before joining; see `invite_again`."""
    tx.move(PERSON, "readmit", person)
    return _link_again(tx, person, by_letter=by_letter)


def _link_again(tx: Tx, person: Person, *, by_letter: bool) -> str:
    if by_letter:
        end_links(tx, person)
        return ""
    return issue(tx, person, TicketPurpose.INVITE)


def may_invite_again(tx: Tx, person: Person) -> bool:
    """Tell whether the actor may have a link to everything that the person may do.

    Administrators may. Others may where the person acts for nobody but whom they keep: their
    own organization or, for MOP3, one private organization alone.
    """
    if tx.actor.is_system or tx.actor.has(Role.ADMIN):
        return True
    rows = tx.session.execute(
        select(Organization.id, Organization.kind)
        .join(Membership, Membership.organization_id == Organization.id)
        .where(Membership.person_id == person.id, Membership.state == MembershipState.ACTIVE)
    ).all()
    if tx.actor.has(Role.MOP3):
        return len(rows) == 1 and rows[0].kind is not OrganizationKind.AGENCY
    return [row.id for row in rows] == [tx.actor.organization_id]


def join(tx: Tx, ticket: Ticket, *, name: str, password_hash: str | None) -> Person:
    """Take up an invitation; password_hash is None for who comes by a passkey.

    Raises StateGoneError if the link was used, replaced or has ended.
    """
    use(tx, ticket)
    person = tx.session.get_one(Person, ticket.person_id)
    tx.move(PERSON, "join", person, name=name)
    person.name, person.password_hash = name, password_hash
    return person


def accept_terms(tx: Tx, person: Person, *, version: int) -> None:
    """Note that a person agrees to a version of the terms of use."""
    tx.move(PERSON, "accept_terms", person, version=version)
    person.terms_version = version


def change_password(tx: Tx, person: Person, *, password_hash: str) -> None:
    """Give a person a new password; all other sessions of theirs end."""
    tx.move(PERSON, "change_password", person)
    person.password_hash = password_hash
    end_sign_ins(tx, person.id, why="password changed", but=tx.actor.sign_in_id)


def reset(tx: Tx, person: Person) -> str:
    """Return a single-use link by which the person sets a new password."""
    tx.move(PERSON, "reset", person)
    return issue(tx, person, TicketPurpose.RESET)


def reset_by_letter(tx: Tx, person: Person) -> None:
    """Let the portal send a link for a new password; earlier ones of that kind end."""
    tx.move(PERSON, "reset", person)
    end_links(tx, person, TicketPurpose.RESET)


def recover(tx: Tx, ticket: Ticket, *, password_hash: str) -> Person:
    """Set a new password by a reset link; every open session ends, and none begins.

    Raises StateGoneError if the link was used, replaced or has ended.
    """
    use(tx, ticket)
    person = tx.session.get_one(Person, ticket.person_id)
    tx.move(PERSON, "recover", person)
    person.password_hash = password_hash
    end_sign_ins(tx, person.id, why="password reset")
    return person


def suspend(tx: Tx, person: Person, *, reason: str) -> int:
    """Keep a person out, at once and on every channel; return how many sessions ended.

    Raises FieldError for the last administrator.
    """
    tx.move(PERSON, "suspend", person, reason=reason)
    ended = end_sign_ins(tx, person.id, why="suspended")
    keep_an_administrator(tx, without=person.id)
    return ended


def restore(tx: Tx, person: Person) -> None:
    """Let a suspended person in again, with the same password."""
    tx.move(PERSON, "restore", person)

"""What can be done with people, memberships, sessions and single-use links."""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Text, select, type_coerce, update
from sqlalchemy.orm import Session

from portal.accounts.models import Membership, Person, SignIn, Ticket
from portal.accounts.queries import hash_token
from portal.accounts.states import (
    MEMBERSHIP,
    PERSON,
    SIGN_IN,
    MembershipState,
    PersonState,
    SignInState,
    TicketPurpose,
)
from portal.core import clock
from portal.core.actor import PRIVATE_ROLES, Role
from portal.core.errors import FieldError, StateGoneError
from portal.core.references import unused_reference
from portal.journal.transaction import Tx
from portal.organizations.models import Organization
from portal.organizations.states import OrganizationKind, OrganizationState

#: How long links live, and how long a session lives whatever happens.
INVITE_LIFE = timedelta(hours=72)
RESET_LIFE = timedelta(minutes=30)
SIGN_IN_LIFE = timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """Whom to invite, for which organization, in which roles."""

    email: str
    organization: Organization
    roles: frozenset[Role]
    is_demo: bool = False


def invite(tx: Tx, invitation: Invitation) -> tuple[Person, str]:
    """Create a person and return the token of the invitation's link, which is kept nowhere.

    Raises FieldError if the address is taken or a role does not fit the organization.
    """
    email = invitation.email.strip().lower()
    organization = invitation.organization
    if tx.session.scalar(select(Person.id).where(Person.email == email)) is not None:
        raise FieldError("email", "Somebody with this address has a sign-in already.")
    roles = _fitting(organization, invitation.roles)
    person = Person(
        reference=unused_reference(tx.session, Person.reference),
        email=email,
        is_demo=invitation.is_demo,
    )
    tx.move(
        PERSON, "invite", person, email=email, organization=organization.reference, roles=roles
    )
    tx.session.flush()
    membership = Membership(
        person_id=person.id, organization_id=organization.id, roles=tuple(roles)
    )
    tx.move(MEMBERSHIP, "grant", membership, roles=roles)
    return person, _issue(tx, person, TicketPurpose.INVITE, INVITE_LIFE)


def invite_again(tx: Tx, person: Person) -> str:
    """Return a new invitation link; the earlier ones end. Lifts a suspension, too."""
    tx.move(PERSON, "invite_again", person)
    return _issue(tx, person, TicketPurpose.INVITE, INVITE_LIFE)


def join(tx: Tx, ticket: Ticket, *, name: str, password_hash: str) -> Person:
    """Take up an invitation.

    Raises StateGoneError if the link was used, replaced or has ended.
    """
    _use(tx, ticket)
    person = tx.session.get_one(Person, ticket.person_id)
    tx.move(PERSON, "join", person, name=name)
    person.name, person.password_hash = name, password_hash
    return person


def sign_in(tx: Tx, *, membership_id: int, agent: str) -> str:
    """Open a session for the actor's membership and return its token, which is kept nowhere."""
    token = secrets.token_urlsafe(32)
    row = SignIn(
        token_hash=hash_token(token),
        person_id=tx.actor.person_id,
        membership_id=membership_id,
        started_at=tx.now,
        last_seen_at=tx.now,
        ends_at=tx.now + SIGN_IN_LIFE,
        agent=agent[:200],
    )
    tx.move(SIGN_IN, "start", row)
    return token


def touch(session: Session, sign_in_id: int) -> None:
    """Note that a request came; no version moves, so that it never stands in a move's way."""
    session.execute(
        update(SignIn).where(SignIn.id == sign_in_id).values(last_seen_at=clock.now()),
        execution_options={"synchronize_session": False},
    )


def end_sign_in(tx: Tx, row: SignIn, *, why: str) -> None:
    """End one session; its sockets close within a second."""
    tx.move(SIGN_IN, "end", row, why=why)


def end_sign_ins(tx: Tx, person_id: int, *, why: str, but: int | None = None) -> int:
    """End all open sessions of a person, but one if so asked; return how many."""
    rows = tx.session.scalars(
        select(SignIn)
        .where(
            SignIn.person_id == person_id,
            SignIn.state == SignInState.OPEN,
            SignIn.id != (but or 0),
        )
        .order_by(SignIn.id)
    ).all()
    for row in rows:
        end_sign_in(tx, row, why=why)
    return len(rows)


def change_password(tx: Tx, person: Person, *, password_hash: str) -> None:
    """Give a person a new password; all other sessions of theirs end."""
    tx.move(PERSON, "change_password", person)
    person.password_hash = password_hash
    end_sign_ins(tx, person.id, why="password changed", but=tx.actor.sign_in_id)


def reset(tx: Tx, person: Person) -> str:
    """Return a single-use link by which the person sets a new password."""
    tx.move(PERSON, "reset", person)
    return _issue(tx, person, TicketPurpose.RESET, RESET_LIFE)


def recover(tx: Tx, ticket: Ticket, *, password_hash: str) -> Person:
    """Set a new password by a reset link; every open session ends, and none begins.

    Raises StateGoneError if the link was used, replaced or has ended.
    """
    _use(tx, ticket)
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
    _keep_an_administrator(tx, without=person.id)
    return ended


def restore(tx: Tx, person: Person) -> None:
    """Let a suspended person in again, with the same password."""
    tx.move(PERSON, "restore", person)


def change_roles(tx: Tx, membership: Membership, *, roles: frozenset[Role]) -> None:
    """Give a membership other roles; open pages and sockets follow at once.

    Raises FieldError if a role does not fit, or nobody would be left to administer.
    """
    organization = tx.session.get_one(Organization, membership.organization_id)
    fitting = _fitting(organization, roles)
    tx.move(MEMBERSHIP, "change_roles", membership, roles=fitting)
    membership.roles = tuple(fitting)
    if Role.ADMIN not in roles:
        _keep_an_administrator(tx, without=membership.person_id)


def _fitting(organization: Organization, roles: frozenset[Role]) -> list[Role]:
    """Return the roles in order, if an organization of this kind may hold them."""
    if not roles:
        raise FieldError("roles", "Choose at least one role.")
    is_agency = organization.kind is OrganizationKind.AGENCY
    if is_agency and roles & PRIVATE_ROLES:
        raise FieldError(
            "roles", "An agency’s people hold the roles of the SEOC and its cells."
        )
    if not is_agency and roles - PRIVATE_ROLES:
        raise FieldError("roles", "These roles are for agencies only.")
    return [role for role in Role if role in roles]


def _keep_an_administrator(tx: Tx, *, without: int | None) -> None:
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


def _issue(tx: Tx, person: Person, purpose: TicketPurpose, life: timedelta) -> str:
    tx.session.flush()
    tx.session.execute(
        update(Ticket)
        .where(Ticket.person_id == person.id, Ticket.used_at.is_(None))
        .values(used_at=tx.now),
        execution_options={"synchronize_session": False},
    )
    token = secrets.token_urlsafe(32)
    tx.session.add(
        Ticket(
            token_hash=hash_token(token),
            purpose=purpose,
            person_id=person.id,
            issued_by=tx.actor.name,
            ends_at=tx.now + life,
        )
    )
    return token


def _use(tx: Tx, ticket: Ticket) -> None:
    used = tx.session.execute(
        update(Ticket)
        .where(Ticket.id == ticket.id, Ticket.used_at.is_(None), Ticket.ends_at > tx.now)
        .values(used_at=tx.now)
        .returning(Ticket.id),
        execution_options={"synchronize_session": False},
    ).first()
    if used is None:
        raise StateGoneError("This link was used before, or it has ended.")

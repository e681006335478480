"""Inviting many at once: what becomes of each address."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select

from portal.accounts.models import Membership, Person
from portal.accounts.operations.memberships import fit, grant
from portal.accounts.operations.people import (
    Invitation,
    invite_again,
    invite_new,
    may_invite_again,
)
from portal.accounts.states import MembershipState, PersonState
from portal.core.actor import Role
from portal.journal.transaction import Tx
from portal.organizations.models import Organization

#: So many addresses are taken at once.
MOST_INVITED = 50


class Outcome(StrEnum):
    """What became of one address of several."""

    INVITED = "invited"
    AGAIN = "again"
    GRANTED = "granted"
    ALREADY = "already"
    KEPT_OUT = "kept_out"
    TWICE = "twice"
    NO_ADDRESS = "no_address"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """What became of one address.

    token : of the link, kept nowhere; "" where there is none, or it goes by letter.
    """

    email: str
    outcome: Outcome
    person: Person | None = None
    token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitations:
    """Several invitations that differ in the address alone; see `Invitation`."""

    emails: Sequence[str]
    organization: Organization
    roles: frozenset[Role]
    by_letter: bool = False


def invite_all(tx: Tx, invitations: Invitations) -> list[Invited]:
    """Invite people, or let those who have a sign-in act for the organization, too.

    All of it is one write. What cannot be done for one address is said of that address.
    Raises FieldError if a role does not fit the organization, and ConflictError if somebody
    invited one of them for the first time at the same moment.
    """
    fit(tx, invitations.organization, invitations.roles)
    known = _hold_known(tx, invitations.emails)
    return [_invite_one(tx, it, known.get(it), invitations) for it in invitations.emails]


def _hold_known(tx: Tx, emails: Sequence[str]) -> dict[str, Person]:
    """Return those who have a sign-in, by address, held in one order by all who do so.

    Whoever else invites them waits, and then ends the link that was made here.
    """
    found = tx.session.scalars(
        select(Person)
        .where(Person.email.in_(emails))
        .order_by(Person.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {person.email: person for person in found}


def _invite_one(tx: Tx, email: str, person: Person | None, invitations: Invitations) -> Invited:
    organization, by_letter = invitations.organization, invitations.by_letter
    if person is None:
        invitation = Invitation(
            email=email,
            organization=organization,
            roles=invitations.roles,
            by_letter=by_letter,
        )
        person, token = invite_new(tx, invitation)
        return Invited(email=email, outcome=Outcome.INVITED, person=person, token=token)
    if person.state is PersonState.SUSPENDED:
        return Invited(email=email, outcome=Outcome.KEPT_OUT, person=person)
    acts = tx.session.scalar(
        select(Membership.id).where(
            Membership.person_id == person.id,
            Membership.organization_id == organization.id,
            Membership.state == MembershipState.ACTIVE,
        )
    )
    if acts is None:
        grant(tx, person, organization, roles=invitations.roles)
        tx.session.flush()
    if person.state is PersonState.INVITED and may_invite_again(tx, person):
        token = invite_again(tx, person, by_letter=by_letter)
        return Invited(email=email, outcome=Outcome.AGAIN, person=person, token=token)
    outcome = Outcome.GRANTED if acts is None else Outcome.ALREADY
    return Invited(email=email, outcome=outcome, person=person)

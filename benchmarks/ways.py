"""The eleven ways to lose an entitlement."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from benchmarks import world
from benchmarks.world import Visa
from portal.accounts import operations as accounts
from portal.accounts.models import Membership, Person, SignIn
from portal.accounts.queries import get_person_by_email
from portal.accounts.states import SignInState
from portal.core.actor import Role
from portal.incidents import operations as incidents
from portal.journal.audience import PARTNERS, sector
from portal.journal.transaction import Tx
from portal.organizations import operations as organizations
from portal.organizations.models import Organization


@dataclass(frozen=True, slots=True)
class Way:
    """One way to lose an entitlement.

    lose : does it, in one write, to whoever the visas are of.
    room : to whom the content goes that comes after.
    each : how many sessions a person has; all but the first are watched where it is two.
    """

    name: str
    lose: Callable[[Tx, Sequence[Visa]], None]
    room: str = PARTNERS
    each: int = 1


def _people(tx: Tx, visas: Sequence[Visa]) -> list[Person]:
    emails = {visa.email for visa in visas}
    return [
        person for email in sorted(emails) if (person := get_person_by_email(tx.session, email))
    ]


def _memberships(tx: Tx, visas: Sequence[Visa]) -> list[Membership]:
    ids = [person.id for person in _people(tx, visas)]
    rows = tx.session.scalars(select(Membership).where(Membership.person_id.in_(ids)))
    return list(rows)


def _organizations(tx: Tx, visas: Sequence[Visa]) -> list[Organization]:
    ids = {it.organization_id for it in _memberships(tx, visas)}
    return list(tx.session.scalars(select(Organization).where(Organization.id.in_(ids))))


def _sign_out(tx: Tx, visas: Sequence[Visa]) -> None:
    for person in _people(tx, visas):
        accounts.end_sign_ins(tx, person.id, why="signed out")


def _end_elsewhere(tx: Tx, visas: Sequence[Visa]) -> None:
    """End all sessions of each but the first, as "end all others" does."""
    for person in _people(tx, visas):
        accounts.end_sign_ins(tx, person.id, why="ended by the person", but=_first(tx, person))


def _change_password(tx: Tx, visas: Sequence[Visa]) -> None:
    """Do to the others' sessions what a new password does."""
    for person in _people(tx, visas):
        accounts.end_sign_ins(tx, person.id, why="password changed", but=_first(tx, person))


def _first(tx: Tx, person: Person) -> int | None:
    mine = (SignIn.person_id == person.id, SignIn.state == SignInState.OPEN)
    return tx.session.scalar(
        select(SignIn.id).where(*mine).order_by(SignIn.id.desc()).offset(1)
    )


def _suspend_people(tx: Tx, visas: Sequence[Visa]) -> None:
    for person in _people(tx, visas):
        accounts.suspend(tx, person, reason="For the benchmark.")


def _suspend_organizations(tx: Tx, visas: Sequence[Visa]) -> None:
    for organization in _organizations(tx, visas):
        organizations.suspend(tx, organization, reason="For the benchmark.")


def _take_the_desk_away(tx: Tx, visas: Sequence[Visa]) -> None:
    for membership in _memberships(tx, visas):
        accounts.change_roles(tx, membership, roles=frozenset({Role.OBSERVER}))


def _take_a_sector_away(tx: Tx, visas: Sequence[Visa]) -> None:
    for it in _organizations(tx, visas):
        particulars = organizations.OrganizationParticulars(
            name=it.name, kind=it.kind, sectors=("RETAIL",), counties=it.counties
        )
        organizations.revise(tx, it, particulars)


def _end_memberships(tx: Tx, visas: Sequence[Visa]) -> None:
    for membership in _memberships(tx, visas):
        accounts.end_membership(tx, membership, reason="For the benchmark.")


def _reset_factors(tx: Tx, visas: Sequence[Visa]) -> None:
    for person in _people(tx, visas):
        accounts.reset_factors(tx, person, call_back="For the benchmark.")


def _let_time_pass(_tx: Tx, _visas: Sequence[Visa]) -> None:
    """Do nothing: these sessions end by the clock."""


def _close_the_incident(tx: Tx, _visas: Sequence[Visa]) -> None:
    incidents.close(tx, world.incident_of(tx.session), reason="For the benchmark.")


BY_CLOCK = "session over by the clock"
DESK = "role taken away"
CLOSED = "incident closed"

#: In this order, as the last leaves nothing to follow.
WAYS = (
    Way("signed out", _sign_out),
    Way("ended from another device", _end_elsewhere, each=2),
    Way("password changed elsewhere", _change_password, each=2),
    Way("second factor reset", _reset_factors),
    Way(BY_CLOCK, _let_time_pass),
    Way("sector taken away", _take_a_sector_away, room=sector("ENER")),
    Way(DESK, _take_the_desk_away),
    Way("person suspended", _suspend_people),
    Way("organization suspended", _suspend_organizations),
    Way("membership ended", _end_memberships),
    Way(CLOSED, _close_the_incident),
)

"""The small world that most tests live in, made through operations like everything else.

An agency with a person for each role, two competing companies of one sector in different
regions, an association that both are members of, and a company of another sector elsewhere.
One exercise is open; incident 0 is there as always.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from argon2 import PasswordHasher
from sqlalchemy import select

from portal.accounts import operations as accounts
from portal.accounts.models import Membership, Person, Ticket
from portal.accounts.queries import actor_of, hash_token
from portal.core.actor import SYSTEM, Actor, Role
from portal.incidents import operations as incidents
from portal.incidents.models import Incident
from portal.incidents.operations import IncidentParticulars
from portal.journal.transaction import transaction
from portal.organizations import operations as organizations
from portal.organizations.models import Organization
from portal.organizations.operations import ContactParticulars, OrganizationParticulars
from portal.organizations.states import OrganizationKind
from tests import passkeys

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

PASSWORD = "a password for tests only"

#: A hash names its own cost, so that signing in with this one is quick.
PASSWORD_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)

CODE = "EX27"

# By key: name, kind, sectors and counties. Jasper and Newton are in region D, St. Louis
# County in C, Jackson in A.
ORGANIZATIONS = {
    "agency": ("State Emergency Agency", "agency", (), ()),
    "alpha": ("Alpha Fuel", "company", ("ENER", "RETAIL"), ("29097", "29145")),
    "bravo": ("Bravo Petroleum", "company", ("ENER",), ("29189",)),
    "charlie": ("Charlie Grocers", "company", ("FOOD",), ("29095",)),
    "guild": ("Fuel Haulers Guild", "association", ("ENER", "TRAN"), ("29097",)),
}

# By name, of which organization and in which role.
PEOPLE = {
    "alpha": ("alpha", Role.LIAISON),
    "alpha_admin": ("alpha", Role.ORG_ADMIN),
    "bravo": ("bravo", Role.LIAISON),
    "charlie": ("charlie", Role.LIAISON),
    "guild": ("guild", Role.LIAISON),
    "moderator": ("agency", Role.MODERATOR),
    "moderator2": ("agency", Role.MODERATOR),
    "mop3": ("agency", Role.MOP3),
    "cikr": ("agency", Role.CIKR),
    "erac": ("agency", Role.ERAC),
    "logistics": ("agency", Role.LOGISTICS),
    "records": ("agency", Role.RECORDS),
    "admin": ("agency", Role.ADMIN),
    "observer": ("agency", Role.OBSERVER),
}


@dataclass(frozen=True, slots=True)
class Inhabitant:
    """A person of the world, by what tests need of them."""

    id: int
    membership_id: int
    organization_id: int
    reference: str
    email: str
    role: Role


@dataclass(frozen=True, slots=True)
class Party:
    """An organization of the world."""

    id: int
    reference: str
    name: str


@dataclass(frozen=True, slots=True)
class World:
    """Names for what is there; `actor` and `incident` are read from the test's own session.

    Tests of one worker share them, so nobody can add to them: `replace` makes a wider world.
    """

    people: Mapping[str, Inhabitant]
    organizations: Mapping[str, Party]
    incident_id: int
    code: str = CODE
    session: Session | None = field(default=None, repr=False)

    def within(self, session: Session) -> World:
        """Return the same world as another session sees it, such as that of a thread."""
        return replace(self, session=session)

    def actor(self, name: str) -> Actor:
        """Return who acts as `name`, as things now stand; fails for those who may not act."""
        actor = actor_of(self._read(), self.people[name].id)
        assert actor is not None, f"{name} may not act"
        return actor

    def person(self, name: str) -> Person:
        """Return the row of a person."""
        return self._read().get_one(Person, self.people[name].id)

    def membership(self, name: str) -> Membership:
        """Return the row of a person's membership."""
        return self._read().get_one(Membership, self.people[name].membership_id)

    def organization(self, name: str) -> Organization:
        """Return the row of an organization."""
        return self._read().get_one(Organization, self.organizations[name].id)

    @property
    def incident(self) -> Incident:
        """Return the row of the open incident."""
        return self._read().get_one(Incident, self.incident_id)

    @property
    def daily(self) -> Incident:
        """Return the row of incident 0, day-to-day operations."""
        return self._read().get_one(Incident, 0)

    def _read(self) -> Session:
        assert self.session is not None, "use world.within(session)"
        return self.session


def make_world(session: Session) -> World:
    """Make the world in a migrated, empty database."""
    parties = _make_organizations(session)
    people = {
        name: add_person(session, session.get_one(Organization, parties[of].id), role, name)
        for name, (of, role) in PEOPLE.items()
    }
    admin = actor_of(session, people["admin"].id)
    assert admin is not None
    incident = open_incident(session, admin, code=CODE)
    return World(MappingProxyType(people), MappingProxyType(parties), incident.id)


def _make_organizations(session: Session) -> dict[str, Party]:
    made = {}
    for key, (name, kind, sectors, counties) in ORGANIZATIONS.items():
        row = add_organization(
            session, name, kind=OrganizationKind(kind), sectors=sectors, counties=counties
        )
        made[key] = Party(row.id, row.reference, row.name)
    with transaction(session, SYSTEM) as tx:
        guild = session.get_one(Organization, made["guild"].id)
        for member in ("alpha", "bravo"):
            company = session.get_one(Organization, made[member].id)
            organizations.add_member(tx, guild, company)
    return made


def add_organization(
    session: Session,
    name: str,
    *,
    kind: OrganizationKind = OrganizationKind.COMPANY,
    sectors: tuple[str, ...] = ("ENER",),
    counties: tuple[str, ...] = ("29097",),
    by: Actor = SYSTEM,
) -> Organization:
    """Take an organization into the partnership."""
    with transaction(session, by) as tx:
        return organizations.register(
            tx,
            OrganizationParticulars(
                name=name,
                kind=kind,
                sectors=sectors,
                counties=counties,
                contacts=(
                    ContactParticulars(
                        name=f"Duty desk of {name}",
                        telephone="573-555-0123",
                        email="duty@world.example",
                    ),
                ),
            ),
        )


def add_person(
    session: Session, organization: Organization, role: Role, name: str
) -> Inhabitant:
    """Invite somebody, and take up the invitation in their name."""
    email = f"{name}@world.example"
    with transaction(session, SYSTEM) as tx:
        invitation = accounts.Invitation(
            email=email, organization=organization, roles=frozenset({role})
        )
        person, token = accounts.invite(tx, invitation)
    actor = actor_of(session, person.id)
    assert actor is not None
    ticket = session.scalars(select(Ticket).where(Ticket.token_hash == hash_token(token))).one()
    passkey = passkeys.of_person(email)
    with transaction(session, actor) as tx:
        accounts.join(tx, ticket, name=_spoken(name), password_hash=PASSWORD_HASH)
        accounts.add_passkey(
            tx,
            person,
            accounts.NewPasskey(
                name="Test",
                credential_id=passkey.name,
                public_key=passkey.public_key,
                sign_count=0,
            ),
        )
        accounts.renew_codes(tx, person, [("0000", PASSWORD_HASH)])
        accounts.accept_terms(tx, person, version=accounts.TERMS_VERSION)
    return Inhabitant(
        person.id, actor.membership_id or 0, organization.id, person.reference, email, role
    )


def _spoken(name: str) -> str:
    return name.replace("_", " ").title() + " Person"


def open_incident(
    session: Session, actor: Actor, *, code: str, is_exercise: bool = True
) -> Incident:
    """Open an incident whose particulars do not matter."""
    particulars = IncidentParticulars(
        name="Tornado and Flood",
        types=("T", "F"),
        counties=("29097", "29145"),
        level="partial",
        time_zone="America/Chicago",
        telephone="573-555-0100",
        email="seoc@world.example",
        bridge="573-555-0102, code 4471",
    )
    with transaction(session, actor) as tx:
        return incidents.open_incident(tx, particulars, code=code, is_exercise=is_exercise)

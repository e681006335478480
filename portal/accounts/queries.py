"""Reading accounts, and building the Actor."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from portal.accounts.models import Membership, Person, SignIn, Ticket
from portal.accounts.states import MembershipState, PersonState, SignInState, TicketPurpose
from portal.core import clock
from portal.core.actor import STAFF_ROLES, Actor, Role
from portal.journal.models import Entry, Words
from portal.organizations.models import Organization
from portal.organizations.queries import regions_of
from portal.organizations.states import OrganizationState

#: How long a session lives without a request; staff sit at shared desks.
IDLE = timedelta(minutes=60)
IDLE_STAFF = timedelta(minutes=30)

#: How many people the overview shows at once; more are found by searching.
PEOPLE_PAGE = 200

#: How many of the latest deeds a person's page tells.
DEEDS = 50


@dataclass(frozen=True, slots=True)
class Deed:
    """One entry about a person. by : who did it, "" for the portal itself."""

    move: str
    at: datetime
    by: str
    words: Mapping[str, Any]


def hash_token(token: str) -> str:
    """Return what is kept of a token: its SHA-256, hexadecimal."""
    return hashlib.sha256(token.encode()).hexdigest()


Standing = tuple[Person, Membership, Organization]


def _standings() -> Select[Person, Membership, Organization]:
    return (
        select(Person, Membership, Organization)
        .join(Membership, Membership.person_id == Person.id)
        .join(Organization, Organization.id == Membership.organization_id)
    )


def _may_act(*, joined: bool = True) -> ColumnElement[bool]:
    person = (
        Person.state == PersonState.ACTIVE if joined else Person.state != PersonState.SUSPENDED
    )
    return and_(
        person,
        Membership.state == MembershipState.ACTIVE,
        Organization.state == OrganizationState.ACTIVE,
    )


def _epoch(standing: Standing) -> str:
    return ".".join(str(row.version) for row in standing)


def _actor(standing: Standing, sign_in_id: int | None = None) -> Actor:
    person, membership, organization = standing
    return Actor(
        person_id=person.id,
        name=person.name or person.email,
        organization_id=organization.id,
        organization_name=organization.name,
        organization_kind=organization.kind,
        membership_id=membership.id,
        sign_in_id=sign_in_id,
        roles=frozenset(Role(role) for role in membership.roles),
        sectors=organization.sectors,
        regions=regions_of(organization.counties),
        epoch=_epoch(standing),
        is_demo=person.is_demo,
    )


def idle_limit(roles: frozenset[Role]) -> timedelta:
    """Return how long a session of these roles lives without a request."""
    return IDLE_STAFF if roles & STAFF_ROLES else IDLE


def ends_by_clock(sign_in: SignIn, roles: frozenset[Role]) -> datetime:
    """Return when the session ends if no request comes."""
    return min(sign_in.ends_at, sign_in.last_seen_at + idle_limit(roles))


def get_signed_in(session: Session, token: str) -> tuple[Actor, SignIn] | None:
    """Return who acts through the token's session, or None when it has ended in any way."""
    found = session.execute(
        _standings()
        .add_columns(SignIn)
        .join(SignIn, SignIn.membership_id == Membership.id)
        .where(
            SignIn.token_hash == hash_token(token), SignIn.state == SignInState.OPEN, _may_act()
        )
    ).first()
    if found is None:
        return None
    *standing, sign_in = found
    actor = _actor((standing[0], standing[1], standing[2]), sign_in.id)
    if ends_by_clock(sign_in, actor.roles) <= clock.now():
        return None
    return actor, sign_in


def epoch_of(session: Session, actor: Actor) -> str | None:
    """Return the actor's epoch as it now stands, under a shared lock; None if it may not act.

    The lock lets a suspension wait for the writes already under way, so that none commits
    after it. Whoever has no session yet comes by a link, which changes the person: sharing
    the lock first, two who open one link would wait for each other for ever.
    """
    query = _standings().where(Membership.id == actor.membership_id, _may_act(joined=False))
    query = (
        query.with_for_update(of=Person, key_share=True)
        if actor.sign_in_id is None
        else query.with_for_update(read=True)
    )
    standing = session.execute(query.execution_options(populate_existing=True)).first()
    if standing is None:
        return None
    if actor.sign_in_id is not None:
        sign_in = session.get(SignIn, actor.sign_in_id, populate_existing=True)
        if sign_in is None or sign_in.state is not SignInState.OPEN:
            return None
        if ends_by_clock(sign_in, actor.roles) <= clock.now():
            return None
    person, membership, organization = standing
    return _epoch((person, membership, organization))


def get_person_by_email(session: Session, email: str) -> Person | None:
    """Return the person who signs in with this address."""
    return session.scalar(select(Person).where(Person.email == email.strip().lower()))


def get_person(session: Session, reference: str) -> tuple[Person, Membership] | None:
    """Return a person with the membership and its organization."""
    found = session.execute(
        select(Person, Membership)
        .join(Membership, Membership.person_id == Person.id)
        .where(Person.reference == reference)
        .options(joinedload(Membership.organization))
    ).first()
    return None if found is None else (found[0], found[1])


def actor_of(session: Session, person_id: int) -> Actor | None:
    """Return the actor for a person's active membership, before any session is open."""
    standing = session.execute(
        _standings()
        .where(Person.id == person_id, _may_act(joined=False))
        .order_by(Membership.id)
        .limit(1)
    ).first()
    if standing is None:
        return None
    person, membership, organization = standing
    return _actor((person, membership, organization))


Listed = tuple[Person, Membership, datetime | None]


def list_people(session: Session, words: str = "") -> list[Listed]:
    """Return people, their membership with its organization, and when they were last seen.

    By organization and name, at most `PEOPLE_PAGE`; only those in whose name, address or
    organization the words occur.
    """
    seen = func.max(SignIn.last_seen_at)
    last = select(SignIn.person_id, seen.label("at")).group_by(SignIn.person_id).subquery()
    query = (
        select(Person, Membership, last.c.at)
        .join(Membership, Membership.person_id == Person.id)
        .join(Membership.organization)
        .outerjoin(last, last.c.person_id == Person.id)
        .options(contains_eager(Membership.organization))
        .order_by(Organization.name, Person.name, Person.email)
        .limit(PEOPLE_PAGE)
    )
    if words:
        places = (Person.name, Person.email, Organization.name)
        query = query.where(or_(*(it.icontains(words, autoescape=True) for it in places)))
    return [(person, membership, at) for person, membership, at in session.execute(query)]


def list_demo_people(session: Session) -> list[tuple[Person, Membership]]:
    """Return the demo's people who sign in, with their organization, in the order of making."""
    rows = session.execute(
        select(Person, Membership)
        .join(Membership, Membership.person_id == Person.id)
        .where(
            Person.is_demo,
            Person.state == PersonState.ACTIVE,
            Person.email.endswith("@demo.example"),  # others only stand on the roster
        )
        .options(joinedload(Membership.organization))
        .order_by(Person.id)
    )
    return [(person, membership) for person, membership in rows]


def list_sign_ins(session: Session, person_id: int, roles: frozenset[Role]) -> list[SignIn]:
    """Return the sessions of a person of these roles that are open now, latest first."""
    rows = session.scalars(
        select(SignIn)
        .where(
            SignIn.person_id == person_id,
            SignIn.state == SignInState.OPEN,
            SignIn.last_seen_at > clock.now() - idle_limit(roles),
            SignIn.ends_at > clock.now(),
        )
        .order_by(SignIn.last_seen_at.desc(), SignIn.id.desc())
    )
    return list(rows)


def get_sign_in(session: Session, sign_in_id: int, person_id: int) -> SignIn | None:
    """Return one open session of the person."""
    return session.scalar(
        select(SignIn).where(SignIn.id == sign_in_id, SignIn.person_id == person_id)
    )


def get_ticket(session: Session, token: str, purpose: TicketPurpose) -> Ticket | None:
    """Return the ticket behind a link, used or not, with its person."""
    return session.scalar(
        select(Ticket)
        .where(Ticket.token_hash == hash_token(token), Ticket.purpose == purpose)
        .options(joinedload(Ticket.person))
    )


def list_deeds(session: Session, person: Person, membership: Membership) -> list[Deed]:
    """Return what was done to a person and the membership, latest first; for administrators."""
    about = or_(
        and_(Entry.subject == "person", Entry.subject_id == person.id),
        and_(Entry.subject == "membership", Entry.subject_id == membership.id),
    )
    rows = session.execute(
        select(Entry.move, Entry.at, Person.name, Words.data)
        .outerjoin(Person, Person.id == Entry.person_id)
        .outerjoin(Words, and_(Words.incident_id == Entry.incident_id, Words.seq == Entry.seq))
        .where(Entry.incident_id == 0, about)
        .order_by(Entry.seq.desc())
        .limit(DEEDS)
    )
    return [Deed(move, at, by or "", json.loads(data or "{}")) for move, at, by, data in rows]


def names_of(session: Session, person_ids: set[int]) -> dict[int, str]:
    """Return people's names by id."""
    if not person_ids:
        return {}
    rows = session.execute(select(Person.id, Person.name).where(Person.id.in_(person_ids)))
    return {row.id: row.name for row in rows}

"""Reading people: who they are, and what was done to them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from portal.accounts.models import Membership, Person, SignIn
from portal.accounts.states import MembershipState, PersonState
from portal.journal.models import Entry, Words
from portal.journal.notes import QUIET
from portal.organizations.models import Organization

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


def get_person_by_email(session: Session, email: str) -> Person | None:
    """Return the person who signs in with this address."""
    return session.scalar(select(Person).where(Person.email == email.strip().lower()))


def get_person(session: Session, reference: str) -> tuple[Person, list[Membership]] | None:
    """Return a person with all memberships, those that ended last, and their organizations."""
    person = session.scalar(select(Person).where(Person.reference == reference))
    return None if person is None else (person, list_memberships(session, person.id))


def list_memberships(session: Session, person_id: int) -> list[Membership]:
    """Return a person's memberships with their organizations, those that ended last."""
    rows = session.scalars(
        select(Membership)
        .where(Membership.person_id == person_id)
        .options(joinedload(Membership.organization))
        .order_by(Membership.state, Membership.id)  # "active" comes before "ended"
    )
    return list(rows)


def get_membership(session: Session, person_id: int, organization_id: int) -> Membership | None:
    """Return a person's membership of an organization, ended or not, with its organization."""
    return session.scalar(
        select(Membership)
        .where(Membership.person_id == person_id, Membership.organization_id == organization_id)
        .options(joinedload(Membership.organization))
    )


def list_colleagues(session: Session, organization_id: int) -> list[Membership]:
    """Return the active memberships of an organization with their people, by name."""
    rows = session.scalars(
        select(Membership)
        .join(Membership.person)
        .where(
            Membership.organization_id == organization_id,
            Membership.state == MembershipState.ACTIVE,
        )
        .options(contains_eager(Membership.person))
        .order_by(Person.name, Person.email)
    )
    return list(rows)


def list_kept(session: Session, organization_id: int) -> list[Membership]:
    """Return all memberships of an organization with their people, those that ended last."""
    rows = session.scalars(
        select(Membership)
        .join(Membership.person)
        .where(Membership.organization_id == organization_id)
        .options(contains_eager(Membership.person))
        .order_by(Membership.state, Person.name, Person.email)
        .limit(PEOPLE_PAGE)
    )
    return list(rows)


def get_kept(
    session: Session, organization_id: int, reference: str
) -> tuple[Person, Membership] | None:
    """Return a person by reference with the membership of an organization, ended or not."""
    found = session.execute(
        select(Person, Membership)
        .join(Membership, Membership.person_id == Person.id)
        .where(Person.reference == reference, Membership.organization_id == organization_id)
        .options(joinedload(Membership.organization))
    ).first()
    return None if found is None else (found[0], found[1])


def acts_for_one(session: Session, person_id: int) -> bool:
    """Return whether a person acts for one organization and no other."""
    count = (
        select(func.count())
        .select_from(Membership)
        .where(Membership.person_id == person_id, Membership.state == MembershipState.ACTIVE)
    )
    return session.scalar(count) == 1


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


def list_deeds(
    session: Session, person: Person, memberships: Iterable[Membership]
) -> list[Deed]:
    """Return what was done to a person and memberships, latest first; for administrators."""
    ids = [it.id for it in memberships]
    about = or_(
        and_(Entry.subject == "person", Entry.subject_id == person.id),
        and_(Entry.subject == "membership", Entry.subject_id.in_(ids)),
    )
    rows = session.execute(
        select(Entry.move, Entry.at, Person.name, Words.data)
        .outerjoin(Person, Person.id == Entry.person_id)
        .outerjoin(Words, and_(Words.incident_id == Entry.incident_id, Words.seq == Entry.seq))
        .where(Entry.incident_id == 0, about, Entry.move.not_in(QUIET))
        .order_by(Entry.seq.desc())
        .limit(DEEDS)
    )
    return [Deed(move, at, by or "", json.loads(data or "{}")) for move, at, by, data in rows]


def people_by_id(session: Session, ids: Iterable[int]) -> dict[int, Person]:
    """Return people by id."""
    rows = session.scalars(select(Person).where(Person.id.in_(sorted(ids))))
    return {person.id: person for person in rows}


def names_of(session: Session, person_ids: set[int]) -> dict[int, str]:
    """Return people's names by id."""
    if not person_ids:
        return {}
    rows = session.execute(select(Person.id, Person.name).where(Person.id.in_(person_ids)))
    return {row.id: row.name for row in rows}

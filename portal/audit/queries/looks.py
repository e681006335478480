"""Who looked at an organization's data: what its own people are told."""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from portal.accounts.models import Person
from portal.audit.queries.wording import look_of, roles_in
from portal.core.actor import Actor
from portal.journal.audience import org, rooms_of
from portal.journal.models import Entry, Words
from portal.organizations.models import Organization

#: Looks on one page.
PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look. by_for : in which roles, and for which organization, as of then."""

    at: datetime
    by: str
    by_for: str
    what: str
    is_export: bool


def get_own(session: Session, reference: str, actor: Actor) -> Organization | None:
    """Return the organization of this reference if the actor is one of its own people."""
    if actor.organization_id is None or org(actor.organization_id) not in rooms_of(actor):
        return None
    return session.scalar(
        select(Organization).where(
            Organization.reference == reference, Organization.id == actor.organization_id
        )
    )


def list_looks(
    session: Session,
    actor: Actor,
    organization_id: int,
    *,
    before: datetime | None = None,
    limit: int = PAGE,
) -> list[Look]:
    """Return who of others looked at the organization's data, latest first, at most `limit`.

    Nothing for whoever is not one of its own people. before : go back from this instant.
    """
    if org(organization_id) not in rooms_of(actor):
        return []
    query = (
        select(Entry.at, Entry.move, Person.name, Organization.name.label("by_for"), Words.data)
        .outerjoin(Person, Person.id == Entry.person_id)
        .outerjoin(Organization, Organization.id == Entry.organization_id)
        .outerjoin(Words, and_(Words.incident_id == Entry.incident_id, Words.seq == Entry.seq))
        .where(
            Entry.incident_id == 0,
            Entry.subject == "organization",
            Entry.subject_id == organization_id,
            Entry.move.in_(("look", "export")),
        )
        .order_by(Entry.seq.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(Entry.at < before)
    return [
        _look(at, move, name, by_for, data)
        for at, move, name, by_for, data in session.execute(query)
    ]


def _look(at: datetime, move: str, name: str | None, by_for: str | None, data: str) -> Look:
    words = json.loads(data or "{}")
    roles = roles_in(words.get("roles", ()))
    return Look(
        at=at,
        by=name or "",
        by_for=", ".join(filter(None, [roles, by_for])),
        what=look_of(words),
        is_export=move == "export",
    )

"""The ERAC desk's side: what waits, how it is found, what looks like a duplicate."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from statistics import median
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    bindparam,
    exists,
    func,
    select,
    type_coerce,
)
from sqlalchemy.orm import Session

from portal.accounts.models import Membership, Person
from portal.accounts.states import MembershipState, PersonState
from portal.core import clock
from portal.core.actor import Actor, Role
from portal.core.columns import Instant
from portal.incidents.models import Incident
from portal.incidents.states import IncidentState
from portal.journal.audience import ERAC
from portal.offers.models import Offer, OfferTag, SavedView
from portal.offers.queries.lists import PAGE
from portal.offers.queries.offers import OfferView, project, select_offers
from portal.offers.states import SENT, UNSETTLED, WAITING, OfferState, ViewState

#: What the desk can be shown of, in words.
SHOWN: Mapping[str, str] = {
    "": "Unanswered",
    "late": "Late",
    "mine": "Mine",
    "asked": "Asked",
    "ending": "Ends in 6 hours",
    "listed": "Listed",
    "all": "All",
}
ENDING = timedelta(hours=6)
SOON = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which offers the desk shows: all that is set has to hold.

    show : a key of `SHOWN`. tags: of `OfferTag`. priority: code of `offer-priorities`, or "".
    """

    show: str = ""
    tags: tuple[str, ...] = ()
    priority: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many offers of an incident are unanswered, late, due soon, the actor's, ending."""

    unanswered: int
    late: int
    soon: int
    mine: int
    ending: int


def list_desk(
    session: Session,
    incident_id: int,
    actor: Actor,
    filters: Filters = Filters(),
    *,
    before: datetime | None = None,
    limit: int = PAGE,
) -> list[OfferView]:
    """Return the offers that the desk is shown: what is unanswered by when it is due.

    Everything else by when it was sent, latest first; before: go back from this time.
    """
    query = select_offers().where(Offer.incident_id == incident_id)
    query = query.where(*_shown(filters.show, actor))
    if filters.priority:
        query = query.where(Offer.priority == filters.priority)
    if is_by_due(filters):
        query = _tagged(query, incident_id, filters.tags).order_by(Offer.answer_by, Offer.id)
    else:
        query, order = _latest(query, incident_id, filters.tags)
        if before is not None:
            query = query.where(order < before)
        query = query.order_by(order.desc())
    views = (project(offer, ERAC) for offer in session.scalars(query.limit(limit)))
    return [view for view in views if view is not None]


def owners_of(session: Session, references: Iterable[str]) -> dict[int, str]:
    """Return the organizations that own these offers, with the offer's reference if it is one.

    What an export notes of them, see `portal.journal.looks`.
    """
    rows = session.execute(
        select(Offer.organization_id, func.count(), func.min(Offer.reference))
        .where(Offer.reference.in_(sorted(references)))
        .group_by(Offer.organization_id)
    )
    return {owner: reference if count == 1 else "" for owner, count, reference in rows}


def is_by_due(filters: Filters) -> bool:
    """Return whether these offers are in the order in which they have to be answered."""
    return filters.show in {"", "late", "asked"}


def next_after(session: Session, incident_id: int, reference: str) -> str | None:
    """Return the reference of the offer to be answered next, beside this one."""
    return session.scalar(
        select(Offer.reference)
        .where(
            Offer.incident_id == incident_id,
            *_shown("", None),
            Offer.reference != reference,
        )
        .order_by(Offer.answer_by, Offer.id)
        .limit(1)
    )


def tally(session: Session, incident_id: int, actor: Actor) -> Tally:
    """Count what the desk has to do, nothing in a closed incident; each by its own index."""
    now = clock.now()
    values = {
        "incident_id": incident_id,
        "now": now,
        "soon": now + SOON,
        "ending": now + ENDING,
        "person_id": actor.person_id,
    }
    return Tally(**session.execute(_tally(), values).mappings().one())


@cache
def _tally() -> Select[Any]:
    """Return the question behind `tally`, put together once."""
    now, soon = bindparam("now", type_=Instant), bindparam("soon", type_=Instant)
    shown = _conditions(now, bindparam("ending", type_=Instant), bindparam("person_id"))
    conditions = {
        "unanswered": shown[""],
        "late": shown["late"],
        "soon": [*shown[""], Offer.answer_by > now, Offer.answer_by <= soon],
        "mine": shown["mine"],
        "ending": shown["ending"],
    }
    here = Offer.incident_id.in_(
        select(Incident.id).where(
            Incident.id == bindparam("incident_id"), Incident.state == IncidentState.OPEN
        )
    )
    counts = [
        select(func.count())
        .select_from(Offer)
        .where(here, *condition)
        .scalar_subquery()
        .label(name)
        for name, condition in conditions.items()
    ]
    return select(*counts)


def count_open(session: Session, incident_id: int) -> tuple[int, int]:
    """Return how many offers wait for an answer, and how many are listed and not over."""
    counts = [
        select(func.count())
        .select_from(Offer)
        .where(Offer.incident_id == incident_id, *condition)
        .scalar_subquery()
        for condition in (
            [Offer.state.in_(UNSETTLED), Offer.available_until > clock.now()],
            _shown("listed", None),
        )
    ]
    waiting, listed = session.execute(select(*counts)).one()
    return waiting, listed


def usual_answer(session: Session, incident_id: int) -> timedelta | None:
    """Return how long the latest answers of the last day took: the middle of them.

    For the cell alone: it is reckoned from everybody's offers.
    """
    rows = session.execute(
        select(Offer.waiting_since, Offer.answered_at)
        .where(
            Offer.incident_id == incident_id,
            Offer.answered_at > clock.now() - timedelta(hours=24),
        )
        .order_by(Offer.answered_at.desc())
        .limit(20)
    ).all()
    took = [(until - since).total_seconds() for since, until in rows if since and until]
    return timedelta(seconds=median(took)) if took else None


def list_cell(session: Session) -> list[Person]:
    """Return the people of the ERAC cell, by name."""
    rows = session.execute(
        select(Person, Membership.roles)
        .join(Membership, Membership.person_id == Person.id)
        .where(Membership.state == MembershipState.ACTIVE, Person.state == PersonState.ACTIVE)
        .where(type_coerce(Membership.roles, Text).contains(Role.ERAC.value))
        .order_by(Person.name)
    )
    return [person for person, roles in rows if Role.ERAC in roles]


def list_views(session: Session) -> list[SavedView]:
    """Return the desk's saved views, by name."""
    return list(
        session.scalars(
            select(SavedView).where(SavedView.state == ViewState.KEPT).order_by(SavedView.name)
        )
    )


def _shown(show: str, actor: Actor | None) -> list[ColumnElement[bool]]:
    now, person_id = clock.now(), actor.person_id if actor is not None else None
    return _conditions(now, now + ENDING, person_id)[show]


def _conditions(now: Any, ending: Any, person_id: Any) -> dict[str, list[ColumnElement[bool]]]:
    """Return by key of `SHOWN` which offers belong there; given values, or their parameters."""
    going = Offer.available_until > now
    return {
        "": [Offer.state.in_(WAITING), going],
        "late": [Offer.state.in_(UNSETTLED), Offer.answer_by <= now, going],
        "mine": [Offer.assignee_id == person_id, Offer.state.in_(SENT), going],
        "asked": [Offer.state == OfferState.QUESTION, going],
        "ending": [Offer.state.in_(SENT), going, Offer.available_until <= ending],
        "listed": [Offer.state == OfferState.LISTED, going],
        "all": [Offer.submitted_at.is_not(None)],
    }


def _has(incident_id: int, tag: str) -> ColumnElement[bool]:
    other: Any = OfferTag.__table__.alias()
    return exists().where(
        other.c.incident_id == incident_id,
        other.c.tag == tag,
        other.c.offer_id == Offer.id,
    )


def _tagged(query: Select[Offer], incident_id: int, tags: tuple[str, ...]) -> Select[Offer]:
    return query.where(*(_has(incident_id, tag) for tag in tags))


def _latest(
    query: Select[Offer], incident_id: int, tags: tuple[str, ...]
) -> tuple[Select[Offer], Any]:
    """Return the offers with all the tags, and what gives them in order from an index."""
    if not tags:
        return query, Offer.submitted_at
    first, *others = tags
    query = query.join(OfferTag, OfferTag.offer_id == Offer.id).where(
        OfferTag.incident_id == incident_id,
        OfferTag.tag == first,
        OfferTag.submitted_at.is_not(None),
    )
    return _tagged(query, incident_id, tuple(others)), OfferTag.submitted_at

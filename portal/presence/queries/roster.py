"""Reading check-ins: what each room may know of one, and who is here."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, contains_eager, joinedload, undefer

from portal.accounts.models import Membership, Person
from portal.accounts.states import MembershipState, PersonState
from portal.core.actor import Actor
from portal.journal.audience import PARTNERS, STAFF, class_of, org, rooms_of, visible_in
from portal.organizations.models import Organization
from portal.organizations.queries import regions_of
from portal.organizations.states import OrganizationState
from portal.presence.models import CheckIn
from portal.presence.states import CheckInState

#: People on the roster, and on one list of check-ins; callers to choose from.
ROSTER_PAGE = 500
LIST_PAGE = 2000
CALLERS = 1000

#: How far back a hand-over note is looked for, in check-outs of the organization.
_NOTES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceView:
    """What one room may know of a check-in; None or empty where it may not.

    Partners know of others that the organization is here, by which link and until when.

    sort         : the instant by which lists are ordered.
    is_over      : the clock has ended the shift, and nobody has checked out.
    is_connected : the person is here by the portal, and has a page of it open now.
    heard_at     : when such a page was last found open.
    """

    reference: str
    state: CheckInState
    sort: datetime
    organization: str
    sectors: tuple[str, ...]
    link: str
    until: datetime
    is_here: bool
    is_over: bool
    is_connected: bool = False
    heard_at: datetime | None = None
    name: str | None = None
    person_reference: str | None = None
    regions: tuple[str, ...] = ()
    assignment: str = ""
    since: datetime | None = None
    left_at: datetime | None = None
    telephone: str = ""
    decides: tuple[str, ...] = ()
    decides_up_to: str = ""
    hand_over: str = ""
    entered_by: str | None = None


@dataclass(frozen=True, slots=True)
class HandOver:
    """What a shift left to the next one of the same organization and assignment."""

    assignment: str
    note: str
    name: str
    at: datetime


def project(row: CheckIn, room: str) -> PresenceView | None:
    """Return what the room may know of the check-in now; None if the roster has no line of it.

    Partners see who is here; the own organization and staff also see who forgot to check out.
    """
    if room not in row.audience or row.state is CheckInState.OUT:
        return None
    if class_of(room) != PARTNERS:
        return whole(row)
    return _for_partners(row) if row.is_here else None


def whole(row: CheckIn) -> PresenceView:
    """Return all of a check-in, for its organization and staff."""
    return PresenceView(
        reference=row.reference,
        state=row.state,
        sort=_since(row),
        organization=row.organization.name,
        sectors=row.organization.sectors,
        link=row.link,
        until=row.until,
        is_here=row.is_here,
        is_over=row.is_over,
        is_connected=row.is_connected,
        heard_at=row.heard_at,
        name=row.person.name or row.person.email,
        person_reference=row.person.reference,
        regions=regions_of(row.organization.counties),
        assignment=row.assignment,
        since=_since(row),
        left_at=row.checked_out_at,
        telephone=row.telephone,
        decides=row.decides,
        decides_up_to=row.decides_up_to,
        hand_over=row.hand_over,
        entered_by=row.entered_by.name if row.entered_by else None,
    )


def _for_partners(row: CheckIn) -> PresenceView:
    return PresenceView(
        reference=row.reference,
        state=row.state,
        sort=_since(row),
        organization=row.organization.name,
        sectors=row.organization.sectors,
        link=row.link,
        until=row.until,
        is_here=row.is_here,
        is_over=row.is_over,
    )


def _since(row: CheckIn) -> datetime:
    return row.checked_in_at or row.moved_at


def _check_ins() -> Select[CheckIn]:
    return select(CheckIn).options(
        joinedload(CheckIn.organization),
        joinedload(CheckIn.person),
        joinedload(CheckIn.entered_by),
        undefer(CheckIn.connected_until),
        undefer(CheckIn.heard_at),
    )


def check_ins_by_id(session: Session, ids: Iterable[int]) -> dict[int, CheckIn]:
    """Return check-ins for rendering, whoever may see them: ask `project` next."""
    rows = session.scalars(_check_ins().where(CheckIn.id.in_(sorted(ids))))
    return {row.id: row for row in rows}


def get_check_in(
    session: Session, incident_id: int, reference: str, actor: Actor
) -> CheckIn | None:
    """Return the check-in if the actor may see all of it: the organization's own, or staff."""
    return session.scalar(
        _check_ins().where(
            CheckIn.incident_id == incident_id,
            CheckIn.reference == reference,
            visible_in("check_in", CheckIn.__table__.c.id, rooms_of(actor) - {PARTNERS}),
        )
    )


def get_own(session: Session, incident_id: int, actor: Actor) -> CheckIn | None:
    """Return the actor's own check-in that is not checked out."""
    return session.scalar(
        _check_ins().where(
            CheckIn.incident_id == incident_id,
            CheckIn.person_id == actor.person_id,
            CheckIn.state == CheckInState.IN,
        )
    )


def last_of(session: Session, person_id: int | None) -> CheckIn | None:
    """Return a person's latest check-in in any incident, from which the next is filled in."""
    return session.scalar(
        select(CheckIn)
        .where(CheckIn.person_id == person_id)
        .order_by(CheckIn.checked_in_at.desc())
        .limit(1)
    )


def list_roster(
    session: Session, incident_id: int, rooms: Iterable[str]
) -> dict[str, list[PresenceView]]:
    """Return for each room whom it sees, by name, at most the latest `ROSTER_PAGE` of all."""
    rows = session.scalars(
        _check_ins()
        .where(CheckIn.incident_id == incident_id, CheckIn.state == CheckInState.IN)
        .order_by(CheckIn.checked_in_at.desc())
        .limit(ROSTER_PAGE)
    ).all()
    found = {}
    for room in rooms:
        views = [view for row in rows if (view := project(row, room)) is not None]
        found[room] = sorted(views, key=lambda it: (it.name or it.organization, it.reference))
    return found


def rooms_for(actor: Actor) -> tuple[str, ...]:
    """Return in which rooms the actor reads the roster: staff's, or the own and partners'."""
    rooms = rooms_of(actor)
    if STAFF in rooms:
        return (STAFF,)
    own = org(actor.organization_id) if actor.organization_id is not None else ""
    return tuple(room for room in (own, PARTNERS) if room in rooms)


def list_check_ins(session: Session, incident_id: int) -> list[PresenceView]:
    """Return the shifts of an incident, oldest first, the latest `LIST_PAGE`; for staff."""
    rows = session.scalars(
        _check_ins()
        .where(CheckIn.incident_id == incident_id)
        .order_by(CheckIn.checked_in_at.desc())
        .limit(LIST_PAGE)
    ).all()
    return [whole(row) for row in reversed(rows)]


def organizations_of(session: Session, incident_id: int) -> list[int]:
    """Return the organizations that have check-ins in an incident, by id."""
    whose = select(CheckIn.organization_id).where(CheckIn.incident_id == incident_id)
    return list(session.scalars(whose.distinct().order_by(CheckIn.organization_id)))


def hand_overs(
    session: Session, incident_id: int, organization_id: int | None
) -> list[HandOver]:
    """Return the latest note that an organization's shifts left, one for each assignment."""
    rows = session.scalars(
        select(CheckIn)
        .where(
            CheckIn.incident_id == incident_id,
            CheckIn.organization_id == organization_id,
            CheckIn.checked_out_at.is_not(None),
        )
        .options(joinedload(CheckIn.person))
        .order_by(CheckIn.checked_out_at.desc())
        .limit(_NOTES)
    )
    notes: dict[str, HandOver] = {}
    for row in rows:
        if row.hand_over and row.checked_out_at:
            note = HandOver(row.assignment, row.hand_over, row.person.name, row.checked_out_at)
            notes.setdefault(row.assignment, note)
    return list(notes.values())


def list_callers(session: Session, actor: Actor) -> list[Membership]:
    """Return for whom one can be checked in by somebody else, at most `CALLERS`.

    By organization and name, with both.
    """
    rows = session.scalars(
        select(Membership)
        .join(Membership.person)
        .join(Membership.organization)
        .where(
            Person.state == PersonState.ACTIVE,
            Membership.state == MembershipState.ACTIVE,
            Organization.state == OrganizationState.ACTIVE,
            Person.id != actor.person_id,
        )
        .options(contains_eager(Membership.person), contains_eager(Membership.organization))
        .order_by(Organization.name, Person.name)
        .limit(CALLERS)
    )
    return list(rows)

"""Who is here at a glance: by cell for staff, by sector for partners; one statement."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, undefer

from portal.core import codes
from portal.core.actor import Actor
from portal.journal.audience import PARTNERS, STAFF, class_of
from portal.organizations.states import OrganizationKind
from portal.presence.models import CheckIn
from portal.presence.queries.roster import ROSTER_PAGE, PresenceView, project, rooms_for
from portal.presence.states import CheckInState


@dataclass(frozen=True, slots=True)
class Group:
    """Those under one heading.

    code     : of `assignments` for staff, of `sectors` for partners; "" for other agencies.
    here     : people for staff; organizations for partners.
    deciders : who of them may decide now, longest here first; nobody where names are not known.
    until    : when the last of them leaves.
    """

    code: str
    here: int
    deciders: tuple[PresenceView, ...] = ()
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """Who is here, as one person may know it.

    own           : the person's own check-in that is not checked out.
    groups        : in the order of their code list, those with nobody left out.
    colleagues    : of the person's own organization, for partners.
    links         : how many people, or for partners organizations, by code of `links`.
    here          : their number.
    organizations : how many organizations are here that are no agencies.
    """

    own: CheckIn | None = None
    groups: list[Group] = field(default_factory=list)
    colleagues: Group | None = None
    links: dict[str, int] = field(default_factory=dict)
    here: int = 0
    organizations: int = 0


def glance(session: Session, incident_id: int, actor: Actor) -> Glance:
    """Return who is here, of the latest `ROSTER_PAGE` check-ins, and the actor's own."""
    is_own = CheckIn.person_id == actor.person_id
    rows = session.scalars(
        select(CheckIn)
        .options(
            joinedload(CheckIn.organization),
            joinedload(CheckIn.person),
            joinedload(CheckIn.entered_by),
            undefer(CheckIn.connected_until),
            undefer(CheckIn.heard_at),
        )
        .where(CheckIn.incident_id == incident_id, CheckIn.state == CheckInState.IN)
        .order_by(is_own.desc(), CheckIn.checked_in_at.desc())
        .limit(ROSTER_PAGE)
    ).all()
    own = next((row for row in rows if row.person_id == actor.person_id), None)
    partners = {
        row.organization_id
        for row in rows
        if row.is_here and row.organization.kind is not OrganizationKind.AGENCY
    }
    seen = {room: _seen(rows, room) for room in rooms_for(actor)}
    found = _for_staff(seen[STAFF]) if actor.is_staff else _for_partners(seen)
    return replace(found, own=own, organizations=len(partners))


def _seen(rows: Sequence[CheckIn], room: str) -> list[PresenceView]:
    views = (project(row, room) for row in rows)
    return [view for view in views if view is not None and view.is_here]


def _for_staff(views: list[PresenceView]) -> Glance:
    groups = [
        _group(code, [view for view in views if view.assignment == code])
        for code in codes.load("assignments")
    ]
    return Glance(
        groups=[group for group in groups if group.here],
        links=_links(views),
        here=len(views),
    )


def _for_partners(seen: dict[str, list[PresenceView]]) -> Glance:
    own = [views for room, views in seen.items() if class_of(room) == "org"]
    one_each = _one_each(seen.get(PARTNERS, []))
    groups = [
        _group(
            code, [it for it in one_each if (code in it.sectors if code else not it.sectors)]
        )
        for code in ("", *codes.load("sectors"))
    ]
    return Glance(
        groups=[group for group in groups if group.here],
        colleagues=_group("", own[0]) if own else None,
        links=_links(one_each),
        here=len(one_each),
    )


def _group(code: str, views: list[PresenceView]) -> Group:
    deciders = sorted((view for view in views if view.decides), key=lambda it: it.until)
    return Group(
        code,
        len(views),
        tuple(reversed(deciders)),
        max((view.until for view in views), default=None),
    )


def _one_each(views: Iterable[PresenceView]) -> list[PresenceView]:
    """Return one line for each organization: how many people it has here is its own matter."""
    ordered = sorted(views, key=lambda it: (it.organization, it.until))
    return [list(mine)[-1] for _, mine in groupby(ordered, key=lambda it: it.organization)]


def _links(views: Iterable[PresenceView]) -> dict[str, int]:
    counted = Counter(view.link for view in views)
    return {code: counted[code] for code in codes.load("links") if counted[code]}

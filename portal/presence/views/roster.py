"""The roster: who is here, and for staff where nobody can decide."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from types import SimpleNamespace

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from portal.core import codes
from portal.core.actor import Actor
from portal.core.web.requests import current_actor, db_session
from portal.incidents.models import Incident
from portal.journal.audience import PARTNERS, STAFF, class_of
from portal.journal.looks import note_looks
from portal.organizations.models import Organization
from portal.organizations.queries import list_active
from portal.organizations.states import OrganizationKind
from portal.presence.queries import coverage, roster
from portal.presence.queries.roster import PresenceView
from portal.presence.states import CHECK_IN

bp = Blueprint("presence", __name__, url_prefix="/incidents/<code>/presence")


@dataclass(frozen=True, slots=True)
class Group:
    """People or organizations under one heading; code : of the assignment or sector."""

    code: str
    views: list[PresenceView]

    @property
    def here(self) -> int:
        """Return how many of them count as here."""
        return sum(1 for view in self.views if view.is_here)


@bp.get("")
def index(incident: Incident) -> ResponseReturnValue:
    """Show who is here; `decides` asks who could decide on one thing."""
    session, actor = db_session(), current_actor()
    organizations = [
        it for it in list_active(session) if it.kind is not OrganizationKind.AGENCY
    ]
    seen = roster.list_roster(session, incident.id, roster.rooms_for(actor))
    known = {
        "own": roster.get_own(session, incident.id, actor),
        "begins": CHECK_IN.names_open_to(actor, _arrival(incident, actor)),
        "invited": len(organizations),
    }
    if actor.is_staff:
        note_looks(session, actor, "roster")
        return _for_staff(organizations, seen[STAFF], known)
    return _for_partners(actor, seen, known)


def _arrival(incident: Incident, actor: Actor) -> SimpleNamespace:
    """Return what somebody is about to begin, to ask the machine whether they may."""
    return SimpleNamespace(
        state=None,
        incident=incident,
        person_id=actor.person_id,
        organization_id=actor.organization_id,
    )


def _for_staff(
    organizations: list[Organization], views: list[PresenceView], known: Mapping[str, object]
) -> ResponseReturnValue:
    decision = request.args.get("decides", "")
    decision = decision if decision in codes.load("decisions") else ""
    cover = coverage.coverage(organizations, views, decision)
    names = {it.name for it in organizations}
    order = list(codes.load("assignments"))
    assigned = sorted(
        {view.assignment for view in views},
        key=lambda code: (order.index(code) if code in order else len(order), code),
    )
    return render_template(
        "presence/roster.html",
        **known,
        decision=decision,
        decisions=codes.load("decisions").choices(),
        regions=list(codes.load("regions")),
        cover=cover,
        holes=sum(it.holes for it in cover),
        people=sum(1 for view in views if view.is_here),
        present=len({view.organization for view in views if view.is_here} & names),
        groups=[
            Group(code, [view for view in views if view.assignment == code])
            for code in assigned
        ],
    )


def _for_partners(
    actor: Actor, seen: dict[str, list[PresenceView]], known: Mapping[str, object]
) -> ResponseReturnValue:
    own = [view for room, views in seen.items() if class_of(room) == "org" for view in views]
    here = _longest(seen.get(PARTNERS, []))
    sectors = list(codes.load("sectors"))
    groups = [Group(code, [it for it in here if code in it.sectors]) for code in sectors]
    groups.append(Group("", [it for it in here if not it.sectors]))
    return render_template(
        "presence/here.html",
        **known,
        colleagues=own if actor.organization_id else [],
        here=len(here),
        groups=[group for group in groups if group.views],
    )


def _longest(views: list[PresenceView]) -> list[PresenceView]:
    """Return one line for each organization: how many people it has here is its own matter."""
    views = sorted(views, key=lambda it: (it.organization, it.until))
    return [list(mine)[-1] for _, mine in groupby(views, key=lambda it: it.organization)]

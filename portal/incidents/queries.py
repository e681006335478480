"""Reading incidents; everybody signed in may."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from portal.core import codes
from portal.incidents.models import Incident
from portal.incidents.states import IncidentState

_OF_CODE = select(Incident).where(Incident.code == bindparam("code"))


@dataclass(frozen=True, slots=True, kw_only=True)
class StripView:
    """What the strip on every page says of an incident."""

    code: str
    name: str
    is_exercise: bool
    is_open: bool
    closed_at: datetime | None
    level: str
    period_number: int
    period_starts_at: datetime | None
    period_ends_at: datetime | None


def project(incident: Incident, room: str) -> StripView | None:
    """Return what people of a room see of the incident in the strip."""
    if room not in incident.audience:
        return None
    levels = codes.load("activation-levels")
    level = levels[incident.level]["short"] if incident.level in levels else incident.level
    return StripView(
        code=incident.code,
        name=incident.name,
        is_exercise=incident.is_exercise,
        is_open=incident.is_open,
        closed_at=incident.closed_at,
        level=level,
        period_number=incident.period_number,
        period_starts_at=incident.period_starts_at,
        period_ends_at=incident.period_ends_at,
    )


def incidents_by_id(session: Session, ids: Iterable[int]) -> dict[int, Incident]:
    """Return incidents by id."""
    rows = session.scalars(select(Incident).where(Incident.id.in_(sorted(ids))))
    return {incident.id: incident for incident in rows}


def get_incident(session: Session, code: str) -> Incident | None:
    """Return the incident of this code."""
    return session.scalar(_OF_CODE, {"code": code})


def list_incidents(session: Session) -> list[Incident]:
    """Return all incidents: open ones first, then by opening, day-to-day operations last."""
    rows = session.scalars(select(Incident).order_by(Incident.opened_at.desc(), Incident.id))
    return sorted(rows, key=lambda it: (it.id == 0, it.state is IncidentState.CLOSED))


def current_incident(session: Session) -> Incident:
    """Return the incident a person starts in: the open one opened last, else day to day."""
    return next(it for it in list_incidents(session) if it.is_open)

"""What can be done with incidents."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from portal.core.errors import FieldError
from portal.incidents.models import Incident, OperationalPeriod
from portal.incidents.states import INCIDENT
from portal.journal.numbers import open_stream
from portal.journal.transaction import Tx

#: Mostly 12 hours; weeks in quiet times.
LONGEST_PERIOD = timedelta(days=31)


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentParticulars:
    """An incident as an administrator states it; see `Incident`."""

    name: str
    types: tuple[str, ...]
    counties: tuple[str, ...]
    level: str
    time_zone: str
    telephone: str
    email: str
    bridge: str
    review_minutes: int = 15
    needs_second: bool = False


def open_incident(
    tx: Tx, particulars: IncidentParticulars, *, code: str, is_exercise: bool
) -> Incident:
    """Open an incident and its stream.

    Raises FieldError if the code is taken, or a demo administrator opens a real incident.
    """
    if tx.actor.is_demo and not is_exercise:
        raise FieldError("is_exercise", "The demo can open exercises only.")
    if tx.session.scalar(select(Incident.id).where(Incident.code == code)) is not None:
        raise FieldError("code", "This code is taken.")
    incident = Incident(code=code, is_exercise=is_exercise, **asdict(particulars))
    tx.move(INCIDENT, "open", incident, code=code, name=incident.name, is_exercise=is_exercise)
    tx.session.flush()
    open_stream(tx.session, incident.id)
    tx.note("stream", "open", code=code)
    return incident


def revise(tx: Tx, incident: Incident, particulars: IncidentParticulars) -> None:
    """Change what an incident says of itself; its level and period have moves of their own."""
    tx.move(INCIDENT, "revise", incident, name=particulars.name)
    for field, value in asdict(particulars).items():
        setattr(incident, field, value)


def set_level(tx: Tx, incident: Incident, *, level: str) -> None:
    """Set the activation level; the strip on every page follows."""
    tx.move(INCIDENT, "set_level", incident, level=level)
    incident.level = level


def begin_period(tx: Tx, incident: Incident, *, ends_at: datetime) -> None:
    """Begin the next operational period now.

    Raises FieldError unless it ends in the future, and not in another year by a slip.
    """
    if ends_at <= tx.now:
        raise FieldError("ends_at", "The period must end later than now.")
    if ends_at > tx.now + LONGEST_PERIOD:
        raise FieldError("ends_at", f"A period lasts {LONGEST_PERIOD.days} days at most.")
    number = incident.period_number + 1
    tx.move(INCIDENT, "begin_period", incident, number=number, ends_at=ends_at.isoformat())
    incident.period_number = number
    incident.period_starts_at, incident.period_ends_at = tx.now, ends_at
    tx.session.add(
        OperationalPeriod(
            incident_id=incident.id, number=number, starts_at=tx.now, ends_at=ends_at
        )
    )


def close(tx: Tx, incident: Incident, *, reason: str) -> None:
    """Close an incident: partners can no longer report or offer, everything stays readable.

    What waits for a moderator can still be decided; offers end with the incident by themselves,
    as their state is read together with the incident's.
    """
    tx.move(INCIDENT, "close", incident, reason=reason)

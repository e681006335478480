"""Activity logs: what one person did in an incident, from the journal. Source: ICS 214."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import Session

from portal.core.actor import Actor
from portal.incidents.models import OperationalPeriod
from portal.journal.audience import rooms_of
from portal.journal.models import Audience, Entry
from portal.journal.notes import QUIET
from portal.presence.models import CheckIn

#: Activities on one page, and in one file.
LOG_PAGE = 2000


@dataclass(frozen=True, slots=True)
class Activity:
    """One act. act : subject and move, a code of `acts`; by : who did it, if somebody else."""

    at: datetime
    act: str
    subject: str
    subject_id: int
    by: int | None


def list_activities(
    session: Session, incident_id: int, person_id: int, actor: Actor
) -> list[Activity]:
    """Return what a person did, oldest first, at most the latest `LOG_PAGE`.

    Also how others checked the person in and out. Only acts on what the actor may see now.
    """
    own = select(CheckIn.id).where(
        CheckIn.incident_id == incident_id, CheckIn.person_id == person_id
    )
    is_seen = exists().where(
        Audience.subject == Entry.subject,
        Audience.subject_id == Entry.subject_id,
        Audience.room.in_(sorted(rooms_of(actor))),
    )
    entries = session.scalars(
        select(Entry)
        .where(
            Entry.incident_id == incident_id,
            Entry.move.not_in(QUIET),
            or_(
                Entry.person_id == person_id,
                and_(Entry.subject == "check_in", Entry.subject_id.in_(own)),
            ),
            is_seen,
        )
        .order_by(Entry.seq.desc())
        .limit(LOG_PAGE)
    ).all()
    return [
        Activity(
            it.at,
            f"{it.subject}.{it.move}",
            it.subject,
            it.subject_id,
            None if it.person_id == person_id else it.person_id,
        )
        for it in reversed(entries)
    ]


def list_periods(session: Session, incident_id: int) -> list[OperationalPeriod]:
    """Return the operational periods of an incident, first to last."""
    rows = session.scalars(
        select(OperationalPeriod)
        .where(OperationalPeriod.incident_id == incident_id)
        .order_by(OperationalPeriod.number)
    )
    return list(rows)


def period_of(periods: Sequence[OperationalPeriod], at: datetime) -> OperationalPeriod | None:
    """Return the period that had begun last at an instant; None before the first."""
    begun = [period for period in periods if period.starts_at <= at]
    return begun[-1] if begun else None

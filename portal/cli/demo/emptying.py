"""Taking the demo away: only where everything is the demo's, and then everything."""

from sqlalchemy import delete, exists, insert, select, table
from sqlalchemy.orm import Session

from portal.accounts.models import Person
from portal.cli.demo.organizations import ORGANIZATIONS
from portal.cli.demo.people import PEOPLE
from portal.config import Settings
from portal.core import clock
from portal.core.columns import Row
from portal.core.db import database_of
from portal.incidents.models import Incident
from portal.incidents.states import IncidentState
from portal.journal.housekeeping import housekeeping
from portal.journal.models import Entry, Generation, Head
from portal.journal.records import begin_generation
from portal.notify.jobs import make_jobs, why_not
from portal.organizations.models import Organization

#: SQLite's index of words: migration 0002 makes it, the rows do not know of it.
_SEARCH = table("post_search")


def has_demo(session: Session) -> bool:
    """Return whether the demo is loaded."""
    found = select(Person.id).where(Person.email == PEOPLE[0].email, Person.is_demo)
    return session.scalar(found) is not None


def stranger(session: Session) -> str:
    """Return a sentence about something that is not the demo's; "" where there is nothing.

    The demo's are its people and whom they invited, its organizations and those that its
    people took in, and exercises. Without it nothing is.
    """
    is_loaded = has_demo(session)
    people = select(Person.email)
    incidents = select(Incident.code).where(Incident.id != 0)
    names = select(Organization.name)
    if is_loaded:
        people = people.where(~Person.is_demo)
        incidents = incidents.where(~Incident.is_exercise)
        names = names.where(
            Organization.name.not_in([it.name for it in ORGANIZATIONS]),
            ~exists().where(
                Entry.subject == "organization",
                Entry.subject_id == Organization.id,
                Entry.move == "register",
                Entry.person_id.is_not(None),
            ),
        )
    for query in (people, incidents, names):
        found = session.scalar(query.limit(1))
        if found is not None:
            return f"{found} is not the demo’s."
    return ""


def empty(session: Session, settings: Settings) -> str:
    """Leave the database as the migrations made it, under a new name, and no e-mail waiting.

    For a database where all is the demo's: ask `stranger` first. Returns why the jobs of the
    notices could not be forgotten; "" when they were.
    """
    session.expunge_all()
    with housekeeping(session):
        for each in reversed(Row.metadata.sorted_tables):
            if each.name != Generation.__tablename__:
                session.execute(delete(each))
        if database_of(session).is_sqlite:
            session.execute(delete(_SEARCH))
        _begin_anew(session)
    begin_generation(session)
    return _forget_jobs(settings)


def _begin_anew(session: Session) -> None:
    """Put there what migration 0001 puts into an empty database."""
    now = clock.now()
    session.execute(insert(Head).values(incident_id=0, seq=0, at=now, hash=""))
    session.execute(
        insert(Incident).values(
            id=0,
            version=1,
            moved_at=now,
            code="daily",
            name="Day-to-day operations",
            is_exercise=False,
            types=(),
            counties=(),
            level="normal",
            time_zone="America/Chicago",
            telephone="",
            email="",
            bridge="",
            state=IncidentState.OPEN,
            opened_at=now,
        )
    )


def _forget_jobs(settings: Settings) -> str:
    if not settings.redis_url and not (settings.instance / "jobs.db").exists():
        return ""
    jobs = make_jobs(settings)
    why = why_not(jobs)
    if not why:
        jobs.flush()
    jobs.storage.close()
    return why

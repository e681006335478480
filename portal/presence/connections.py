"""Connections: leases that a serving process keeps for the people whose pages are open."""

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from portal.core import clock
from portal.journal.housekeeping import housekeeping
from portal.journal.statements import insert_into
from portal.presence.models import Connection

#: How long a person counts as connected after a process last said so.
LEASE = timedelta(seconds=60)

#: How long it is remembered when somebody was last heard.
KEPT = timedelta(days=2)

#: Who is where: incident and person.
Place = tuple[int, int]


def renew(
    session: Session, process: str, places: Iterable[Place], length: timedelta = LEASE
) -> None:
    """Take or renew the leases of everybody of whom a process has a page open.

    What is over for so long that nobody asks any more is forgotten by the way.
    """
    now = clock.now()
    lease = {"process": process, "until": now + length, "heard_at": now}
    rows = [
        {"incident_id": incident_id, "person_id": person_id} | lease
        for incident_id, person_id in sorted(places)
    ]
    insert = insert_into(session, Connection)
    upsert = insert.on_conflict_do_update(
        index_elements=["incident_id", "person_id", "process"],
        set_={name: insert.excluded[name] for name in ("until", "heard_at")},
    )
    with housekeeping(session):
        session.execute(upsert, rows)
        session.execute(
            delete(Connection).where(Connection.until < now - KEPT),
            execution_options={"synchronize_session": False},
        )

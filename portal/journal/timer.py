"""The timer: jobs by the clock, done by one process at a time under a lease in the database."""

import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete, or_
from sqlalchemy.orm import Session

from portal.core import clock
from portal.core.db import Database
from portal.journal.housekeeping import housekeeping
from portal.journal.models import Lease, Once
from portal.journal.records import record_heads
from portal.journal.statements import insert_into

log = logging.getLogger(__name__)

#: How often the jobs are looked at, in seconds.
TICK_S = 5.0

#: How long a process keeps the timer without renewing it.
LEASE = timedelta(seconds=30)

#: How long a form's single-use key is remembered.
ONCE_KEPT = timedelta(days=30)


def take_lease(session: Session, name: str, holder: str, length: timedelta = LEASE) -> bool:
    """Take or renew a lease; True when it is ours until `length` from now."""
    now = clock.now()
    until = now + length
    wanted = insert_into(session, Lease).values(name=name, holder=holder, until=until)
    with housekeeping(session):
        taken = session.execute(
            wanted.on_conflict_do_update(
                index_elements=["name"],
                set_={"holder": holder, "until": until},
                where=or_(Lease.holder == holder, Lease.until <= now),
            ).returning(Lease.name)
        ).first()
    return taken is not None


def forget_old_keys(session: Session) -> None:
    """Delete single-use keys that no browser can still hold."""
    with housekeeping(session):
        session.execute(
            delete(Once).where(Once.at < clock.now() - ONCE_KEPT),
            execution_options={"synchronize_session": False},
        )


@dataclass(slots=True)
class Job:
    """Something to do every `every`; `do` gets a session of its own."""

    name: str
    every: timedelta
    do: Callable[[Session], object]
    due: datetime | None = None


@dataclass(slots=True)
class Timer:
    """The jobs of one process, and its name as a holder of the lease."""

    database: Database
    jobs: list[Job] = field(
        default_factory=lambda: [
            Job("record-heads", timedelta(minutes=1), record_heads),
            Job("forget-old-keys", timedelta(hours=1), forget_old_keys),
        ]
    )
    holder: str = field(default_factory=lambda: secrets.token_hex(8))

    def tick(self) -> None:
        """Do what is due, if this process holds the lease; a job that fails is tried again."""
        now = clock.now()
        due = [job for job in self.jobs if job.due is None or job.due <= now]
        if not due:
            return
        with self.database.sessions() as session:
            if not take_lease(session, "timer", self.holder):
                return
            for job in due:
                job.due = now + job.every
                try:
                    job.do(session)
                except Exception:
                    log.exception("timer job %s failed", job.name)

    def run(self) -> None:
        """Look at the jobs for as long as the process lives."""
        while True:
            try:
                self.tick()
            except Exception:
                log.exception("the timer stumbled; it tries again")
            time.sleep(TICK_S)

"""Writers of one process that hand in reports by the operation itself, as fast as they can.

The process is patched for gevent and settles as a serving one does; each writer is somebody
who signed in.
python -m benchmarks.posting URL SECONDS E-MAIL…: prints a line once all are warm, begins at the
next line of its input, and prints how long each report took that was accepted, and how long
all took of the processor, in seconds.
"""
# ruff: noqa: E402 - patches for gevent before it imports anything

from gevent import monkey

monkey.patch_all()

import json
import sys
import threading
import time
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from benchmarks import world
from portal.accounts import operations as accounts
from portal.accounts.queries import epoch_of, get_signed_in
from portal.core.actor import Actor
from portal.core.db import Database
from portal.core.writes import OnceKey
from portal.feed import operations as feed
from portal.incidents.models import Incident
from portal.journal.transaction import transaction
from portal.live.driver.serving import settle

#: What each writer hands in before it counts.
_WARM = 5


@dataclass(slots=True)
class Office:
    """Where the writers of one process sit: they begin together; `times` are seconds."""

    database: Database
    seconds: float
    warm: threading.Barrier
    begin: threading.Barrier
    until: float = 0.0
    times: list[float] = field(default_factory=list)

    def write(self, writer: str) -> None:
        """Hand in reports in somebody's name for as long as told."""
        with self.database.sessions() as session:
            author = _come_in(session, writer)
            incident = world.incident_of(session)
            session.rollback()
            for number in range(_WARM):
                self._post(session, author, incident, f"{writer}.{number}")
            self.warm.wait()
            self.begin.wait()
            self.until = self.until or time.monotonic() + self.seconds
            number = _WARM
            while time.monotonic() < self.until:
                self.times.append(self._post(session, author, incident, f"{writer}.{number}"))
                number += 1
                time.sleep(0)  # as a server's writers, who wait for the next request

    def _post(self, session: Session, author: Actor, incident: Incident, number: str) -> float:
        began = time.monotonic()
        once = OnceKey(number, "benchmark", "0" * 64)
        with transaction(session, author, once=once) as tx:
            feed.submit(tx, incident, world.report(0))
        return time.monotonic() - began


def _come_in(session: Session, email: str) -> Actor:
    """Open a session for somebody, as signing in would, and return who acts through it."""
    actor = world.actor_named(session, email)
    with transaction(session, actor) as tx:
        token = accounts.sign_in(tx, membership_id=actor.membership_id or 0, agent="benchmark")
    found = get_signed_in(session, token)
    if found is None:
        raise LookupError(email)
    return found[0]


def main() -> None:
    """Write as told."""
    url, seconds, *writers = sys.argv[1:]
    parties = len(writers) + 1
    office = Office(
        Database(url, epoch_of=epoch_of),
        float(seconds),
        threading.Barrier(parties),
        threading.Barrier(parties),
    )
    threads = [threading.Thread(target=office.write, args=(it,)) for it in writers]
    for thread in threads:
        thread.start()
    office.warm.wait()
    settle()
    print("ready", flush=True)
    sys.stdin.readline()
    office.begin.wait()
    cpu = time.process_time()
    for thread in threads:
        thread.join()
    print(json.dumps([office.times, time.process_time() - cpu]), flush=True)


if __name__ == "__main__":
    main()

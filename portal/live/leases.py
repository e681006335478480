"""Leases: keeps those of the people at this process, and tells rosters who came and went.

That a socket is gone is not believed: its person's lease is renewed no more, and ends by the
clock. So do the leases of a process that died; every process sees that in the table.
"""

import logging
import secrets
import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from portal.core import clock
from portal.core.db import Database
from portal.journal.audience import PARTNERS, STAFF, org
from portal.live.channel import Channel, socket_room
from portal.presence.connections import LEASE, Place, renew
from portal.presence.queries.standings import Standing, list_standings

log = logging.getLogger(__name__)

#: How often is looked who came and went: rosters hear of it at most this often, in seconds.
BEAT_S = 1.0

#: A lease is renewed so many times before it would end.
_RENEWALS = 3


class Leases:
    """The leases of one process, and what it last knew of everybody's."""

    def __init__(
        self, database: Database, channel: Channel, *, length: timedelta = LEASE
    ) -> None:
        """Take a name that no process had before, and look how everybody stands."""
        self.process = secrets.token_hex(8)
        self._database = database
        self._channel = channel
        self._length = length
        self._renewed_at: datetime | None = None
        self._held: frozenset[Place] = frozenset()
        with database.sessions() as session:
            self._known = list_standings(session)

    def run(self) -> None:
        """Keep the leases for as long as the process lives."""
        while True:
            try:
                self.step()
            except Exception:
                log.exception("the leases stumbled; they try again")
            time.sleep(BEAT_S)

    def step(self) -> None:
        """Renew what is due, and say where a roster looks different now."""
        with self._database.sessions() as session:
            self._renew(session)
            self._tell(session)

    def _renew(self, session: Session) -> None:
        """Renew all leases when it is time; in between take those of people who came."""
        now, places = clock.now(), self._channel.seats.places()
        is_time = self._renewed_at is None or not (
            timedelta(0) <= now - self._renewed_at < self._length / _RENEWALS
        )
        wanted = places if is_time else places - self._held
        if wanted:
            renew(session, self.process, wanted, self._length)
        self._held = places
        if is_time:
            self._renewed_at = now

    def _tell(self, session: Session) -> None:
        """Say `presence` where somebody stands otherwise than at the last look."""
        known, self._known = self._known, list_standings(session)
        for incident_id in sorted(known.keys() | self._known.keys()):
            before, now = known.get(incident_id, {}), self._known.get(incident_id, {})
            rooms = set(_concerned(before, now))
            # Everybody sits among the partners: nobody is to be told twice.
            for room in {PARTNERS} if PARTNERS in rooms else sorted(rooms):
                self._channel.say("presence", {}, to=socket_room(incident_id, room))


def _concerned(before: Mapping[int, Standing], now: Mapping[int, Standing]) -> Iterator[str]:
    """Yield the rooms whose roster looks different for a reason that no entry told.

    Entries tell of check-ins that come and go: those of active people, not yet connected.
    """
    for check_in_id, known in {**before, **now}.items():
        usual = Standing(known.organization_id, is_active=True, is_connected=False)
        was, stands = before.get(check_in_id, usual), now.get(check_in_id, usual)
        if was.is_active is not stands.is_active:
            yield PARTNERS
        if was.is_connected is not stands.is_connected:
            yield STAFF
            yield org(known.organization_id)

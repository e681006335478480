"""What it costs to learn of the last 200 posts, in a journal short and long."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from benchmarks import world
from benchmarks.archive import batches, connected
from benchmarks.race import build
from benchmarks.race.build import LackingError
from benchmarks.race.leg import Meter, crowd
from benchmarks.race.portal import SESSIONS_EACH, write_tickets
from benchmarks.report import Bar, Report, say
from benchmarks.server import Instance, instance, serving
from benchmarks.world import AUTHOR, Visa, actor_named, incident_of, opened
from portal.core import clock
from portal.core.actor import Actor
from portal.journal.audience import DESK, PARTNERS, org
from portal.journal.models import Entry, EntryRoom, Head, RoomHead

MISSED = 200
_PEOPLE, _TURNS, _FEW = 10, 3, 20
#: A post makes two entries: handed in, let out.
_OF_POSTS = 2 * MISSED

ENTRY: Any = Entry.__table__
ROOM: Any = EntryRoom.__table__


def run(report: Report, sizes: Sequence[int]) -> None:
    """Measure with each size of the journal, one after the other in the same one."""
    with TemporaryDirectory() as folder, instance() as at:
        try:
            client = build.compiled("client.c", Path(folder))
        except LackingError as lack:
            say(f"Skipped catching up: {lack}.")
            report.add("catching up", "", None)
            return
        with opened(at.url) as session:
            people = world.add_people(session, _PEOPLE)
            visas = world.sign_in(session, people, at.secret_key, each=SESSIONS_EACH)
        shortest: Found | None = None
        for place, size in enumerate(sizes):
            with opened(at.url) as session:
                entries = _fill(session, size - _OF_POSTS) + _OF_POSTS
                world.add_posts(session, range(place * MISSED, (place + 1) * MISSED))
            found = _measure(client, Path(folder), at, visas)
            _print(report, entries, found, shortest)
            shortest = shortest or found


@dataclass(slots=True)
class Found:
    """What each turn found, of a server just started; times in seconds.

    first, others : from asking to the answer, of the first socket, of half of those behind it.
    cpu           : of the server for one socket.
    """

    first: list[float] = field(default_factory=list)
    others: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    bad: int = 0


def _measure(client: Path, folder: Path, at: Instance, visas: Sequence[Visa]) -> Found:
    found = Found()
    with opened(at.url) as session:
        few = write_tickets(session, visas[:1], folder / "few", behind=_FEW)
        tickets = write_tickets(session, visas, folder / "tickets", behind=MISSED)
    for _ in range(_TURNS):
        with serving(at) as server:
            with crowd(client, server, 1, tickets=few) as it:
                it.dial(1)  # so that what is loaded once has been
            with crowd(client, server, len(visas), tickets=tickets) as it:
                first = it.dial(1)
                meter = Meter(server)
                with meter.running():
                    others = it.dial(len(visas) - 1, at_once=1)
                found.first.append(first["follow"]["last"] / 1e9)
                found.others.append(others["follow"]["p50"] / 1e9)
                found.cpu.append(meter.cpu_s / (len(visas) - 1))
                caught = first["caught"] + others["caught"]
                found.bad += it.bad + (caught != len(visas) * MISSED)
    return found


def _print(report: Report, entries: int, found: Found, shortest: Found | None) -> None:
    what = f"catching up with {MISSED} posts of {entries:,} entries"

    def add(measure: str, pick: Callable[[Found], list[float]], bar: Bar) -> None:
        report.add(
            f"{what}, {measure} (reference: the shortest)",
            "ms",
            min(pick(found)) * 1e3,
            reference=min(pick(shortest)) * 1e3 if shortest else None,
            bar=bar if shortest else None,
        )

    flat = Bar(times=1.2)
    add("first to ask", lambda it: it.first, flat)
    add("who asks next", lambda it: it.others, flat)
    add("server CPU for who asks next", lambda it: it.cpu, Bar())
    report.add(f"{what}: wrong or missing", "", found.bad, bar=0)


def _fill(session: Session, size: int) -> int:
    """Write entries until the journal has so many; return how many it has then.

    They say what other partners did long ago, in the rooms in which a post is told of.
    """
    incident, author = incident_of(session), actor_named(session, AUTHOR)
    rooms = (PARTNERS, DESK, org(author.organization_id or 0))
    seq = session.scalars(select(Head.seq).where(Head.incident_id == incident.id)).one()
    found = select(RoomHead.room, RoomHead.n).where(RoomHead.incident_id == incident.id)
    heads = {room: n for room, n in session.execute(found) if room in rooms}
    began, more = clock.now() - timedelta(days=2), range(1, max(0, size - seq) + 1)
    with connected(session) as connection:
        for batch in batches(more):
            entries = [_entry(incident.id, seq + it, began, author) for it in batch]
            connection.execute(insert(ENTRY), entries)
            told = [
                {
                    "incident_id": incident.id,
                    "room": room,
                    "n": heads[room] + it,
                    "seq": seq + it,
                }
                for it in batch
                for room in rooms
            ]
            connection.execute(insert(ROOM), told)
        head = update(Head).where(Head.incident_id == incident.id)
        connection.execute(head.values(seq=Head.seq + len(more)))
        ours = update(RoomHead).where(
            RoomHead.incident_id == incident.id, RoomHead.room.in_(rooms)
        )
        connection.execute(ours.values(n=RoomHead.n + len(more)))
    return seq + len(more)


def _entry(incident_id: int, seq: int, began: datetime, author: Actor) -> dict[str, Any]:
    return {
        "incident_id": incident_id,
        "seq": seq,
        "at": began + timedelta(milliseconds=seq),
        "subject": "post",
        "move": "publish",
        "subject_id": 1,
        "person_id": author.person_id,
        "organization_id": author.organization_id,
        "digest": "0" * 64,
        "hash": "0" * 64,
    }

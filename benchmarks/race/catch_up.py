"""What it costs to learn of the last 200 posts, in a journal short and long."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
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
from benchmarks.world import AUTHOR, actor_named, incident_of, opened
from portal.core import clock
from portal.core.actor import Actor
from portal.journal.audience import DESK, PARTNERS, org
from portal.journal.models import Entry, EntryRoom, Head, RoomHead

MISSED = 200
_PEOPLE, _TURNS, _FEW = 10, 5, 20
#: A post makes two entries: handed in, let out.
_OF_POSTS = 2 * MISSED

ENTRY: Any = Entry.__table__
ROOM: Any = EntryRoom.__table__


def run(report: Report, sizes: Sequence[int]) -> None:
    """Measure each size of the journal in turn, again and again; the first is the shortest."""
    with TemporaryDirectory() as place, ExitStack() as stack:
        folder = Path(place)
        try:
            client = build.compiled("client.c", folder)
        except LackingError as lack:
            say(f"Skipped catching up: {lack}.")
            report.add("catching up", "", None)
            return
        journals = [
            _written(stack.enter_context(instance()), size, folder / f"{size}")
            for size in sizes
        ]
        for _ in range(_TURNS):
            for journal in journals:
                _measure(client, journal)
        for journal in journals:
            _print(report, journal, journals[0])


@dataclass(slots=True)
class Journal:
    """A portal with so many entries, and what each turn found of its server; times in seconds.

    few, tickets  : sockets that are a few entries behind, and those that missed the posts.
    first, others : from asking to the answer, of the first socket, of half of those behind it.
    cpu           : of the server for one socket.
    """

    at: Instance
    entries: int
    few: Path
    tickets: Path
    first: list[float] = field(default_factory=list)
    others: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    bad: int = 0


def _written(at: Instance, size: int, folder: Path) -> Journal:
    """Write a journal of so many entries that ends in the posts, and who missed them."""
    folder.mkdir()
    say(f"Writing {size:,} entries …")
    with opened(at.url) as session:
        people = world.add_people(session, _PEOPLE)
        visas = world.sign_in(session, people, at.secret_key, each=SESSIONS_EACH)
        entries = _fill(session, size - _OF_POSTS) + _OF_POSTS
        world.add_posts(session, range(MISSED))
        few = write_tickets(session, visas[:1], folder / "few", behind=_FEW)
        tickets = write_tickets(session, visas, folder / "tickets", behind=MISSED)
    return Journal(at, entries, few, tickets)


def _measure(client: Path, journal: Journal) -> None:
    rest = _PEOPLE * SESSIONS_EACH - 1
    with serving(journal.at) as server:
        with crowd(client, server, 1, tickets=journal.few) as it:
            it.dial(1)  # so that what is loaded once has been
        with crowd(client, server, 1 + rest, tickets=journal.tickets) as it:
            first = it.dial(1)
            meter = Meter(server)
            with meter.running():
                others = it.dial(rest, at_once=1)
            journal.first.append(first["follow"]["last"] / 1e9)
            journal.others.append(others["follow"]["p50"] / 1e9)
            journal.cpu.append(meter.cpu_s / rest)
            caught = first["caught"] + others["caught"]
            journal.bad += it.bad + (caught != (1 + rest) * MISSED)


def _print(report: Report, journal: Journal, shortest: Journal) -> None:
    what = f"catching up with {MISSED} posts of {journal.entries:,} entries"
    is_longer = journal is not shortest

    def add(measure: str, pick: Callable[[Journal], list[float]], bar: Bar) -> None:
        report.add(
            f"{what}, {measure} (reference: the shortest)",
            "ms",
            min(pick(journal)) * 1e3,
            reference=min(pick(shortest)) * 1e3 if is_longer else None,
            bar=bar if is_longer else None,
        )

    flat = Bar(times=1.2)
    add("first to ask", lambda it: it.first, flat)
    add("who asks next", lambda it: it.others, flat)
    add("server CPU for who asks next", lambda it: it.cpu, Bar())
    report.add(f"{what}: wrong or missing", "", journal.bad, bar=0)


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

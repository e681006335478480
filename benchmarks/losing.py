"""Eleven ways to lose an entitlement: how soon open sockets know, and that nothing leaks.

The loss is committed by another process than the server's, so that nothing wakes the server:
it has to find out by itself, as a second process has to, or one whose Redis is away. Right
behind it comes content that the sockets would have heard before.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from benchmarks import world
from benchmarks.report import Report, say
from benchmarks.server import Instance, Server, instance, serving
from benchmarks.sockets import Client, Herd, Loop
from benchmarks.ways import BY_CLOCK, CLOSED, DESK, WAYS, Way
from benchmarks.world import Visa, opened
from portal.accounts.models import SignIn
from portal.accounts.queries import IDLE, get_person_by_email
from portal.accounts.states import SignInState
from portal.core import clock
from portal.core.actor import SYSTEM, Role
from portal.feed import operations as feed
from portal.journal.housekeeping import housekeeping
from portal.journal.transaction import transaction

#: Sockets of each way, the bar for the slowest but one in a hundred, and how long is listened.
SOCKETS = 200
BAR_MS = 1_000
_PATIENCE_S = 5.0
_LINGER_S = 0.5

#: How far ahead sessions end that end by the clock.
_SOON = timedelta(seconds=4)

#: Who loses nothing, and hears it all; on the desk it is the demo's moderator.
_STAYS = "bystander0@bench.example"

_LOSSES = (b'42/live,["closing"', b'42/live,["purge"', b'42/live,["reload"', b"41/live")


class Watcher(Client):
    """A client that notes when it heard of its loss: by the wall's clock; 0 if never."""

    __slots__ = ("lost_at",)

    def __init__(self, *arguments: object) -> None:
        """Ask for the upgrade."""
        super().__init__(*arguments)  # type: ignore[arg-type]
        self.lost_at = 0.0

    def _hear(self, text: bytes) -> None:
        if text.startswith(_LOSSES):
            self.lost_at = self.lost_at or time.time()
        super()._hear(text)

    def _lose(self) -> None:
        self.lost_at = self.lost_at or time.time()
        super()._lose()


@dataclass(slots=True)
class Outcome:
    """What became of the sockets of one way.

    delays : in seconds after the COMMIT.
    heard  : whether somebody who lost nothing heard the content that came after; without
             that nothing would be proved by the others' silence.
    """

    name: str
    heard: bool = False
    delays: list[float] = field(default_factory=list)
    unaware: int = 0
    leaked: int = 0

    @property
    def p99(self) -> float:
        """Return the delay that 99 of 100 stay below or at, in seconds."""
        ordered = sorted(self.delays)
        return ordered[-(-len(ordered) * 99 // 100) - 1] if ordered else float("inf")


def watch(
    at: Instance, session: Session, server: Server, way: Way, emails: list[str]
) -> Outcome:
    """Seat everybody, take it away, let content follow, and look who heard what."""
    visas = world.sign_in(session, emails, at.secret_key, each=way.each)
    stays = world.MODERATOR if way.name == DESK else _STAYS
    [beside] = world.sign_in(session, [stays], at.secret_key)
    if way.name == BY_CLOCK:
        _end_soon(session, visas)
    herd = _seated(session, server, [*visas, beside])
    try:
        at_s = _lose(session, way, visas)
        marker = f"marker of {way.name}"
        if way.name != CLOSED:
            _let_content_follow(session, way, marker)
        *watchers, bystander = herd.clients
        watched = _watched(watchers, way)
        until = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until and not (
            all(it.lost_at for it in watched) and _has_heard(bystander, marker, way)
        ):
            herd.loop.turn(0.05)
        herd.listen(_LINGER_S)
        outcome = _outcome(way, watched, at_s, marker)
        outcome.heard = _has_heard(bystander, marker, way)
        return outcome
    finally:
        herd.loop.close()


def _seated(session: Session, server: Server, visas: Sequence[Visa]) -> Herd:
    follows = {visa.rooms: world.follow_of(session, visa) for visa in visas}
    session.rollback()
    herd = Herd(Loop(server.port), kind=Watcher)
    herd.seat([(visa.cookie, follows[visa.rooms]) for visa in visas])
    herd.listen(0.2)
    return herd


def _lose(session: Session, way: Way, visas: Sequence[Visa]) -> float:
    """Take it away; return the instant from which nothing may be heard any more."""
    if way.name == BY_CLOCK:
        ids = _ids_of(session, visas)
        theirs = (SignIn.person_id.in_(ids), SignIn.state == SignInState.OPEN)
        last = session.scalars(select(SignIn.last_seen_at).where(*theirs)).all()
        ends_at = (max(last) + IDLE).timestamp()
        session.rollback()
        time.sleep(max(0.0, ends_at - time.time()))
        return ends_at
    with transaction(session, SYSTEM) as tx:
        way.lose(tx, visas)
    return time.time()


def _end_soon(session: Session, visas: Sequence[Visa]) -> None:
    """Let the sessions of these people end in a few seconds unless a request comes."""
    ids = _ids_of(session, visas)
    with housekeeping(session):
        session.execute(
            update(SignIn)
            .where(SignIn.person_id.in_(ids), SignIn.state == SignInState.OPEN)
            .values(last_seen_at=clock.now() - IDLE + _SOON),
            execution_options={"synchronize_session": False},
        )


def _ids_of(session: Session, visas: Sequence[Visa]) -> list[int]:
    people = (get_person_by_email(session, it.email) for it in visas)
    return [it.id for it in people if it]


def _let_content_follow(session: Session, way: Way, marker: str) -> None:
    """Hand a report in, which the desk hears of, and let it out to the room of the way."""
    incident = world.incident_of(session)
    author = world.actor_named(session, world.AUTHOR)
    with transaction(session, author) as tx:
        report = world.report(0)
        words = f"{marker}: {report.words}"
        post = feed.submit(tx, incident, _with(report, words))
    if way.name == DESK:
        return  # what is let out they may read, as everybody may
    with transaction(session, world.actor_named(session, world.MODERATOR)) as tx:
        feed.publish(tx, post, feed.Letting(seen_by=(way.room,)))
    session.rollback()


def _with(report: feed.Report, words: str) -> feed.Report:
    return feed.Report(
        words=words,
        counties=report.counties,
        lifeline=report.lifeline,
        standing=report.standing,
        asked_for=report.asked_for,
    )


def _watched(clients: Sequence[Client], way: Way) -> list[Watcher]:
    """Return who loses: of two sessions of a person the later one alone."""
    watchers = [it for it in clients if isinstance(it, Watcher)]
    return watchers[way.each - 1 :: way.each]


def _has_heard(client: Client, marker: str, way: Way) -> bool:
    """Return whether somebody heard what came after, where anything does."""
    return way.name == CLOSED or any(marker.encode() in text for text in client.entries)


def _outcome(way: Way, watched: list[Watcher], at_s: float, marker: str) -> Outcome:
    outcome = Outcome(way.name)
    for it in watched:
        outcome.leaked += any(marker.encode() in text for text in it.entries)
        if it.lost_at:
            outcome.delays.append(it.lost_at - at_s)
        else:
            outcome.unaware += 1
    return outcome


def outcomes(at: Instance, count: int) -> list[Outcome]:
    """Go all ways, each with so many sockets."""
    with opened(at.url) as session:
        liaisons = world.add_people(session, count)
        moderators = world.add_staff(session, count, Role.MODERATOR)
        others = world.add_people(session, count, name="member")
        suspended = world.add_people(session, count, name="company")
        world.add_people(session, 1, name="bystander")
        with serving(at) as server:
            found = []
            for way in WAYS:
                say(f"  {way.name} …")
                emails = {
                    DESK: moderators,
                    CLOSED: moderators,
                    "membership ended": others,
                    "organization suspended": suspended,
                }.get(way.name, liaisons)
                found.append(watch(at, session, server, way, emails))
            return found


def measure(report: Report) -> None:
    """Measure all ways with 200 sockets each, and print the slowest but one in a hundred."""
    say(f"Losing an entitlement in {len(WAYS)} ways, {SOCKETS} sockets each:")
    with instance() as at:
        found = outcomes(at, SOCKETS)
    for it in found:
        right = it.heard and not it.leaked and not it.unaware
        report.add(f"{it.name}: sockets know, p99", "ms", it.p99 * 1e3, bar=BAR_MS, right=right)
    report.add("frames after a loss", "", sum(it.leaked for it in found), bar=0)
    report.add("sockets that never knew", "", sum(it.unaware for it in found), bar=0)

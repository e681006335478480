"""Loading the demo: its steps in their order, each at its time, through the operations."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounts import operations as accounts
from portal.accounts.models import Ticket
from portal.accounts.queries import hash_token
from portal.cli.demo import alerts, capacity, organizations, people, postings, reports, shifts
from portal.cli.demo.offers import DemoOffer, offer_steps
from portal.cli.demo.posts import DemoPost, DemoPosting, posting_steps, report_steps
from portal.cli.demo.steps import HAND_WRITTEN, LASTS, NOW, Scene, Step
from portal.cli.demo.written import POSTINGS, POSTS
from portal.core import clock, references
from portal.core.actor import SYSTEM, Role
from portal.core.passwords import hash_password
from portal.feed import operations as feed
from portal.feed.models import Post
from portal.incidents import operations as incidents
from portal.incidents.models import Incident
from portal.journal.transaction import Tx, transaction
from portal.offers import operations as offering
from portal.organizations import operations as taking_in
from portal.organizations.models import Organization
from portal.organizations.states import OrganizationKind

CODE = "OZ27"

#: How long an operational period lasts.
PERIOD = timedelta(minutes=shifts.HALF_DAY)

INCIDENT = incidents.IncidentParticulars(
    name="SW Missouri Tornado and Flood",
    types=("T", "F"),
    counties=tuple(sorted(organizations.FIPS.values())),
    level="partial",
    time_zone="America/Chicago",
    telephone="573-555-0100",
    email="beoc@demo.example",
    bridge="573-555-0102, code 4471",
)

#: What chance begins with: the same demo at each load.
_SEED = 27

#: How many minutes before the loading those who sign in have read the feed; ERAC never has.
_READ = {
    people.LIAISON: 70, people.LIAISON2: 120, people.ASSOCIATION: 45, people.MODERATOR: 12,
    people.MOP3: 20, people.CIKR: 240, people.ADMIN: 300,
}  # fmt: skip

#: Organizations are taken in so long before the exercise.
_BEFORE = timedelta(days=30)

Dated = TypeVar("Dated", DemoPost, DemoPosting, DemoOffer, shifts.DemoShift)

#: Hears of each step that is done.
Progress = Callable[[Iterable[Step]], Iterable[Step]]


def load(session: Session, progress: Progress = iter) -> Incident:
    """Load organizations, people and three days of the incident, through the operations.

    The clock is held in the past meanwhile, and chance begins anew, so that each load makes
    the same exercise, ending now. progress : walks through the steps, and may show how far.
    """
    start = clock.now() - LASTS
    references.use(Random(_SEED).choice)  # noqa: S311 - an exercise has no secrets  # nosec B311
    try:
        with _clock_from(start) as at:
            at(-_BEFORE)
            _take_in(session)
            _invite(session)
            at(timedelta(0))
            scene = Scene(session)
            for step in progress(plan()):
                at(timedelta(minutes=step.minute))
                with transaction(session, scene.actor(step.who)) as tx:
                    step.do(tx, scene)
            at(LASTS)
            _let_the_timer_work(session)
            _mark_read(scene)
    finally:
        references.use(None)
    return session.get_one(Incident, scene.incident_id)


def plan() -> list[Step]:
    """Return the steps of the exercise in their order, up to now."""
    chance = Random(_SEED)  # noqa: S311 - an exercise has no secrets  # nosec B311
    steps = [*_incident_steps(), *alerts.alert_steps()]
    for name, report in reports.make_reports(chance).items():
        steps += report_steps(name, report)
    for name, posting in postings.make_postings(chance).items():
        steps += postings.steps_of(chance, name, posting)
    for number, report in enumerate(POSTS):
        steps += report_steps(f"written {number}", _of_today(report))
    for number, posting in enumerate(POSTINGS):
        steps += posting_steps(f"posted {number}", _of_today(posting))
    steps += shifts.shift_steps(shifts.make_shifts(chance))
    steps += shifts.shift_steps(map(_of_today, shifts.WRITTEN))
    for name, offer in capacity.make_offers(chance).items():
        steps += offer_steps(name, offer)
    for number, offer in enumerate(capacity.WRITTEN):
        steps += offer_steps(f"offered {number}", _of_today(offer))
    return sorted((it for it in steps if it.minute < NOW), key=lambda it: it.minute)


def _of_today(it: Dated) -> Dated:
    """Return what was written by hand, at its minute of the whole exercise."""
    leaves = getattr(it, "leaves", None)
    changes = {} if leaves is None else {"leaves": leaves + HAND_WRITTEN}
    return replace(it, minute=it.minute + HAND_WRITTEN, **changes)


@contextmanager
def _clock_from(start: datetime) -> Iterator[Callable[[timedelta], None]]:
    present = [start]
    clock.use(lambda: present[0])

    def at(after: timedelta) -> None:
        present[0] = start + after

    try:
        yield at
    finally:
        clock.use(None)


# ---------------------------------------------------------------- who takes part


def _take_in(session: Session) -> None:
    with transaction(session, SYSTEM) as tx:
        made = {it.code: _register(tx, it) for it in organizations.ORGANIZATIONS}
        tx.session.flush()
        for association, member in organizations.MEMBERS:
            taking_in.add_member(tx, made[association], made[member])


def _register(tx: Tx, it: organizations.DemoOrganization) -> Organization:
    contact = taking_in.ContactParticulars(
        name=it.contact, telephone=it.telephone, email=f"duty@{it.code}.example"
    )
    particulars = taking_in.OrganizationParticulars(
        name=it.name,
        kind=OrganizationKind(it.kind),
        sectors=it.sectors,
        counties=it.counties,
        contacts=(contact,),
    )
    return taking_in.register(tx, particulars)


def _invite(session: Session) -> None:
    password_hash = hash_password(people.PASSWORD)
    everybody, tokens = people.list_everybody(), {}
    rows = {it.name: it for it in session.scalars(select(Organization))}
    known = organizations.by_code()
    with transaction(session, SYSTEM) as tx:
        for it in everybody:
            invitation = accounts.Invitation(
                email=it.email,
                organization=rows[known[it.organization].name],
                roles=frozenset({Role(it.role)}),
                is_demo=True,
            )
            tokens[it.email] = accounts.invite(tx, invitation)[1]
    scene = Scene(session)
    for it in everybody:
        ticket = session.scalars(
            select(Ticket).where(Ticket.token_hash == hash_token(tokens[it.email]))
        ).one()
        with transaction(session, scene.actor(it.email)) as tx:
            accounts.join(tx, ticket, name=it.name, password_hash=password_hash)


# ---------------------------------------------------------------- the incident


def _incident_steps() -> Iterator[Step]:
    yield Step(-1, people.ADMIN, _open)
    for number in range(LASTS // PERIOD + 1):
        minute = number * shifts.HALF_DAY
        who = people.ADMIN if number == 0 else people.MOP3 if number % 2 else people.MOP3_2
        yield Step(minute, who, _begin_period)


def _open(tx: Tx, scene: Scene) -> None:
    incident = incidents.open_incident(tx, INCIDENT, code=CODE, is_exercise=True)
    tx.session.flush()
    scene.incident_id = incident.id


def _begin_period(tx: Tx, scene: Scene) -> None:
    incidents.begin_period(tx, scene.incident(tx), ends_at=tx.now + PERIOD)


def _let_the_timer_work(session: Session) -> None:
    """Do what the timer of a serving process would have done in the last minutes."""
    offering.escalate_due(session)
    offering.warn_ending(session)


def _mark_read(scene: Scene) -> None:
    """Let those who sign in have read the feed up to some while ago."""
    for email, minutes in _READ.items():
        person_id = scene.actor(email).person_id
        latest = scene.session.scalar(
            select(Post)
            .where(Post.published_at <= clock.now() - timedelta(minutes=minutes))
            .order_by(Post.published_at.desc())
            .limit(1)
        )
        if latest is not None and person_id is not None:
            feed.mark_read(scene.session, person_id, latest)

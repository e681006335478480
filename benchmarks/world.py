"""What is there before anything is measured: made through operations, like everything else.

On top of the demo: companies with people who have signed in, reports that wait, posts.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from portal.accounts import operations as accounts
from portal.accounts.models import Ticket
from portal.accounts.queries import actor_of, epoch_of, get_person_by_email, hash_token
from portal.cli import demo, demo_data
from portal.cli.database import upgrade
from portal.core.actor import SYSTEM, Actor, Role
from portal.core.db import Database
from portal.core.passwords import hash_password
from portal.feed import operations as feed
from portal.feed.models import Post
from portal.incidents.models import Incident
from portal.incidents.queries import get_incident
from portal.journal import queries as journal
from portal.journal.audience import PARTNERS, rooms_of
from portal.journal.models import Entry
from portal.journal.transaction import transaction
from portal.offers import operations as offers
from portal.organizations import operations as organizations
from portal.organizations.models import Organization
from portal.organizations.states import OrganizationKind

CODE = "OZ27"
AUTHOR, MODERATOR, ERAC = demo_data.LIAISON, "moderator@demo.example", "erac@demo.example"
PASSWORD = "a password of the benchmark"

#: People of one company, and how much is written in one transaction.
_COLLEAGUES = 10
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Visa:
    """Somebody who has signed in: the cookie, and the rooms in which they may sit."""

    email: str
    cookie: str
    rooms: frozenset[str]


@contextmanager
def opened(url: str) -> Iterator[Session]:
    """Lend a session for arranging; on SQLite it does not wait for the disk."""
    database = Database(url, epoch_of=epoch_of)
    if database.is_sqlite:
        event.listen(database.engine, "connect", _do_not_wait)
    try:
        with database.sessions() as session:
            yield session
    finally:
        database.engine.dispose()


def _do_not_wait(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")


def make(url: str) -> None:
    """Bring an empty database to the schema and load the demo."""
    upgrade(url)
    with opened(url) as session:
        demo.load(session)


def incident_of(session: Session) -> Incident:
    """Return the demo's incident."""
    incident = get_incident(session, CODE)
    if incident is None:
        raise LookupError(CODE)
    return incident


def actor_named(session: Session, email: str) -> Actor:
    """Return who acts under this address."""
    person = get_person_by_email(session, email)
    actor = actor_of(session, person.id) if person else None
    if actor is None:
        raise LookupError(email)
    return actor


# ---------------------------------------------------------------- people


def add_people(session: Session, count: int, *, name: str = "liaison") -> list[str]:
    """Take in `count` liaisons, ten to a company, and return their addresses.

    They are of the demo, which lets them in by a password alone.
    """
    companies = _add_companies(session, -(-count // _COLLEAGUES), name)
    places = [companies[number // _COLLEAGUES] for number in range(count)]
    return _add_each(session, places, Role.LIAISON, name)


def add_staff(session: Session, count: int, role: Role) -> list[str]:
    """Take in `count` people of the demo's agency, and return their addresses."""
    agency = session.scalars(
        select(Organization).where(Organization.kind == OrganizationKind.AGENCY)
    ).first()
    if agency is None:
        raise LookupError("the demo has no agency")
    return _add_each(session, [agency] * count, role, role.value)


def _add_each(session: Session, places: list[Organization], role: Role, name: str) -> list[str]:
    """Take somebody in for each place."""
    password_hash, emails, count = hash_password(PASSWORD), [], len(places)
    for first in range(0, count, _BATCH):
        invited = {}
        with transaction(session, SYSTEM) as tx:
            for number in range(first, min(first + _BATCH, count)):
                invitation = accounts.Invitation(
                    email=f"{name}{number}@bench.example",
                    organization=places[number],
                    roles=frozenset({role}),
                    is_demo=True,
                )
                person, token = accounts.invite(tx, invitation)
                invited[person.email] = (person.id, token)
        for email, (person_id, token) in invited.items():
            _join(session, person_id, token, password_hash)
            emails.append(email)
    return emails


def _add_companies(session: Session, count: int, name: str) -> list[Organization]:
    with transaction(session, SYSTEM) as tx:
        return [
            organizations.register(
                tx,
                organizations.OrganizationParticulars(
                    name=f"Company {number} of the benchmark, {name}",
                    kind=OrganizationKind.COMPANY,
                    sectors=("ENER", "RETAIL"),
                    counties=("29097", "29109"),
                ),
            )
            for number in range(count)
        ]


def _join(session: Session, person_id: int, token: str, password_hash: str) -> None:
    actor = actor_of(session, person_id)
    ticket = session.scalars(select(Ticket).where(Ticket.token_hash == hash_token(token))).one()
    with transaction(session, actor or SYSTEM) as tx:
        accounts.join(tx, ticket, name=f"Liaison {person_id}", password_hash=password_hash)


def sign_in(
    session: Session, emails: Sequence[str], secret_key: str, *, each: int = 1
) -> list[Visa]:
    """Open `each` sessions a person, without the password that the page would ask for."""
    visas = []
    for email in emails:
        actor = actor_named(session, email)
        with transaction(session, actor) as tx:
            tokens = [
                accounts.sign_in(tx, membership_id=actor.membership_id or 0, agent="benchmark")
                for _ in range(each)
            ]
        rooms = rooms_of(actor)
        visas += [Visa(email, cookie_of(token, secret_key), rooms) for token in tokens]
        session.expunge_all()
    return visas


def cookie_of(token: str, secret_key: str) -> str:
    """Return the cookie that signing in would have set."""
    app = Flask("benchmarks")
    app.secret_key = secret_key
    serializer = SecureCookieSessionInterface().get_signing_serializer(app)
    if serializer is None:
        raise LookupError("no secret key")
    return f"sid={serializer.dumps({'_user_id': token, '_fresh': True})}"


# ---------------------------------------------------------------- posts


@dataclass(frozen=True, slots=True)
class Waiting:
    """A report that waits for the desk, and what a browser needs to let it out."""

    id: int
    reference: str
    version: int
    words: str


def add_waiting(session: Session, count: int) -> list[Waiting]:
    """Hand in `count` reports, each with words of its own."""
    author = actor_named(session, AUTHOR)
    incident = incident_of(session)
    with transaction(session, author) as tx:
        posts = [feed.submit(tx, incident, report(number)) for number in range(count)]
    return [Waiting(it.id, it.reference, it.version, it.words) for it in posts]


def add_posts(session: Session, numbers: range) -> None:
    """Hand in and let out a report for each number."""
    for first in range(0, len(numbers), _BATCH):
        batch = numbers[first : first + _BATCH]
        incident = incident_of(session)
        with transaction(session, actor_named(session, AUTHOR)) as tx:
            posts = [feed.submit(tx, incident, report(number)) for number in batch]
            for number, post in zip(batch, posts, strict=True):
                # Of four random characters some would be the same among so many.
                post.reference = f"{CODE}-{number:06}"
        ids = [post.id for post in posts]
        with transaction(session, actor_named(session, MODERATOR)) as tx:
            for post in session.scalars(select(Post).where(Post.id.in_(ids))):
                feed.publish(tx, post, feed.Letting(seen_by=(PARTNERS,)))
        session.expunge_all()


def add_offers(session: Session, count: int) -> None:
    """Offer something `count` times."""
    incident, author = incident_of(session), actor_named(session, AUTHOR)
    with transaction(session, author) as tx:
        for number in range(count):
            line = offers.Line(
                item="FUEL",
                description=f"Offer {number}: diesel, delivered with pump and meter.",
                amount=1_000_000,
                unit="GAL",
                county="29009",
                price_cents=389,
            )
            terms = offers.Terms(
                available_from=tx.now,
                available_until=tx.now + timedelta(days=2),
                compensation="quoted_price",
                vouched=True,
                contact="Dispatch",
                telephone="417-555-0142",
            )
            offers.offer(tx, incident, [line], terms)


def report(number: int) -> feed.Report:
    """Return a report of usual length; its number makes its words its own."""
    return feed.Report(
        words=f"Report {number}: rack 2 at Monett loads, rack 1 is down until utility power "
        f"returns. The queue at the gate is {number % 40} trucks; the next word follows at "
        "the full hour. Drivers wait on the shoulder of the county road.",
        counties=("29009",),
        lifeline="ENERGY",
        standing="limited",
        asked_for=(PARTNERS,),
    )


def published_at(session: Session, post_id: int) -> float:
    """Return the time of the entry that let the report out, by the wall's clock."""
    found = session.scalars(
        select(Entry.at).where(
            Entry.subject == "post", Entry.subject_id == post_id, Entry.move == "publish"
        )
    ).one()
    session.rollback()
    return found.timestamp()


def head_of(session: Session, room: str) -> int:
    """Return the number of a room's last entry."""
    n = journal.heads(session, incident_of(session).id, [room])[room]
    session.rollback()
    return n


def follow_of(session: Session, visa: Visa) -> dict[str, object]:
    """Return what the page of this person would ask when its socket has connected."""
    incident = incident_of(session)
    return {
        "incident": CODE,
        "generation": journal.generation(session),
        "heads": journal.heads(session, incident.id, visa.rooms),
    }

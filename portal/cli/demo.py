"""`portal demo`: a small exercise with people of every kind, for an empty database."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounts import operations as accounts
from portal.accounts.models import Ticket
from portal.accounts.queries import actor_of, get_person_by_email, hash_token
from portal.cli import demo_data as data
from portal.cli.demo_posts import POSTINGS, POSTS, DemoPost, DemoPosting
from portal.core import clock
from portal.core.actor import SYSTEM, Actor, Role
from portal.core.db import Database
from portal.core.passwords import hash_password
from portal.feed import operations as feed
from portal.feed.models import Post
from portal.incidents import operations as incidents
from portal.incidents.models import Incident
from portal.journal.audience import PARTNERS
from portal.journal.transaction import Tx, transaction
from portal.offers import operations as offers
from portal.offers.models import Offer
from portal.organizations import operations as organizations
from portal.organizations.models import Organization
from portal.organizations.states import OrganizationKind
from portal.presence import operations as presence
from portal.presence.queries import roster

Step = DemoPost | DemoPosting | data.DemoOffer | data.DemoShift | data.DemoLeave


@click.command()
@with_appcontext
def demo() -> None:
    """Load the demo exercise into an empty database, and print the sign-ins."""
    database: Database = current_app.extensions["database"]
    with database.sessions() as session:
        if session.scalar(select(Organization.id).limit(1)) is None:
            load(session)
            click.echo("Loaded the demo exercise OZ27.")
        elif get_person_by_email(session, data.PEOPLE[0].email) is None:
            raise click.ClickException("This database is in use: the demo wants an empty one.")
    click.echo("\nSign-ins of the demo, from this machine only:")
    for person in data.PEOPLE:
        click.echo(f"  {person.email:<28} {person.what}")
    click.echo(f"  password for all: {data.PASSWORD}\n")


def load(session: Session) -> Incident:
    """Load organizations, people, the incident, its reports and offers, through the operations.

    The clock is held in the past meanwhile, so that the exercise has been going on for hours.
    """
    with _clock_from(clock.now() - data.LASTS) as at:
        _load_organizations(session)
        _load_people(session)
        incident = _open_incident(session)
        steps: list[Step] = [*POSTS, *POSTINGS, *data.OFFERS, *data.SHIFTS]
        for step in sorted(steps, key=lambda it: it.minute):
            at(timedelta(minutes=step.minute))
            if isinstance(step, DemoPost):
                _load_post(session, incident, step)
            elif isinstance(step, DemoPosting):
                _load_posting(session, incident, step)
            elif isinstance(step, data.DemoOffer):
                _load_offer(session, incident, step)
            elif isinstance(step, data.DemoShift):
                _load_shift(session, incident, step)
            else:
                _load_leave(session, incident, step)
    return incident


@contextmanager
def _clock_from(start: datetime) -> Iterator[Any]:
    present = [start]
    clock.use(lambda: present[0])

    def at(after: timedelta) -> None:
        present[0] = start + after

    try:
        yield at
    finally:
        clock.use(None)


def _load_organizations(session: Session) -> None:
    with transaction(session, SYSTEM) as tx:
        made = {}
        for it in data.ORGANIZATIONS:
            contact = organizations.ContactParticulars(
                name=it.contact, telephone=it.telephone, email=f"duty@{it.code}.example"
            )
            made[it.code] = organizations.register(
                tx,
                organizations.OrganizationParticulars(
                    name=it.name,
                    kind=OrganizationKind(it.kind),
                    sectors=it.sectors,
                    counties=it.counties,
                    contacts=(contact,),
                ),
            )
        tx.session.flush()
        for association, member in data.MEMBERS:
            organizations.add_member(tx, made[association], made[member])


def _load_people(session: Session) -> None:
    password_hash = hash_password(data.PASSWORD)
    for it in data.PEOPLE:
        organization = session.scalars(
            select(Organization).where(Organization.name == data.name_of(it.organization))
        ).one()
        with transaction(session, SYSTEM) as tx:
            person, token = accounts.invite(
                tx,
                accounts.Invitation(
                    email=it.email,
                    organization=organization,
                    roles=frozenset({Role(it.role)}),
                    is_demo=True,
                ),
            )
            tx.session.flush()
            person_id = person.id
        actor = actor_of(session, person_id)
        ticket = session.scalars(
            select(Ticket).where(Ticket.token_hash == hash_token(token))
        ).one()
        with transaction(session, actor or SYSTEM) as tx:
            accounts.join(tx, ticket, name=it.name, password_hash=password_hash)


def _actor(session: Session, email: str) -> Actor:
    person = get_person_by_email(session, email)
    actor = actor_of(session, person.id) if person else None
    if actor is None:
        message = f"{email} is not among the demo's people"
        raise LookupError(message)
    return actor


def _open_incident(session: Session) -> Incident:
    with transaction(session, _actor(session, "admin@demo.example")) as tx:
        incident = incidents.open_incident(tx, data.INCIDENT, code="OZ27", is_exercise=True)
        tx.session.flush()
        incidents.begin_period(tx, incident, ends_at=tx.now + data.PERIOD)
    return incident


def _load_post(session: Session, incident: Incident, it: DemoPost) -> None:
    report = feed.Report(
        words=it.words,
        counties=(it.county,),
        lifeline=it.lifeline,
        standing=it.standing,
        asked_for=it.asked_for,
        place=it.place,
        is_urgent=it.is_urgent,
    )
    with transaction(session, _actor(session, it.author)) as tx:
        post = feed.submit(tx, incident, report)
    if it.then is None:
        return
    with transaction(session, _actor(session, "moderator@demo.example")) as tx:
        _decide_post(tx, post, it)


def _decide_post(tx: Tx, post: Post, it: DemoPost) -> None:
    if it.then == "reject":
        feed.reject(tx, post, reason="already_published", note=it.note)
        return
    if it.then == "ask":
        feed.ask(tx, post, question=it.note)
        return
    feed.publish(tx, post, feed.Letting(seen_by=it.asked_for))
    if it.then == "retract":
        feed.retract(tx, post, note=it.note)
    elif it.then == "correct":
        feed.correct(tx, post, said=it.said, why=it.note)


def _load_posting(session: Session, incident: Incident, it: DemoPosting) -> None:
    def later(hours: int) -> datetime | None:
        return clock.now() + timedelta(hours=hours) if hours else None

    posting = feed.Posting(
        kind=it.kind,
        said=it.said,
        seen_by=(PARTNERS,),
        lifeline=it.lifeline,
        counties=it.counties,
        tlp=it.tlp,
        confidence=it.confidence,
        is_urgent=it.is_urgent,
        acknowledge_by=later(it.acknowledge_h),
        review_by=later(it.review_h),
        ends_at=later(it.ends_h),
    )
    with transaction(session, _actor(session, "moderator@demo.example")) as tx:
        post = feed.post(tx, incident, posting)
        pinned_until = later(it.pinned_h)
        if pinned_until is not None:
            feed.pin(tx, post, until=pinned_until)


def _load_offer(session: Session, incident: Incident, it: data.DemoOffer) -> None:
    particulars = offers.Particulars(
        item=it.item,
        description=it.description,
        amount=it.amount * 1000,
        unit=it.unit,
        county=it.county,
        available_from=clock.now(),
        available_until=clock.now() + timedelta(hours=it.hours),
        compensation=it.compensation,
        price_cents=it.price_cents,
    )
    with transaction(session, _actor(session, it.author)) as tx:
        offer = offers.submit(tx, incident, particulars)
    if it.then is None:
        return
    with transaction(session, _actor(session, "erac@demo.example")) as tx:
        _answer_offer(tx, offer, it)


def _answer_offer(tx: Tx, offer: Offer, it: data.DemoOffer) -> None:
    if it.then == "decline":
        offers.decline(tx, offer, reason="not_needed", note=it.note)
    elif it.then == "list":
        offers.list_(tx, offer, note=it.note)
    else:
        offers.review(tx, offer)


def _load_shift(session: Session, incident: Incident, it: data.DemoShift) -> None:
    shift = presence.Shift(
        assignment=it.assignment,
        link=it.link,
        until=clock.now() + timedelta(hours=it.hours),
        telephone=it.telephone,
        decides=it.decides,
        decides_up_to=it.decides_up_to,
    )
    actor = _actor(session, it.by or it.who)
    callers = {caller.person.email: caller for caller in roster.list_callers(session, actor)}
    with transaction(session, actor) as tx:
        if it.by:
            presence.check_in_for(tx, incident, callers[it.who], shift)
        else:
            presence.check_in(tx, incident, shift)


def _load_leave(session: Session, incident: Incident, it: data.DemoLeave) -> None:
    actor = _actor(session, it.who)
    row = roster.get_own(session, incident.id, actor)
    with transaction(session, actor) as tx:
        if row is not None:
            presence.check_out(tx, row, hand_over=it.hand_over)

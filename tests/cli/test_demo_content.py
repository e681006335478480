"""What the demo holds: three days of an incident as the field knows them, all invented."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from portal.accounts.models import Membership, Person
from portal.accounts.queries import actor_of, get_person_by_email
from portal.cli.demo.people import ASSOCIATION, LIAISON, LIAISON2, PEOPLE
from portal.core import clock, codes
from portal.core.actor import PRIVATE_ROLES
from portal.feed.models import Acknowledgement, Claim, Post, ReadMark
from portal.feed.queries import count_unread, list_pinned, read_until
from portal.feed.states import PostState
from portal.incidents.models import Incident, OperationalPeriod
from portal.journal.models import Entry
from portal.offers.models import Offer
from portal.offers.states import OfferState
from portal.organizations.models import AssociationMember, Contact, Organization
from portal.organizations.states import OrganizationKind
from portal.presence.models import CheckIn
from portal.presence.queries import roster
from tests.cli.loaded import lent_demo
from tests.journal.reading import check_journal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from tests.databases import Databases

pytestmark = pytest.mark.one_backend


@pytest.fixture
def _copy(databases: Databases) -> Iterator[tuple[str, None]]:
    with lent_demo(databases) as url:
        yield url, None


@pytest.fixture
def incident(session: Session) -> Incident:
    return session.scalars(select(Incident).where(Incident.code == "OZ27")).one()


def test_the_journal_is_what_it_promises(session: Session):
    check_journal(session)


def test_everything_is_an_exercise_and_nobody_is_real(session: Session):
    incidents = session.scalars(select(Incident).where(Incident.id != 0)).all()
    assert all(it.is_exercise for it in incidents)
    people = session.scalars(select(Person)).all()
    assert all(it.is_demo and it.email.endswith(".example") for it in people)
    assert [it.email for it in people[: len(PEOPLE)]] == [it.email for it in PEOPLE]
    contacts = session.scalars(select(Contact)).all()
    assert all("-555-01" in it.telephone for it in contacts)
    assert all(it.email.endswith(".example") for it in contacts)


def test_organizations_have_somebody_who_speaks_for_them(session: Session):
    known = session.scalars(select(Organization)).all()
    kinds = Counter(it.kind for it in known)
    assert len(known) == 40
    assert kinds[OrganizationKind.ASSOCIATION] == 3
    assert set(kinds) == set(OrganizationKind)
    assert session.scalar(select(func.count(AssociationMember.id))) >= 12
    spoken_for = {
        it.organization_id
        for it in session.scalars(select(Membership))
        if PRIVATE_ROLES.intersection(it.roles)
    }
    private = {it.id for it in known if it.kind is not OrganizationKind.AGENCY}
    assert spoken_for == private


def test_it_is_the_third_day_in_periods_of_half_a_day(session: Session, incident: Incident):
    assert incident.opened_at is not None
    assert timedelta(hours=48) < clock.now() - incident.opened_at < timedelta(hours=72)
    periods = session.scalars(select(OperationalPeriod)).all()
    assert [it.number for it in periods] == [1, 2, 3, 4, 5, 6]
    assert all(it.ends_at - it.starts_at == timedelta(hours=12) for it in periods)
    assert incident.period_ends_at is not None
    assert incident.period_ends_at > clock.now()


def test_posts_stand_in_every_state_and_for_every_kind_of_reader(session: Session):
    posts = session.scalars(select(Post)).all()
    assert 270 <= len(posts) <= 330
    assert {it.state for it in posts} == set(PostState) - {PostState.PROPOSED}
    rooms = Counter(room.partition(":")[0] for it in posts for room in it.seen_by)
    assert set(rooms) == {"partners", "staff", "sector", "region"}
    assert {it.kind for it in posts} == set(codes.load("post-kinds"))
    assert {it.tlp for it in posts} == set(codes.load("tlp"))
    now = clock.now()
    assert any(it.ends_at and it.ends_at < now for it in posts), "some have expired"
    assert any(it.review_by and it.review_by < now for it in posts), "some want a second look"
    assert any(it.acknowledge_by and it.acknowledge_by > now for it in posts)
    moves = set(session.scalars(select(Entry.move).where(Entry.subject == "post")))
    assert {"correct", "confirm", "doubt", "reply", "nudge", "remind", "pin"} <= moves
    assert session.scalar(select(func.count(Acknowledgement.id))) > 50
    assert session.scalar(select(func.count(Claim.id))) > 5


def test_no_two_reports_say_the_same(session: Session):
    reports = select(Post.words).where(Post.source == "partner_verified")
    words = Counter(session.scalars(reports))
    assert [it for it, count in words.items() if count > 1] == []


def test_lifelines_change_over_time_in_many_counties(session: Session):
    let_out = session.scalars(
        select(Post).where(Post.published_at.is_not(None), Post.standing != "")
    ).all()
    places, stood = defaultdict(set), defaultdict(set)
    for it in let_out:
        places[it.lifeline].update(it.counties)
        stood[it.lifeline, it.counties].add(it.standing)
    assert set(places) == set(codes.load("lifelines"))
    assert len(set.union(*places.values())) >= 12
    assert {it.standing for it in let_out} == set(codes.load("standings"))
    assert sum(len(standings) > 1 for standings in stood.values()) > 20


def test_something_waits_and_something_is_unread(session: Session, incident: Incident):
    now = clock.now()
    waiting = session.scalars(select(Post).where(Post.state == PostState.WAITING)).all()
    newest = max(it.submitted_at for it in waiting if it.submitted_at)
    assert 5 <= len(waiting) <= 15
    assert newest > now - timedelta(minutes=10)
    assert session.scalar(select(func.count(ReadMark.person_id))) == len(PEOPLE) - 1
    for email in (LIAISON, LIAISON2, ASSOCIATION):
        person = get_person_by_email(session, email)
        assert person is not None
        actor = actor_of(session, person.id)
        assert actor is not None
        mark = read_until(session, incident.id, actor)
        assert 2 <= count_unread(session, incident.id, actor, mark) <= 20
        assert len(list_pinned(session, incident.id, actor)) == 2


def test_the_roster_is_alive(session: Session, incident: Incident):
    staff = get_person_by_email(session, "moderator@demo.example")
    assert staff is not None
    actor = actor_of(session, staff.id)
    assert actor is not None
    rooms = roster.rooms_for(actor)
    here = [it for it in roster.list_roster(session, incident.id, rooms)["staff"] if it.is_here]
    assert 20 <= len(here) <= 30
    assert {it.link for it in here} == set(codes.load("links"))
    assert sum(bool(it.decides) for it in here) > 5
    shifts = session.scalars(select(CheckIn)).all()
    assert {it.link for it in shifts} == set(codes.load("links"))
    assert sum(bool(it.hand_over) for it in shifts) > 50
    days = Counter((clock.now() - it.checked_in_at).days for it in shifts if it.checked_in_at)
    assert all(days[day] > 20 for day in range(3)), days


def test_offers_stand_in_every_state(session: Session):
    offers = session.scalars(select(Offer)).all()
    now = clock.now()
    assert 110 <= len(offers) <= 130
    assert {it.state for it in offers} == set(OfferState)
    open_ = [it for it in offers if it.state is OfferState.LISTED]
    assert any(it.available_until < now for it in open_)
    assert any(now < it.available_until < now + timedelta(hours=24) for it in open_)
    assert any(it.escalated_at and it.answer_by and it.answer_by < now for it in offers)
    members = [len({line.member_id for line in it.lines if line.member_id}) for it in offers]
    assert sum(count >= 3 for count in members) >= 3
    assert sum(bool(it.reply) for it in offers) > 3
    drafts = {it.person_id for it in offers if it.state is OfferState.DRAFT}
    for email in (LIAISON, ASSOCIATION):
        person = get_person_by_email(session, email)
        assert person is not None
        assert person.id in drafts


def test_most_offers_are_answered_within_the_promise(session: Session):
    submitted = dict(
        session.execute(
            select(Entry.subject_id, Entry.at).where(
                Entry.subject == "offer", Entry.move == "submit"
            )
        ).all()
    )
    late = session.scalars(
        select(Offer).where(Offer.answered_at.is_not(None), Offer.escalated_at.is_not(None))
    ).all()
    answered = session.scalars(select(Offer).where(Offer.answered_at.is_not(None))).all()
    assert all(it.answered_at > submitted[it.id] for it in answered if it.answered_at)
    assert 0 < len(late) < len(answered) / 10

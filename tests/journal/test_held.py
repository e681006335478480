"""A write depends on the rows that the page showed, as they were when the page was made."""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from sqlalchemy import delete, select

from portal.core import postgres
from portal.core.errors import BusyError, ConflictError, StateGoneError, VersionGoneError
from portal.core.writes import Held
from portal.feed import operations as feed
from portal.feed.models import Post
from portal.feed.states import PostState
from portal.incidents.operations import close, set_level
from portal.journal.audience import PARTNERS
from portal.journal.housekeeping import housekeeping
from portal.journal.transaction import transaction
from tests.databases import opened
from tests.factories import make_offer, make_post, publish, reject, report, sign_in
from tests.journal.reading import check_journal, dump, kinds
from tests.threads import sorted_out, together


@pytest.fixture
def post(session, world):
    return make_post(session, world.actor("alpha"))


def let_out(session, actor, held):
    with transaction(session, actor, held=[held]) as tx:
        feed.publish(tx, held.row, feed.Letting(seen_by=(PARTNERS,)))


def test_a_page_that_is_up_to_date_may_write(session, world, post):
    let_out(session, world.actor("moderator"), Held(post, post.version))
    assert post.state is PostState.PUBLISHED


def test_a_page_that_is_stale_writes_nothing(database, session, world, post):
    moderator, version = world.actor("moderator"), post.version
    with database.sessions() as other:
        publish(other, world.within(other).actor("moderator2"), other.get_one(Post, post.id))
    before = dump(session)
    with (
        pytest.raises(VersionGoneError),
        transaction(session, moderator, held=[Held(post, version)]) as tx,
    ):
        feed.retract(tx, post, note="as I meant to")
    assert dump(session) == before


def test_any_version_will_do_where_the_page_named_none_but_the_state_still_counts(
    database, session, world, post
):
    moderator = world.actor("moderator")
    with database.sessions() as other:
        reject(other, world.within(other).actor("moderator2"), other.get_one(Post, post.id))
    with pytest.raises(StateGoneError):
        let_out(session, moderator, Held(post))


def test_a_row_that_is_gone_is_a_conflict(database, session, world, post):
    _ = post.version
    with database.sessions() as other, housekeeping(other):
        other.execute(delete(Post).where(Post.id == post.id))
    with pytest.raises(VersionGoneError):
        let_out(session, world.actor("moderator"), Held(post))


def test_what_the_write_sees_is_newer_than_what_the_page_saw(database, session, world):
    """The snapshot that the page read in ends before the write begins."""
    alpha, incident = world.actor("alpha"), world.incident
    assert incident.level == "partial"
    with database.sessions() as other:
        ours = world.within(other)
        with transaction(other, ours.actor("mop3")) as tx:
            set_level(tx, ours.incident, level="full")
    with transaction(session, alpha) as tx:
        assert incident.level == "full"
        feed.submit(tx, incident, report())


def test_two_moderators_decide_at_once_and_exactly_one_does(database, session, world):
    """RACE-2, with and without the version that the page held, and without holding at all."""
    posts = [make_post(session, world.actor("alpha")).id for _ in range(9)]
    actors = {name: sign_in(session, world, name) for name in ("moderator", "moderator2")}

    def decide(name, post_id, how, decision):
        with database.sessions() as mine:
            post = mine.get_one(Post, post_id)
            held = {
                "version": [Held(post, post.version)],
                "row": [Held(post)],
                "nothing": [],
            }[how]
            with transaction(mine, actors[name], held=held) as tx:
                if decision == "publish":
                    feed.publish(tx, post, feed.Letting(seen_by=(PARTNERS,)))
                else:
                    feed.reject(tx, post, reason="unverified", note="")
            return decision

    ways = itertools.cycle(["version", "row", "nothing"])
    for post_id, how in zip(posts, ways, strict=False):
        jobs = [
            lambda n=name, p=post_id, h=how, d=decision: decide(n, p, h, d)
            for name, decision in [("moderator", "publish"), ("moderator2", "reject")] * 2
        ]
        done, refused = sorted_out(together(jobs), ConflictError)
        assert (len(done), len(refused)) == (1, 3), how
        session.rollback()
        state = session.get_one(Post, post_id).state
        assert state == {"publish": "published", "reject": "rejected"}[done[0]]
    decided = [kind for kind in kinds(session, world.incident_id) if kind != "post.submit"]
    assert len(decided) == len(posts) + 1  # and the incident's own opening
    check_journal(session)


def test_holding_the_same_rows_in_other_orders_locks_nobody_out(database, session, world):
    posts = [make_post(session, world.actor("alpha")).id for _ in range(4)]
    moderator = sign_in(session, world, "moderator")
    for post_id in posts:
        publish(session, moderator, session.get_one(Post, post_id))

    def take_back(order):
        with database.sessions() as mine:
            rows = [mine.get_one(Post, post_id) for post_id in order]
            with transaction(mine, moderator, held=[Held(row) for row in rows]) as tx:
                for row in rows:
                    feed.retract(tx, row, note="together")

    orders = list(itertools.permutations(posts))[::4]
    jobs = [lambda o=order: take_back(o) for order in orders]
    done, refused = sorted_out(together(jobs), StateGoneError)
    assert (len(done), len(refused)) == (1, len(orders) - 1)
    check_journal(session)


def test_nobody_reports_into_an_incident_after_it_closed(database, session, world):
    """RACE-8: those who depend on it share it; who closes it waits for them and then nobody."""
    actors = [sign_in(session, world, name) for name in ("alpha", "bravo", "guild")]
    admin = sign_in(session, world, "admin")

    def write(actor):
        with database.sessions() as mine:
            for _ in range(4):
                incident = world.within(mine).incident
                with transaction(mine, actor, held=[Held(incident, shared=True)]) as tx:
                    feed.submit(tx, incident, report())

    def end():
        with database.sessions() as mine:
            incident = world.within(mine).incident
            with transaction(mine, admin, held=[Held(incident)]) as tx:
                close(tx, incident, reason="over")
        return "closed"

    jobs = [*(lambda a=actor: write(a) for actor in actors), end]
    done, _refused = sorted_out(together(jobs), StateGoneError)
    assert "closed" in done
    assert kinds(session, world.incident_id)[-1] == "incident.close"
    with pytest.raises(StateGoneError):
        make_post(session, world.actor("alpha"), world.incident)
    check_journal(session)


@pytest.mark.one_backend("postgres")
def test_a_row_that_somebody_changed_in_the_middle_of_a_write_is_a_conflict(
    database, session, world, post
):
    """SQLite has one writer at a time; PostgreSQL finds out when the row is written."""

    def both():
        with transaction(session, world.actor("moderator")) as tx:
            feed.reject(tx, post, reason="unverified", note="")
            with database.sessions() as other:
                mop3 = world.within(other).actor("mop3")
                publish(other, mop3, other.get_one(Post, post.id))

    with pytest.raises(VersionGoneError):
        both()
    assert post.state is PostState.PUBLISHED
    check_journal(session)


@pytest.mark.one_backend("postgres")
@pytest.mark.parametrize("what", ["incident", "organization", "person"])
def test_who_holds_a_row_does_not_stop_those_whose_rows_point_at_it(
    database, session, world, post, what
):
    """A decision holds the stream's head when PostgreSQL looks at what the post points at.

    Were that locked against looks, too, the two would wait for each other for ever.
    """
    row = {
        "incident": world.incident,
        "organization": world.organization("alpha"),
        "person": world.person("alpha"),
    }[what]
    holding = transaction(session, world.actor("admin"), held=[Held(row)])
    with holding, database.sessions() as other:
        ours = world.within(other)
        publish(other, ours.actor("moderator"), other.get_one(Post, post.id))
        make_offer(other, ours.actor("bravo"), ours.incident)
    check_journal(session)


@pytest.mark.one_backend("postgres")
def test_a_move_that_changes_no_column_waits_for_the_row_before_it_takes_a_number(
    database, session, world
):
    """Its entry's time is written under the head, where nobody may wait for a row any more."""
    alpha, mop3 = sign_in(session, world, "alpha"), sign_in(session, world, "mop3")
    leveling = threading.Event()

    def set_again():
        with database.sessions() as mine:
            incident = world.within(mine).incident
            leveling.set()
            with transaction(mine, mop3) as tx:
                set_level(tx, incident, level=incident.level)

    with database.sessions() as mine, ThreadPoolExecutor(1) as pool:
        incident = world.within(mine).incident
        with transaction(mine, alpha, held=[Held(incident, shared=True)]) as tx:
            other = pool.submit(set_again)
            leveling.wait(10)
            with suppress(TimeoutError):  # it can't end, and must not stand at the head now
                other.result(timeout=0.5)
            feed.submit(tx, incident, report())
        other.result(timeout=30)
    assert kinds(session, world.incident_id)[-2:] == ["post.submit", "incident.set_level"]
    check_journal(session)


@pytest.mark.one_backend("postgres")
def test_a_row_that_somebody_keeps_locked_makes_the_portal_busy_not_hang(
    database_url, world, session, post, monkeypatch
):
    monkeypatch.setitem(postgres.CONNECTING, "options", "-c lock_timeout=200")
    with opened(database_url) as hasty, hasty.sessions() as mine:
        with hasty.engine.connect() as other:
            other.execute(select(Post.__table__).where(Post.id == post.id).with_for_update())
            row = mine.get_one(Post, post.id)
            with pytest.raises(BusyError):
                let_out(mine, world.actor("moderator"), Held(row))
            other.rollback()
        let_out(mine, world.actor("moderator"), Held(row))
    check_journal(session)


# ---------------------------------------------------------------- by HTTP


def test_a_moderator_who_comes_second_gets_the_page_as_it_stands(client_for, session, world):
    post = make_post(session, world.actor("alpha"), words="Bridge out at Neosho.")
    url = f"/incidents/{world.code}/feed/queue/{post.reference}"
    first, second = client_for("moderator"), client_for("moderator2")
    forms = [client.page(url).form("post.reject") for client in (first, second)]
    typed = {"reason": "unverified", "note": "Please call us first."}
    assert first.submit(forms[0], **typed).status_code == 303
    before = dump(session)
    answer = second.submit(forms[1], **typed | {"note": "My own words."})
    assert answer.status_code == 409
    second.read(answer)
    assert dump(session) == before

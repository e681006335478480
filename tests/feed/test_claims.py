"""A report lies before one moderator at a time, and never longer than its clock says."""

from __future__ import annotations

from functools import partial

import pytest
from sqlalchemy import func, select

from portal.accounts import operations as accounts
from portal.accounts.models import SignIn
from portal.core.errors import NotAllowedError, StateGoneError
from portal.core.writes import Held
from portal.feed import operations as feed
from portal.feed import queries
from portal.feed.models import Claim, Post
from portal.journal.audience import DESK, PARTNERS
from portal.journal.queries import story
from portal.journal.transaction import transaction
from tests.factories import make_post, publish, reject, sign_in, withdraw_post
from tests.feed.making import take
from tests.threads import sorted_out, together

BASE = "/incidents/EX27/feed"


def release(session, actor, claim):
    with transaction(session, actor) as tx:
        feed.release(tx, claim)


def holder(session, post):
    """Return the name that the desk reads beside a report."""
    session.expire_all()
    found = queries.posts_by_id(session, [post.id])[post.id]
    shown = queries.project(found, DESK)
    return shown.holder.name if shown is not None and shown.holder else None


def test_what_one_has_before_them_another_can_not_decide(session, world):
    post = make_post(session, world.actor("alpha"))
    take(session, world.actor("moderator"), post)
    for decide in (publish, reject):
        with pytest.raises(
            StateGoneError, match="Moderator Person has this report before them"
        ):
            decide(session, world.actor("moderator2"), post)
    assert [it.move for it in story(session, "post", post.id)] == ["submit"]
    assert holder(session, post) == "Moderator Person", "the refusal changed nothing"
    publish(session, world.actor("moderator"), post)
    assert session.scalar(select(Claim.state)) == "free", "it was decided"


def test_an_author_takes_back_what_a_moderator_has_before_them(session, world):
    post = make_post(session, world.actor("alpha"))
    take(session, world.actor("moderator"), post)
    assert withdraw_post(session, world.actor("alpha"), post).state == "withdrawn"
    with pytest.raises(StateGoneError):
        take(session, world.actor("moderator"), post)


def test_a_report_is_taken_over_and_the_first_then_sees_it_gone(session, world):
    post = make_post(session, world.actor("alpha"))
    first = take(session, world.actor("moderator"), post)
    assert take(session, world.actor("mop3"), post).id == first.id
    assert holder(session, post) == "Mop3 Person"
    with pytest.raises(StateGoneError):
        publish(session, world.actor("moderator"), post)
    with pytest.raises(NotAllowedError):
        release(session, world.actor("moderator"), session.get_one(Claim, first.id))
    publish(session, world.actor("mop3"), post)


def test_many_who_take_one_report_come_one_after_the_other(database, session, world):
    post_id = make_post(session, world.actor("alpha")).id
    desk = [world.actor(name) for name in ("moderator", "moderator2", "mop3")]

    def grasp(actor):
        with database.sessions() as own:
            take(own, actor, own.get_one(Post, post_id))

    done, refused = sorted_out(together([partial(grasp, it) for it in desk]))
    assert (len(done), refused) == (len(desk), [])
    session.rollback()
    assert session.scalar(select(func.count()).select_from(Claim)) == 1
    told = story(session, "claim", session.scalars(select(Claim.id)).one())
    assert {it.person_id for it in told} == {it.person_id for it in desk}
    assert session.scalars(select(Claim.person_id)).one() == told[-1].person_id


def test_of_two_who_decide_at_once_one_is_told_that_it_is_decided(database, session, world):
    post_id = make_post(session, world.actor("alpha")).id
    jobs = [(world.actor("moderator"), publish), (world.actor("mop3"), reject)]

    def decide(actor, operation):
        with database.sessions() as own:
            post = own.get_one(Post, post_id)
            with transaction(own, actor, held=[Held(post)]) as tx:
                if operation is publish:
                    feed.publish(tx, post, feed.Letting(seen_by=(PARTNERS,)))
                else:
                    feed.reject(tx, post, reason="old_news", note="")

    done, refused = sorted_out(together([partial(decide, *it) for it in jobs]), StateGoneError)
    assert (len(done), len(refused)) == (1, 1)
    session.rollback()
    assert len(story(session, "post", post_id)) == 2


def test_the_clock_ends_a_claim_whether_the_timer_came_or_not(session, world, held_clock):
    post = make_post(session, world.actor("alpha"))
    take(session, world.actor("moderator"), post)
    held_clock.tick(299)
    with pytest.raises(StateGoneError):
        publish(session, world.actor("moderator2"), post)
    held_clock.tick(1)
    assert holder(session, post) is None
    publish(session, world.actor("moderator2"), post)


def test_keeping_it_longer_starts_the_clock_again(session, world, held_clock):
    post = make_post(session, world.actor("alpha"))
    take(session, world.actor("moderator"), post)
    held_clock.tick(200)
    take(session, world.actor("moderator"), post)
    held_clock.tick(200)
    with pytest.raises(StateGoneError):
        publish(session, world.actor("mop3"), post)


def test_signing_out_gives_back_what_one_had(session, world):
    post = make_post(session, world.actor("alpha"))
    signed_in = sign_in(session, world, "moderator")
    take(session, signed_in, post)
    with transaction(session, signed_in) as tx:
        row = session.get_one(SignIn, signed_in.sign_in_id)
        accounts.end_sign_in(tx, row, why="signed out")
    publish(session, world.actor("moderator2"), post)


def test_the_timer_gives_back_what_ended_and_nothing_else(session, world, held_clock):
    alpha, moderator = world.actor("alpha"), world.actor("moderator")
    signed_in = sign_in(session, world, "mop3")
    lasting, ended, left = (make_post(session, alpha) for _ in range(3))
    take(session, moderator, ended)
    held_clock.tick(200)
    take(session, moderator, lasting)
    take(session, signed_in, left)
    with transaction(session, signed_in) as tx:
        accounts.end_sign_ins(tx, signed_in.person_id, why="signed out")
    held_clock.tick(200)
    feed.release_ended(session)
    assert [holder(session, it) for it in (lasting, ended, left)] == [
        "Moderator Person",
        None,
        None,
    ]
    before = len(story(session, "claim", queries.get_claim(session, ended).id))
    feed.release_ended(session)
    assert len(story(session, "claim", queries.get_claim(session, ended).id)) == before


@pytest.mark.parametrize("name", ["alpha", "cikr", "erac", "admin"])
def test_only_the_desk_takes_reports(session, world, name):
    post = make_post(session, world.actor("alpha"))
    with pytest.raises(NotAllowedError):
        take(session, world.actor(name), post)
    assert session.scalar(select(Claim.id)) is None


def test_the_page_says_who_has_it_and_keeps_what_the_other_typed(client_for, session, world):
    post = make_post(session, world.actor("alpha"))
    url = f"{BASE}/queue/{post.reference}"
    first, other = client_for("moderator"), client_for("mop3")
    open_page = other.page(url)
    assert "Nobody has it" in open_page.main
    mine = first.follow(first.send(url, "claim.take"))
    assert "Yours until" in mine.main
    answer = other.submit(open_page.form("post.publish"), said="Typed in vain.")
    refused = other.read(answer, 409)
    assert "Moderator Person has this report before them" in refused.main
    assert "Typed in vain." in refused.html
    assert "Moderator Person has it until" in refused.main
    over = other.follow(other.submit(refused.form("claim.take")))
    assert "Yours until" in over.main
    assert "Mop3 Person has it" in first.page(url).main
    free = other.follow(other.submit(over.form("claim.release")))
    assert "Nobody has it" in free.main


def test_the_next_report_is_one_that_nobody_has(session, world):
    moderator = world.actor("moderator")
    first, taken, last = (make_post(session, world.actor("alpha")) for _ in range(3))
    take(session, world.actor("mop3"), taken)
    session.expire_all()
    asked = (session, world.incident.id, first.reference, moderator)
    assert queries.next_after(*asked) == last.reference
    take(session, moderator, last)
    session.expire_all()
    assert queries.next_after(*asked) == last.reference, "one's own comes first to mind"
    assert queries.next_after(session, world.incident.id, last.reference, moderator) == (
        first.reference
    )


def test_what_comes_next_is_read_by_its_name_and_its_holder_alone(session, world, held_clock):
    moderator, incident = world.actor("moderator"), world.incident.id
    first, held = (make_post(session, world.actor("alpha")).reference for _ in range(2))
    post = queries.get_post(session, incident, held, moderator)
    take(session, world.actor("mop3"), post)
    urgent = make_post(session, world.actor("alpha"), is_urgent=True).reference
    session.expunge_all()

    def following(reference):
        return queries.next_after(session, incident, reference, moderator)

    assert [following(it) for it in (urgent, first, held)] == [first, urgent, urgent]
    assert following("gone already") == urgent
    held_clock.tick(300)
    assert [following(it) for it in (urgent, first, held)] == [first, held, urgent]
    assert not [it for it in session.identity_map.values() if isinstance(it, Post | Claim)]


def test_opening_a_report_never_takes_it_from_a_colleague(session, world):
    """Two pages that open at once both ask for it; who came first keeps it."""
    post = make_post(session, world.actor("alpha"))
    for name, gently in (("moderator", True), ("moderator2", True), ("moderator2", False)):
        with transaction(session, world.actor(name), held=[Held(post)]) as tx:
            feed.take(tx, post, gently=gently)
        expected = "moderator" if gently else "moderator2"
        assert holder(session, post) == world.person(expected).name

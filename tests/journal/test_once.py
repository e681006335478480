"""Twice is once: a form's single-use key, from the same browser and from many at a time."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from portal.core.errors import (
    AlreadyDoneError,
    NotAllowedError,
    OnceReusedError,
    StateGoneError,
)
from portal.feed import operations as feed
from portal.feed.models import Post
from portal.journal.audience import PARTNERS
from portal.journal.models import Once
from portal.journal.transaction import transaction
from tests.factories import make_post, once_key, publish, report, suspend_person
from tests.journal.reading import changed, check_journal, dump, kinds
from tests.threads import sorted_out, together


def send(session, world, actor, once, *, answer=None):
    """Send a report as a page does; return the path that was answered."""
    with transaction(session, actor, once=once) as tx:
        post = feed.submit(tx, world.incident, report())
        return tx.answer(answer or f"/posts/{post.reference}")


def count_posts(session):
    session.rollback()  # what others have committed meanwhile
    return session.scalar(select(func.count()).select_from(Post))


def test_a_form_sent_twice_takes_effect_once_and_is_answered_the_same(session, world):
    alpha = world.actor("alpha")
    answer = send(session, world, alpha, once_key("twice"))
    before = dump(session)
    for _ in range(2):
        with pytest.raises(AlreadyDoneError) as again:
            send(session, world, alpha, once_key("twice"))
        assert again.value.answer == answer
    assert dump(session) == before


def test_sixty_four_at_once_have_one_effect_and_one_answer(database, session, world):
    alpha = world.actor("alpha")

    def one():
        with database.sessions() as mine:
            return send(mine, world.within(mine), alpha, once_key("parallel"))

    done, refused = sorted_out(together([one] * 64), AlreadyDoneError)
    assert len(done) == 1
    assert {error.answer for error in refused} == set(done)
    assert count_posts(session) == 1
    assert kinds(session, world.incident_id).count("post.submit") == 1
    check_journal(session)


def test_many_at_once_in_pairs_have_one_effect_for_each_pair(database, session, world):
    alpha = world.actor("alpha")

    def one(token):
        with database.sessions() as mine:
            return send(mine, world.within(mine), alpha, once_key(token))

    jobs = [lambda token=f"pair-{i % 12}": one(token) for i in range(24)]
    done, refused = sorted_out(together(jobs), AlreadyDoneError)
    assert len(done) == len(set(done)) == 12
    assert {error.answer for error in refused} == set(done)
    assert count_posts(session) == 12
    check_journal(session)


@pytest.mark.parametrize(
    "other",
    [once_key("same", body="other words"), once_key("same", route="/elsewhere")],
    ids=["other words", "another route"],
)
def test_the_same_key_with_other_content_is_refused(session, world, other):
    alpha = world.actor("alpha")
    send(session, world, alpha, once_key("same"))
    before = dump(session)
    with pytest.raises(OnceReusedError):
        send(session, world, alpha, other)
    assert dump(session) == before


def test_a_refusal_is_not_stored_so_the_same_form_may_be_sent_again(session, world):
    moderator = world.actor("moderator")
    post = make_post(session, world.actor("alpha"))

    def let_out(actor):
        with transaction(session, actor, once=once_key("again")) as tx:
            feed.publish(tx, post, feed.Letting(seen_by=(PARTNERS,)))
            tx.answer("/queue")

    with pytest.raises(NotAllowedError):
        let_out(world.actor("alpha"))
    assert session.scalars(select(Once)).all() == []
    let_out(moderator)
    with pytest.raises(AlreadyDoneError):
        let_out(moderator)


def test_a_crash_is_not_stored_either(session, world):
    alpha = world.actor("alpha")

    def crash():
        with transaction(session, alpha, once=once_key("c")) as tx:
            feed.submit(tx, world.incident, report())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        crash()
    send(session, world, alpha, once_key("c"))
    assert count_posts(session) == 1


def test_two_at_once_of_which_the_first_fails_still_have_one_effect(database, session, world):
    alpha = world.actor("alpha")

    def one(fails):
        with database.sessions() as mine:
            ours = world.within(mine)
            with transaction(mine, alpha, once=once_key("fails")) as tx:
                feed.submit(tx, ours.incident, report())
                tx.session.flush()
                if fails:
                    raise StateGoneError
                return tx.answer("/done")

    jobs = [lambda fails=i % 4 != 0: one(fails) for i in range(16)]
    done, refused = sorted_out(together(jobs), AlreadyDoneError, StateGoneError)
    assert done == ["/done"]
    answers = {error.answer for error in refused if isinstance(error, AlreadyDoneError)}
    assert answers <= {"/done"}
    assert count_posts(session) == 1
    check_journal(session)


def test_another_persons_equal_key_is_another_key(session, world):
    answers = [
        send(session, world, world.actor(name), once_key("equal"))
        for name in ("alpha", "alpha_admin", "bravo")
    ]
    assert len(set(answers)) == 3
    assert count_posts(session) == 3


def test_a_replay_changes_nothing_even_for_one_who_may_no_longer_act(session, world):
    alpha = world.actor("alpha")
    answer = send(session, world, alpha, once_key("late"))
    suspend_person(session, world.person("alpha"))
    before = dump(session)
    with pytest.raises(AlreadyDoneError) as again:
        send(session, world, alpha, once_key("late"))
    assert again.value.answer == answer  # a path: who opens it is asked for entitlement anew
    assert dump(session) == before


def test_a_replay_needs_no_lock_that_a_writer_could_hold(session, world):
    alpha = world.actor("alpha")
    post = make_post(session, alpha)
    publish(session, world.actor("moderator"), post)
    before = dump(session)
    send(session, world, alpha, once_key("k"), answer="/x")
    assert "once" in changed(before, dump(session))


# ---------------------------------------------------------------- by HTTP


def test_a_form_posted_twice_is_answered_twice_and_takes_effect_once(
    client_for, session, world
):
    client = client_for("alpha")
    form = client.page(f"/incidents/{world.code}/feed/new").form()
    typed = {
        "words": "Store 14 has no power.",
        "county": "29097",
        "lifeline": "ENERGY",
        "standing": "closed",
        "asked_for": "partners",
    }
    first, second = (client.submit(form, **typed) for _ in range(2))
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.headers["Location"] == second.headers["Location"]
    assert count_posts(session) == 1
    other = client.submit(form, **typed | {"words": "Something else."})
    assert other.status_code == 422
    page = client.read(other)
    assert "Something else." in page.html
    assert count_posts(session) == 1


def test_a_replay_after_suspension_shows_nothing(client_for, session, world):
    client = client_for("alpha")
    form = client.page(f"/incidents/{world.code}/feed/new").form()
    typed = {
        "words": "Words that nobody else may read.",
        "county": "29097",
        "lifeline": "ENERGY",
        "standing": "closed",
        "asked_for": "staff",
    }
    answer = client.submit(form, **typed)
    suspend_person(session, world.person("alpha"))
    before = dump(session)
    again = client.submit(form, **typed)
    assert again.status_code == 401
    page = client.get(answer.headers["Location"])
    assert page.status_code == 302
    assert page.headers["Location"].startswith("/sign-in?")
    assert "nobody else" not in again.text + page.text
    assert dump(session) == before

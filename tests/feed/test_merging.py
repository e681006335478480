"""Two posts of the same thing: one takes the other's place, and never each the other's."""

from __future__ import annotations

from functools import partial

import pytest
from sqlalchemy import select

from portal.core.errors import FieldError
from portal.feed import operations as feed
from portal.feed.models import Post
from portal.journal.queries import story
from portal.journal.transaction import transaction
from tests.factories import make_post, publish, reject, withdraw_post
from tests.feed.making import beside
from tests.threads import together

BASE = "/incidents/EX27/feed"


def test_the_author_reads_where_a_merged_report_goes_on(client_for, session, world):
    post = make_post(session, world.actor("alpha"))
    twin = beside(session, world, world.incident)
    desk = client_for("moderator")
    url = f"{BASE}/queue/{post.reference}"
    desk.follow(desk.send(url, "post.merge", into=f" {twin.reference.lower()} "))
    for path in (f"{BASE}/mine", f"{BASE}/{post.reference}"):
        assert f"goes on as part of {twin.reference}" in client_for("alpha").page(path).main


def test_a_report_is_not_merged_into_itself_or_what_nobody_will_read(session, world):
    alpha, desk = world.actor("alpha"), world.actor("moderator")
    post, gone = make_post(session, alpha), reject(session, desk, make_post(session, alpha))
    for into in (post, gone):
        with pytest.raises(FieldError) as refused, transaction(session, desk) as tx:
            feed.merge(tx, post, into=into)
        assert refused.value.field == "into"
    assert post.state == "waiting"


def test_a_reference_that_nobody_has_is_said_at_the_field(client_for, session, world):
    post, desk = make_post(session, world.actor("alpha")), client_for("moderator")
    answer = desk.send(f"{BASE}/queue/{post.reference}", "post.merge", into="EX27-0000")
    page = desk.read(answer, 422)
    assert "There is no post of this reference" in page.main
    assert "EX27-0000" in page.html


@pytest.mark.parametrize(
    ("move", "field", "state"),
    [("merge", "into", "merged"), ("supersede", "by", "superseded")],
)
def test_two_who_put_each_post_behind_the_other_leave_one(
    client_for, session, world, move, field, state
):
    pairs = [[make_post(session, world.actor("alpha")) for _ in range(2)] for _ in range(4)]
    if move == "supersede":
        for one, other in pairs:
            publish(session, world.actor("mop3"), one)
            publish(session, world.actor("mop3"), other)
    place = "/queue" if move == "merge" else ""
    sent = []
    for pair in pairs:
        for name, post, other in zip(("moderator", "mop3"), pair, pair[::-1], strict=True):
            client = client_for(name)
            form = client.page(f"{BASE}{place}/{post.reference}").form(f"post.{move}")
            sent.append(partial(client.submit, form, **{field: other.reference}))
    answers = [it.status_code for it in together(sent)]
    assert sorted(answers) == [303] * 4 + [422] * 4
    session.rollback()
    for pair in pairs:
        ids = [it.id for it in pair]
        states = set(session.scalars(select(Post.state).where(Post.id.in_(ids))))
        assert len(states) == 2, "one of them still speaks for both"
        assert state in states


@pytest.mark.parametrize("end", ["reject", "withdraw"])
def test_what_was_merged_waits_again_when_the_other_does_not_go_out(session, world, end):
    alpha, bravo, desk = (world.actor(it) for it in ("alpha", "bravo", "moderator"))
    post, other = make_post(session, alpha), make_post(session, bravo)
    with transaction(session, desk) as tx:
        feed.merge(tx, post, into=other)
    feed.reopen_merged(session)
    assert post.state == "merged", "the other still speaks for it"
    if end == "reject":
        reject(session, desk, other)
    else:
        withdraw_post(session, bravo, other)
    feed.reopen_merged(session)
    session.refresh(post)
    assert (post.state, post.successor_id) == ("waiting", None)
    assert [it.move for it in story(session, "post", post.id)] == ["submit", "merge", "reopen"]
    feed.reopen_merged(session)
    publish(session, desk, post)
    assert post.state == "published"

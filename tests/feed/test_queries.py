"""Lists of the feed and the desk: whose, in which order, how many."""

from __future__ import annotations

import pytest

from portal.core import codes
from portal.feed import queries
from portal.journal.audience import DESK, PARTNERS, org
from tests.factories import make_post, open_incident, publish, reject, retract, withdraw_post


@pytest.fixture
def busy(session, world, monkeypatch):
    """Two posts of Alpha's more than fit a page, newest last, and one each of another kind."""
    monkeypatch.setattr(queries.feed, "FEED_PAGE", 5)
    monkeypatch.setattr(queries.mine, "MINE_PAGE", 5)
    alpha, desk = world.actor("alpha"), world.actor("moderator")
    shown = [publish(session, desk, make_post(session, alpha)) for _ in range(7)]
    make_post(session, alpha)
    reject(session, desk, make_post(session, alpha))
    withdraw_post(session, alpha, make_post(session, alpha))
    return [post.reference for post in shown]


def references(views):
    return [view.reference for view in views]


def test_the_feed_is_read_in_pages_newest_last(session, world, busy):
    bravo, incident = world.actor("bravo"), world.incident.id
    latest = queries.list_feed(session, incident, bravo).posts
    assert references(latest) == busy[-5:]
    first = queries.get_post(session, incident, latest[0].reference, bravo)
    earlier = queries.list_feed(session, incident, bravo, before=first)
    assert references(earlier.posts) == busy[:-5]
    assert (earlier.has_earlier, earlier.has_later) == (False, True)
    last = queries.get_post(session, incident, earlier.posts[-1].reference, bravo)
    again = queries.list_feed(session, incident, bravo, after=last)
    assert (references(again.posts), again.has_later) == (references(latest), False)


def test_a_retracted_post_keeps_its_place_and_loses_its_words(session, world):
    alpha, desk = world.actor("alpha"), world.actor("moderator")
    posts = [publish(session, desk, make_post(session, alpha)) for _ in range(3)]
    retract(session, desk, posts[1], note="It was wrong.")
    views = queries.list_feed(session, world.incident.id, world.actor("bravo")).posts
    assert references(views) == [post.reference for post in posts]
    gone = views[1]
    assert (gone.note, gone.sort) == ("It was wrong.", posts[1].published_at)
    assert (gone.words, gone.organization, gone.author) == (None,) * 3
    assert (gone.said, gone.said_before, gone.place, gone.counties) == ("", "", "", ())


@pytest.mark.usefixtures("busy")
def test_the_queue_holds_what_waits_oldest_first(session, world):
    later = make_post(session, world.actor("bravo"))
    queue = queries.list_queue(session, world.incident.id)
    assert [view.state for view in queue] == ["waiting"] * 2
    assert queue[-1].reference == later.reference
    assert queries.count_waiting(session, world.incident.id) == 2


@pytest.mark.usefixtures("busy")
def test_the_author_finds_every_report_again(session, world):
    alpha, incident = world.actor("alpha_admin"), world.incident.id
    latest = queries.list_mine(session, incident, alpha).posts
    assert len(latest) == 5
    assert [view.state for view in latest[:3]] == ["withdrawn", "rejected", "waiting"]
    page = queries.list_mine(session, incident, alpha, before=latest[-1].sort)
    earlier = page.posts
    assert not page.has_earlier
    assert len({*references(latest), *references(earlier)}) == 10
    assert queries.list_mine(session, incident, world.actor("bravo")).posts == []
    assert queries.list_mine(session, incident, world.actor("moderator")).posts == []


def test_an_incident_keeps_its_posts_to_itself(session, world):
    alpha, desk = world.actor("alpha"), world.actor("moderator")
    other = open_incident(session, world.actor("admin"), code="EX28")
    post = publish(session, desk, make_post(session, alpha, other))
    waits = make_post(session, alpha, other)
    for here in (world.incident.id, 0):
        assert queries.list_feed(session, here, alpha).posts == []
        assert queries.list_mine(session, here, alpha).posts == []
        assert queries.list_queue(session, here) == []
        assert queries.get_post(session, here, post.reference, alpha) is None
        assert queries.get_post(session, here, waits.reference, desk) is None
    assert queries.get_post(session, other.id, post.reference, alpha) is not None


def test_a_room_is_told_of_a_post_only_while_it_is_its(session, world):
    desk = world.actor("moderator")
    row = make_post(session, world.actor("alpha"), asked_for=("sector:FOOD",))
    post = queries.posts_by_id(session, [row.id])[row.id]
    mine = org(post.organization_id)
    assert queries.project(post, DESK).author == "Alpha Person"
    assert queries.project(post, mine).asked_for == ("sector:FOOD",)
    for room in (PARTNERS, "staff", "sector:FOOD", "region:D", "org:3", "audit", "cell:erac"):
        assert queries.project(post, room) is None
    publish(session, desk, post, ("sector:FOOD",))
    post = queries.posts_by_id(session, [row.id])[row.id]
    assert queries.project(post, DESK) is None, "it waits no longer"
    assert queries.project(post, "sector:FOOD").said == post.words
    assert queries.project(post, "sector:FOOD").words is None
    assert queries.project(post, "sector:FOOD").author is None
    assert queries.project(post, "staff") == queries.project(post, "sector:FOOD")
    assert queries.project(post, PARTNERS) is None


@pytest.mark.one_backend
def test_readers_are_named_in_words(session):
    del session
    assert queries.readers_label(("partners",)) == "All partners"
    assert queries.readers_label(("staff",)) == "The SEOC and its cells"
    assert queries.readers_label(("sector:ENER", "region:D")) == (
        f"{codes.load('sectors').label('ENER')} sector, {codes.load('regions').label('D')}"
    )

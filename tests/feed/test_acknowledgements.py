"""Posts that organizations say to have read: once each, for all their people."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select

from portal.core import clock
from portal.core.errors import NotAllowedError, StateGoneError
from portal.core.writes import Held
from portal.feed import operations as feed
from portal.feed import queries
from portal.feed.models import Acknowledgement, Post
from portal.feed.queries import Filters
from portal.journal.queries import story
from portal.journal.transaction import transaction
from tests.factories import make_post, restore_organization, retract, suspend_organization
from tests.feed.making import acknowledge, post_of_seoc
from tests.threads import sorted_out, together

BASE = "/incidents/EX27/feed"


def asking(session, world, **changes):
    """Publish what every organization is to acknowledge within two hours."""
    due = clock.now() + timedelta(hours=2)
    desk = world.actor("moderator")
    return post_of_seoc(session, desk, world.incident, **{"acknowledge_by": due} | changes)


def names(rows):
    return [it.name for it in rows]


def waiting(session, world, name):
    views = queries.list_to_acknowledge(session, world.incident.id, world.actor(name))
    return [it.reference for it in views]


EVERYBODY = ["Alpha Fuel", "Bravo Petroleum", "Charlie Grocers", "Fuel Haulers Guild"]


@pytest.mark.parametrize(
    ("seen_by", "asked"),
    [
        (("partners",), EVERYBODY),
        (("sector:FOOD",), ["Charlie Grocers"]),
        (("region:D",), ["Alpha Fuel", "Fuel Haulers Guild"]),
        (("sector:FOOD", "region:C"), ["Bravo Petroleum", "Charlie Grocers"]),
        (("staff",), []),
    ],
)
def test_those_who_read_a_post_are_asked_and_nobody_else(session, world, seen_by, asked):
    post = asking(session, world, seen_by=seen_by)
    assert names(queries.missing(session, post)) == asked
    of_person = {"alpha": 0, "bravo": 1, "charlie": 2, "guild": 3}
    for person, place in of_person.items():
        is_asked = EVERYBODY[place] in asked
        assert waiting(session, world, person) == ([post.reference] if is_asked else [])
    for person in ("moderator", "erac", "admin", "observer"):
        assert waiting(session, world, person) == []


def test_one_persons_word_stands_for_the_organization(session, world):
    post = asking(session, world)
    acknowledge(session, world.actor("alpha"), post)
    assert waiting(session, world, "alpha_admin") == []
    assert names(queries.missing(session, post)) == EVERYBODY[1:]
    with pytest.raises(StateGoneError, match="has acknowledged it already"):
        acknowledge(session, world.actor("alpha_admin"), post)
    (given,) = queries.acknowledgements_of(session, post)
    assert (given.organization.name, given.person.name) == ("Alpha Fuel", "Alpha Person")
    assert [it.move for it in story(session, "acknowledgement", given.id)] == ["acknowledge"]


def test_colleagues_who_acknowledge_at_once_do_so_once(database, session, world):
    post_id = asking(session, world).id
    people = [world.actor("alpha"), world.actor("alpha_admin")]

    def give(actor):
        with database.sessions() as own:
            acknowledge(own, actor, own.get_one(Post, post_id))

    done, refused = sorted_out(together([partial(give, it) for it in people]), StateGoneError)
    assert (len(done), len(refused)) == (1, 1)
    session.rollback()
    assert len(session.scalars(select(Acknowledgement)).all()) == 1


@pytest.mark.parametrize("name", ["moderator", "erac", "admin", "observer"])
def test_agencies_do_not_acknowledge(session, world, name):
    post = asking(session, world)
    with pytest.raises(NotAllowedError):
        acknowledge(session, world.actor(name), post)


def test_what_asks_for_nothing_or_was_taken_back_is_not_acknowledged(session, world):
    plain = asking(session, world, acknowledge_by=None)
    gone = retract(session, world.actor("moderator"), asking(session, world))
    for post in (plain, gone):
        with pytest.raises(StateGoneError):
            acknowledge(session, world.actor("bravo"), post)
        assert waiting(session, world, "bravo") == []


def test_an_author_is_asked_only_for_what_it_reads_in_the_feed(session, world):
    """A company's own report, let out to others, is nothing that it has to read."""
    post = make_post(session, world.actor("alpha"))
    due = clock.now() + timedelta(hours=2)
    with transaction(session, world.actor("moderator")) as tx:
        feed.publish(tx, post, feed.Letting(seen_by=("region:C",), acknowledge_by=due))
    assert names(queries.missing(session, post)) == ["Bravo Petroleum"]
    assert waiting(session, world, "alpha") == []
    to_do = Filters(to_acknowledge=True)
    page = queries.list_feed(session, world.incident.id, world.actor("alpha"), to_do)
    assert page.posts == []
    assert waiting(session, world, "bravo") == [post.reference]


def test_who_is_kept_out_is_not_waited_for(session, world):
    post = asking(session, world)
    suspend_organization(session, world.organization("bravo"))
    assert "Bravo Petroleum" not in names(queries.missing(session, post))
    restore_organization(session, world.organization("bravo"))
    assert "Bravo Petroleum" in names(queries.missing(session, post))


def test_the_desk_reminds_those_who_have_not(session, world):
    post, desk = asking(session, world), world.actor("moderator")
    acknowledge(session, world.actor("alpha"), post)
    with transaction(session, desk) as tx:
        feed.nudge(tx, post)
    wanted = sorted(world.organizations[it].id for it in ("bravo", "charlie", "guild"))
    assert sorted(story(session, "post", post.id)[-1].words["organizations"]) == wanted
    for name in ("bravo", "charlie", "guild"):
        acknowledge(session, world.actor(name), post)
    with (
        pytest.raises(StateGoneError, match="Everybody has acknowledged it"),
        transaction(session, desk, held=[Held(post)]) as tx,
    ):
        feed.nudge(tx, post)


def test_the_feed_asks_and_stops_asking(client_for, session, world):
    post = asking(session, world)
    liaison, colleague = client_for("alpha"), client_for("alpha_admin")
    page, late = liaison.page(BASE), colleague.page(BASE)
    assert "Needs your acknowledgement" in page.main
    after = liaison.follow(liaison.submit(page.form("acknowledgement.acknowledge")))
    assert "acknowledgement.acknowledge" not in after.moves
    own = liaison.page(f"{BASE}/{post.reference}")
    assert "Alpha Person acknowledged it" in own.main
    answer = colleague.submit(late.form("acknowledgement.acknowledge"))
    refused = colleague.read(answer, 409)
    assert "Your organization has acknowledged it already" in refused.main
    assert "Alpha Person acknowledged it" in refused.main


def test_the_desk_sees_who_has_and_who_has_not(client_for, session, world):
    post = asking(session, world)
    acknowledge(session, world.actor("alpha"), post)
    main = client_for("moderator").page(f"{BASE}/{post.reference}").main
    assert "1 of 4" in main
    assert "Not yet: Bravo Petroleum, Charlie Grocers, Fuel Haulers Guild" in main
    for name in ("bravo", "erac"):
        assert "Not yet:" not in client_for(name).page(f"{BASE}/{post.reference}").main


def test_an_author_who_is_no_reader_of_it_is_not_asked(client_for, session, world):
    post = make_post(session, world.actor("alpha"))
    due = clock.now() + timedelta(hours=2)
    with transaction(session, world.actor("moderator")) as tx:
        feed.publish(tx, post, feed.Letting(seen_by=("sector:FOOD",), acknowledge_by=due))
    page = client_for("alpha").page(f"{BASE}/{post.reference}")
    assert "acknowledgement.acknowledge" not in page.moves
    with pytest.raises(NotAllowedError):
        acknowledge(session, world.actor("alpha"), post)

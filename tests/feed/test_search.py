"""Finding posts by words: what one reads now, whatever the ending; nothing else, ever."""

from __future__ import annotations

import pytest

from portal.feed import operations as feed
from portal.feed import queries
from portal.feed.queries import Filters
from portal.journal.transaction import transaction
from tests.factories import make_post, publish, reject, retract
from tests.feed.making import post_of_seoc
from tests.pages import words_of

BASE = "/incidents/EX27/feed"


@pytest.fixture
def say(session, world):
    """Let words out: `say("The bridge is out.")` to all partners, or to other rooms."""

    def publish_words(said, *seen_by):
        desk, rooms = world.actor("moderator"), seen_by or ("partners",)
        return post_of_seoc(
            session, desk, world.incident, kind="road", said=said, seen_by=rooms
        )

    return publish_words


def found(session, world, words, name="bravo", **more):
    filters = Filters(words=words, **more)
    page = queries.list_feed(session, world.incident.id, world.actor(name), filters)
    return [it.said for it in page.posts]


@pytest.mark.parametrize("words", ["bridge", "BRIDGES", "bridge flooded", "flooding Bridge"])
def test_words_are_found_whatever_their_ending(session, world, say, words):
    say("The bridges flooded.")
    say("The road flooded.")
    assert found(session, world, words) == ["The bridges flooded."]


def test_what_one_does_not_read_is_not_found(session, world, say):
    said = [say("The pump failed.", room) for room in ("staff", "sector:FOOD", "region:C")]
    assert len(said) == 3
    assert len(found(session, world, "pump", "charlie")) == 1
    assert len(found(session, world, "pump", "bravo")) == 1
    assert found(session, world, "pump", "alpha") == []
    assert found(session, world, "pump", "observer") == []
    assert len(found(session, world, "pump", "erac")) == 3


def test_an_author_does_not_find_by_words_that_were_not_let_out(session, world):
    post = make_post(session, world.actor("alpha"), words="The siphon burst.")
    gone = make_post(session, world.actor("alpha"), words="Another siphon.")
    reject(session, world.actor("moderator"), gone)
    assert found(session, world, "siphon", "moderator") == []
    with transaction(session, world.actor("moderator")) as tx:
        feed.publish(tx, post, feed.Letting(seen_by=("partners",), said="A pipe burst."))
    for name in ("alpha", "bravo", "moderator"):
        assert found(session, world, "siphon", name) == []
        assert found(session, world, "pipe", name) == ["A pipe burst."]


def test_a_corrected_post_is_found_by_what_it_says_now(session, world, say):
    post = say("Route 66 is closed.")
    with transaction(session, world.actor("mop3")) as tx:
        feed.correct(tx, post, said="Route 67 is closed.", why="A wrong number.")
    assert found(session, world, "66") == []
    assert found(session, world, "67") == ["Route 67 is closed."]


def test_a_retracted_post_is_not_found_and_a_superseded_one_is(session, world, say):
    gone, later, old = (say(f"The levee broke {it}.") for it in ("north", "south", "east"))
    retract(session, world.actor("moderator"), gone)
    with transaction(session, world.actor("moderator")) as tx:
        feed.supersede(tx, old, by=later)
    for name in ("bravo", "moderator"):
        assert found(session, world, "levee", name) == [
            "The levee broke south.",
            "The levee broke east.",
        ]


def test_words_and_filters_hold_together(session, world, say):
    say("The levee broke.")
    post = make_post(session, world.actor("alpha"), words="Our levee broke.")
    publish(session, world.actor("moderator"), post)
    assert found(session, world, "levee", tags=("county:29097",)) == ["Our levee broke."]
    assert found(session, world, "levee", tags=("county:29097", "kind:road")) == []
    assert found(session, world, "levee", "alpha", mine=True) == ["Our levee broke."]


STRANGE = [
    *('"', "''", '"" OR ""', "bridge AND", "NEAR(", "said:bridge", "*", "^bridge", "{a b}: c"),
    *("-", "--", "(", "% _", "\\", "\u0130", "\u202e", "a" * 80, "\x00", "bridge\x00", "'; --"),
]


@pytest.mark.parametrize("words", STRANGE)
def test_whatever_is_typed_is_looked_for_and_breaks_nothing(client_for, say, words):
    say("The bridge is out.")
    page = client_for("bravo").get(BASE, query_string={"words": words})
    assert page.status_code in {200, 400, 404}


def test_the_page_and_the_file_find_the_same(client_for, say, monkeypatch):
    monkeypatch.setattr(queries.feed, "FEED_PAGE", 5)
    for number in range(7):
        say(f"Bridge {number} is out.")
    say("Nothing to see.")
    reader = client_for("bravo")
    page = reader.page(f"{BASE}?words=bridge")
    assert "Bridge 6" in page.main
    assert "Bridge 1" not in page.main
    (link,) = [it for it in page.links if "before=" in it]
    assert "words=bridge" in link
    assert "Bridge 1" in reader.page(link).main
    assert "Nothing to see." not in page.main
    (link,) = [it for it in page.links if "feed.csv" in it]
    text = reader.get(link).text
    assert all(f"Bridge {number}" in text for number in range(7))
    assert "Nothing to see." not in text


def test_the_link_to_the_file_says_how_much_of_the_view_it_holds(client_for, say, monkeypatch):
    reader = client_for("bravo")
    say("Bridge 0 is out.")
    (link,) = [it for it in reader.page(BASE).all("a") if "feed.csv" in it.get("href")]
    assert words_of(link) == "Latest 1,000 as a file"
    monkeypatch.setattr("portal.feed.views.feed._MOST_ROWS", 3)
    for number in range(1, 5):
        say(f"Bridge {number} is out.")
    (link,) = [it for it in reader.page(BASE).all("a") if "feed.csv" in it.get("href")]
    assert words_of(link) == "Latest 3 as a file"
    text = reader.get(link.get("href")).text
    assert [f"Bridge {it}" in text for it in range(5)] == [False, False, True, True, True]

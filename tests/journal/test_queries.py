"""Reading the journal by number."""

from __future__ import annotations

from portal.journal.queries import (
    entries_after,
    generation,
    heads,
    missed,
    news_after,
    story,
    stream_heads,
)
from portal.journal.records import destroy
from portal.journal.transaction import transaction
from tests.factories import make_post, publish, retract

ROOMS = ["partners", "cell:moderator", "region:Z"]


def arranged(session, world, count=5):
    """Let several reports out, and return the room's heads before."""
    before = heads(session, world.incident_id, ROOMS)
    for _ in range(count):
        post = make_post(session, world.actor("alpha"))
        publish(session, world.actor("moderator"), post)
    return before


def test_heads_are_given_for_all_rooms_asked_for_also_silent_ones(session, world):
    before = arranged(session, world)
    after = heads(session, world.incident_id, ROOMS)
    assert after["partners"] == before["partners"] + 5
    assert after["cell:moderator"] == before["cell:moderator"] + 10
    assert after["region:Z"] == 0
    assert heads(session, world.incident_id, []) == {}
    assert heads(session, 4242, ["partners"]) == {"partners": 0}


def test_what_was_missed_is_exactly_what_lies_past_the_heads_and_in_order(session, world):
    before = arranged(session, world)
    news = missed(session, world.incident_id, before, 100)
    assert len(news) == 15
    assert [it.seq for it in news] == sorted(it.seq for it in news)
    for room in ROOMS:
        numbers = [it.n for it in news if it.room == room]
        assert numbers == list(range(before[room] + 1, before[room] + 1 + len(numbers)))
    assert missed(session, world.incident_id, heads(session, world.incident_id, ROOMS), 9) == []


def test_nobody_is_told_more_at_a_time_than_asked_for(session, world):
    before = arranged(session, world)
    assert len(missed(session, world.incident_id, before, 4)) == 4
    assert missed(session, world.incident_id, {}, 4) == []


def test_heads_of_one_room_tell_nothing_of_another(session, world):
    arranged(session, world)
    news = missed(session, world.incident_id, {"partners": 0}, 100)
    assert {it.room for it in news} == {"partners"}


def test_news_lie_after_the_cursor_and_up_to_the_head(session, world):
    cursor = stream_heads(session)[world.incident_id]
    arranged(session, world, 2)
    head = stream_heads(session)[world.incident_id]
    assert head == cursor + 4
    assert {it.seq for it in news_after(session, world.incident_id, cursor, head - 1)} == {
        cursor + 1,
        cursor + 2,
        cursor + 3,
    }
    entries = entries_after(session, world.incident_id, cursor, head)
    assert [it.move for it in entries] == ["submit", "publish"] * 2
    assert news_after(session, 0, head, head) == []


def test_a_rows_story_is_told_in_order_and_destroyed_words_are_left_out(session, world):
    post = make_post(session, world.actor("alpha"), words="Private words.")
    publish(session, world.actor("moderator"), post)
    retract(session, world.actor("moderator"), post, note="A mistake.")
    told = story(session, "post", post.id)
    assert [it.move for it in told] == ["submit", "publish", "retract"]
    assert told[0].words["words"] == "Private words."
    assert told[2].words == {"note": "A mistake."}
    assert told[1].person_id == world.people["moderator"].id
    seq = stream_heads(session)[world.incident_id]
    with transaction(session, world.actor("records")) as tx:
        destroy(tx, world.incident_id, [seq - 2], basis="RSMo 610.021")
    told = story(session, "post", post.id)
    assert [bool(it.words) for it in told] == [False, True, True]


def test_a_database_knows_its_own_name(session):
    assert generation(session) == generation(session)

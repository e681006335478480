"""Alerts become drafts before the desk: each once, every update joined to what it updates."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from portal.alerts.geojson import read_alerts
from portal.alerts.operations import Fate, import_alerts
from portal.core import codes
from portal.core.actor import SYSTEM
from portal.core.errors import StateGoneError
from portal.feed.models import Post
from portal.feed.queries import posts_by_id, project
from portal.journal.audience import DESK, STAFF
from portal.journal.queries import story
from portal.journal.transaction import transaction
from tests.alerts.stories import (
    REAL,
    at,
    bring,
    instant,
    post_of,
    told,
    undecided,
)
from tests.factories import close_incident, open_incident, publish, reject, retract
from tests.journal.reading import check_journal, dump, kinds

ALERT = told("first", 0)
UPDATE = told("second", 10, ALERT)
NEXT = told("third", 20, ALERT, UPDATE)


def count(session):
    return session.scalar(select(func.count()).select_from(Post))


# ---------------------------------------------------------------- what comes in


def test_a_real_day_on_which_nothing_happened_in_missouri(session, world):
    before = dump(session)
    for incident in (world.incident, world.daily):
        with transaction(session, SYSTEM) as tx:
            imported = import_alerts(tx, incident, read_alerts(REAL))
        assert imported.fates == {Fate.ELSEWHERE: 137}
        assert (imported.accepted, imported.left_out) == (0, 137)
    assert dump(session) == before


def test_an_alert_is_a_draft_before_the_desk(session, world):
    assert bring(session, world.incident, ALERT) == {Fate.NEW: 1}
    post = post_of(session, ALERT)
    seen = project(posts_by_id(session, [post.id])[post.id], DESK)
    assert (seen.organization, seen.source, seen.kind) == (
        "NWS Springfield MO",
        "automated",
        "alert",
    )
    assert (seen.counties, seen.is_urgent, seen.confidence) == (("29097",), True, "likely")
    assert (seen.ends_at, seen.state) == (instant(8 * 60), "waiting")
    assert post.audience == {DESK}
    assert post.asked_for == (STAFF,)
    (entry,) = story(session, "post", post.id)
    sent = instant(0).isoformat()
    assert entry.words["key"] == f"{ALERT['sender']},urn:oid:first,{sent}"
    assert entry.words["replaces"] is None
    check_journal(session)


@pytest.mark.parametrize(
    ("more", "column", "value"),
    [
        ({"severity": "Moderate"}, "is_urgent", False),
        ({"severity": "Extreme"}, "is_urgent", True),
        ({"urgency": "Expected"}, "is_urgent", False),
        ({"certainty": "Observed"}, "confidence", "observed"),
        ({"ends": None}, "ends_at", instant(6 * 60)),
        ({"ends": at(-9)}, "ends_at", instant(6 * 60)),
        ({"expires": at(-9)}, "ends_at", instant(8 * 60)),
        ({"messageType": "Cancel"}, "ends_at", instant(6 * 60)),
        ({"senderName": None}, "spoken_by", ALERT["sender"]),
        ({"senderName": "x" * 200}, "spoken_by", "x" * 120),
        ({"geocode": {"SAME": ["029000"]}}, "counties", ()),
        ({"geocode": {"SAME": ["029145", "020001"]}}, "counties", ("29145",)),
    ],
)
def test_what_a_draft_says_beside_its_words(session, world, more, column, value):
    alert = ALERT | more
    bring(session, world.incident, alert)
    assert getattr(post_of(session, alert), column) == value


def test_a_states_own_list_may_not_know_how_sure_the_service_is(session, world, monkeypatch):
    load = codes.load
    lists = {"certainties": {}}
    monkeypatch.setattr(codes, "load", lambda name: lists.get(name, load(name)))
    bring(session, world.incident, ALERT)
    assert post_of(session, ALERT).confidence == ""


@pytest.mark.parametrize(
    ("status", "in_exercise", "in_earnest"),
    [
        ("Actual", Fate.NEW, Fate.NEW),
        ("Exercise", Fate.NEW, Fate.UNREAL),
        ("Test", Fate.NEW, Fate.UNREAL),
        ("System", Fate.UNREAL, Fate.UNREAL),
        ("Draft", Fate.UNREAL, Fate.UNREAL),
    ],
)
def test_exercises_and_tests_are_for_exercises(session, world, status, in_exercise, in_earnest):
    earnest = open_incident(session, SYSTEM, code="REAL", is_exercise=False)
    assert bring(session, world.incident, ALERT | {"status": status}) == {in_exercise: 1}
    assert bring(session, earnest, ALERT | {"status": status}) == {in_earnest: 1}


@pytest.mark.parametrize(
    ("same", "in_incident", "from_day_to_day"),
    [
        (["029097"], Fate.NEW, Fate.NEW),
        (["029510", "029145"], Fate.NEW, Fate.NEW),
        (["029510"], Fate.ELSEWHERE, Fate.NEW),
        (["020097"], Fate.ELSEWHERE, Fate.ELSEWHERE),
        ([], Fate.ELSEWHERE, Fate.ELSEWHERE),
    ],
)
def test_an_incident_has_the_alerts_of_its_counties(
    session, world, same, in_incident, from_day_to_day
):
    alert = ALERT | {"geocode": {"SAME": same}}
    assert bring(session, world.incident, alert) == {in_incident: 1}
    assert bring(session, world.daily, alert) == {from_day_to_day: 1}


def test_what_is_over_is_left_out(session, world):
    assert bring(session, world.incident, ALERT | {"expires": at(-2), "ends": at(-1)}) == {
        Fate.OVER: 1
    }
    cancel = ALERT | {"messageType": "Cancel", "expires": at(-2)}
    assert bring(session, world.incident, cancel) == {Fate.OVER: 1}
    assert count(session) == 0


def test_what_is_over_comes_in_if_what_it_ends_still_stands_here(session, world):
    bring(session, world.incident, ALERT)
    late = UPDATE | {"messageType": "Cancel", "expires": at(-2)}
    assert bring(session, world.incident, late) == {Fate.JOINED: 1}
    assert undecided(session, world.incident) == ["second"]
    assert post_of(session, late).ends_at is None
    assert bring(session, world.incident, NEXT | {"expires": at(-2), "ends": None}) == {
        Fate.JOINED: 1
    }


def test_what_is_over_stays_out_if_the_desk_took_back_what_it_ends(session, world):
    bring(session, world.incident, ALERT)
    post = publish(session, world.actor("moderator"), post_of(session, ALERT), (STAFF,))
    retract(session, world.actor("moderator"), post)
    late = UPDATE | {"expires": at(-2), "ends": None}
    assert bring(session, world.incident, late) == {Fate.OVER: 1}


def test_a_closed_incident_is_left_alone(session, world):
    close_incident(session, world.incident)
    before = dump(session)
    with pytest.raises(StateGoneError, match="EX27 is closed"):
        bring(session, world.incident, ALERT)
    assert dump(session) == before


# ---------------------------------------------------------------- each once


def test_the_same_file_again_adds_nothing(session, world):
    other = told("other", 5, sender="someone@else.example")
    assert bring(session, world.incident, ALERT, other, NEXT) == {Fate.NEW: 2, Fate.JOINED: 1}
    before = dump(session)
    again = bring(session, world.incident, ALERT, other, UPDATE, NEXT)
    assert again == {Fate.KNOWN: 3, Fate.OVERTAKEN: 1}
    assert dump(session) == before


def test_each_part_of_the_key_makes_another_alert(session, world):
    others = [
        ALERT | {"id": "urn:oid:other"},
        ALERT | {"sender": "someone@else.example"},
        ALERT | {"sent": at(1)},
    ]
    assert bring(session, world.incident, ALERT, *others) == {Fate.NEW: 4}


def test_an_alert_is_once_in_each_incident(session, world):
    for incident in (world.incident, world.daily):
        assert bring(session, incident, ALERT, UPDATE) == {Fate.NEW: 1, Fate.JOINED: 1}
        assert undecided(session, incident) == ["second"]


def test_of_a_longer_file_only_what_is_new_is_added(session, world):
    bring(session, world.incident, ALERT)
    fates = bring(session, world.incident, ALERT, told("other", 3), UPDATE)
    assert fates == {Fate.KNOWN: 1, Fate.NEW: 1, Fate.JOINED: 1}
    assert count(session) == 3


# ---------------------------------------------------------------- updates are joined


def test_an_update_takes_the_undecided_draft_off_the_desk(session, world):
    for alert in (ALERT, UPDATE, NEXT):
        bring(session, world.incident, alert)
        assert undecided(session, world.incident) == [alert["id"].split(":")[-1]]
    first, second, third = (post_of(session, it) for it in (ALERT, UPDATE, NEXT))
    assert [it.state for it in (first, second, third)] == [
        "superseded",
        "superseded",
        "waiting",
    ]
    assert (first.successor_id, second.successor_id) == (second.id, third.id)
    assert (second.replaces_id, third.replaces_id) == (first.id, second.id)
    assert story(session, "post", third.id)[0].words["replaces"] == second.reference
    done = ["post.bring_in", "post.bring_in", "post.overtake"]
    assert kinds(session, world.incident_id)[-5:] == done + done[1:]
    check_journal(session)


def test_what_is_published_stays_until_the_desk_publishes_its_update(session, world):
    moderator = world.actor("moderator")
    bring(session, world.incident, ALERT)
    first = publish(session, moderator, post_of(session, ALERT), (STAFF,))
    assert bring(session, world.incident, UPDATE) == {Fate.JOINED: 1}
    assert (first.state, first.successor_id) == ("published", None)
    second = publish(session, moderator, post_of(session, UPDATE), (STAFF,))
    assert (first.state, first.successor_id) == ("superseded", second.id)
    check_journal(session)


@pytest.mark.parametrize("is_decided", [True, False])
def test_an_update_that_nobody_let_out_hands_on_what_it_was_to_replace(
    session, world, is_decided
):
    moderator = world.actor("moderator")
    bring(session, world.incident, ALERT)
    first = publish(session, moderator, post_of(session, ALERT), (STAFF,))
    bring(session, world.incident, UPDATE)
    if is_decided:
        reject(session, moderator, post_of(session, UPDATE))
    last = told("last", 30, UPDATE)  # and no word of the first
    assert bring(session, world.incident, last) == {Fate.JOINED: 1}
    assert undecided(session, world.incident) == ["last"]
    newest = publish(session, moderator, post_of(session, last), (STAFF,))
    assert (first.state, first.successor_id) == ("superseded", newest.id)


def test_what_the_desk_has_decided_stays_decided(session, world):
    bring(session, world.incident, ALERT)
    reject(session, world.actor("moderator"), post_of(session, ALERT))
    assert bring(session, world.incident, UPDATE) == {Fate.JOINED: 1}
    assert post_of(session, ALERT).state == "rejected"
    assert undecided(session, world.incident) == ["second"]


def test_a_cancellation_is_a_draft_that_says_so(session, world):
    bring(session, world.incident, ALERT)
    cancel = UPDATE | {"messageType": "Cancel"}
    assert bring(session, world.incident, cancel) == {Fate.JOINED: 1}
    words = post_of(session, cancel).words
    assert words.startswith("Cancelled: Flash Flood Warning second\n\n")
    assert undecided(session, world.incident) == ["second"]


def test_one_alert_may_become_two(session, world):
    """The service updates each part of its area by itself."""
    parts = [told("north", 10, ALERT), told("south", 10, ALERT)]
    bring(session, world.incident, ALERT, *parts)
    assert undecided(session, world.incident) == ["north", "south"]
    joined = told("joined", 20, ALERT, *parts)
    assert bring(session, world.incident, joined) == {Fate.JOINED: 1}
    assert undecided(session, world.incident) == ["joined"]


# ---------------------------------------------------------------- out of order


def test_in_one_file_the_order_is_that_of_sending(session, world):
    fates = bring(session, world.incident, NEXT, UPDATE, ALERT)
    assert fates == {Fate.NEW: 1, Fate.JOINED: 2}
    assert undecided(session, world.incident) == ["third"]
    check_journal(session)


def test_what_comes_after_its_update_is_no_news(session, world):
    assert bring(session, world.incident, UPDATE) == {Fate.NEW: 1}
    assert bring(session, world.incident, ALERT) == {Fate.OVERTAKEN: 1}
    assert undecided(session, world.incident) == ["second"]
    assert count(session) == 1


def test_what_comes_between_joins_what_lies_before_and_after(session, world):
    last = told("last", 30, UPDATE)  # and no word of the first
    bring(session, world.incident, ALERT, last)
    assert undecided(session, world.incident) == ["first", "last"]
    assert bring(session, world.incident, UPDATE) == {Fate.OVERTAKEN: 1}
    assert undecided(session, world.incident) == ["last"]
    assert post_of(session, ALERT).successor_id == post_of(session, last).id


@pytest.mark.parametrize("files", [(1, 2, 0), (2, 1, 0)], ids=str)
def test_however_long_the_thread_the_newest_takes_the_place(session, world, files):
    updates = [UPDATE]
    for number in range(2):  # each with no word of those before the last
        updates.append(told(f"more{number}", 30 + number, updates[-1]))
    bring(session, world.incident, ALERT)
    for number in files:
        bring(session, world.incident, updates[number])
    assert undecided(session, world.incident) == ["more1"]
    assert post_of(session, ALERT).successor_id == post_of(session, updates[-1]).id


def test_nothing_updates_itself_or_what_is_sent_later(session, world):
    mirror = told("mirror", 5)
    mirror = told("mirror", 5, mirror, told("later", 6))
    later = told("later", 6, mirror)
    assert bring(session, world.incident, mirror) == {Fate.NEW: 1}
    assert bring(session, world.incident, later) == {Fate.JOINED: 1}
    assert bring(session, world.incident, mirror, later) == {Fate.KNOWN: 2}
    assert undecided(session, world.incident) == ["later"]


def test_an_update_of_something_unknown_replaces_nothing(session, world):
    assert bring(session, world.incident, UPDATE) == {Fate.NEW: 1}
    assert post_of(session, UPDATE).replaces_id is None

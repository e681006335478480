"""What a client may ask, and what it is answered."""

from __future__ import annotations

import pytest
from sqlalchemy import event

from portal.accounts.models import SignIn
from portal.core.actor import SYSTEM
from portal.feed import operations as feed
from portal.journal.audience import DESK, PARTNERS, STAFF, org, sector
from portal.journal.records import begin_generation
from portal.journal.transaction import transaction
from portal.live.follows import MOST_SUBJECTS
from tests import factories

MALFORMED = {
    "nothing": (),
    "null": (None,),
    "a number": (1,),
    "a list": ([],),
    "words": ("follow",),
    "no heads": ({"incident": "EX27", "generation": "x"},),
    "no generation": ({"incident": "EX27", "heads": {}},),
    "no incident": ({"generation": "x", "heads": {}},),
    "an incident that is a list": ({"incident": ["EX27"], "generation": "x", "heads": {}},),
    "heads that are a list": ({"incident": "EX27", "generation": "x", "heads": []},),
    "a head that is true": ({"incident": "EX27", "generation": "x", "heads": {"staff": True}},),
    "a head below zero": ({"incident": "EX27", "generation": "x", "heads": {"staff": -1}},),
    "a broken head": ({"incident": "EX27", "generation": "x", "heads": {"staff": 1.5}},),
    "a head in words": ({"incident": "EX27", "generation": "x", "heads": {"staff": "1"}},),
    "too many rooms": (
        {"incident": "EX27", "generation": "x", "heads": {f"org:{i}": 0 for i in range(65)}},
    ),
}


@pytest.mark.one_backend
@pytest.mark.parametrize("message", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_message_gets_an_error_and_nothing_else(ear_of, message):
    ear = ear_of("alpha", follows=False)
    assert ear.send(*message) == {"error": "follow {incident, generation, heads}"}
    assert ear.heard() == []
    assert ear.is_connected


@pytest.mark.one_backend
def test_more_than_is_asked_for_is_not_looked_at(ear_of):
    ear = ear_of("alpha", follows=False)
    assert "heads" in ear.send(ear.start | {"more": [1]}, "and more")


@pytest.mark.one_backend
def test_an_incident_that_is_not_there_is_an_error(ear_of):
    ear = ear_of("alpha", follows=False)
    assert ear.follow(incident="NONE") == {"error": "no such incident"}


@pytest.mark.one_backend
def test_the_anonymous_is_refused(app, anonymous):
    io = app.extensions["socketio"].test_client(
        app, namespace="/live", flask_test_client=anonymous
    )
    assert not io.is_connected("/live")
    assert len(app.extensions["channel"].seats) == 0


def test_what_was_missed_is_answered_as_it_stands_now(ear_of, session, world):
    ear = ear_of("alpha", follows=False)
    alpha, moderator = world.actor("alpha"), world.actor("moderator")
    for words in ("The bridge is out.", "The road is closed."):
        post = factories.make_post(session, world.actor("bravo"), words=words)
        factories.publish(session, moderator, post)
    factories.retract(session, moderator, post, note="Another road.")
    mine = factories.make_post(session, alpha, words="No power.")

    answer = ear.follow()
    shown = {(it["room"], it["n"]): it["html"] for it in answer["frames"]}
    own = org(alpha.organization_id)
    first = ear.start["heads"][PARTNERS]
    assert answer["heads"] == {**ear.start["heads"], PARTNERS: first + 3, own: 1}
    assert shown.keys() == {(PARTNERS, first + 1), (PARTNERS, first + 3), (own, 1)}
    assert "The bridge is out." in shown[PARTNERS, first + 1]
    assert "Another road." in shown[PARTNERS, first + 3]
    assert mine.reference in shown[own, 1]
    assert "The road is closed." not in str(answer), "shown on the way to its retraction"


def test_whoever_has_all_is_told_so(ear_of, session, world):
    ear = ear_of("alpha", follows=False)
    factories.make_post(session, world.actor("alpha"))
    heads = ear.follow()["heads"]
    assert ear.follow(heads=heads) == {"frames": [], "heads": heads}


def test_heads_of_the_future_are_of_another_life(ear_of):
    ear = ear_of("alpha", follows=False)
    heads = ear.start["heads"]
    assert ear.follow(heads=heads | {PARTNERS: heads[PARTNERS] + 1}) == {"reload": "generation"}
    assert ear.follow(heads=heads | {PARTNERS: 2**63}) == {"reload": "generation"}


def test_another_generation_loads_the_page_again(ear_of, session):
    ear = ear_of("alpha", follows=False)
    begin_generation(session)
    assert ear.follow() == {"reload": "generation"}


def test_a_room_whose_head_is_not_told_loads_the_page_again(ear_of):
    ear = ear_of("alpha", follows=False)
    heads = {room: n for room, n in ear.start["heads"].items() if room != sector("ENER")}
    assert ear.follow(heads=heads) == {"reload": "rooms"}
    assert ear.follow(heads={}) == {"reload": "rooms"}


def test_a_foreign_room_is_taken_away_and_brings_nothing(ear_of, session, world):
    ear = ear_of("alpha", follows=False)
    factories.make_post(session, world.actor("bravo"), words="For the desk alone.")
    foreign = {DESK: 0, STAFF: 0, org(world.people["bravo"].organization_id): 0}
    answer = ear.follow(heads=ear.start["heads"] | foreign)
    assert ear.heard() == [("purge", {"room": room}) for room in sorted(foreign)]
    assert answer == {"frames": [], "heads": ear.start["heads"]}


@pytest.mark.one_backend
def test_too_much_to_tell_loads_the_page_again(ear_of, session, world):
    ear = ear_of("alpha", follows=False)

    def report(count: int) -> None:
        with transaction(session, world.actor("alpha")) as tx:
            for _ in range(count):
                feed.submit(tx, world.incident, factories.report())

    report(MOST_SUBJECTS)
    assert len(ear.follow()["frames"]) == MOST_SUBJECTS
    report(1)
    assert ear.follow() == {"reload": "far behind"}


def test_the_end_of_an_incident_loads_the_page_again(ear_of, session, world):
    ear = ear_of("alpha", follows=False)
    factories.close_incident(session, world.incident)
    assert ear.follow() == {"reload": "incident"}


def test_a_session_that_has_ended_follows_nothing(ear_of, session):
    ear = ear_of("alpha", follows=False)
    with transaction(session, SYSTEM) as tx:
        row = session.query(SignIn).one()
        tx.session.refresh(row)
        factories.accounts.end_sign_in(tx, row, why="for the test")
    assert ear.follow() == {"error": "signed out"}
    assert ear.heard() == [("closing", {"why": "signed_out", "retry_s": None})]
    assert not ear.is_connected


def test_a_socket_follows_one_incident_at_a_time(ear_of, tail, session, world):
    ear = ear_of("alpha")
    elsewhere = ear.browser.page("/incidents/daily/feed")
    ear.start = ear_of("alpha", follows=False, code="daily").start
    assert elsewhere.status == 200
    assert ear.follow()["frames"] == []
    factories.make_post(session, world.actor("alpha"), world.incident)
    tail.step()
    assert ear.frames() == []
    factories.make_post(session, world.actor("alpha"), world.daily)
    tail.step()
    assert [frame["view"] for frame in ear.frames()] == ["mine"]


# ---------------------------------------------------------------- asked while connecting


def test_who_says_at_once_what_they_have_is_answered_as_if_they_had_asked(
    ear_of, session, world, tail
):
    ear = ear_of("alpha", follows=False)
    mine = factories.make_post(session, world.actor("alpha"), words="No power.")
    back = ear.come_back(ear.start)
    heard = back.heard()
    assert heard == [("followed", ear.follow())]
    assert mine.reference in str(heard)
    tail.step()
    back.heard()
    factories.make_post(session, world.actor("alpha"))
    tail.step()
    assert [it["n"] for it in back.frames()] == [2], "it sits in its rooms"


@pytest.mark.one_backend
@pytest.mark.parametrize("message", [it for it in MALFORMED.values() if it], ids=str)
def test_what_is_no_question_while_connecting_leaves_one_to_ask(ear_of, message):
    ear = ear_of("alpha", follows=False).come_back(message[0])
    assert ear.heard() == []
    assert "heads" in ear.follow()


@pytest.mark.one_backend
def test_what_can_not_be_followed_is_said_to_who_connects(ear_of):
    ear = ear_of("alpha", follows=False)
    back = ear.come_back(ear.start | {"incident": "NONE"})
    assert back.heard() == [("followed", {"error": "no such incident"})]
    assert back.is_connected


def when_followed(database, act):
    """Do something once, as the first question of the next `follow` is about to be asked."""

    still = [act]

    @event.listens_for(database.engine, "before_cursor_execute")
    def look(_connection, _cursor, statement, *_more):
        if "FROM incident" in statement and still:
            still.pop()()


def test_who_is_suspended_while_connecting_is_refused(ear_of, database, world):
    ear = ear_of("alpha", follows=False)

    def suspend():
        with database.sessions() as own:
            factories.suspend_person(own, world.person("alpha"))

    when_followed(database, suspend)
    back = ear.come_back(ear.start)
    assert not back.is_connected
    assert "followed" not in {name for name, said in back.heard() if "frames" in said}


def test_who_connects_while_the_database_fails_is_told_to_ask_again(ear_of, database):
    ear = ear_of("alpha", follows=False)

    def fail():
        raise OSError("the database is gone")

    when_followed(database, fail)
    back = ear.come_back(ear.start)
    assert back.heard() == [("followed", {"error": "please ask again"})]
    assert "heads" in back.follow()

"""Incidents: opening, revising, level, period, and what closing says and does."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from portal.core import clock
from portal.core.web import times
from portal.incidents.models import Incident, OperationalPeriod
from portal.incidents.states import IncidentState
from tests.factories import close_incident, make_offer, make_post

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from sqlalchemy.orm import Session

    from tests.pages import PageClient
    from tests.world import World

    ClientFor = Callable[[str], PageClient]

INDEX, NEW, SHOW = "/admin/incidents", "/admin/incidents/new", "/admin/incidents/EX27"
CLOSE = f"{SHOW}/close"
MOVES = ("revise", "set_level", "begin_period", "close")


def typed(**changes: Any) -> dict[str, Any]:
    good = {
        "code": "ice-27",
        "name": "Ice storm",
        "is_exercise": "no",
        "types": ["O"],
        "counties": ["29097"],
        "level": "full",
        "time_zone": "America/Chicago",
        "telephone": "573-555-0100",
        "email": "seoc@world.example",
        "bridge": "573-555-0102, code 1",
    }
    return good | changes


def test_everybody_sees_where_to_go(client_for: ClientFor):
    client = client_for("observer")
    page = client.page("/incidents/")
    assert client.queries <= 8
    assert page.main.index("Tornado and Flood") < page.main.index("Day-to-day operations")
    assert "EXERCISE" in page.main
    assert "/incidents/EX27/" in page.links
    assert INDEX not in page.links


def test_closed_incidents_stand_below_the_open(
    client_for: ClientFor, session: Session, world: World
):
    close_incident(session, world.incident)
    page = client_for("alpha").page("/incidents/")
    assert "Closed" in page.main


@pytest.mark.parametrize("name", ["alpha", "moderator", "erac", "records", "observer"])
def test_these_pages_are_for_those_who_keep_incidents(client_for: ClientFor, name: str):
    client = client_for(name)
    for path in (INDEX, NEW, SHOW, CLOSE):
        client.page(path, 403)
    token = client.page("/account").form().filled["csrf_token"]
    for move in MOVES:
        assert client.post(f"{SHOW}/{move}", data={"csrf_token": token}).status_code == 403


def test_mop3_sets_level_and_period_only(client_for: ClientFor):
    client = client_for("mop3")
    assert SHOW in client.page(INDEX).links
    assert client.page(SHOW).moves == {"incident.set_level", "incident.begin_period"}
    client.page(NEW, 403)
    client.page(CLOSE, 403)


def test_an_incident_is_opened(client_for: ClientFor, session: Session):
    client = client_for("admin")
    page = client.follow(client.send(NEW, "incident.open", **typed()))
    assert client.queries <= 8
    assert page.heading == "Ice storm"
    assert page.moves == {f"incident.{move}" for move in MOVES} - {"incident.close"}
    assert f"{INDEX}/ICE-27/close" in page.links
    incident = session.scalars(select(Incident).where(Incident.code == "ICE-27")).one()
    assert (incident.is_exercise, incident.level) == (False, "full")
    assert client.get("/incidents/ICE-27/").status_code == 200
    assert client.get("/incidents/ice-27/").status_code == 404


POOR = [
    ({"code": "X"}, "code", "2 to 12"),
    ({"code": "1234"}, "code", "at least one letter"),
    ({"code": "A/B"}, "code", "2 to 12"),
    ({"code": "-AB"}, "code", "2 to 12"),
    ({"code": "ABCDEFGHIJKLM"}, "code", "2 to 12"),
    ({"code": "ÄB"}, "code", "2 to 12"),
    ({"code": "daily"}, "code", "taken by the portal"),
    ({"code": "new"}, "code", "taken by the portal"),
    ({"code": "EX27"}, "code", "This code is taken."),
    ({"name": ""}, "name", "Write the incident’s name."),
    ({"is_exercise": None}, "is_exercise", "real or an exercise"),
    ({"types": []}, "types", "Choose at least one."),
    ({"types": ["Z9"]}, "types", "Choose from the list."),
    ({"counties": ["29193"]}, "counties", "Choose counties from the list."),
    ({"level": "panic"}, "level", "Choose the activation level."),
    ({"time_zone": "Mars/Olympus"}, "time_zone", "Choose the time zone."),
    ({"telephone": ""}, "telephone", "Write the number to call"),
    ({"telephone": "nine"}, "telephone", "Write a telephone number"),
    ({"email": "nowhere"}, "email", "Write an e-mail address"),
]


@pytest.mark.parametrize(("change", "field", "words"), POOR, ids=str)
def test_what_is_wrong_is_said_at_the_field(
    client_for: ClientFor, session: Session, change: dict, field: str, words: str
):
    client = client_for("admin")
    page = client.read(client.send(NEW, "incident.open", **typed(**change)), 422)
    assert words in page.error_at(field)
    kept = page.form("incident.open").filled
    assert field == "bridge" or kept["bridge"] == [typed()["bridge"]]
    assert len(session.scalars(select(Incident.id)).all()) == 2


def test_revising_leaves_the_level_alone(client_for: ClientFor, world: World):
    client = client_for("admin")
    page = client.page(SHOW)
    answer = client.submit(page.form("incident.revise"), name="Flood", level="normal")
    assert client.follow(answer).heading == "Flood"
    assert (world.incident.name, world.incident.level) == ("Flood", "partial")
    assert world.incident.types == ("F", "T"), "in the order of the list"


def test_the_level_shows_in_the_strip(client_for: ClientFor):
    client = client_for("mop3")
    page = client.follow(client.send(SHOW, "incident.set_level", level="full"))
    assert "Level 1" in page.text
    answer = client.send(SHOW, "incident.set_level", level="panic")
    assert client.read(answer, 422).error_at("level")


def test_a_period_begins_now_and_ends_by_local_time(
    client_for: ClientFor, session: Session, world: World
):
    client = client_for("mop3")
    times.use_zone("America/Chicago")
    ends_at = (clock.now() + timedelta(hours=12)).replace(second=0, microsecond=0)
    answer = client.send(SHOW, "incident.begin_period", ends_at=times.typed(ends_at))
    assert "Op period 1" in client.follow(answer).text
    assert world.incident.period_ends_at == ends_at
    period = session.scalars(select(OperationalPeriod)).one()
    assert (period.number, period.ends_at) == (1, ends_at)


@pytest.mark.parametrize(
    ("ends_at", "words"),
    [
        ("", "Say when it ends."),
        ("tomorrow", "Write a date and a time"),
        ("2001-01-01T00:00", "later than now"),
        ("2207-04-21T19:00", "31 days at most"),
    ],
)
def test_a_period_ends_in_the_near_future(client_for: ClientFor, ends_at: str, words: str):
    client = client_for("admin")
    answer = client.send(SHOW, "incident.begin_period", ends_at=ends_at)
    assert words in client.read(answer, 422).error_at("ends_at")


def test_closing_says_what_it_does(client_for: ClientFor, session: Session, world: World):
    for _ in range(3):
        make_post(session, world.actor("alpha"), world.incident)
    make_offer(session, world.actor("bravo"), world.incident)
    client = client_for("admin")
    page = client.page(CLOSE)
    assert client.queries <= 10
    assert "3 reports" in page.main
    assert "1 offer" in page.main
    for words in ("Nobody can report or offer", "Check-ins end", "cannot be opened again"):
        assert words in page.main
    assert page.words("main//button") == ["Close Tornado and Flood"]


def test_each_package_counts_its_own(client_for: ClientFor, app: Flask):
    app.extensions["closings"] = [
        lambda _session, incident: [(1234, f"claims of {incident.code} end"), (0, "nothing")]
    ]
    page = client_for("admin").page(CLOSE)
    assert "1,234 claims of EX27 end." in page.main
    assert "nothing" not in page.main


def test_a_closed_incident_stays_readable(client_for: ClientFor, world: World):
    client = client_for("admin")
    answer = client.send(CLOSE, "incident.close", reason=" ")
    assert client.read(answer, 422).error_at("reason") == "Error: Say why it is closed."
    page = client.follow(client.send(CLOSE, "incident.close", reason="The water is gone"))
    assert "Closed" in page.main
    assert page.moves == set()
    assert world.incident.state is IncidentState.CLOSED
    assert "closed already" in client.page(CLOSE).main
    assert client_for("alpha").get("/incidents/EX27/").status_code == 200


def test_closing_twice_is_a_conflict(client_for: ClientFor, session: Session, world: World):
    client = client_for("admin")
    form = client.page(CLOSE).form("incident.close")
    close_incident(session, world.incident)
    assert "closed already" in client.read(client.submit(form, reason="Too late"), 409).main


def test_day_to_day_operations_never_close(client_for: ClientFor):
    client = client_for("admin")
    page = client.page("/admin/incidents/daily/close")
    assert "never close" in page.main
    assert page.moves == set()
    token = client.page("/account").form().filled["csrf_token"]
    typed = {"csrf_token": token, "reason": "No more days"}
    assert client.post("/admin/incidents/daily/close", data=typed).status_code == 409


def test_there_is_no_other_incident(client_for: ClientFor):
    client_for("admin").page("/admin/incidents/NOSUCH", 404)

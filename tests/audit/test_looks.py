"""Looks: who read what belongs to others, once in a while, and at no price for the page."""

from __future__ import annotations

import json
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from portal.core import codes
from portal.journal import notes
from portal.journal.audience import AUDIT
from portal.journal.looks import AGAIN, note_looks
from portal.journal.models import EntryRoom
from portal.journal.notes import QUIET, notes_for
from portal.journal.verify import verify
from portal.organizations.models import Organization
from tests import factories as make
from tests.audit.noting import noted
from tests.offers.making import draft
from tests.presence.shifts import arrive

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from portal.core.db import Database

BASE = "/incidents/EX27"


def told(session: Session) -> list[tuple[str, str, str]]:
    """Return of each note its move, what it was and the reference."""
    return [(it.move, it.words["what"], it.words["reference"]) for it in noted(session)]


def test_whoever_reads_an_offer_of_others_is_noted(client_for, session, world):
    offer = make.make_offer(session, world.actor("alpha"), world.incident)
    for name, what in (("erac", "price"), ("records", "offer"), ("admin", "offer")):
        client_for(name).page(f"{BASE}/offers/{offer.reference}")
        (*_, last) = noted(session)
        assert (last.subject, last.subject_id) == ("organization", offer.organization_id)
        assert last.person_id == world.people[name].id
        assert last.words == {"what": what, "reference": offer.reference, "roles": [name]}


def test_one_s_own_data_are_nobody_s_news(client_for, session, world):
    offer = make.make_offer(session, world.actor("alpha"), world.incident)
    own = world.organizations["alpha"].reference
    for name in ("alpha", "alpha_admin"):
        client = client_for(name)
        for path in (
            f"{BASE}/offers",
            f"{BASE}/offers/{offer.reference}",
            f"/organizations/{own}",
            "/organizations",
            f"{BASE}/presence",
            f"{BASE}/log",
            f"{BASE}/log.csv",
        ):
            client.get(path)
    assert noted(session) == []


PLACES = [
    ("erac", f"{BASE}/erac", ("look", "desk", "")),
    ("records", f"{BASE}/offers", ("look", "offers", "")),
    ("moderator", "/organizations", ("look", "directory", "")),
    ("logistics", f"{BASE}/presence", ("look", "roster", "")),
    ("cikr", f"{BASE}/presence/ics211", ("look", "ics211", "")),
    ("admin", "/admin", ("look", "people", "")),
    ("admin", "/admin/deliveries", ("look", "deliveries", "")),
    ("records", "/admin/audit", ("look", "audit", "")),
    ("admin", "/admin/audit/audit.csv", ("export", "audit", "")),
]


@pytest.mark.parametrize(("name", "path", "what"), PLACES)
def test_a_list_of_many_is_noted_once_and_for_nobody(client_for, session, name, path, what):
    client = client_for(name)
    assert client.get(path).status_code == 200
    assert client.get(path).status_code == 200
    assert told(session) == [what]
    assert (noted(session)[0].subject, noted(session)[0].subject_id) == ("desk", 0)


def test_what_leaves_as_a_file_is_noted_for_each_organization(client_for, session, world):
    one = make.make_offer(session, world.actor("alpha"), world.incident)
    for _ in range(2):
        make.make_offer(session, world.actor("bravo"), world.incident)
    arrive(session, world.actor("charlie"))
    for kind in ("csv", "xlsx"):
        assert client_for("erac").get(f"{BASE}/erac/offers.{kind}").status_code == 200
    assert client_for("mop3").get(f"{BASE}/presence/ics211.csv").status_code == 200
    ids = {it.subject_id: (it.words["what"], it.words["reference"]) for it in noted(session)}
    assert {it.move for it in noted(session)} == {"export"}
    assert ids == {
        world.organizations["alpha"].id: ("price", one.reference),
        world.organizations["bravo"].id: ("price", ""),
        world.organizations["charlie"].id: ("ics211", ""),
    }


def test_contacts_check_ins_and_people_are_noted_with_their_reference(
    client_for, session, world
):
    row = arrive(session, world.actor("alpha"))
    alpha, person = world.organizations["alpha"].reference, world.people["alpha"].reference
    client_for("mop3").page(f"/organizations/{alpha}")
    client_for("mop3").page(f"{BASE}/presence/{row.reference}")
    client_for("mop3").page(f"{BASE}/log?person={person}")
    client_for("admin").page(f"/admin/people/{person}")
    assert told(session) == [
        ("look", "contacts", alpha),
        ("look", "check_in", row.reference),
        ("look", "activity", person),
        ("look", "person", person),
    ]
    assert {it.subject_id for it in noted(session)} == {world.organizations["alpha"].id}


def test_partners_who_are_shown_no_contacts_are_not_noted(client_for, session, world):
    client_for("bravo").page(f"/organizations/{world.organizations['alpha'].reference}")
    client_for("bravo").page("/organizations")
    assert noted(session) == []


def test_the_same_person_and_thing_stand_there_once_in_a_while(held_clock, session, world):
    actor, whose = world.actor("erac"), {world.organizations["alpha"].id: "OF-1"}

    def look() -> int:
        note_looks(session, actor, "price", whose)
        return len(noted(session))

    assert [look(), look()] == [1, 1]
    held_clock.tick(AGAIN.total_seconds() - 1)
    assert look() == 1
    held_clock.tick(1)
    assert look() == 2
    held_clock.tick(-3600)
    assert look() == 3, "a clock set back hides nothing"
    note_looks(session, world.actor("admin"), "price", whose)
    note_looks(session, actor, "price", {world.organizations["bravo"].id: "OF-1"})
    note_looks(session, actor, "price", whose, is_export=True)
    assert len(noted(session)) == 6


def test_a_note_is_an_entry_like_any_other(session, world):
    version = session.get_one(Organization, world.organizations["alpha"].id).version
    for name in ("erac", "admin", "records"):
        note_looks(
            session,
            world.actor(name),
            "price",
            dict.fromkeys(
                (it.id for key, it in world.organizations.items() if key != "agency"), "X"
            ),
        )
    assert len(noted(session)) == 12
    assert verify(session) == []
    assert session.get_one(Organization, world.organizations["alpha"].id).version == version
    rooms = set(session.query(EntryRoom.room).filter(EntryRoom.incident_id == 0))
    assert (AUDIT,) in rooms


def test_many_notes_cost_few_statements(session, database, world):
    note_looks(session, world.actor("erac"), "price", dict.fromkeys(range(1000, 1150), ""))
    asked: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *it: asked.append(it[2]))
    assert notes_for(session).write_down(session) == 150
    assert len(asked) <= 10


@contextmanager
def busy(database: Database) -> Iterator[None]:
    """Hold what every writer waits for: the turn of SQLite, the stream's head of PostgreSQL."""
    with database.engine.connect() as other:
        if database.is_sqlite:
            with database.turn():
                yield
            return
        other.exec_driver_sql("SELECT 1 FROM head WHERE incident_id = 0 FOR UPDATE")
        yield
        other.rollback()


def lines_of(caplog) -> list[dict[str, Any]]:
    lines = [it.getMessage() for it in caplog.records if it.name == notes.__name__]
    assert not [it for it in lines if "\n" in it]
    return [json.loads(it.removeprefix("not in the journal: ")) for it in lines]


def test_a_page_is_shown_while_the_database_is_busy_and_the_log_tells_it(
    client_for, session, world, database, caplog, monkeypatch
):
    client = client_for("erac")
    offer = make.make_offer(session, world.actor("alpha"), world.incident)
    session.rollback()
    monkeypatch.setattr("portal.core.db.WRITER_PATIENCE_S", 0.05)
    with caplog.at_level(logging.WARNING, notes.__name__), busy(database):
        client.page(f"{BASE}/offers/{offer.reference}")
        assert notes_for(session).write_down(session) == 1
    (note,) = lines_of(caplog)
    assert note["note"] == "organization.look"
    assert note["subject_id"] == world.organizations["alpha"].id
    assert note["person_id"] == world.people["erac"].id
    assert note["says"]["what"] == "price"
    assert told(session) == []


@pytest.mark.one_backend
def test_the_log_tells_what_a_full_database_does_not_take(session, database, world, caplog):
    def fill(connection: Any, *_: Any) -> None:
        connection.execute("PRAGMA max_page_count = 1")  # as large as it is, and no larger

    event.listen(database.engine, "checkout", fill)
    with caplog.at_level(logging.WARNING, notes.__name__):
        note_looks(session, world.actor("erac"), "price", dict.fromkeys(range(1000, 1150), ""))
        session.rollback()
        assert notes_for(session).write_down(session) == 150
    assert len(lines_of(caplog)) == 150
    assert {it["why"] for it in lines_of(caplog)} == {
        "There is no space left on the portal's disk."
    }


def test_what_is_too_much_to_keep_goes_to_the_log(session, world, caplog, monkeypatch):
    monkeypatch.setattr(notes, "MOST_WAITING", 2)
    with caplog.at_level(logging.WARNING, notes.__name__):
        whose = dict.fromkeys(range(1000, 1003), "")
        note_looks(session, world.actor("erac"), "price", whose)
    assert len(caplog.records) == 1
    assert len(noted(session)) == 2


def test_a_look_is_written_though_its_person_has_left(session, world):
    actor = make.sign_in(session, world, "erac")
    note_looks(session, actor, "desk")
    make.suspend_person(session, world.person("erac"))
    assert [it.person_id for it in noted(session)] == [actor.person_id]


def test_no_story_tells_of_looks(client_for, session, world):
    """Neither a person's page nor an activity log, which have only so much room."""
    offer = draft(session, world.actor("alpha"))
    assert offer.id
    client = client_for("admin")
    client.page(f"/organizations/{world.organizations['alpha'].reference}")
    assert [it.move for it in noted(session)] == ["look"]
    page = client.page("/incidents/daily/log")
    assert "Read" not in page.main
    assert {"look", "export", "refuse"} == QUIET


def test_every_kind_of_look_has_its_words():
    assert {it for _, _, (_, it, _) in PLACES} <= set(codes.load("looks"))

"""ICS 211 and ICS 214: pages and files, for whom they are, and no formula in any cell."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest

from portal.core import codes
from portal.core.web.sheets import plain
from portal.feed.states import POST
from portal.incidents import operations as incidents
from portal.incidents.states import INCIDENT
from portal.journal.transaction import transaction
from portal.offers.states import OFFER
from portal.presence.states import CHECK_IN
from tests import factories as make
from tests.presence.shifts import CANARIES, arrive, arrive_for, leave

BASE = "/incidents/EX27/presence"
LIST, LOG = f"{BASE}/ics211", "/incidents/EX27/log"


def cells(answer):
    assert answer.status_code == 200
    assert answer.mimetype == "text/csv"
    assert "attachment" in answer.headers["Content-Disposition"]
    return list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])  # noqa: RUF001
def test_no_cell_is_a_formula(sign):
    assert plain(f"{sign}1+1") == f"'{sign}1+1"
    assert plain(f"  {sign}1+1").startswith("'")
    assert plain(f"a{sign}") == f"a{sign}"
    assert plain("") == ""


def test_the_check_in_list_holds_everybody_who_was_here(client_for, world, session):
    row = arrive(
        session,
        world.actor("alpha"),
        decides_up_to="=HYPERLINK(1)",
        telephone="+1 573 555 0100",
    )
    leave(session, world.actor("alpha"), row)
    arrive_for(world, "moderator", "bravo", link="telephone", decides=(), decides_up_to="")
    client = client_for("records")
    page = client.page(LIST)
    assert "2 check-ins" in page.main
    assert "Virtual, by telephone" in page.main
    header, first, second = cells(client.get(f"{LIST}.csv"))
    assert header[0] == "Name (5)"
    assert first[:2] == ["Alpha Person", "Alpha Fuel"]
    assert first[4] == "'+1 573 555 0100"
    assert first[7] == "Fuel, =HYPERLINK(1)"
    assert first[3]
    assert second[5] == "Virtual, by telephone"
    assert not second[3]


@pytest.mark.parametrize("name", ["alpha", "guild", "observer"])
@pytest.mark.one_backend
def test_the_check_in_list_is_for_staff(client_for, name):
    client = client_for(name)
    assert client.get(LIST).status_code == client.get(f"{LIST}.csv").status_code == 403
    assert LIST not in client.page(BASE).links


def test_a_log_says_what_its_person_did(client_for, world, session):
    post = make.make_post(session, world.actor("alpha"))
    arrive_for(world, "moderator", "alpha")
    make.publish(session, world.actor("moderator"), post)
    make.make_post(session, world.actor("bravo"))
    page = client_for("alpha").page(LOG)
    assert "Sent a report to the SEOC" in page.main
    assert "Checked a caller in, by Moderator Person" in page.main
    assert "Published" not in page.main
    assert f"/incidents/EX27/feed/{post.reference}" in page.links
    page = client_for("moderator").page(LOG)
    assert "Published a report" in page.main
    assert "Checked a caller in: Alpha Person" in page.main
    assert "Store 14" not in page.main
    header, *rows = cells(client_for("alpha").get(f"{LOG}.csv"))
    assert header[1] == "Activity (7)"
    assert [it[1] for it in rows] == ["Sent a report to the SEOC", "Checked a caller in"]
    assert rows[0][2] == post.reference


def test_others_logs_are_for_staff_and_show_what_they_may_see(client_for, world, session):
    make.make_post(session, world.actor("alpha"))
    make.make_offer(session, world.actor("alpha"))
    asked = f"{LOG}?person={world.people['alpha'].reference}"
    seen = {
        name: [
            words in client_for(name).page(asked).main
            for words in ("Sent a report", "capacity")
        ]
        for name in ("alpha", "moderator", "erac", "logistics")
    }
    # A report that waits is the desk's, an offer is ERAC's.
    assert seen["alpha"] == [True, True]
    assert seen["moderator"] == [True, False]
    assert seen["erac"] == [False, True]
    assert seen["logistics"] == [False, False]
    for name in ("alpha_admin", "bravo", "observer"):
        assert client_for(name).get(asked).status_code == 404
        assert client_for(name).get(asked.replace("log", "log.csv")).status_code == 404
    assert client_for("moderator").get(f"{LOG}?person=nobody").status_code == 404


def test_a_log_is_cut_by_operational_period(client_for, world, session, held_clock):
    make.make_post(session, world.actor("alpha"))
    held_clock.tick(60)
    with transaction(session, world.actor("admin")) as tx:
        ends_at = held_clock.now + timedelta(hours=12)
        incidents.begin_period(tx, world.incident, ends_at=ends_at)
    held_clock.tick(60)
    make.make_offer(session, world.actor("alpha"))
    page = client_for("alpha").page(LOG)
    assert page.words("h2")[:2] == [
        "Before the first operational period",
        "Operational period 1 (2)",
    ]


@pytest.mark.one_backend
def test_an_empty_log_says_what_will_stand_there(client_for):
    assert "Nothing to log yet" in client_for("observer").page(LOG).main


def test_every_act_of_an_incident_has_words():
    acts = codes.load("acts")
    for machine in (POST, OFFER, INCIDENT, CHECK_IN):
        for move in machine.moves:
            assert f"{machine.subject}.{move}" in acts


def test_a_note_is_nowhere_in_the_log(client_for, world, session):
    row = arrive(session, world.actor("alpha"))
    leave(session, world.actor("alpha"), row, CANARIES[2])
    for name in ("alpha", "moderator"):
        asked = f"{LOG}?person={world.people['alpha'].reference}"
        assert CANARIES[2] not in client_for(name).page(asked).main

"""The audit log: who reads it, what it finds, and what it never tells."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from sqlalchemy import event

from portal.audit.queries import entries
from portal.audit.queries.entitlements import machines
from portal.audit.queries.entries import KINDS, Filters, list_entries
from portal.audit.queries.subjects import is_named
from portal.audit.queries.wording import WORK
from portal.core import clock, codes
from portal.core.actor import SYSTEM, Role
from portal.journal.looks import note_looks
from portal.journal.queries import entries_after, stream_heads
from portal.journal.records import destroy
from portal.journal.transaction import transaction
from portal.offers import operations as offers
from tests import factories as make
from tests.audit.noting import noted
from tests.offers.making import do

LOG = "/admin/audit"
HOUR = timedelta(hours=1)


def asked(**filters: str) -> str:
    return f"{LOG}?{urlencode(filters)}"


def acts(session, actor, **filters) -> list[str]:
    return [it.act for it in list_entries(session, actor, Filters(**filters), limit=500).lines]


# ---------------------------------------------------------------- who reads it


@pytest.mark.parametrize("name", ["alpha", "moderator", "mop3", "erac", "observer"])
def test_it_is_closed_to_all_but_administrators_and_the_record(client_for, name):
    for path in (LOG, f"{LOG}/audit.csv", f"{LOG}/audit.xlsx"):
        assert client_for(name).get(path).status_code == 403


@pytest.mark.parametrize("name", ["admin", "records"])
def test_those_who_read_it_find_it_in_their_menu(client_for, session, name):
    client = client_for(name)
    assert LOG in client.page("/account").links
    page = client.page(LOG)
    assert client.queries <= 12
    assert "Signed in" in page.main
    assert f"{name.title()} Person" in page.main
    assert noted(session)[0].words["what"] == "audit"


# ---------------------------------------------------------------- what it tells


def test_a_line_tells_who_for_whom_what_and_whom(client_for, session, world):
    with transaction(session, world.actor("admin")) as tx:
        make.accounts.change_roles(
            tx, world.membership("bravo"), roles=frozenset({Role.LIAISON, Role.ORG_ADMIN})
        )
    line = list_entries(session, world.actor("records"), Filters(kind="administration")).lines[
        0
    ]
    assert (line.by, line.by_for) == ("Admin Person", "State Emergency Agency")
    assert line.act == "Changed a person’s roles"
    assert line.said == "roles: Liaison, Organization administrator"
    assert line.about.name == "Bravo Person"
    assert "Bravo Person" in client_for("records").page(asked(kind="administration")).main


def test_refusals_and_looks_stand_there_in_words(client_for, anonymous, session, world):
    anonymous.sign_in(world.people["alpha"].email, "wrong")
    client_for("alpha").get("/admin")
    offer = make.make_offer(session, world.actor("alpha"), world.incident)
    client_for("erac").get(f"/incidents/EX27/offers/{offer.reference}")
    assert len(noted(session)) == 3
    page = client_for("admin").page(LOG)
    for words in (
        "Sign-in refused: e-mail or password was not right",
        "A page or step of another desk refused: GET people.index",
        f"an offer, with prices and contacts {offer.reference}",
        "127.0.0.1",
        "Not signed in",
    ):
        assert words in page.main


def test_a_certificate_of_destruction_is_shown(session, world):
    with transaction(session, world.actor("records")) as tx:
        destroy(tx, world.incident_id, [1], basis="RSMo 610.021(19)")
    found = list_entries(session, world.actor("records"), Filters(stream=world.incident_id))
    assert "Destroyed records, as a law demands" in {it.act for it in found.lines}
    assert "legal basis: RSMo 610.021(19)" in {it.said for it in found.lines}
    assert [it.said for it in found.lines if it.act == "Opened the incident"] == [""]


# ---------------------------------------------------------------- what it never tells

SECRETS = ("Zyxwords", "Zyxprivate", "98,765", "9876543", "Zyxnote", "Alpha Fuel Zyx")


def test_no_price_member_report_or_note_is_told_nor_found(client_for, session, world):
    guild, erac, incident = world.actor("guild"), world.actor("erac"), world.incident
    offer = make.make_offer(
        session, guild, incident, price_cents=9_876_543, description="Zyxprivate",
        member=world.organizations["alpha"].reference,
    )  # fmt: skip
    do(session, erac, offers.note, offer, words="Zyxnote")
    post = make.make_post(session, world.actor("alpha"), incident, words="Zyxwords.")
    make.publish(session, world.actor("moderator"), post)
    for name in ("admin", "records"):
        client = client_for(name)
        everything = "".join(
            client.get(f"{LOG}{kind}?stream=EX27&words={words}").text
            for kind in ("", "/audit.csv")
            for words in ("", "offer")
        )
        assert offer.reference in everything
        assert post.reference in everything
        assert not [it for it in SECRETS if it in everything]
        for word in (*SECRETS, "price_cents", "members"):
            found = list_entries(
                session, world.actor(name), Filters(stream=world.incident_id, words=word)
            )
            assert found.lines == [], word


def test_what_its_readers_rooms_did_not_hear_is_not_told(session, world):
    do(session, world.actor("alpha"), offers.begin, world.incident, make.offer_line())
    make.make_post(session, world.actor("alpha"), world.incident)
    for name in ("admin", "records"):
        told = acts(session, world.actor(name), stream=world.incident_id)
        assert told == ["Opened the incident"]
    assert "Sent a report to the SEOC" in acts(
        session, world.actor("mop3"), stream=world.incident_id
    ), "the same question, asked in other rooms"


# ---------------------------------------------------------------- filters


def test_each_kind_finds_its_own_and_all_together_everything(client_for, session, world):
    client_for("alpha").get("/admin")
    note_looks(session, world.actor("erac"), "desk")
    note_looks(session, world.actor("erac"), "ics211", is_export=True)
    assert len(noted(session)) == 3
    actor = world.actor("records")
    by_kind = {kind: acts(session, actor, kind=kind) for kind in KINDS}
    assert by_kind["refusal"] == ["Was refused"]
    assert by_kind["look"] == ["Read a list"]
    assert by_kind["export"] == ["Took a list away as a file"]
    assert by_kind["sign_in"] == ["Signed in"]
    assert "Registered an organization" in by_kind["administration"]
    everything = sorted(by_kind.pop(""))
    assert everything == sorted(act for found in by_kind.values() for act in found)


def test_people_organizations_and_words(client_for, session, world):
    make.suspend_person(session, world.person("charlie"), world.actor("admin"))
    make.suspend_organization(session, world.organization("bravo"), world.actor("admin"))
    client = client_for("records")
    email, reference = world.people["charlie"].email, world.people["charlie"].reference
    for typed in (email, reference, "charlie person"):
        page = client.page(asked(person=typed))
        assert "Suspended a person" in page.main
        assert "Suspended an organization" not in page.main
    assert "Nothing found" in client.page(asked(person="nobody at all")).main
    bravo = world.organizations["bravo"].reference
    page = client.page(asked(organization=bravo))
    assert "Suspended an organization" in page.main
    assert "Suspended a person" not in page.main
    for words in ("FOR THE TEST", "charlie person", "suspended a p"):
        page = client.page(asked(words=words))
        assert "Suspended a person" in page.main, words
    assert "Nothing found" in client.page(asked(words="zebra")).main


@pytest.mark.parametrize("hours", range(-1, 9))
def test_times_cut_exactly(held_clock, session, world, hours):
    start = held_clock.tick(3600)
    note = [note_looks(session, world.actor("erac"), "desk") or noted(session)]
    for _ in range(6):
        held_clock.tick(3600)
        note_looks(session, world.actor("erac"), "desk")
        note.append(noted(session))
    actor, at = world.actor("records"), start + hours * HOUR
    every = list_entries(session, actor, Filters(), limit=500).lines
    before = list_entries(session, actor, Filters(until=at), limit=500).lines
    after = list_entries(session, actor, Filters(since=at), limit=500).lines
    assert before == [it for it in every if it.at < at]
    assert after == [it for it in every if it.at >= at]
    between = list_entries(session, actor, Filters(since=at, until=at + HOUR), limit=500)
    assert between.lines == [it for it in every if at <= it.at < at + HOUR]


def test_a_time_that_is_none_is_said_at_its_field(client_for):
    page = client_for("records").page(asked(since="yesterday", until="2027-04-21 19:00"))
    assert "Write a date and a time" in page.main
    assert page.title.startswith("Error: ")


def test_filters_that_mean_nothing_are_left_out(client_for):
    page = client_for("records").page(
        asked(stream="NONE", kind="x", organization="y", before="z", since="9999-12-31 23:59")
    )
    assert "Gave a person roles" in page.main


# ---------------------------------------------------------------- pages and files


def test_pages_follow_each_other_without_gap_or_repetition(client_for, session, world):
    client = client_for("records")
    for number in range(130):
        note_looks(session, world.actor("erac"), "price", {1000 + number: f"OF-{number:03}"})
    assert len(noted(session)) == 130
    seen, url, counted = [], asked(kind="look"), set()
    while url:
        page = client.page(url)
        counted.add(client.queries)
        found = [it for it in page.main.split() if it.startswith("OF-")]
        assert len(found) <= entries.PAGE
        seen += found
        url = next((it.get("href", "") for it in page.all("a[@rel='next']")), "")
    assert seen == [f"OF-{number:03}" for number in reversed(range(130))]
    assert len(counted) == 1


def test_words_are_looked_for_further_back_on_request(session, world, monkeypatch):
    monkeypatch.setattr(entries, "SEARCHED", 60)
    note_looks(session, world.actor("erac"), "price", {1000: "NEEDLE"})
    assert len(noted(session)) == 1
    for number in range(150):
        note_looks(session, world.actor("erac"), "price", {2000 + number: ""})
    assert len(noted(session)) == 151
    actor, until, tries = world.actor("records"), None, 0
    while True:
        tries += 1
        found = list_entries(session, actor, Filters(words="needle", until=until))
        if found.lines:
            break
        assert found.further is not None
        until = found.further
    assert tries == 3


def test_where_no_index_leads_a_page_looks_back_so_far_and_offers_to_go_on(
    session, world, monkeypatch
):
    actor = world.actor("records")
    wanted = acts(session, actor, kind="administration")
    monkeypatch.setattr(entries, "WINDOW", 7)
    found, until = [], None
    while True:
        part = list_entries(session, actor, Filters(kind="administration", until=until))
        found += [it.act for it in part.lines]
        until = part.further
        if until is None:
            break
    assert found == wanted


def test_the_files_hold_what_the_filters_say_and_no_formula(client_for, session, world):
    make.suspend_person(session, world.person("alpha"))
    with transaction(session, SYSTEM) as tx:
        make.organizations.suspend(tx, world.organization("bravo"), reason="=HYPERLINK(1)")
    client = client_for("records")
    answer = client.get(f"{LOG}/audit.csv?kind=administration")
    header, first, second, *_ = csv.reader(io.StringIO(answer.data.decode("utf-8-sig")))
    assert header == [
        "Time (UTC)", "Who", "For", "What", "More", "About", "Name", "From address",
    ]  # fmt: skip
    assert first[3:7] == [
        "Suspended an organization",
        "reason: =HYPERLINK(1)",
        world.organizations["bravo"].reference,
        "Bravo Petroleum",
    ]
    assert second[3] == "Suspended a person"
    assert "Signed in" not in answer.text
    assert client.get(f"{LOG}/audit.xlsx").data.startswith(b"PK")
    assert [it.move for it in noted(session)] == ["export"]


def test_it_asks_as_many_questions_for_a_full_page_as_for_a_short_one(
    client_for, session, world
):
    client = client_for("records")

    def asks() -> int:
        client.page(asked(stream="EX27", person="alpha", since="2020-01-01 00:00"))
        return client.queries

    few = asks()
    for _ in range(30):
        post = make.make_post(session, world.actor("alpha"), world.incident)
        make.publish(session, world.actor("moderator"), post)
        make.make_offer(session, world.actor("alpha"), world.incident)
    assert asks() == few + 1, "the names of what the entries are about"
    assert asks() <= 12


@pytest.mark.one_backend
def test_halving_reads_no_more_entries_than_it_must(session, database, world):
    for number in range(600):
        note_looks(session, world.actor("erac"), "price", {1000 + number: ""})
    assert len(noted(session)) == 600
    plans: list[str] = []

    def explain(connection, _cursor, statement, parameters, *_):
        if "RECURSIVE" in statement and not statement.startswith("EXPLAIN"):
            told = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plans.extend(row[-1] for row in told)

    event.listen(database.engine, "before_cursor_execute", explain)
    list_entries(session, world.actor("records"), Filters(until=clock.now()))
    read = [it for it in plans if "entry" in it]
    assert read
    assert all(it.startswith("SEARCH entry USING INDEX") for it in read), plans


# ---------------------------------------------------------------- nothing is missing


def test_every_move_has_its_words_and_every_subject_its_name():
    known = codes.load("acts")
    for subject, machine in machines().items():
        assert is_named(subject), subject
        for move in machine.moves:
            assert f"{subject}.{move}" in known, f"{subject}.{move}"
    assert set(machines()) >= WORK


def test_every_entry_that_the_record_may_know_is_found_once(session, world):
    heads = stream_heads(session)
    found = list_entries(session, world.actor("records"), Filters(), limit=10_000).lines
    kept = [it for it in entries_after(session, 0, 0, heads[0]) if it.subject != "heads"]
    assert [it.at for it in reversed(found)] == [it.at for it in kept]

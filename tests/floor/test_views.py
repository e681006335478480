"""The floor as each kind of person meets it, with the map and its table."""

from __future__ import annotations

import csv
import gzip
from datetime import timedelta

import pytest

from portal.core import clock, codes
from portal.feed import operations as feed
from portal.journal.transaction import transaction
from tests.factories import close_incident, make_offer, make_post, publish, retract
from tests.feed.making import post_of_seoc
from tests.pages import words_of
from tests.presence.shifts import CANARIES, arrive

FLOOR = "/incidents/EX27/"
FEED = f"{FLOOR}feed"
JASPER, NEWTON, ST_LOUIS = "29097", "29145", "29189"

#: What a full floor may weigh on the wire, in bytes, beside style and script.
WEIGHT = 30 * 1024


@pytest.fixture
def say(session, world):
    """Publish how a lifeline stands."""

    def publish_standing(
        standing, *, by="alpha", seen_by=("partners",), ends_at=None, **changes
    ):
        post = make_post(session, world.actor(by), standing=standing, **changes)
        with transaction(session, world.actor("moderator")) as tx:
            feed.publish(tx, post, feed.Letting(seen_by=seen_by, ends_at=ends_at))
        return post

    return publish_standing


def panel(page, name):
    """Return the words of one panel."""
    return words_of(page.one(f"section[@aria-labelledby='{name}-h']"))


def rows(page, name):
    """Return the rows of a panel's table, in words."""
    table = page.one(f"section[@aria-labelledby='{name}-h']").findall(".//tbody/tr")
    return [[words_of(cell) for cell in row] for row in table]


def drawn(page):
    """Return the areas of the map that are links: where they lead, and what they say."""
    (found,) = page.with_class("map")
    links = (it for it in found.iter() if it.tag.rpartition("}")[2] == "a")
    return {it.get("href"): words_of(it) for it in links}


def buttons(page):
    """Return the buttons of what waits, with whether each is solid."""
    found = page.one("section[@id='todo']")
    pressed = [*found.iter("a"), *found.iter("button")]
    return [
        (words_of(it), "outline" not in it.get("class", ""))
        for it in found.iter()
        if it in pressed and "usa-button" in it.get("class", "")
    ]


# ---------------------------------------------------------------- what waits


def test_a_partner_has_what_it_must_acknowledge_and_answer(client_for, world, session):
    desk, due = world.actor("moderator"), clock.now() + timedelta(minutes=30)
    asked = post_of_seoc(session, desk, world.incident, acknowledge_by=due)
    report = make_post(session, world.actor("alpha"))
    with transaction(session, desk) as tx:
        feed.ask(tx, report, question="Which of the two stores?")
    client = client_for("alpha")
    page = client.page(FLOOR)
    words = panel(page, "todo")
    assert "Needs your acknowledgement Stay off I-44." in words
    assert "Which of the two stores? The SEOC asked at" in words
    assert f"{FEED}/{report.reference}" in page.links
    assert buttons(page) == [
        (f"Acknowledge {asked.reference}", True),
        *(("Answer", False), ("Check in", False)),
    ]
    assert "3 · next due" in words
    answer = client.send(FLOOR, "acknowledgement.acknowledge")
    assert answer.headers["Location"] == FLOOR
    assert "Needs your acknowledgement" not in panel(client.page(FLOOR), "todo")
    assert "Which of the two stores?" not in client_for("bravo").page(FLOOR).main


def test_what_is_late_says_so_in_words(client_for, world, session, held_clock):
    due = held_clock.now + timedelta(minutes=30)
    post_of_seoc(session, world.actor("moderator"), world.incident, acknowledge_by=due)
    client = client_for("bravo")
    assert "late" not in panel(client.page(FLOOR), "todo")
    assert client.page(FLOOR).one("section[@id='todo']").get("data-until")
    held_clock.tick(31 * 60)
    page = client.page(FLOOR)
    assert "late, was due" in panel(page, "todo")
    assert "first was due" in panel(page, "todo")
    assert page.with_class("late")


def test_the_desk_has_its_queue_and_nobody_else_hears_of_it(client_for, world, session):
    make_post(session, world.actor("alpha"))
    post = publish(session, world.actor("moderator"), make_post(session, world.actor("bravo")))
    with transaction(session, world.actor("charlie")) as tx:
        feed.doubt(tx, post)
    page = client_for("moderator").page(FLOOR)
    words = panel(page, "todo")
    assert "1 report waits The first since" in words
    assert "1 published post is in doubt" in words
    assert f"{FEED}/queue" in page.links
    assert buttons(page)[0] == ("Open the queue", True)
    assert [solid for _words, solid in buttons(page)].count(True) == 1
    assert "in doubt" not in client_for("cikr").page(FLOOR).main
    for name in ("alpha", "erac", "admin", "observer"):
        words = client_for(name).page(FLOOR).main
        assert "report waits" not in words
        assert "in doubt" not in words


def test_who_has_nothing_to_do_is_told_so_calmly(client_for, world, session):
    arrive(session, world.actor("records"))
    for name in ("observer", "records"):
        page = client_for(name).page(FLOOR)
        assert "Nothing waits for you as of" in panel(page, "todo")
        assert buttons(page) == []


def test_a_shift_that_ends_soon_is_spoken_of(client_for, world, session, held_clock):
    arrive(session, world.actor("alpha"), hours=2)
    client = client_for("alpha")
    page = client.page(FLOOR)
    assert "You are checked in since" in words_of(page.one("p[@id='checked-in']"))
    assert "Shift" not in panel(page, "todo")
    held_clock.tick(3601)
    assert "Shift ends soon" in panel(client_for("alpha").page(FLOOR), "todo")
    held_clock.tick(3600)
    page = client_for("alpha").page(FLOOR)
    assert "Shift over" in panel(page, "todo")
    assert "Your shift was over" in words_of(page.one("p[@id='checked-in']"))


def test_nobody_is_asked_to_come_to_what_is_closed(client_for, world, session):
    close_incident(session, world.incident)
    page = client_for("alpha").page(FLOOR)
    assert "Nothing waits for you" in panel(page, "todo")
    assert "Offer capacity" not in page.main


# ---------------------------------------------------------------- posts, people, offers


def test_the_latest_posts_say_how_many_are_unread(client_for, world, session):
    posts = [
        publish(session, world.actor("moderator"), make_post(session, world.actor("alpha")))
        for _ in range(7)
    ]
    feed.mark_read(session, world.people["bravo"].id, posts[3])
    page = client_for("bravo").page(FLOOR)
    assert "3 unread, open the feed" in panel(page, "latest")
    assert f"{FEED}#new" in page.links
    shown = [it.get("data-subject") for it in page.with_class("post")]
    assert shown == [it.reference for it in posts[:1:-1]]
    feed.mark_read(session, world.people["bravo"].id, posts[-1])
    assert "All read" in panel(client_for("bravo").page(FLOOR), "latest")


def test_who_is_here_says_no_more_than_the_roster(client_for, world, session):
    arrive(session, world.actor("alpha"))
    arrive(session, world.actor("erac"), assignment="erac", link="seoc")
    page = client_for("moderator").page(FLOOR)
    assert rows(page, "here")[1][:2] == ["Partners", "1"]
    assert "Alpha Person, until" in rows(page, "here")[1][2]
    assert "1 of 4 partner organizations; 2 people: 1 by portal, 1 in the SEOC." in panel(
        page, "here"
    )
    for name, sectors in (("bravo", ["Energy"]), ("charlie", []), ("observer", [])):
        page = client_for(name).page(FLOOR)
        assert [row[0] for row in rows(page, "here")] == ["State and other agencies", *sectors]
        for word in (*CANARIES, "Alpha Person", "Erac Person"):
            assert word not in page.html
    assert "Alpha Person can decide" in panel(client_for("alpha_admin").page(FLOOR), "here")


def test_offers_stand_with_their_owner_and_with_erac(client_for, world, session):
    offer = make_offer(session, world.actor("alpha"))
    for name, heading in (("alpha", "My offers"), ("erac", "Offers to answer")):
        words = panel(client_for(name).page(FLOOR), "offers")
        assert words.startswith(heading)
        assert offer.reference in words
    for name in ("bravo", "moderator", "admin", "observer"):
        assert offer.reference not in client_for(name).page(FLOOR).html


# ---------------------------------------------------------------- lifelines and counties


def test_lifelines_are_read_in_the_words_of_fema(client_for, say):
    say("closed")
    say("limited", counties=(ST_LOUIS,), lifeline="WATER")
    page = client_for("alpha").page(FLOOR)
    assert "Lifelines in Region D" in panel(page, "lifelines")
    stands = dict(rows(page, "lifelines"))
    assert len(stands) == 8
    assert (stands["Energy"], stands["Water Systems"]) == ("Unstable", "No report")
    for url, name in ((f"{FLOOR}?lifelines=all", "alpha"), (FLOOR, "moderator")):
        page = client_for(name).page(url)
        assert "Lifelines in the whole State" in panel(page, "lifelines")
        assert dict(rows(page, "lifelines"))["Water Systems"] == "Stabilizing"
    page = client_for("alpha").page(f"{FLOOR}?lifelines=C")
    stands = dict(rows(page, "lifelines"))
    assert (stands["Energy"], stands["Water Systems"]) == ("No report", "Stabilizing")


def test_the_words_of_lifelines_are_those_of_the_code_list(app):
    module = app.jinja_env.get_template("ui/status.html").module
    listed = {
        it.code: (it["lifeline"], it["icon"], it["tone"])
        for it in codes.load("standings").values()
    }
    assert {code: words for code, words in module.LIFELINE.items() if code} == listed


def test_counties_are_told_drawn_and_listed_alike(client_for, say):
    say("closed", counties=(JASPER,))
    say("open", counties=(JASPER, NEWTON), lifeline="WATER")
    say("unknown", counties=(ST_LOUIS,))
    page = client_for("bravo").page(FLOOR)
    words = panel(page, "counties")
    assert "1 county is unstable, 1 unknown, 1 stable." in words
    assert "3 of 115 counties have a report" in words
    assert [row[:3] for row in rows(page, "counties")] == [
        ["Jasper", "Unstable", "Energy"],
        ["St. Louis County", "Unknown", "Energy"],
        ["Newton", "Stable", "None"],
    ]
    assert drawn(page) == {
        f"{FEED}?county={JASPER}": "Jasper: Unstable",
        f"{FEED}?county={NEWTON}": "Newton: Stable",
        f"{FEED}?county={ST_LOUIS}": "St. Louis County: Unknown",
    }


def test_regions_are_told_drawn_and_listed_alike(client_for, say):
    say("open", counties=(JASPER,))
    say("limited", counties=(NEWTON,))
    page = client_for("moderator").page(f"{FLOOR}?by=region")
    assert "1 region is stabilizing." in panel(page, "counties")
    assert [row[:2] for row in rows(page, "counties")] == [["Region D", "Stabilizing"]]
    assert drawn(page) == {f"{FEED}?region=D": "Region D: Stabilizing"}


def test_what_is_said_of_the_whole_state_colors_no_county(client_for, say):
    say("closed", counties=())
    page = client_for("bravo").page(FLOOR)
    assert "0 of 115 counties have a report" in panel(page, "counties")
    assert [row[:2] for row in rows(page, "counties")] == [["Whole State", "Unstable"]]
    assert drawn(page) == {}
    assert dict(rows(page, "lifelines"))["Energy"] == "Unstable"


def test_a_post_for_one_sector_never_colors_anothers_map(client_for, say):
    say("closed", by="charlie", seen_by=("sector:FOOD",), counties=("29095",), lifeline="FHS")
    for name in ("alpha", "bravo", "guild", "observer"):
        client = client_for(name)
        for more in ("", "?by=region", "?lifelines=A", "?lifelines=all"):
            page = client.page(f"{FLOOR}{more}")
            assert "Jackson" not in page.main
            assert "No post says how" in panel(page, "counties")
            assert set(dict(rows(page, "lifelines")).values()) == {"No report"}
        assert "Unstable" not in client.get(f"{FLOOR}counties.csv").text
    assert rows(client_for("charlie").page(FLOOR), "counties")[0][0] == "Jackson"


def test_what_was_taken_back_or_is_over_leaves_the_map(
    client_for, world, session, say, held_clock
):
    client = client_for("bravo")
    taken = say("closed")
    say("limited", counties=(NEWTON,), ends_at=held_clock.now + timedelta(hours=1))
    assert len(rows(client.page(FLOOR), "counties")) == 2
    retract(session, world.actor("moderator"), taken)
    held_clock.tick(3601)
    assert "No reports yet" in panel(client_for("bravo").page(FLOOR), "counties")


def test_what_is_old_says_how_old(client_for, say, held_clock):
    say("closed")
    held_clock.tick(13 * 3600 + 60)
    say("open", lifeline="WATER")
    client = client_for("moderator")
    page = client.page(FLOOR)
    assert rows(page, "counties")[0][1] == "Unstable 13 h old"
    assert dict(rows(page, "lifelines"))["Energy"] == "Unstable 13 h old, nothing newer"
    assert dict(rows(page, "lifelines"))["Water Systems"] == "Stable"
    held_clock.tick(13 * 3600)
    page = client_for("moderator").page(FLOOR)
    assert rows(page, "counties")[0][1] == "Unstable 26 h old, nothing newer"
    assert "1 of them rests on old reports alone." in panel(page, "counties")
    assert "Jasper: Unstable, only old reports" in page.html


# ---------------------------------------------------------------- the file, and the whole


def test_the_file_holds_every_county(client_for, say):
    say("closed")
    answer = client_for("bravo").get(f"{FLOOR}counties.csv")
    assert "EXERCISE-counties-EX27-" in answer.headers["Content-Disposition"]
    table = list(csv.reader(answer.text.removeprefix("\ufeff").splitlines()))
    assert len(table) == 1 + 115
    assert table[0][:3] == ["County", "Region", "Overall"]
    assert table[1][:3] == ["Jasper", "D", "Unstable"]
    assert dict(zip(table[0], table[1], strict=True))["Energy"] == "Unstable"
    assert {row[2] for row in table[2:]} == {"No report"}
    regions = client_for("bravo").get(f"{FLOOR}counties.csv?by=region").text
    assert len(regions.splitlines()) == 1 + 9


def test_a_name_that_a_spreadsheet_would_reckon_with_is_text(client_for, tmp_path):
    shipped = (codes.SHIPPED / "counties.toml").read_text("utf-8")
    (tmp_path / "counties.toml").write_text(shipped.replace('"Adair"', '"=1+1"'), "utf-8")
    codes.use_folder(tmp_path)
    try:
        text = client_for("bravo").get(f"{FLOOR}counties.csv").text
    finally:
        codes.use_folder(None)
    assert "'=1+1,B,No report" in text


@pytest.mark.one_backend
@pytest.mark.parametrize("name", ["alpha", "moderator", "erac"])
def test_a_full_floor_is_light_and_asks_little(client_for, say, name):
    for number, county in enumerate(codes.load("counties")):
        say(("open", "limited", "closed", "unknown")[number % 4], counties=(county,))
    client = client_for(name)
    page = client.page(FLOOR)
    assert len(rows(page, "counties")) == 115
    assert page.queries <= 12
    answer = client.get(FLOOR, headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(answer.data)
    assert len(answer.data) <= WEIGHT


def test_every_panel_says_as_of_when(client_for):
    for name in ("alpha", "moderator", "erac", "observer"):
        page = client_for(name).page(FLOOR)
        for it in page.all("section[@class]"):
            heading = it.get("aria-labelledby", "")
            if heading and heading != "pinned-h":
                assert "as of " in words_of(it), (name, heading)

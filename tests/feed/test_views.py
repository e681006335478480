"""Screens of the feed: from the report to what became of it."""

from __future__ import annotations

import pytest

from portal.core.actor import Role
from portal.feed import queries
from tests.factories import (
    add_organization,
    add_person,
    close_incident,
    make_post,
    publish,
    reject,
    retract,
)
from tests.feed.making import take
from tests.pages import words_of
from tests.world import PASSWORD

BASE = "/incidents/EX27"
REPORT = {
    "words": "Store 14 has no power.",
    "county": "29097",
    "lifeline": "ENERGY",
    "standing": "closed",
}


@pytest.mark.parametrize(
    ("choice", "readers"),
    [
        ("staff", "The SEOC and its cells"),
        ("sectors", "Energy"),
        ("region", "Region D"),
        ("partners", "All partners"),
    ],
)
def test_a_report_goes_to_those_its_author_asked_for(client_for, choice, readers):
    liaison, desk = client_for("alpha"), client_for("moderator")
    sent = liaison.send(f"{BASE}/feed/new", None, **REPORT, asked_for=choice)
    receipt = liaison.follow(sent)
    assert "Received by the SEOC" in receipt.heading
    assert "A SEOC moderator reads it" in receipt.main
    (reference,) = {it.text for it in receipt.with_class("receipt")}
    assert reference in client_for("alpha_admin").page(f"{BASE}/feed/mine").main
    item = desk.page(f"{BASE}/feed/queue/{reference}")
    assert readers in item.main
    published = desk.follow(desk.submit(item.form("post.publish")))
    assert f"Published {reference}" in published.main
    assert "Published" in liaison.page(f"{BASE}/feed/{reference}").main


def test_a_company_without_sectors_is_not_offered_its_sectors(client_for, session):
    other = add_organization(session, "Delta Bank", sectors=())
    add_person(session, other, Role.LIAISON, "delta")
    client = client_for("alpha").application.test_client()
    client.sign_in("delta@world.example", PASSWORD)
    for liaison, offered in ((client_for("alpha"), 4), (client, 3)):
        page = liaison.page(f"{BASE}/feed/new")
        assert len(page.all("input[@name='asked_for']")) == offered
    answer = client.send(f"{BASE}/feed/new", None, **REPORT, asked_for="sectors")
    assert client.read(answer, 422).error_at("asked_for")


def test_the_author_reads_why_a_report_is_not_published(client_for, session, world):
    post = make_post(session, world.actor("alpha"))
    reject(session, world.actor("moderator"), post, note="Please call us.")
    page = client_for("alpha").page(f"{BASE}/feed/{post.reference}")
    assert "Not published" in page.main
    assert "Cannot be verified" in page.main
    assert "Please call us." in page.main


def test_readers_of_a_post_taken_back_read_why_and_nothing_else(client_for, session, world):
    desk = world.actor("moderator")
    post = publish(session, desk, make_post(session, world.actor("alpha"), words="Secret."))
    retract(session, desk, post, note="A drill.")
    for url in (f"{BASE}/feed/{post.reference}", f"{BASE}/feed"):
        page = client_for("bravo").page(url)
        assert "A drill." in page.main
        assert "Secret." not in page.html
        assert "Alpha Fuel" not in page.main


def test_earlier_posts_and_reports_are_found_by_going_back(
    client_for, session, world, monkeypatch
):
    monkeypatch.setattr(queries.feed, "FEED_PAGE", 6)
    monkeypatch.setattr(queries.mine, "MINE_PAGE", 6)
    alpha, desk = world.actor("alpha"), world.actor("moderator")
    posts = [
        publish(session, desk, make_post(session, alpha, words=f"Number {it}."))
        for it in range(8)
    ]
    client = client_for("alpha")
    for url, back in (("/feed", "Latest posts"), ("/feed/mine", "Latest reports")):
        page = client.page(f"{BASE}{url}")
        assert "Number 1." not in page.main
        (link,) = {it for it in page.links if "before=" in it}
        earlier = client.page(link)
        assert "Number 1." in earlier.main
        assert posts[-1].reference not in earlier.main
        assert back in earlier.main


def test_a_closed_incident_takes_no_report_and_says_so(client_for, session, world):
    incident = world.incident
    close_incident(session, incident)
    page = client_for("alpha").page(f"{BASE}/feed/new")
    assert "This incident is closed" in page.main
    assert page.moves == set()
    mine = client_for("alpha").page(f"{BASE}/feed/mine")
    assert "Report" not in [words_of(it) for it in mine.one("main").iter("a")]


def test_the_queue_of_an_empty_desk_says_what_will_come(client_for):
    page = client_for("moderator").page(f"{BASE}/feed/queue")
    assert "Nothing waits" in page.main
    assert "0 waiting" in page.main


def test_a_decision_that_fails_at_the_commit_is_not_said_to_have_happened(
    app, client_for, database, session, world
):
    app.config["PROPAGATE_EXCEPTIONS"] = False
    post = make_post(session, world.actor("alpha"))
    url, desk = f"{BASE}/feed/queue/{post.reference}", client_for("moderator")
    with database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE words RENAME TO elsewhere")
    answer = desk.send(url, "post.publish")
    # A table that is not there: SQLite calls that a trouble of the moment.
    assert answer.status_code == (503 if database.is_sqlite else 500)
    in_doubt = "not certain that what you wrote was saved"
    assert (in_doubt if database.is_sqlite else "was not saved") in answer.text
    with database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO words")
    assert f"Published {post.reference}" not in desk.page(f"{BASE}/feed/queue").main


def test_the_desk_says_how_many_wait_also_when_not_all_stand_on_its_page(
    client_for, session, world, monkeypatch
):
    monkeypatch.setattr(queries.desk, "QUEUE_PAGE", 3)
    alpha, desk = world.actor("alpha"), client_for("moderator")
    posts = [make_post(session, alpha, is_urgent=it < 4) for it in range(6)]
    take(session, world.actor("moderator"), posts[0])
    url = f"{BASE}/feed/queue"
    for show, said in (("", "6 waiting"), ("urgent", "4 urgent"), ("yours", "1 yours")):
        page = desk.page(f"{url}?show={show}")
        assert words_of(page.one("p[@id='tally']/span")) == said
        assert page.queries <= 12
    assert len(desk.page(url).all("ol[@data-view='queue']/li")) == 3
    item = desk.page(f"{url}/{posts[0].reference}")
    assert item.queries <= 12
    assert "5 are left." in desk.follow(desk.submit(item.form("post.publish"))).main

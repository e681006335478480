"""What is sent twice, too late, or for something that has changed meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from portal.journal.models import Entry, Once
from portal.offers.models import Offer
from tests import factories as make
from tests.feed.stage import post
from tests.offers.stage import offer
from tests.whole.moving import FORMS, form_of
from tests.whole.refused import GOOD_OFFER, GOOD_REPORT, OFFER, REPORT, newest, written
from tests.whole.stages import incident

if TYPE_CHECKING:
    from tests.pages import Form, Page, PageClient


@pytest.mark.sampled(4)
@pytest.mark.parametrize(("stage", "move"), FORMS)
def test_a_form_sent_twice_takes_effect_once_and_gets_one_answer(scene, stage, move):
    client, form = form_of(scene, stage, move)
    typed = stage.fill(scene.world, move)
    before = scene.count(Entry)
    first = client.submit(form, **typed)
    after = written(scene)
    assert scene.count(Entry) > before
    for _ in range(2):
        again = client.submit(form, **typed)
        assert again.status_code == 303
        if first.status_code == 303:  # a link is shown once, and then no more
            assert again.headers["Location"] == first.headers["Location"]
        assert client.get(again.headers["Location"]).status_code == 200
    assert written(scene) == after


OTHER_WORDS = [
    pytest.param("alpha", REPORT, GOOD_REPORT, "words", id="report"),
    pytest.param("alpha", OFFER, GOOD_OFFER, "description", id="offer"),
]


@pytest.mark.parametrize(("who", "url", "good", "field"), OTHER_WORDS)
def test_one_key_with_other_words_is_refused_and_the_words_are_kept(
    scene, who, url, good, field
):
    """As when somebody goes back, changes the text and sends it once more."""
    client = scene.client(who)
    form = client.page(url).form()
    assert client.submit(form, **good).status_code == 303
    after = written(scene)
    answer = client.submit(form, **{**good, field: "Something else."})
    page = client.read(answer, 422)
    assert "was sent before, with other words" in page.main
    assert page.form().filled[field] == ["Something else."]
    assert written(scene) == after
    # What the page holds now is a form of its own: sent on purpose, it is sent.
    assert client.submit(page.form()).status_code == 303
    assert written(scene) != after


def test_one_key_is_good_for_one_route_only(scene):
    client = scene.client("moderator")
    one, other = post(scene.world), post(scene.world)
    forms = [
        client.page(f"/incidents/EX27/feed/queue/{it.reference}").form("post.reject")
        for it in (one, other)
    ]
    assert client.submit(forms[0], reason="old_news").status_code == 303
    after = written(scene)
    answer = client.submit(
        forms[1], once=forms[0].filled["once"], version="1", reason="old_news"
    )
    assert answer.status_code == 422
    assert written(scene) == after


def test_a_key_belongs_to_one_person(scene):
    """Two people who happen to send the same key are both heard."""
    for name in ("alpha", "bravo"):
        answer = scene.client(name).send(REPORT, None, **{**GOOD_REPORT, "once": "the same"})
        assert answer.status_code == 303
    keys = scene.fresh().scalars(select(Once.person_id).where(Once.token == "the same")).all()
    assert len(set(keys)) == 2


def test_a_refusal_uses_no_key_up(scene):
    client = scene.client("alpha")
    form = client.page(REPORT).form()
    assert client.submit(form, **{**GOOD_REPORT, "words": ""}).status_code == 422
    assert client.submit(form, **GOOD_REPORT).status_code == 303


ODD_KEYS = {
    "none": "",
    "long": "x" * 10_000,
    "NUL": "\0",
    "SQL": "' OR 1=1",
    "cart": "\U0001f6d2",
}


@pytest.mark.parametrize("key", list(ODD_KEYS.values()), ids=list(ODD_KEYS))
def test_an_odd_key_does_no_harm(scene, key):
    client = scene.client("alpha")
    answer = client.send(REPORT, None, **{**GOOD_REPORT, "once": key})
    assert answer.status_code == 303


# ---------------------------------------------------------------- sent too late


def conflict(client: PageClient, form: Form, **typed: Any) -> Page:
    """Send a form that is out of date, and read what is answered."""
    page = client.read(client.submit(form, **typed), 409)
    assert "This changed while you were reading" in page.main
    assert page.with_class("errsum")
    assert typed.get("note", "") in page.main
    return page


def test_what_somebody_else_decided_meanwhile_is_shown_and_the_note_kept(scene):
    row, client = post(scene.world), scene.client("moderator")
    url = f"/incidents/EX27/feed/queue/{row.reference}"
    form = client.page(url).form("post.reject")
    publish = client.page(url).form("post.publish")
    scene.client("mop3").send(url, "post.publish")
    after = written(scene)
    page = conflict(client, form, reason="other", note="This is what I had written.")
    assert "Published" in page.main
    assert page.moves == set()
    conflict(client, publish)
    assert written(scene) == after


def test_a_reason_typed_in_vain_for_a_post_taken_back_already_is_kept(scene):
    row, client = post(scene.world, then=("publish",)), scene.client("moderator")
    url = f"/incidents/{row.incident.code}/feed/{row.reference}"
    form = client.page(url).form("post.retract")
    scene.client("mop3").send(url, "post.retract", note="Mine was first.")
    after = written(scene)
    page = conflict(client, form, note="This is what I had written.")
    assert "Mine was first." in page.main
    assert written(scene) == after


def test_an_answer_to_an_offer_that_moved_on_can_be_sent_again(scene):
    """The state still allows it, the version is another: it is shown first, then sent."""
    row, client = offer(scene.world), scene.client("erac")
    url = f"/incidents/EX27/offers/{row.reference}"
    form = client.page(url).form("offer.decline")
    client.send(url, "offer.review")
    after = written(scene)
    page = conflict(client, form, reason="price", note="This is what I had written.")
    assert "Reviewing" in page.main
    assert written(scene) == after
    again = page.form("offer.decline")
    assert again.filled["note"] == ["This is what I had written."]
    assert again.filled["reason"] == ["price"]
    assert page.form("offer.list").filled["note"] == [""], "meant for another form"
    assert client.submit(again).status_code == 303
    assert newest(scene, Offer).note == "This is what I had written."


def test_a_note_for_an_offer_that_was_withdrawn_is_kept(scene):
    row, client = offer(scene.world), scene.client("erac")
    url = f"/incidents/EX27/offers/{row.reference}"
    forms = [client.page(url).form(move) for move in ("offer.decline", "offer.list")]
    scene.client("alpha").send(url, "offer.withdraw")
    after = written(scene)
    conflict(client, forms[0], reason="price", note="This is what I had written.")
    conflict(client, forms[1], note="This is what I had written.")
    assert written(scene) == after


def test_words_for_an_incident_that_was_closed_are_kept(scene):
    row = incident(scene.world)
    client, base = scene.client("alpha"), f"/incidents/{row.code}"
    report = client.page(f"{base}/feed/new").form()
    offered = client.page(f"{base}/offers/new?item=FUEL").form()
    mine = make.make_post(scene.session, scene.world.actor("alpha"), row)
    withdraw = client.page(f"{base}/feed/{mine.reference}").form("post.withdraw")
    make.close_incident(scene.session, row)
    after = written(scene)
    page = client.read(client.submit(report, **GOOD_REPORT), 409)
    assert GOOD_REPORT["words"] in page.main
    page = client.read(client.submit(offered, **GOOD_OFFER), 409)
    assert GOOD_OFFER["description"] in page.main
    assert written(scene) == after
    assert client.submit(withdraw).status_code == 303, "what waits can still be taken back"


@pytest.mark.parametrize("version", ["0", "99", "-1", "x", "9" * 5000, "1.0", "\u0661"])
def test_a_version_that_is_not_the_rows_is_out_of_date(scene, version):
    row, client = post(scene.world), scene.client("moderator")
    form = client.page(f"/incidents/EX27/feed/queue/{row.reference}").form("post.reject")
    after = written(scene)
    conflict(client, form, reason="old_news", version=version)
    assert written(scene) == after


def test_whoever_was_signed_out_meanwhile_is_told_and_writes_nothing(scene):
    client = scene.sign_in(scene.world.people["alpha"].email)
    form = client.page(REPORT).form()
    elsewhere = scene.client("alpha")
    (others,) = [it for it in elsewhere.page("/account").forms if "end-others" in it.action]
    assert elsewhere.submit(others).status_code == 303
    after = written(scene)
    answer = client.submit(form, **GOOD_REPORT)
    assert "You are signed out" in client.read(answer, 401).main
    assert written(scene) == after

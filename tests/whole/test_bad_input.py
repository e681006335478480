"""Bad input gets a clear message at its field, keeps what was typed and writes nothing."""

from __future__ import annotations

import html
import io
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from portal.core import clock
from portal.core.web import times
from portal.feed.models import Post
from portal.journal.models import Entry, Head, Once
from portal.offers.models import Offer
from tests.pages import words_of
from tests.whole.scene import csrf_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from xml.etree.ElementTree import Element

    from tests.pages import Page, PageClient
    from tests.whole.scene import Scene

pytestmark = pytest.mark.xdist_group("bad input")

REPORT, OFFER = "/incidents/EX27/feed/new", "/incidents/EX27/offers/new"


def at(**ahead: float) -> str:
    """Return a time as the browser's control would send it."""
    return times.typed(clock.now() + timedelta(**ahead))


GOOD_REPORT = {
    "words": "The bridge at Joplin is out.",
    "county": "29097",
    "lifeline": "TRANS",
    "standing": "closed",
    "asked_for": "partners",
}

GOOD_OFFER = {
    "item": "FUEL",
    "description": "Diesel, delivered.",
    "amount": "1,000.5",
    "unit": "GAL",
    "county": "29145",
    "available_from": at(hours=1),
    "available_until": at(hours=30),
    "compensation": "quoted_price",
    "price": "3.89",
    "contract": "",
}


def written(scene: Scene) -> tuple[Any, ...]:
    """Return what any write would change: rows, entries, keys and the heads of all streams."""
    session = scene.fresh()
    counts = [
        session.scalar(select(func.count()).select_from(kind))
        for kind in (Entry, Once, Post, Offer)
    ]
    heads = session.execute(select(Head.incident_id, Head.seq, Head.hash)).all()
    return (*counts, sorted(tuple(head) for head in heads))


# ---------------------------------------------------------------- how a refusal looks


def controls(page: Page, name: str) -> list[Element]:
    return [it for it in page.one("main").iter() if it.get("name") == name]


def assert_refused_at(page: Page, name: str, says: str) -> None:
    """See the message at the field and, with a link to it, above the form."""
    message = page.error_at(name)
    assert says in message, f"{name}: {message!r}"
    assert message.startswith("Error: ")
    assert page.title.startswith("Error: ")
    (summary,) = page.with_class("errsum")
    assert summary.get("role") == "alert"
    links = {words_of(it): (it.get("href") or "")[1:] for it in summary.iter("a")}
    told = message.removeprefix("Error: ")
    assert told in links, links
    fields = controls(page, name)
    assert links[told] in {it.get("id") for it in fields}
    parents = {child: parent for parent in page.tree.iter() for child in parent}
    marked = fields[0]
    if marked.get("type") == "radio":
        while marked.tag != "fieldset":
            marked = parents[marked]
    assert marked.get("aria-invalid") == "true"


def assert_kept(page: Page, typed: Mapping[str, Any], *, but: str = "") -> None:
    filled = next(
        form.filled for form in page.forms if set(typed) & set(form.filled) and form.move
    )
    for name, value in typed.items():
        if name != but and value is not None:
            assert filled.get(name, [""])[0] == value, name


def assert_bad(
    scene: Scene, name: str, url: str, typed: Mapping[str, Any], wrong: tuple[str, str]
) -> None:
    """Send a form, and see it refused at one field, the rest kept, nothing written."""
    client = scene.client(name)
    before = written(scene)
    answer = client.send(url, None, **typed)
    page = client.read(answer, 422)
    field, says = wrong
    assert_refused_at(page, field, says)
    chosen = controls(page, field)[0]
    free = chosen.tag == "textarea" or chosen.get("type") in {"text", "datetime-local"}
    assert_kept(page, typed, but="" if free else field)
    assert written(scene) == before


# ---------------------------------------------------------------- reports

BLANK = " \t\r\n "
UNSEEN = "\0\u202e\u2066"

BAD_REPORTS = {
    "words": [
        (None, "Say what you see"),
        ("", "Say what you see"),
        ("x" * 1001, "1,000 characters at most"),
        ("x" * 200_000, "1,000 characters at most"),
    ],
    "county": [
        (None, "Choose the county"),
        ("", "Choose the county"),
        ("00000", "from the list"),
        ("29097 ", "from the list"),
        ("Jasper", "from the list"),
        ("TRANS", "from the list"),
    ],
    "lifeline": [
        (None, "Choose the lifeline"),
        ("MONEY", "from the list"),
        ("trans", "from the list"),
    ],
    "standing": [
        (None, "Say how it stands"),
        ("exploded", "from the list"),
        ("CLOSED", "from the list"),
    ],
    "asked_for": [
        (None, "Say who may see this"),
        ("everyone", "from the list"),
        ("org:3", "from the list"),
        ("cell:erac", "from the list"),
        ("sector:ENER", "from the list"),
    ],
}

CASES = [(field, *case) for field, cases in BAD_REPORTS.items() for case in cases]


@pytest.mark.parametrize(("field", "value", "says"), CASES, ids=lambda it: ascii(it)[:40])
def test_a_bad_report_is_refused_at_its_field(scene, field, value, says):
    assert_bad(scene, "alpha", REPORT, {**GOOD_REPORT, field: value}, (field, says))


@pytest.mark.parametrize("blank", [BLANK, UNSEEN, f" {UNSEEN}\n"], ids=ascii)
def test_words_that_nobody_could_read_are_no_report(scene, blank):
    before = written(scene)
    client = scene.client("alpha")
    page = client.read(client.send(REPORT, None, **{**GOOD_REPORT, "words": blank}), 422)
    assert_refused_at(page, "words", "Say what you see")
    assert_kept(page, GOOD_REPORT, but="words")
    assert written(scene) == before


def test_all_that_is_wrong_is_said_at_once_and_in_the_order_of_the_form(scene):
    before = written(scene)
    client = scene.client("alpha")
    answer = client.send(REPORT, None, **dict.fromkeys(GOOD_REPORT))
    page = client.read(answer, 422)
    (summary,) = page.with_class("errsum")
    targets = [(it.get("href") or "").removesuffix("-0") for it in summary.iter("a")]
    assert targets == [f"#{name}" for name in GOOD_REPORT]
    assert written(scene) == before


def newest(scene: Scene, kind: Any) -> Any:
    return scene.fresh().scalars(select(kind).order_by(kind.id.desc())).first()


def test_a_report_at_its_cap_is_taken_word_for_word(scene):
    words = "".join(chr(0x1F300 + number % 500) for number in range(1000))
    client = scene.client("alpha")
    answer = client.send(REPORT, None, **{**GOOD_REPORT, "words": f"  {words}\r\n"})
    assert answer.status_code == 303
    assert newest(scene, Post).words == words
    assert words in html.unescape(client.page(answer.headers["Location"]).main)


def test_signs_that_nobody_sees_are_taken_out_and_others_stay(scene):
    words = "Stor\0e\u202e 14\x07: \u2067<b>closed</b>\u2069\r\nשלום \u200fA&B \U0001f6d2\tend"
    answer = scene.client("alpha").send(REPORT, None, **{**GOOD_REPORT, "words": words})
    assert answer.status_code == 303
    stored = newest(scene, Post).words
    assert stored == "Store 14: <b>closed</b>\nשלום \u200fA&B \U0001f6d2\tend"
    page = scene.client("alpha").page(answer.headers["Location"])
    assert page.all("b") == []
    assert "<b>closed</b>" in page.main


# ---------------------------------------------------------------- offers

BAD_OFFERS = {
    "item": [(None, "Choose what you offer"), ("", "Choose what"), ("MONEY", "from the list")],
    "amount": [
        (None, "Write how much"),
        ("", "Write how much"),
        ("−1", "as a number"),  # noqa: RUF001 - a person may type a true minus
        ("-1", "more than zero"),
        ("-0.5", "more than zero"),
        ("0", "more than zero"),
        ("0.000", "more than zero"),
        ("1" + "0" * 99, "1,000,000,000 at most"),
        ("1000000000.001", "1,000,000,000 at most"),
        ("9" * 5000, "1,000,000,000 at most"),
        ("NaN", "as a number"),
        ("sNaN", "as a number"),
        ("Infinity", "as a number"),
        ("1e309", "as a number"),
        ("1e-999999999", "as a number"),
        ("1e3", "as a number"),
        ("1_000", "as a number"),
        ("0x10", "as a number"),
        ("1,5", "as a number"),
        ("1.000,5", "as a number"),
        ("12,34,567", "as a number"),
        ("ten", "as a number"),
        ("1 000", "as a number"),
        ("٣", "as a number"),
        ("1.2345", "three decimals"),
        ("1.00000000000000000000000000000000000000001", "three decimals"),
    ],
    "unit": [
        (None, "Choose the unit"),
        ("", "Choose the unit"),
        ("EA", "counted in gallons"),
        ("BARREL", "from the list"),
    ],
    "description": [("x" * 501, "500 characters"), ("x" * 200_000, "500 characters")],
    "county": [
        (None, "Choose the county"),
        ("00000", "from the list"),
        ("GAL", "from the list"),
    ],
    "available_from": [
        (None, "Write from when"),
        ("", "Write from when"),
        ("tomorrow", "Write a date and a time"),
        ("2027-13-45T99:99", "Write a date and a time"),
        ("2027-02-30T10:00", "Write a date and a time"),
        ("2027-04-21", "Write a date and a time"),
        ("2027-04-21T19:00Z", "Write a date and a time"),
        ("2027-04-21T19:00+05:00", "Write a date and a time"),
        ("1700000000", "Write a date and a time"),
        ("9999-12-31T23:59", "Write a date and a time"),
        ("0000-00-00T00:00", "Write a date and a time"),
        ("2027-03-14T02:30", "skip this time"),
        ("0001-01-01T00:00", "more than a week ago"),
        (at(days=-8), "more than a week ago"),
    ],
    "available_until": [
        (None, "Write until when"),
        ("later", "Write a date and a time"),
        (at(minutes=30), "end later than it starts"),
        (GOOD_OFFER["available_from"], "end later than it starts"),
        (at(days=3653), "a year at most"),
        ("2027-03-14T02:30", "skip this time"),
    ],
    "compensation": [
        (None, "Choose the terms"),
        ("", "Choose the terms"),
        ("free", "from the list"),
    ],
    "price": [
        (None, "Write the price"),
        ("", "Write the price"),
        ("-3", "more than zero"),
        ("0", "more than zero"),
        ("0.001", "dollars and cents"),
        ("3.899", "dollars and cents"),
        ("1" + "0" * 99, "at most"),
        ("much", "as a number"),
    ],
    "contract": [("x" * 61, "60 characters"), ("x" * 200_000, "60 characters")],
}

OFFER_CASES = [(field, *case) for field, cases in BAD_OFFERS.items() for case in cases]


@pytest.mark.parametrize(("field", "value", "says"), OFFER_CASES, ids=lambda it: ascii(it)[:40])
def test_a_bad_offer_is_refused_at_its_field(scene, field, value, says):
    assert_bad(scene, "alpha", OFFER, {**GOOD_OFFER, field: value}, (field, says))


CONTRADICTIONS = {
    "half a generator": ({"item": "GEN", "unit": "EA", "amount": "1.5"}, "amount", "whole"),
    "no contract": ({"compensation": "state_contract"}, "contract", "number of the State"),
    "over already": (
        {"available_from": at(hours=-3), "available_until": at(hours=-1)},
        "available_until",
        "has passed",
    ),
    "nothing but blanks": ({"amount": "  "}, "amount", "Write how much"),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_what_contradicts_itself_is_refused_where_it_can_be_mended(scene, name):
    changes, field, says = CONTRADICTIONS[name]
    before = written(scene)
    client = scene.client("alpha")
    page = client.read(client.send(OFFER, None, **{**GOOD_OFFER, **changes}), 422)
    assert_refused_at(page, field, says)
    assert written(scene) == before


def test_an_offer_is_stored_as_it_was_typed(scene):
    answer = scene.client("alpha").send(OFFER, None, **GOOD_OFFER)
    assert answer.status_code == 303
    offer = newest(scene, Offer)
    assert (offer.amount, offer.price_cents, offer.member_id) == (1_000_500, 389, None)


# ---------------------------------------------------------------- other people's references


def test_a_foreign_organizations_reference_is_no_choice_of_any_field(scene):
    people = {"alpha": (REPORT, GOOD_REPORT), "guild": (OFFER, GOOD_OFFER)}
    foreign = scene.world.organizations["charlie"].reference
    for name, (url, good) in people.items():
        client = scene.client(name)
        for field in [*good, *(["member"] if name == "guild" else [])]:
            if field in {"words", "description", "contract"}:
                continue  # where one may write what one likes
            before = written(scene)
            page = client.read(client.send(url, None, **{**good, field: foreign}), 422)
            assert page.error_at(field), field
            assert foreign not in page.error_at(field)
            assert written(scene) == before


def test_an_association_offers_for_its_own_members_alone(scene):
    parties = scene.world.organizations
    for key in ("charlie", "agency", "guild"):
        before = written(scene)
        typed = {**GOOD_OFFER, "member": parties[key].reference}
        client = scene.client("guild")
        page = client.read(client.send(OFFER, None, **typed), 422)
        assert_refused_at(page, "member", "from the list")
        assert_kept(page, GOOD_OFFER)
        assert written(scene) == before
    answer = scene.client("guild").send(
        OFFER, None, **{**GOOD_OFFER, "member": parties["bravo"].reference}
    )
    assert answer.status_code == 303
    assert newest(scene, Offer).member_id == parties["bravo"].id


def test_a_company_cannot_offer_for_another(scene):
    """Its form has no such field; whoever makes one up offers for themselves."""
    sent = {**GOOD_OFFER, "member": scene.world.organizations["bravo"].reference}
    sent |= {"organization_id": "3", "person_id": "1", "state": "listed", "incident_id": "0"}
    answer = scene.client("alpha").send(OFFER, None, **sent)
    assert answer.status_code == 303
    offer, alpha = newest(scene, Offer), scene.world.organizations["alpha"]
    assert (offer.organization_id, offer.member_id, offer.state) == (
        alpha.id,
        None,
        "submitted",
    )


# ---------------------------------------------------------------- bodies of another shape


def token(client: PageClient) -> dict[str, str]:
    return {"csrf_token": csrf_of(client), "once": "of another shape"}


SHAPES = {
    "JSON": lambda good: {"json": {**good, "words": 5, "county": ["29097"], "lifeline": {}}},
    "JSON list": lambda _good: {"json": [1, 2]},
    "no JSON": lambda _good: {"data": b"{", "content_type": "application/json"},
    "a file for the words": lambda good: {
        "data": {**good, "words": (io.BytesIO(b"x"), "words.txt")}
    },
    "a file for the county": lambda good: {"data": {**good, "county": (io.BytesIO(b"x"), "c")}},
    "brackets": lambda good: {"data": {**good, "words": None, "words[]": "x", "words[0]": "x"}},
    "no known type": lambda _good: {"data": b"words=x", "content_type": "text/plain"},
    "nothing": lambda _good: {"data": b"", "content_type": "multipart/form-data; boundary=x"},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_body_of_another_shape_is_a_form_that_was_not_filled_in(scene, shape):
    before = written(scene)
    client = scene.client("alpha")
    sent = SHAPES[shape](GOOD_REPORT)
    if isinstance(sent.get("data"), dict):
        sent["data"] = {k: v for k, v in sent["data"].items() if v is not None}
    answer = client.post(REPORT, headers={"X-CSRFToken": csrf_of(client)}, **sent)
    client.read(answer, 422)
    assert written(scene) == before


def test_bytes_that_are_no_text_do_no_harm(scene):
    client = scene.client("alpha")
    body = "&".join(f"{k}={v}" for k, v in {**token(client), **GOOD_REPORT}.items())
    body = body.replace("Joplin", "%ff%ED%A0%80%C0%AF").replace(" ", "+")
    answer = client.post(REPORT, data=body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 303
    assert newest(scene, Post).words.startswith("The bridge at ")
    scene.client("alpha").page(answer.headers["Location"])


def test_of_a_field_sent_twice_the_first_counts(scene):
    client = scene.client("alpha")
    sent = {**token(client), "once": "twice", **GOOD_REPORT}
    sent |= {"words": ["First.", "Second."], "county": ["29097", "00000"]}
    assert client.post(REPORT, data=sent).status_code == 303
    assert newest(scene, Post).words == "First."


@pytest.mark.parametrize("kind", ["urlencoded", "multipart"])
def test_a_body_over_the_limit_gets_a_plain_answer(scene, kind):
    before = written(scene)
    client = scene.client("alpha")
    big = {**token(client), **GOOD_REPORT, "words": "x" * 300_000}
    if kind == "multipart":
        big["file"] = (io.BytesIO(b"x"), "x.txt")
    answer = client.post(REPORT, data=big)
    assert (answer.status_code, answer.mimetype) == (413, "text/plain")
    assert len(answer.text) < 200
    assert "too large" in answer.text
    assert written(scene) == before


def test_very_many_fields_are_too_much(scene):
    before = written(scene)
    client = scene.client("alpha")
    many = {f"f{number}": "x" for number in range(2000)}
    many["file"] = (io.BytesIO(b"x"), "x.txt")
    answer = client.post(REPORT, data={**token(client), **many})
    assert (answer.status_code, answer.mimetype) == (413, "text/plain")
    assert written(scene) == before

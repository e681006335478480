"""Bad offers get a clear message at the field, keep what was typed and write nothing."""

from __future__ import annotations

import pytest

from portal.offers.models import Offer
from tests.feed.stage import below
from tests.offers.making import begun, draft
from tests.whole.refused import (
    GOOD_OFFER,
    GOOD_REPORT,
    GOOD_TERMS,
    OFFER,
    REPORT,
    assert_bad,
    assert_kept,
    assert_refused_at,
    at,
    newest,
    written,
)

pytestmark = pytest.mark.xdist_group("bad input")

LISTED = "Choose from the list"

#: The same wherever an amount is typed.
BAD_AMOUNTS = [
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
]

#: And wherever a time is.
BAD_TIMES = [
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
]

BAD_LINES = {
    "amount": [
        *((nothing, "Write how much") for nothing in (None, "")),
        *BAD_AMOUNTS,
    ],
    "unit": [
        (None, "Choose the unit"),
        ("", "Choose the unit"),
        ("EA", LISTED),
        ("BARREL", LISTED),
    ],
    "description": [("x" * 501, "500 characters"), ("x" * 200_000, "500 characters")],
    "split": [("maybe", LISTED), ("", LISTED)],
    "smallest": [*BAD_AMOUNTS, ("1,000.501", "more than the whole amount")],
    "about_0": [("firewater", LISTED)],
    "about_1": [("x" * 81, "80 characters")],
}

BAD_PRICES = [
    (None, "Write the price"),
    ("", "Write the price"),
    ("-3", "more than zero"),
    ("0", "more than zero"),
    ("0.001", "dollars and cents"),
    ("3.899", "dollars and cents"),
    ("1" + "0" * 99, "at most"),
    ("much", "as a number"),
]

BAD_TERMS = {
    "compensation": [
        (None, "Choose the terms"),
        ("", "Choose the terms"),
        ("free", LISTED),
    ],
    "price_1": BAD_PRICES,
    "price_until": [*BAD_TIMES, (at(hours=-1), "has passed")],
    "vouched": [(None, "Tick this"), ("x", LISTED)],
    "contract": [("x" * 61, "60 characters"), ("x" * 200_000, "60 characters")],
    "county": [
        (None, "Choose the county"),
        ("", "Choose the county"),
        ("00000", LISTED),
        ("GAL", LISTED),
    ],
    "place": [("x" * 81, "80 characters")],
    "available_from": [
        (None, "Write from when"),
        ("", "Write from when"),
        *BAD_TIMES,
        ("0001-01-01T00:00", "more than a week ago"),
        (at(days=-8), "more than a week ago"),
    ],
    "available_until": [
        (None, "Write until when"),
        *BAD_TIMES,
        (at(minutes=30), "Leave at least an hour"),
        (GOOD_TERMS["available_from"], "Leave at least an hour"),
        (at(days=3653), "a year at most"),
    ],
    "transport": [("by air", LISTED), ("", LISTED)],
    "operator": [("me", LISTED), ("", LISTED)],
    "reach_miles": [
        ("0", "Write miles, 3,000 at most"),
        ("-5", "Write miles"),
        ("3001", "Write miles"),
        ("far", "Write a whole number"),
        ("1.5", "Write a whole number"),
        ("9" * 5000, "Write a whole number"),
    ],
    "lead_hours": [
        (None, "Write hours"),
        ("", "Write hours"),
        ("-1", "Write hours, 720 at most"),
        ("721", "Write hours, 720 at most"),
        ("9" * 40, "Write hours, 720 at most"),
        ("soon", "Write a whole number"),
        ("1.5", "Write a whole number"),
    ],
    "contact": [
        (None, "Write who answers"),
        ("", "Write who answers"),
        ("x" * 121, "120 characters"),
    ],
    "telephone": [
        (None, "answered day and night"),
        ("", "answered day and night"),
        ("5" * 41, "40 characters"),
    ],
    "restrictions": [("x" * 301, "300 characters")],
    "insurance": [("x" * 301, "300 characters")],
    "support": [("x" * 301, "300 characters")],
}

GOOD_CALL = {
    "spoken_by": "Pat",
    "item": "FUEL",
    "amount": "500",
    "unit": "GAL",
    "county": "29097",
}

BAD_CALLS = {
    "organization": [
        (None, "Choose the organization"),
        ("", "Choose the organization"),
        ("NOBODY00", LISTED),
    ],
    "spoken_by": [
        (None, "Write the caller"),
        ("", "Write the caller"),
        ("x" * 121, "120 characters"),
    ],
    "item": [(None, "Choose an item"), ("", "Choose an item"), ("MONEY", LISTED)],
    "amount": [(None, "Write how much"), ("", "Write how much"), *BAD_AMOUNTS[:6]],
    "unit": [
        (None, "Choose the unit"),
        ("", "Choose the unit"),
        ("BARREL", LISTED),
        ("EA", "counted in gallons"),
    ],
    "county": [(None, "Choose the county"), ("", "Choose the county"), ("00000", LISTED)],
}


def cases(bad):
    """Number the cases: times differ from run to run, and no name of a test may hold one."""
    return [
        pytest.param(field, *case, id=f"{field} {number}")
        for field, of_field in bad.items()
        for number, case in enumerate(of_field)
    ]


@pytest.fixture(scope="module")
def where(scene):
    """Return the page of a draft that asks where, when and on what terms."""
    return below(begun(scene.session, scene.world.actor("alpha")), "offers", "where")


@pytest.mark.parametrize(("field", "value", "says"), cases(BAD_LINES))
def test_a_bad_line_is_refused_at_its_field(scene, field, value, says):
    assert_bad(scene, "alpha", OFFER, {**GOOD_OFFER, field: value}, (field, says))


@pytest.mark.parametrize(("field", "value", "says"), cases(BAD_TERMS))
def test_bad_terms_are_refused_at_their_field(scene, where, field, value, says):
    assert_bad(scene, "alpha", where, {**GOOD_TERMS, field: value}, (field, says))


@pytest.fixture(scope="module")
def priced(scene):
    """Return the page of one line more on an offer at a quoted price."""
    made = draft(scene.session, scene.world.actor("alpha"))
    return below(made, "offers", "lines/new?item=FUEL")


@pytest.mark.parametrize(("field", "value", "says"), cases({"price": BAD_PRICES}))
def test_a_bad_price_of_a_line_is_refused_at_its_field(scene, priced, field, value, says):
    assert_bad(scene, "alpha", priced, {**GOOD_OFFER, field: value}, (field, says))


@pytest.mark.parametrize(("field", "value", "says"), cases(BAD_CALLS))
def test_a_bad_call_is_refused_at_its_field(scene, field, value, says):
    good = {**GOOD_CALL, "organization": scene.world.organizations["bravo"].reference}
    url = "/incidents/EX27/offers/enter"
    assert_bad(scene, "erac", url, {**good, field: value}, (field, says))


PLACES = {
    "county": [(None, "Choose the county"), ("", "Choose the county"), ("00000", LISTED)],
    "place": [("x" * 81, "80 characters")],
    "member": [("NOBODY00", LISTED)],
}


@pytest.mark.parametrize(("field", "value", "says"), cases(PLACES))
def test_an_association_says_of_each_line_whose_it_is_and_where(scene, field, value, says):
    good = {**GOOD_OFFER, "county": "29097", "place": "Joplin", "member": ""}
    assert_bad(scene, "guild", OFFER, {**good, field: value}, (field, says))


def test_an_item_that_is_counted_one_by_one_has_no_halves(scene):
    url = OFFER.replace("FUEL", "GEN")
    typed = {"amount": "1.5", "unit": "EA"}
    assert_bad(scene, "alpha", url, typed, ("amount", "whole numbers"))
    assert_bad(
        scene,
        "alpha",
        url,
        {"amount": "2", "unit": "EA", "smallest": "0.5"},
        ("smallest", "whole numbers"),
    )


@pytest.mark.parametrize("item", ["", "MONEY", "GAL", "\0", "x" * 5000])
def test_what_is_no_item_is_asked_for_again(scene, item):
    """There is nothing to put right in a form that was not sent from a page."""
    client, before = scene.client("alpha"), written(scene)
    form = client.page(OFFER).form()
    answer = client.submit(form, to=f"/incidents/EX27/offers/new?item={item}", **GOOD_OFFER)
    assert "What can you offer?" in client.read(answer, 200).main
    assert written(scene) == before


CONTRADICTIONS = {
    "no contract": ({"compensation": "state_contract"}, "contract", "number of the State"),
    "over already": (
        {"available_from": at(hours=-3), "available_until": at(hours=-1)},
        "available_until",
        "has passed",
    ),
    "backwards": (
        {"available_from": at(hours=9), "available_until": at(hours=8)},
        "available_until",
        "end later than it starts",
    ),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_what_contradicts_itself_is_refused_where_it_can_be_mended(scene, where, name):
    changes, field, says = CONTRADICTIONS[name]
    assert_bad(scene, "alpha", where, {**GOOD_TERMS, **changes}, (field, says))


def test_blanks_are_no_answer(scene, where):
    client, before = scene.client("alpha"), written(scene)
    typed = {**GOOD_TERMS, "contact": "  ", "telephone": "\u00a0"}
    page = client.read(client.send(where, None, **typed), 422)
    assert_refused_at(page, "contact", "Write who answers")
    assert_refused_at(page, "telephone", "answered day and night")
    page = client.read(client.send(OFFER, None, **{**GOOD_OFFER, "amount": "  "}), 422)
    assert_refused_at(page, "amount", "Write how much")
    assert written(scene) == before


def test_an_offer_is_stored_as_it_was_typed(scene):
    client = scene.client("alpha")
    page = client.follow(client.send(OFFER, None, **GOOD_OFFER))
    client.follow(client.submit(page.form(), **GOOD_TERMS))
    offer = newest(scene, Offer)
    (line,) = offer.lines
    assert (line.amount, line.smallest, line.price_cents) == (1_000_500, 100_000, 389)
    assert (line.county, line.place, line.member_id) == ("29145", "Monett", None)
    assert line.about == {"rack or terminal": "Monett terminal"}
    texts = ("restrictions", "insurance", "support", "contact", "telephone", "compensation")
    for name in (*texts, "transport", "operator"):
        assert getattr(offer, name) == GOOD_TERMS[name], name
    assert (offer.lead_hours, offer.reach_miles, offer.contract) == (2, 120, "")


# ---------------------------------------------------------------- other people's references


def test_a_foreign_organizations_reference_is_no_choice_of_any_field(scene):
    good = {**GOOD_OFFER, "county": "29097"}
    people = {"alpha": (REPORT, GOOD_REPORT), "guild": (OFFER, good)}
    foreign = scene.world.organizations["charlie"].reference
    for name, (url, typed) in people.items():
        client = scene.client(name)
        for field in [*typed, *(["member", "about_0"] if name == "guild" else [])]:
            if field in {"words", "description", "about_1"}:
                continue  # where one may write what one likes
            before = written(scene)
            page = client.read(client.send(url, None, **{**typed, field: foreign}), 422)
            assert page.error_at(field), field
            assert foreign not in page.error_at(field)
            assert written(scene) == before


def test_an_association_offers_for_its_own_members_alone(scene):
    parties, client = scene.world.organizations, scene.client("guild")
    good = {**GOOD_OFFER, "county": "29097"}
    for key in ("charlie", "agency", "guild"):
        before = written(scene)
        typed = {**good, "member": parties[key].reference}
        page = client.read(client.send(OFFER, None, **typed), 422)
        assert_refused_at(page, "member", LISTED)
        assert_kept(page, good)
        assert written(scene) == before
    answer = client.send(OFFER, None, **{**good, "member": parties["bravo"].reference})
    assert answer.status_code == 303
    assert newest(scene, Offer).lines[0].member_id == parties["bravo"].id


def test_a_company_cannot_offer_for_another(scene):
    """Its form has no such field; whoever makes one up offers for themselves."""
    sent = {**GOOD_OFFER, "member": scene.world.organizations["bravo"].reference}
    sent |= {"organization_id": "3", "person_id": "1", "state": "listed", "incident_id": "0"}
    answer = scene.client("alpha").send(OFFER, None, **sent)
    assert answer.status_code == 303
    offer, alpha = newest(scene, Offer), scene.world.organizations["alpha"]
    assert (offer.organization_id, offer.state) == (alpha.id, "draft")
    assert offer.lines[0].member_id is None

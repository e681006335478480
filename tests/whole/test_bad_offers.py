"""Bad offers get a clear message at the field, keep what was typed and write nothing."""

from __future__ import annotations

import pytest

from portal.offers.models import Offer
from tests.whole.refused import (
    GOOD_OFFER,
    GOOD_REPORT,
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

BAD_OFFERS = {
    "item": [(None, "Choose what you offer"), ("", "Choose what"), ("MONEY", LISTED)],
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
        ("BARREL", LISTED),
    ],
    "description": [("x" * 501, "500 characters"), ("x" * 200_000, "500 characters")],
    "county": [
        (None, "Choose the county"),
        ("00000", LISTED),
        ("GAL", LISTED),
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
        ("free", LISTED),
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

# Times differ from run to run: no name of a test may hold one.
OFFER_CASES = [
    pytest.param(field, *case, id=f"{field} {number}")
    for field, cases in BAD_OFFERS.items()
    for number, case in enumerate(cases)
]


@pytest.mark.parametrize(("field", "value", "says"), OFFER_CASES)
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
    parties, client = scene.world.organizations, scene.client("guild")
    for key in ("charlie", "agency", "guild"):
        before = written(scene)
        typed = {**GOOD_OFFER, "member": parties[key].reference}
        page = client.read(client.send(OFFER, None, **typed), 422)
        assert_refused_at(page, "member", LISTED)
        assert_kept(page, GOOD_OFFER)
        assert written(scene) == before
    answer = client.send(OFFER, None, **{**GOOD_OFFER, "member": parties["bravo"].reference})
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

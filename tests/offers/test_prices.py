"""A line on an offer at a quoted price: it comes with its own price, sent or not."""

from __future__ import annotations

import pytest

from portal.core.errors import FieldError
from portal.offers import operations as offers
from tests.factories import make_offer, offer_line, offer_terms
from tests.offers.making import begun, do, draft

BASE = "/incidents/EX27/offers"
GIFT = {"compensation": "donation", "price_cents": None}


def prices(offer):
    return [it.price_cents for it in offer.lines]


@pytest.mark.parametrize("prepare", [draft, make_offer], ids=["draft", "sent"])
def test_each_line_added_or_changed_comes_with_its_price(session, world, prepare):
    alpha = world.actor("alpha")
    offer = prepare(session, alpha)
    for act in (
        lambda line: do(session, alpha, offers.add_line, offer, line),
        lambda line: do(session, alpha, offers.change_line, offer, 1, line),
    ):
        with pytest.raises(FieldError) as refused:
            act(offer_line(price_cents=None))
        assert refused.value.field == "price"
        act(offer_line(price_cents=412))
    assert prices(offer) == [412, 412]


@pytest.mark.parametrize("prepare", [draft, make_offer], ids=["draft", "sent"])
def test_no_price_is_asked_where_the_terms_have_no_use_for_one(session, world, prepare):
    alpha = world.actor("alpha")
    offer = prepare(session, alpha, **GIFT)
    do(session, alpha, offers.add_line, offer, offer_line(price_cents=None))
    do(session, alpha, offers.settle, offer, offer_terms(prices={1: 300, 2: 400}))
    assert prices(offer) == [300, 400]
    do(session, alpha, offers.settle, offer, offer_terms(compensation="donation"))
    assert prices(offer) == [None, None]


def test_before_the_terms_are_chosen_no_price_is_asked(client_for, session, world):
    offer, alpha = begun(session, world.actor("alpha"), price_cents=None), client_for("alpha")
    page = alpha.page(f"{BASE}/{offer.reference}/lines/new?item=GEN")
    assert "price" not in page.form("offer.edit").filled


@pytest.mark.parametrize("is_sent", [False, True], ids=["draft", "sent"])
def test_the_form_of_a_line_asks_for_its_price(client_for, session, world, is_sent):
    offer = (make_offer if is_sent else draft)(session, world.actor("alpha"))
    alpha, move = client_for("alpha"), f"offer.{'revise' if is_sent else 'edit'}"
    url = f"{BASE}/{offer.reference}/lines"
    page = alpha.page(f"{url}/1")
    assert page.form(move).filled["price"] == ["3.89"]
    assert "Price of one gallon, Bulk fuel, in US dollars" in page.main
    for wrong, says in (("", "Write the price"), ("1.234", "dollars and cents")):
        page = alpha.read(alpha.submit(page.form(move), price=wrong), 422)
        assert says in page.error_at("price")
        assert page.form(move).filled["price"] == [wrong], "what was typed is kept"
    alpha.follow(alpha.submit(page.form(move), price="4.12"))
    new = alpha.page(f"{url}/new?item=LODG")
    assert "Price of one unit, " in new.main, "which unit is chosen in the form"
    page = alpha.follow(alpha.submit(new.form(move), amount="5", price="99"))
    for price in ("$4.12", "$99.00"):
        assert price in page.main


def test_who_sends_a_quoted_price_says_that_it_is_no_higher_than_before(
    client_for, session, world
):
    alpha = world.actor("alpha")
    for offer, is_said in (
        (draft(session, alpha), True),
        (draft(session, alpha, **GIFT), False),
    ):
        page = client_for("alpha").page(f"{BASE}/{offer.reference}")
        assert "you may offer this for Alpha Fuel" in page.main
        assert ("at no more than before the incident" in page.main) is is_said

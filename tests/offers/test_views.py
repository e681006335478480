"""Screens of offers: from the offer to its answer."""

from __future__ import annotations

from datetime import timedelta

from portal.core import clock
from portal.core.web import times
from portal.offers import queries
from tests.factories import decline, list_offer, make_offer

BASE = "/incidents/EX27"
OFFER = {
    "item": "FUEL",
    "description": "Diesel.",
    "amount": "1,000",
    "unit": "GAL",
    "county": "29097",
    "compensation": "quoted_price",
    "price": "3.89",
}


def test_from_the_offer_to_its_listing(client_for):
    liaison, erac = client_for("alpha"), client_for("erac")
    receipt = liaison.follow(liaison.send(f"{BASE}/offers/new", None, **OFFER))
    assert "Received by the ERAC cell" in receipt.main
    assert "Do not dispatch" in receipt.main
    (reference,) = {it.text for it in receipt.with_class("receipt")}
    assert "ERAC answers" in client_for("alpha_admin").page(f"{BASE}/offers").main
    desk = erac.page(f"{BASE}/erac")
    assert "1 offer waits for an answer" in desk.main
    assert "$3.89" in desk.main
    url = f"{BASE}/offers/{reference}"
    assert "Reviewing" in erac.follow(erac.send(url, "offer.review")).main
    assert "Listed" in erac.follow(erac.send(url, "offer.list", note="We call.")).main
    page = liaison.page(url)
    assert "We call." in page.main
    assert page.moves == {"offer.withdraw"}


def test_the_form_begins_with_what_is_likely(client_for):
    filled = client_for("alpha").page(f"{BASE}/offers/new").form().filled
    assert filled["county"] == ["29097"]
    until = times.parse_typed(filled["available_until"][0])
    assert timedelta(hours=47) < until - clock.now() < timedelta(hours=50)
    assert "member" not in filled
    assert "member" in client_for("guild").page(f"{BASE}/offers/new").form().filled


def test_whom_offers_do_not_concern_gets_no_list_of_them(client_for):
    for name in ("moderator", "logistics", "observer"):
        page = client_for(name).page(f"{BASE}/offers", 403)
        assert "between their owners and the ERAC cell" in page.main
    answer = client_for("erac").get(f"{BASE}/offers")
    assert answer.headers["Location"].endswith("/erac")


def test_the_owner_reads_why_it_was_declined(client_for, session, world):
    offer = decline(session, world.actor("erac"), make_offer(session, world.actor("alpha")))
    page = client_for("alpha").page(f"{BASE}/offers/{offer.reference}")
    assert "Not needed now. Enough now." in page.main
    assert page.moves == set()


def test_the_record_reads_no_price(client_for, session, world):
    member = world.organizations["bravo"].reference
    offer = make_offer(session, world.actor("guild"), member=member)
    list_offer(session, world.actor("erac"), offer)
    for name in ("records", "admin"):
        for url in (f"{BASE}/offers", f"{BASE}/offers/{offer.reference}"):
            page = client_for(name).page(url)
            assert "Fuel Haulers Guild" in page.main
            assert "3.89" not in page.html
            assert "Bravo Petroleum" not in page.html


def test_earlier_offers_are_found_by_going_back(client_for, session, world, monkeypatch):
    monkeypatch.setattr(queries, "PAGE", 3)
    offers = [make_offer(session, world.actor("alpha")).reference for _ in range(5)]
    for name, url in (("erac", f"{BASE}/erac"), ("alpha", f"{BASE}/offers")):
        client = client_for(name)
        page = client.page(url)
        (link,) = {it for it in page.links if "before=" in it}
        earlier = client.page(link)
        shown = [it.get("data-subject") for it in earlier.all("tbody/tr")]
        assert shown == offers[1::-1]
        assert "Latest offers" in earlier.main
        assert "Earlier offers" not in earlier.main

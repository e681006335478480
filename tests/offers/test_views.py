"""The owner's pages: three steps to an offer, and what becomes of it."""

from __future__ import annotations

from datetime import timedelta

from portal.core import clock
from portal.core.web import times
from portal.offers import queries
from portal.offers.models import Offer
from tests.factories import decline, list_offer, make_offer
from tests.offers.making import asked, draft, entered

BASE = "/incidents/EX27"
NEW = f"{BASE}/offers/new?item=FUEL"
LINE = {"amount": "1,000", "unit": "GAL", "description": "Diesel."}
TERMS = {
    "compensation": "quoted_price",
    "price_1": "3.89",
    "vouched": "y",
    "telephone": "417-555-0142",
}


def test_three_steps_lead_to_an_offer_and_each_is_kept(client_for):
    liaison, erac = client_for("alpha"), client_for("erac")
    choice = liaison.page(f"{BASE}/offers/new")
    assert any(it.endswith("/offers/new?item=FUEL") for it in choice.links)
    where = liaison.follow(liaison.send(NEW, "offer.begin", **LINE))
    assert where.url.endswith("/where")
    reference = where.url.split("/")[-2]
    check = liaison.follow(liaison.submit(where.form("offer.edit"), **TERMS))
    assert "Kept as a draft" in check.main
    assert "$3.89" in check.main
    assert reference in client_for("alpha_admin").page(f"{BASE}/offers").main
    assert reference not in erac.page(f"{BASE}/erac").html
    receipt = liaison.follow(liaison.submit(check.form("offer.submit")))
    assert "Received by the ERAC cell" in receipt.main
    assert "Do not dispatch" in receipt.main
    assert [it.text for it in receipt.with_class("receipt")] == [reference]
    assert "ERAC answers" in client_for("alpha_admin").page(f"{BASE}/offers").main
    assert reference in erac.page(f"{BASE}/erac").main


def test_the_forms_begin_with_what_is_likely(client_for):
    alpha = client_for("alpha")
    filled = alpha.page(NEW).form("offer.begin").filled
    assert (filled["unit"], filled["split"]) == (["GAL"], ["yes"])
    assert not {"member", "county", "place"} & set(filled)
    where = alpha.follow(alpha.send(NEW, "offer.begin", **LINE)).form("offer.edit").filled
    assert (where["county"], where["contact"]) == (["29097"], ["Alpha Person"])
    assert where["telephone"] == ["573-555-0123"]
    until = times.parse_typed(where["available_until"][0])
    assert timedelta(hours=47) < until - clock.now() < timedelta(hours=50)
    guild = client_for("guild")
    assert {"member", "county", "place"} <= set(guild.page(NEW).form().filled)


def test_lines_are_added_changed_and_taken_out_of_a_draft(client_for, session, world):
    offer, alpha = draft(session, world.actor("alpha")), client_for("alpha")
    url = f"{BASE}/offers/{offer.reference}"
    assert f"{url}/lines/new" in alpha.page(url).links
    page = alpha.page(f"{url}/lines/new")
    (link,) = {it for it in page.links if it.endswith("item=GEN")}
    typed = {"amount": "2", "unit": "EA", "price": "90", "about_0": "250"}
    alpha.follow(alpha.send(link, "offer.edit", **typed))
    form = alpha.page(f"{url}/lines/2").form("offer.edit")
    assert (form.filled["amount"], form.filled["about_0"]) == (["2"], ["250"])
    page = alpha.follow(alpha.submit(form, amount="3"))
    assert "3 each" in page.main or "3" in page.main
    assert "power, kW 250" in page.main
    page = alpha.follow(alpha.send(f"{url}/lines/2", "offer.remove"))
    assert "power, kW" not in page.main
    assert "offer.remove" not in alpha.page(f"{url}/lines/1").moves, "the last one stays"


def test_a_sent_offer_is_changed_where_it_says_so_and_read_again(client_for, session, world):
    offer = list_offer(session, world.actor("erac"), make_offer(session, world.actor("alpha")))
    alpha, url = client_for("alpha"), f"{BASE}/offers/{offer.reference}"
    page = alpha.page(f"{url}/lines/1")
    assert "ERAC reads the offer again" in page.main
    page = alpha.follow(alpha.submit(page.form("offer.revise"), amount="500"))
    assert "500 gallons" in page.main
    assert "Submitted" in page.main
    assert "edition" in page.main
    for name in ("bravo", "erac", "records"):
        answer = client_for(name).get(f"{url}/lines/1")
        assert answer.status_code == (404 if name == "bravo" else 403)


def test_offering_again_begins_a_draft_of_ones_own(client_for, session, world):
    offer = decline(session, world.actor("erac"), make_offer(session, world.actor("alpha")))
    alpha, url = client_for("alpha_admin"), f"{BASE}/offers/{offer.reference}"
    page = alpha.follow(alpha.send(url, "offer.again"))
    assert "Check the offer" in page.main
    assert offer.reference not in page.url
    session.rollback()
    assert session.query(Offer).count() == 2
    form = client_for("alpha").page(f"{BASE}/offers/new").form("offer.again")
    assert form.action == f"{url}/again"
    for name, status in (("erac", 403), ("records", 403), ("bravo", 404)):
        client = client_for(name)
        sent = client.page("/account").form().filled
        assert client.post(f"{url}/again", data=sent).status_code == status


def test_the_owner_answers_a_question_where_it_is_asked(client_for, session, world):
    offer = asked(session, world.actor("erac"), make_offer(session, world.actor("alpha")))
    alpha, url = client_for("alpha"), f"{BASE}/offers/{offer.reference}"
    page = alpha.page(url)
    assert "Since when?" in page.main
    page = alpha.follow(alpha.submit(page.form("offer.reply"), reply="Since noon."))
    assert "Since noon." in page.main
    assert "Since noon." in client_for("erac").page(url).main


def test_what_is_entered_for_a_caller_goes_through_the_same_steps(client_for, world):
    erac, alpha = client_for("erac"), client_for("alpha")
    typed = {**LINE, "organization": world.organizations["alpha"].reference}
    typed |= {"spoken_by": "Pat", "item": "FUEL", "county": "29145"}
    del typed["description"]
    where = erac.follow(erac.send(f"{BASE}/offers/enter", "offer.enter", **typed))
    assert where.form("offer.edit").filled["contact"] == ["Pat"]
    check = erac.follow(erac.submit(where.form("offer.edit"), **TERMS))
    assert "said by Pat on the telephone" in check.main
    assert alpha.get(check.url).status_code == 404
    assert "Entered for callers, not sent" in erac.page(f"{BASE}/erac").main
    erac.follow(erac.submit(check.form("offer.submit")))
    page = alpha.page(check.url)
    assert "Pat" in page.main
    assert "offer.withdraw" in page.moves


def test_whom_offers_do_not_concern_gets_no_list_of_them(client_for):
    for name in ("moderator", "logistics", "observer"):
        page = client_for(name).page(f"{BASE}/offers", 403)
        assert "between their owners and the ERAC cell" in page.main
    answer = client_for("erac").get(f"{BASE}/offers")
    assert answer.headers["Location"].endswith("/erac")


def test_the_owner_reads_why_it_was_declined(client_for, session, world):
    offer = decline(session, world.actor("erac"), make_offer(session, world.actor("alpha")))
    page = client_for("alpha").page(f"{BASE}/offers/{offer.reference}")
    assert "Not needed now" in page.main
    assert "Enough now." in page.main
    assert page.moves == {"offer.again"}


def test_the_record_reads_no_price_no_member_and_no_telephone(client_for, session, world):
    member = world.organizations["bravo"].reference
    offer = make_offer(session, world.actor("guild"), member=member)
    list_offer(session, world.actor("erac"), offer)
    draft(session, world.actor("guild"), description="Not yet said.")
    entered(session, world, description="Not yet said.")
    for name in ("records", "admin"):
        for url in (f"{BASE}/offers", f"{BASE}/offers/{offer.reference}"):
            page = client_for(name).page(url)
            assert "Fuel Haulers Guild" in page.main
            for hidden in ("3.89", "Bravo Petroleum", "417-555-0142", "Not yet said"):
                assert hidden not in page.html, (name, url)


def test_earlier_offers_are_found_by_going_back(client_for, session, world, monkeypatch):
    monkeypatch.setattr(queries, "PAGE", 3)
    offers = [make_offer(session, world.actor("alpha")).reference for _ in range(5)]
    client = client_for("alpha")
    page = client.page(f"{BASE}/offers")
    (link,) = {it for it in page.links if "before=" in it}
    earlier = client.page(link)
    shown = [it.get("data-subject") for it in earlier.all("tbody/tr")]
    assert shown == offers[1::-1]
    assert "Latest offers" in earlier.main
    assert "Earlier offers" not in earlier.main


def test_the_desk_goes_back_too_and_keeps_its_filters(client_for, session, world, monkeypatch):
    monkeypatch.setattr(queries, "PAGE", 3)
    offers = [make_offer(session, world.actor("alpha")).reference for _ in range(5)]
    client = client_for("erac")
    page = client.page(f"{BASE}/erac?show=all&item=FUEL")
    (link,) = {it for it in page.links if "before=" in it}
    assert "item=FUEL" in link
    shown = [it.get("data-subject") for it in client.page(link).all("tbody/tr")]
    assert shown == offers[1::-1]
    page = client.page(f"{BASE}/erac")
    assert [it.get("data-subject") for it in page.all("tbody/tr")] == offers[:3]
    assert "These are the first 3" in page.main

"""Offers that the ERAC cell enters for callers: all of the cell take turns with them."""

from __future__ import annotations

import pytest

from portal.accounts.queries import actor_of
from portal.core.actor import Role
from portal.core.errors import NotAllowedError
from portal.offers import operations as offers
from portal.offers.states import OFFER
from tests.factories import make_offer, offer_line, offer_terms
from tests.offers.making import do, entered, with_sheet
from tests.world import PASSWORD, add_person

BASE = "/incidents/EX27/offers"
MAKE = {"edit", "discard", "submit", "attach"}


@pytest.fixture
def colleague(session, world):
    """Somebody else of the ERAC cell."""
    known = add_person(session, world.organization("agency"), Role.ERAC, "erac2")
    return actor_of(session, known.id)


def test_a_colleague_goes_on_with_what_one_of_the_cell_has_begun(session, world, colleague):
    offer = entered(session, world)
    do(session, colleague, offers.add_line, offer, offer_line(amount=2_000))
    do(session, colleague, offers.settle, offer, offer_terms(contact="Pat"))
    with_sheet(session, colleague, offer)
    do(session, colleague, offers.submit, offer)
    assert (offer.state, offer.contact, len(offer.lines)) == ("submitted", "Pat", 2)
    do(session, colleague, offers.change_line, offer, 1, offer_line(amount=3_000))
    do(session, colleague, offers.withdraw, offer, note="Pat called again.")
    thrown_away = entered(session, world)
    do(session, colleague, offers.discard, thrown_away)
    assert thrown_away.state == "discarded"


@pytest.mark.parametrize("name", ["alpha", "alpha_admin", "bravo", "moderator", "admin"])
def test_until_it_is_sent_it_is_the_cells_alone(session, world, name):
    offer, actor = entered(session, world), world.actor(name)
    assert OFFER.names_open_to(actor, offer) == set()
    for operation, said in (
        (offers.submit, ()),
        (offers.discard, ()),
        (offers.add_line, (offer_line(),)),
        (offers.settle, (offer_terms(),)),
    ):
        with pytest.raises(NotAllowedError):
            do(session, actor, operation, offer, *said)
    assert OFFER.names_open_to(world.actor("erac"), offer) >= MAKE


def test_once_it_is_sent_the_organization_goes_on_with_it_too(session, world):
    offer, alpha = entered(session, world, is_sent=True), world.actor("alpha")
    do(session, alpha, offers.change_line, offer, 1, offer_line(amount=3_000))
    for name in ("alpha", "erac"):
        assert {"revise", "withdraw"} <= OFFER.names_open_to(world.actor(name), offer)
    for name in ("bravo", "moderator"):
        assert OFFER.names_open_to(world.actor(name), offer) == set()


def test_of_what_an_organization_itself_offers_the_cell_changes_nothing(session, world):
    offer = make_offer(session, world.actor("alpha"))
    is_open = OFFER.names_open_to(world.actor("erac"), offer)
    assert not is_open & {"revise", "withdraw", "renew", "attach"}


def test_the_page_lets_a_colleague_change_and_send_it(app, session, world, colleague):
    erac2, offer = app.test_client(), entered(session, world)
    assert colleague.person_id != offer.person_id
    erac2.sign_in("erac2@world.example", PASSWORD)
    url = f"{BASE}/{offer.reference}"
    assert url in erac2.page("/incidents/EX27/erac").links
    changes = {f"{url}/lines/1", f"{url}/where"}
    page = erac2.page(url)
    assert changes <= set(page.links)
    page = erac2.follow(erac2.submit(page.form("offer.submit")))
    assert changes <= set(page.links), "the caller may call again"
    page = erac2.follow(
        erac2.submit(erac2.page(f"{url}/lines/1").form("offer.revise"), amount="7")
    )
    assert "7 gallons" in page.main
    own = make_offer(session, world.actor("alpha"))
    assert not [it for it in erac2.page(f"{BASE}/{own.reference}").links if "/lines/" in it]

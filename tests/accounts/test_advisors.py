"""A seat with the ERAC cell: whoever could be awarded sees no other's offer, and no price."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from portal.accounts import operations
from portal.accounts.operations.memberships import fit
from portal.core.actor import Role
from portal.core.errors import FieldError
from portal.journal.audience import ADVISORS, ERAC, rooms_of
from portal.journal.transaction import transaction
from tests.factories import list_offer, make_offer
from tests.world import PASSWORD, add_person

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from tests.pages import PageClient
    from tests.world import World

    ClientFor = Callable[[str], PageClient]

CANARY = "CanarySings"
BASE = "/incidents/EX27"


@pytest.fixture
def advisor(client_for: ClientFor, session: Session, world: World) -> PageClient:
    """Return a client of somebody of the guild with a seat and no other role."""
    guild = world.organization("guild")
    email = add_person(session, guild, Role.ERAC_ADVISOR, "advisor").email
    client = client_for("guild").application.test_client()
    assert client.sign_in(email, PASSWORD).status_code == 303
    return client


def test_every_page_of_the_menu_opens(advisor: PageClient):
    page = advisor.page(f"{BASE}/")
    places = [it.get("href") or "" for it in page.all("nav[@aria-label='Main']//a")]
    foot = [it.get("href") or "" for it in page.all("footer//a")]
    paths = [it for it in (*places, *foot) if it.startswith("/")]
    assert f"{BASE}/offers" in paths
    assert f"{BASE}/feed/new" not in paths
    for path in paths:
        assert advisor.get(path, follow_redirects=True).status_code == 200, path


def test_no_button_leads_to_a_closed_door(advisor: PageClient):
    for path in (f"{BASE}/", f"{BASE}/feed", f"{BASE}/offers", f"{BASE}/presence", "/account"):
        for link in advisor.page(path).links:
            if link.startswith("/"):
                assert advisor.get(link).status_code in {200, 302, 303}, (path, link)


def test_others_offers_and_prices_stay_unseen(
    advisor: PageClient, session: Session, world: World
):
    theirs = make_offer(session, world.actor("bravo"), description=CANARY, price_cents=44_719)
    list_offer(session, world.actor("erac"), theirs)
    own = make_offer(session, world.actor("guild"), description="Our own trucks.")
    for path in (f"{BASE}/", f"{BASE}/offers", f"{BASE}/feed"):
        html = advisor.page(path).html
        assert CANARY not in html
        assert "447.19" not in html
        assert theirs.reference not in html
    advisor.page(f"{BASE}/offers/{theirs.reference}", 404)
    assert "Our own trucks." in advisor.page(f"{BASE}/offers/{own.reference}").main
    for path in ("erac", "erac/offers.csv", "erac/offers.xlsx", "feed/queue", "offers/enter"):
        assert advisor.get(f"{BASE}/{path}").status_code == 403, path
    for path in ("/admin", "/catalogue/", "/organizations/applications"):
        assert advisor.get(path).status_code == 403, path


def test_the_seat_has_a_room_of_its_own(session: Session, world: World):
    add_person(session, world.organization("guild"), Role.ERAC_ADVISOR, "advisor")
    with transaction(session, world.actor("admin")) as tx:
        roles = frozenset({Role.LIAISON, Role.ERAC_ADVISOR})
        operations.change_roles(tx, world.membership("guild"), roles=roles)
    rooms = rooms_of(world.actor("guild"))
    assert ADVISORS in rooms
    assert not rooms & {ERAC, "staff"}


@pytest.mark.parametrize("party", ["alpha", "agency"])
def test_only_contractors_and_associations_have_seats(
    session: Session, world: World, party: str
):
    membership = world.membership("alpha" if party == "alpha" else "moderator")
    with pytest.raises(FieldError), transaction(session, world.actor("admin")) as tx:
        operations.change_roles(tx, membership, roles=frozenset({Role.ERAC_ADVISOR}))


def test_only_administrators_give_seats(session: Session, world: World):
    for name in ("mop3", "alpha_admin"):
        with pytest.raises(FieldError), transaction(session, world.actor(name)) as tx:
            fit(tx, world.organization("guild"), frozenset({Role.ERAC_ADVISOR}))

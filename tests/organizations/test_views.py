"""The directory and its upkeep: who sees what, who changes what, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from portal.organizations.models import Contact, Organization
from portal.organizations.queries import members_of
from portal.organizations.states import OrganizationState
from tests.factories import suspend_organization
from tests.world import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from tests.pages import PageClient
    from tests.world import World

    ClientFor = Callable[[str], PageClient]

TELEPHONE = "573-555-0123"
NEW = "/organizations/new"


def path_of(world: World, name: str, move: str = "") -> str:
    reference = world.organizations[name].reference
    return f"/organizations/{reference}" + (f"/{move}" if move else "")


def typed(**changes: Any) -> dict[str, Any]:
    good = {
        "name": "Delta Diesel",
        "kind": "company",
        "sectors": ["ENER", "TRAN"],
        "counties": ["29097", "29189"],
        "contact1_name": "Night desk",
        "contact1_telephone": "(573) 555-0199 x12",
        "contact1_email": "night@delta.example",
    }
    return good | changes


def test_partners_see_who_takes_part_and_no_telephone(client_for: ClientFor, world: World):
    client = client_for("alpha")
    page = client.page("/organizations")
    assert client.queries <= 8
    for organization in world.organizations.values():
        assert organization.name in page.main
    assert TELEPHONE not in page.main
    other = client.page(path_of(world, "bravo"))
    assert TELEPHONE not in other.main
    assert "St. Louis" in other.main
    assert other.moves == set()
    assert TELEPHONE in client.page(path_of(world, "alpha")).main, "one's own"


@pytest.mark.parametrize("name", ["moderator", "erac", "mop3", "admin", "records"])
def test_staff_see_whom_to_call(client_for: ClientFor, world: World, name: str):
    client = client_for(name)
    assert TELEPHONE in client.page("/organizations").main
    assert TELEPHONE in client.page(path_of(world, "bravo")).main


def test_the_suspended_are_absent_for_partners(
    client_for: ClientFor, session: Session, world: World
):
    suspend_organization(session, world.organization("bravo"))
    client = client_for("alpha")
    assert "Bravo" not in client.page("/organizations").main
    client.page(path_of(world, "bravo"), 404)
    page = client_for("admin").page(path_of(world, "bravo"))
    assert "Suspended" in page.main
    assert page.moves == {"organization.restore"}


def test_members_of_an_association_are_its_own_and_staffs_matter(
    client_for: ClientFor, world: World
):
    for name, sees in (("guild", True), ("mop3", True), ("alpha", False), ("charlie", False)):
        page = client_for(name).page(path_of(world, "guild"))
        assert ("Bravo Petroleum" in page.main) is sees


MOVES = {
    "admin": {"revise", "add_member", "remove_member", "require_provider", "suspend"},
    "mop3": {"revise", "add_member", "remove_member"},
    "moderator": set(),
    "guild": {"attest"},
}


@pytest.mark.parametrize("name", MOVES)
def test_the_buttons_of_each(client_for: ClientFor, world: World, name: str):
    page = client_for(name).page(path_of(world, "guild"))
    assert page.moves == {f"organization.{move}" for move in MOVES[name]}


@pytest.mark.parametrize("name", ["alpha", "moderator", "records"])
def test_others_change_nothing(client_for: ClientFor, world: World, name: str):
    client = client_for(name)
    client.page(NEW, 403)
    token = client.page("/account").form().filled["csrf_token"]
    for move in (
        *("revise", "add_member", "remove_member"),
        *("require_provider", "suspend", "restore"),
    ):
        answer = client.post(path_of(world, "guild", move), data={"csrf_token": token})
        assert answer.status_code == 403


def test_an_organization_is_registered(client_for: ClientFor, session: Session):
    client = client_for("mop3")
    page = client.follow(client.send(NEW, "organization.register", **typed()))
    assert client.queries <= 8
    for words in ("Delta Diesel", "Energy", "Jasper, St. Louis County", "(573) 555-0199 x12"):
        assert words in page.main
    row = session.scalars(select(Organization).where(Organization.name == "Delta Diesel")).one()
    assert row.counties == ("29097", "29189")


POOR = [
    ({"name": " "}, "name", "Write the organization’s name."),
    ({"name": "Alpha Fuel"}, "name", "of this name already"),
    ({"name": "x" * 121}, "name", "120 characters at most"),
    ({"kind": "empire"}, "kind", "Choose the kind."),
    ({"kind": None}, "kind", "Choose the kind."),
    ({"sectors": ["ENER", "FUN"]}, "sectors", "Choose sectors from the list."),
    ({"counties": ["17031"]}, "counties", "Choose counties from the list."),
    ({"contact1_telephone": "call me"}, "contact1_telephone", "Write a telephone number"),
    ({"contact1_email": "nowhere"}, "contact1_email", "Write an e-mail address"),
    ({"contact1_name": ""}, "contact1_name", "Write whom to call."),
    ({"contact2_name": "Second"}, "contact2_name", "telephone number, too"),
]


@pytest.mark.parametrize(("change", "field", "words"), POOR, ids=str)
def test_what_is_wrong_is_said_at_the_field(
    client_for: ClientFor, session: Session, change: dict, field: str, words: str
):
    client = client_for("admin")
    before = session.scalars(select(Organization.id)).all()
    page = client.read(client.send(NEW, "organization.register", **typed(**change)), 422)
    assert words in page.error_at(field)
    assert page.title.startswith("Error: ")
    kept = page.form("organization.register").filled
    for name, value in typed(**change).items():
        if name not in change:
            assert sorted(kept[name]) == (value if isinstance(value, list) else [value])
    assert session.scalars(select(Organization.id)).all() == before


def test_revising_replaces_the_contacts(client_for: ClientFor, session: Session, world: World):
    client = client_for("admin")
    form = client.page(path_of(world, "alpha")).form("organization.revise")
    assert form.filled["contact1_telephone"] == [TELEPHONE]
    assert form.filled["counties"] == ["29097", "29145"]
    answer = client.submit(form, name="Alpha Fuels", contact1_telephone="573-555-0777")
    page = client.follow(answer)
    assert page.heading == "Alpha Fuels"
    contacts = select(Contact.telephone).where(
        Contact.organization_id == world.organizations["alpha"].id
    )
    assert session.scalars(contacts).all() == ["573-555-0777"]


def test_an_agency_stays_an_agency(client_for: ClientFor, world: World):
    client = client_for("admin")
    answer = client.send(path_of(world, "alpha"), "organization.revise", kind="agency")
    assert "An agency stays an agency" in client.read(answer, 422).error_at("kind")


def test_of_two_who_revise_one_is_told(client_for: ClientFor, world: World):
    admin, mop3 = client_for("admin"), client_for("mop3")
    show, move = path_of(world, "alpha"), "organization.revise"
    first, second = admin.page(show).form(move), mop3.page(show).form(move)
    assert admin.submit(first, name="By the first").status_code == 303
    page = mop3.read(mop3.submit(second, name="By the second"), 409)
    assert page.heading == "By the first", "as it now stands"
    assert page.form("organization.revise").filled["name"] == ["By the second"], "and kept"


def test_members_come_and_go(client_for: ClientFor, session: Session, world: World):
    client = client_for("mop3")
    show, charlie = path_of(world, "guild"), world.organizations["charlie"].reference
    page = client.follow(client.send(show, "organization.add_member", member=charlie))
    assert "Charlie Grocers is a member." in page.main
    form = next(f for f in page.forms if f.filled.get("member") == [charlie])
    assert form.move == "organization.remove_member"
    client.follow(client.submit(form))
    guild = world.organization("guild")
    assert [it.name for it in members_of(session, guild)] == ["Alpha Fuel", "Bravo Petroleum"]


def test_a_member_is_a_company_that_is_none_yet(client_for: ClientFor, world: World):
    client = client_for("admin")
    for name in ("agency", "guild"):
        reference = world.organizations[name].reference
        answer = client.send(
            path_of(world, "guild"), "organization.add_member", member=reference
        )
        assert "Error: Choose a company." in client.read(answer, 422).main
    answer = client.send(
        path_of(world, "guild"),
        "organization.add_member",
        member=world.organizations["alpha"].reference,
    )
    assert "a member already" in client.read(answer, 422).main


def test_removing_who_is_no_member_is_a_conflict(client_for: ClientFor, world: World):
    client = client_for("admin")
    form = client.page(path_of(world, "guild")).form("organization.remove_member")
    answer = client.submit(form, member=world.organizations["charlie"].reference)
    assert "no member" in client.read(answer, 409).main


def test_a_suspended_organization_is_out_at_once(
    client_for: ClientFor, anonymous: PageClient, session: Session, world: World
):
    admin, alpha = client_for("admin"), client_for("alpha")
    page = admin.follow(
        admin.send(path_of(world, "alpha"), "organization.suspend", reason="Unpaid")
    )
    assert alpha.get("/organizations").status_code == 302
    assert anonymous.sign_in(world.people["alpha"].email, PASSWORD).status_code == 422
    admin.follow(admin.submit(page.form("organization.restore")))
    assert anonymous.sign_in(world.people["alpha"].email, PASSWORD).status_code == 303
    assert world.organization("alpha").state is OrganizationState.ACTIVE
    del session


def test_nobody_suspends_the_own_organization(client_for: ClientFor, world: World):
    client = client_for("admin")
    answer = client.send(path_of(world, "agency"), "organization.suspend", reason="Oops")
    assert "your own organization" in client.read(answer, 422).error_at("reason")

"""Administrators' pages: who comes in, in which roles, and who is kept out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from portal.accounts.models import Membership, Person, Ticket
from portal.accounts.states import PersonState
from portal.accounts.views.links import SHOWN_ONCE
from portal.core.actor import Role
from tests.factories import add_person, suspend_person
from tests.whole.refused import said_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from tests.pages import Page, PageClient
    from tests.world import World

    ClientFor = Callable[[str], PageClient]

INVITE = "/admin/people/invite"

#: What can be done with somebody who acts for an organization.
MEMBERSHIP = {"membership.change_roles", "membership.depute", "membership.end"}


def link_of(page: Page) -> str:
    """Return the path of the link that a page shows, or "" where it shows none."""
    found = re.search(r"http://localhost(/(?:invite|reset)/[\w-]{43,})", page.html)
    return found[1] if found else ""


def path_of(world: World, name: str, move: str = "") -> str:
    return f"/admin/people/{world.people[name].reference}" + (f"/{move}" if move else "")


def invite(client: PageClient, world: World, email: str, to: str, *roles: str):
    organization = world.organizations[to].reference
    return client.send(
        INVITE, "person.invite", addresses=email, organization=organization, roles=list(roles)
    )


@pytest.mark.parametrize("name", ["alpha", "moderator", "mop3", "records", "observer"])
def test_these_pages_are_the_administrators(client_for: ClientFor, world: World, name: str):
    client = client_for(name)
    for path in ("/admin", INVITE, path_of(world, "bravo")):
        client.page(path, 403)
    token = client.page("/account").form().filled["csrf_token"]
    moves = ("suspend", "restore", "reset", "invite_again", "readmit", "reset_factors", "grant")
    of = f"of/{world.organizations['bravo'].reference}"
    for move in (*moves, f"{of}/change_roles", f"{of}/end", f"{of}/depute"):
        answer = client.post(path_of(world, "bravo", move), data={"csrf_token": token})
        assert answer.status_code == 403


def test_the_overview_shows_everybody(client_for: ClientFor, world: World):
    client = client_for("admin")
    page = client.page("/admin")
    assert client.queries <= 8
    for person in world.people.values():
        assert person.email in page.main
    assert "CI/KR" in page.main
    found = client.page("/admin?q=BRAVO")
    assert world.people["bravo"].email in found.main
    assert world.people["charlie"].email not in found.main
    assert "Nobody found" in client.page("/admin?q=100%25").main


def test_an_invitation_shows_its_link_once(
    client_for: ClientFor, anonymous: PageClient, session: Session, world: World
):
    client = client_for("admin")
    answer = invite(client, world, "new@world.example", "bravo", "liaison")
    page = client.read(answer, 200)
    assert "Bravo Petroleum" in anonymous.page(link_of(page)).main
    person = session.scalars(select(Person).where(Person.email == "new@world.example")).one()
    assert person.reference in page.html
    assert link_of(client.page(f"/admin/people/{person.reference}")) == ""


def test_a_new_link_ends_the_earlier_one(
    client_for: ClientFor, anonymous: PageClient, session: Session, world: World
):
    client = client_for("admin")
    first = link_of(client.read(invite(client, world, "new@world.example", "alpha", "liaison")))
    reference = session.scalars(
        select(Person.reference).where(Person.email == "new@world.example")
    ).one()
    show = f"/admin/people/{reference}"
    page = client.page(show)
    assert page.moves == {"person.invite_again", "person.suspend", *MEMBERSHIP}
    second = link_of(client.read(client.submit(page.form("person.invite_again"))))
    anonymous.page(first, 410)
    anonymous.page(second)


def test_a_reset_link_is_shown_once(client_for: ClientFor, anonymous: PageClient, world: World):
    client = client_for("admin")
    form = client.page(path_of(world, "alpha")).form("person.reset")
    link = link_of(client.read(client.submit(form)))
    assert link.startswith("/reset/")
    assert world.people["alpha"].email in anonymous.page(link).html
    assert SHOWN_ONCE in client.follow(client.submit(form)).main


def test_suspending_ends_sessions_and_says_how_many(client_for: ClientFor, world: World):
    admin, alpha, _ = client_for("admin"), client_for("alpha"), client_for("alpha")
    answer = admin.send(path_of(world, "alpha"), "person.suspend", reason="Left the company")
    page = admin.follow(answer)
    assert "Sessions ended: 2." in page.main
    assert "Left the company" in page.main
    assert page.moves == {"person.restore", *MEMBERSHIP}
    assert alpha.get("/account").status_code == 302
    admin.follow(admin.submit(page.form("person.restore")))
    assert client_for("alpha").get("/account").status_code == 200


def test_a_suspension_needs_a_reason(client_for: ClientFor, world: World):
    client = client_for("admin")
    answer = client.send(path_of(world, "alpha"), "person.suspend", reason="  ")
    page = client.read(answer, 422)
    assert "Say why." in said_at(page, page.form("person.suspend"), "reason")


def test_the_last_administrator_stays(client_for: ClientFor, session: Session, world: World):
    client = client_for("admin")
    answer = client.send(path_of(world, "admin"), "person.suspend", reason="A test")
    assert "needs one administrator" in client.read(answer, 422).main
    answer = client.send(path_of(world, "admin"), "membership.change_roles", roles=["records"])
    assert "needs one administrator" in client.read(answer, 422).error_at("roles")
    assert session.get_one(Person, world.people["admin"].id).state is PersonState.ACTIVE
    agency = world.organization("agency")
    add_person(session, agency, Role.ADMIN, "second")
    answer = client.send(path_of(world, "admin"), "membership.change_roles", roles=["records"])
    assert answer.status_code == 303
    client.page("/admin", 403)


def test_an_invited_administrator_does_not_count(
    client_for: ClientFor, session: Session, world: World
):
    client = client_for("admin")
    invite(client, world, "second@world.example", "agency", "admin")
    answer = client.send(path_of(world, "admin"), "person.suspend", reason="A test")
    assert answer.status_code == 422
    assert session.get_one(Person, world.people["admin"].id).state is PersonState.ACTIVE


def test_roles_change_at_once(client_for: ClientFor, session: Session, world: World):
    admin, client = client_for("admin"), client_for("cikr")
    assert client.get("/incidents/EX27/feed/queue").status_code == 200
    answer = admin.send(path_of(world, "cikr"), "membership.change_roles", roles=["erac"])
    assert "ERAC" in admin.follow(answer).main
    assert client.get("/incidents/EX27/feed/queue").status_code == 403
    assert session.get_one(Membership, world.people["cikr"].membership_id).roles == ("erac",)


def test_what_changed_meanwhile_is_a_conflict(
    client_for: ClientFor, session: Session, world: World
):
    client = client_for("admin")
    form = client.page(path_of(world, "alpha")).form("person.suspend")
    suspend_person(session, world.person("alpha"))
    page = client.read(client.submit(form, reason="Too late"), 409)
    assert "person.restore" in page.moves


def test_a_suspended_invitation_is_renewed_not_restored(
    client_for: ClientFor, anonymous: PageClient, session: Session, world: World
):
    client = client_for("admin")
    link = link_of(client.read(invite(client, world, "new@world.example", "alpha", "liaison")))
    person = session.scalars(select(Person).where(Person.email == "new@world.example")).one()
    suspend_person(session, person)
    anonymous.page(link, 410)
    page = client.page(f"/admin/people/{person.reference}")
    assert page.moves == {"person.readmit", *MEMBERSHIP}
    anonymous.page(link_of(client.read(client.submit(page.form("person.readmit")))))


def test_an_administrator_ends_one_session(client_for: ClientFor, world: World):
    admin, lost, kept = client_for("admin"), client_for("alpha"), client_for("alpha")
    page = admin.page(path_of(world, "alpha"))
    assert admin.queries <= 10
    forms = [form for form in page.forms if form.move == "sign_in.end"]
    admin.follow(admin.submit(forms[1]))
    assert lost.get("/account").status_code == 302
    assert kept.get("/account").status_code == 200


def test_only_hashes_of_links_are_kept(client_for: ClientFor, session: Session, world: World):
    client = client_for("admin")
    page = client.read(invite(client, world, "new@world.example", "alpha", "liaison"))
    token = link_of(page).rpartition("/")[2]
    assert token
    assert token not in session.scalars(select(Ticket.token_hash)).all()


def test_nobody_is_absent(client_for: ClientFor):
    client_for("admin").page("/admin/people/NOSUCH00", 404)

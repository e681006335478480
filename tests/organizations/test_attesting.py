"""Once a year an organization's own people confirm whom to call at any hour."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from portal.core.errors import FieldError
from portal.journal.models import Words
from portal.journal.transaction import transaction
from portal.organizations import operations
from portal.organizations.models import Contact, Organization
from tests.pages import words_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from tests.conftest import HeldClock
    from tests.pages import Page, PageClient
    from tests.world import World

    ClientFor = Callable[[str], PageClient]

ATTEST, CORRECT = "organization.attest", "organization.correct_contacts"
FLOOR = "/incidents/EX27/"
YEAR_S = 365 * 86_400

CONTACTS = {
    "contact1_name": "Night desk",
    "contact1_telephone": "573-555-0777",
    "contact1_email": "",
    "contact2_name": "",
    "contact2_telephone": "",
    "contact2_email": "",
}


def path_of(world: World, name: str) -> str:
    return f"/organizations/{world.organizations[name].reference}"


def tasks(page: Page) -> str:
    return words_of(page.one("section[@id='todo']"))


def telephones(session: Session, world: World, name: str) -> list[str]:
    session.rollback()
    query = select(Contact.telephone).where(
        Contact.organization_id == world.organizations[name].id
    )
    return list(session.scalars(query.order_by(Contact.id)))


def test_its_people_confirm_the_contacts(
    client_for: ClientFor, session: Session, world: World, held_clock: HeldClock
):
    client, show = client_for("alpha"), path_of(world, "alpha")
    page = client.page(show)
    assert "Not confirmed by its people yet" in page.main
    page = client.follow(client.send(show, ATTEST))
    assert "Confirmed just now" in page.main
    session.expire_all()
    assert session.get_one(Organization, world.organizations["alpha"].id).is_attested
    held_clock.tick(90 * 86_400 + 1)
    page = client_for("alpha").page(show)
    assert "Confirmed 90 days ago" in page.main
    assert ATTEST in page.moves, "one may confirm them at any time"


@pytest.mark.one_backend
@pytest.mark.parametrize("name", ["bravo", "moderator", "mop3", "admin"])
def test_nobody_else_confirms_or_corrects(client_for: ClientFor, world: World, name: str):
    client = client_for(name)
    assert client.page(path_of(world, "alpha")).moves.isdisjoint({ATTEST, CORRECT})
    token = client.page("/account").form().filled["csrf_token"]
    for move in ("attest", "correct_contacts"):
        path = f"{path_of(world, 'alpha')}/{move}"
        answer = client.post(path, data={"csrf_token": token, "once": "x", **CONTACTS})
        assert answer.status_code == 403


def test_a_liaison_confirms_and_an_administrator_of_the_organization_corrects(
    client_for: ClientFor, session: Session, world: World
):
    show = path_of(world, "alpha")
    assert CORRECT not in client_for("alpha").page(show).moves
    client = client_for("alpha_admin")
    page = client.follow(client.send(show, CORRECT, **CONTACTS))
    assert "573-555-0777" in page.main
    assert "Confirmed just now" in page.main
    assert telephones(session, world, "alpha") == ["573-555-0777"]
    assert not any("0777" in it for it in session.scalars(select(Words.data))), "in no record"


@pytest.mark.one_backend
@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"contact1_name": ""}, "contact1_name", "Write whom to call."),
        (
            {"contact1_name": "", "contact1_telephone": ""},
            "contact1_name",
            "Name at least one person",
        ),
        ({"contact1_telephone": ""}, "contact1_name", "telephone number, too"),
        ({"contact1_telephone": "soon"}, "contact1_telephone", "Write a telephone number"),
        ({"contact1_email": "at home"}, "contact1_email", "Write an e-mail address"),
        ({"contact2_email": "a@b.example"}, "contact2_name", "Write whom to call."),
        ({"contact2_name": "x" * 121}, "contact2_name", "120 characters at most"),
    ],
)
def test_what_is_wrong_is_said_at_the_field(
    client_for: ClientFor, session: Session, world: World, change: dict, field: str, words: str
):
    client, before = client_for("alpha_admin"), telephones(session, world, "alpha")
    answer = client.send(path_of(world, "alpha"), CORRECT, **{**CONTACTS, **change})
    page = client.read(answer, 422)
    assert words in page.error_at(field)
    assert telephones(session, world, "alpha") == before


def test_where_nobody_is_named_there_is_nothing_to_confirm(
    client_for: ClientFor, session: Session, world: World
):
    with transaction(session, world.actor("alpha_admin")) as tx:
        operations.correct_contacts(tx, world.organization("alpha"), [])
    page = client_for("alpha").page(path_of(world, "alpha"))
    assert ATTEST not in page.moves
    assert "Nobody is named yet." in page.main
    with pytest.raises(FieldError), transaction(session, world.actor("alpha")) as tx:
        operations.attest(tx, world.organization("alpha"))


def test_the_floor_asks_once_a_year(client_for: ClientFor, world: World, held_clock: HeldClock):
    words = "Whom does the SEOC call at any hour?"
    client = client_for("alpha_admin")
    page = client.page(FLOOR)
    assert words in tasks(page)
    assert "/organizations/own" in page.links
    assert words not in tasks(client_for("alpha").page(FLOOR))
    assert client.get("/organizations/own").headers["Location"] == path_of(world, "alpha")
    client.send(path_of(world, "alpha"), ATTEST)
    assert words not in tasks(client.page(FLOOR))
    held_clock.tick(YEAR_S - 60)
    client = client_for("alpha_admin")
    assert words not in tasks(client.page(FLOOR))
    held_clock.tick(61)
    assert words in tasks(client.page(FLOOR))


def test_the_directory_shows_staff_what_is_overdue(
    client_for: ClientFor, world: World, held_clock: HeldClock
):
    def of_alpha(page: Page) -> str:
        rows = [it for it in page.all("table/tbody/tr") if "Alpha Fuel" in words_of(it)]
        return words_of(rows[0])

    assert "Not confirmed by its people yet" in of_alpha(
        client_for("mop3").page("/organizations")
    )
    assert "Not confirmed" not in client_for("bravo").page("/organizations").main
    alpha = client_for("alpha")
    alpha.send(path_of(world, "alpha"), ATTEST)
    assert "Not confirmed" not in of_alpha(client_for("mop3").page("/organizations"))
    held_clock.tick(YEAR_S + 1)
    page = client_for("mop3").page("/organizations")
    assert "Not confirmed since more than a year" in of_alpha(page)

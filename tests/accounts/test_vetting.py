"""Vetting: claim beside evidence, the call back, and the answer."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from portal.accounts import operations
from portal.accounts.models import Application, Membership, Person
from portal.accounts.queries import evidence_of
from portal.accounts.states import ApplicationState
from portal.core.actor import SYSTEM
from portal.core.sealing import token_for
from portal.journal.transaction import transaction
from portal.organizations.models import Organization
from tests.factories import add_organization, suspend_person
from tests.pages import words_of
from tests.threads import together

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from tests.conftest import HeldClock
    from tests.pages import Page, PageClient
    from tests.world import World

    ClientFor = Callable[[str], PageClient]

LIST = "/organizations/applications"

CALLED = {"call_back_number": "573-555-0777", "call_back_source": "Secretary of State"}


def applied(session: Session, **changes: str) -> Application:
    told = {
        "name": "Delta Haulers", "kind": "company", "sectors": ("TRAN",),
        "counties": ("29097",), "website": "https://www.delta.example/about",
        "person_name": "Dee Lee", "email": "dee@delta.example",
        "telephone": "(573) 555-0999", "why": "We have trucks.",
    }  # fmt: skip
    key = secrets.token_hex(8)
    with transaction(session, SYSTEM) as tx:
        claim = operations.Claim(**told | changes)
        token = token_for("a key", f"application {key}")
        return operations.apply(tx, claim, key=key, token=token)


def path_of(row: Application) -> str:
    return f"{LIST}/{row.reference}"


def known(page: Page) -> str:
    return words_of(page.one("section[@aria-labelledby='known-h']"))


@pytest.mark.one_backend
@pytest.mark.parametrize("name", ["alpha", "alpha_admin", "moderator", "erac", "records"])
def test_vetting_is_mop3s_and_the_administrators(
    client_for: ClientFor, session: Session, name: str
):
    row, client = applied(session), client_for(name)
    for path in (LIST, path_of(row)):
        client.page(path, 403)
    token = client.page("/account").form().filled["csrf_token"]
    for move in ("approve", "ask", "refuse"):
        answer = client.post(f"{path_of(row)}/{move}", data={"csrf_token": token})
        assert answer.status_code == 403


def test_the_oldest_stands_first_and_the_floor_says_how_many_wait(
    client_for: ClientFor, session: Session, held_clock: HeldClock
):
    client = client_for("mop3")
    assert "Nobody waits" in client.page(LIST).main
    for name in ("First", "Second", "Third"):
        applied(session, name=name, email=f"{name}@x.example")
        held_clock.tick(60)
    page = client.page(LIST)
    assert client.queries <= 12
    names = [words_of(it) for it in page.all("table/tbody/tr/th/a")]
    assert names == ["First", "Second", "Third"]
    floor = client.page("/incidents/EX27/")
    assert "3 organizations wait to be vetted" in floor.main
    assert LIST in floor.links
    assert "wait to be vetted" not in client_for("moderator").page("/incidents/EX27/").main


@pytest.mark.parametrize(
    ("email", "website", "says"),
    [
        ("dee@delta.example", "https://www.delta.example/about", "Same domain"),
        ("dee@mail.delta.example", "https://delta.example", "Same domain"),
        ("dee@evildelta.example", "https://delta.example", "Other domain"),
        ("dee@gmail.com", "https://gmail.com", "Free e-mail"),
        ("dee@delta.example", "", "No website"),
    ],
)
@pytest.mark.one_backend
def test_the_domain_of_the_address_is_compared_with_the_website(
    client_for: ClientFor, session: Session, email: str, website: str, says: str
):
    row = applied(session, email=email, website=website)
    client = client_for("mop3")
    page = client.page(path_of(row))
    assert client.queries <= 12
    assert says in known(page)


def test_what_is_known_stands_beside_the_claim(
    client_for: ClientFor, session: Session, world: World
):
    add_organization(session, "Delta Hauling")
    other = applied(session, name="Another", email="x@world.example")
    row = applied(session, email=world.people["bravo"].email)
    found = evidence_of(session, row)
    assert [it.name for it in found.alike] == ["Delta Hauling"]
    assert found.people[0][0].email == world.people["bravo"].email, "the very address first"
    assert len(found.people) == 5
    assert [it.id for it in found.applications] == [other.id]
    text = known(client_for("mop3").page(path_of(row)))
    for word in ("Delta Hauling", "this very address", "Bravo Petroleum", "Another"):
        assert word in text


def test_an_approval_registers_and_invites(
    client_for: ClientFor, anonymous: PageClient, session: Session
):
    row, client = applied(session), client_for("mop3")
    page = client.read(client.send(path_of(row), "application.approve", **CALLED), 200)
    (link,) = set(re.findall(r"http://localhost(/invite/[\w-]{43})", page.html))
    assert "Delta Haulers" in anonymous.page(link).main
    session.rollback()
    session.expire_all()
    organization = session.get_one(Organization, row.organization_id)
    assert (organization.name, organization.counties) == ("Delta Haulers", ("29097",))
    person = session.scalars(select(Person).where(Person.email == row.email)).one()
    membership = session.scalars(
        select(Membership).where(Membership.person_id == person.id)
    ).one()
    assert membership.roles == ("liaison", "org_admin")
    assert (row.state, row.call_back_source) == (
        ApplicationState.APPROVED,
        "Secretary of State",
    )
    page = client.page(path_of(row))
    assert page.moves == set()
    assert "573-555-0777, from Secretary of State" in page.main


def test_who_has_a_sign_in_acts_for_it_too(
    client_for: ClientFor, session: Session, world: World
):
    row, client = applied(session, email=world.people["charlie"].email), client_for("mop3")
    page = client.follow(client.send(path_of(row), "application.approve", **CALLED))
    assert "has a sign-in already" in page.main
    session.rollback()
    session.expire_all()
    memberships = session.scalars(
        select(Membership).where(Membership.person_id == world.people["charlie"].id)
    ).all()
    assert len(memberships) == 2


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"call_back_number": ""}, "call_back_number", "Write the number."),
        ({"call_back_number": "573 555 0999"}, "call_back_number", "an independent source"),
        ({"call_back_number": "+1 573.555.0999 x7"}, "call_back_number", "independent source"),
        ({"call_back_source": " "}, "call_back_source", "Say where the number is from."),
        ({"name": ""}, "name", "Write the organization’s name."),
        ({"name": "Bravo Petroleum"}, "name", "There is an organization of this name already."),
    ],
)
def test_an_approval_that_is_not_ready_is_refused_at_the_field(
    client_for: ClientFor, session: Session, change: dict, field: str, words: str
):
    row, client = applied(session), client_for("mop3")
    before = len(session.scalars(select(Organization.id)).all())
    answer = client.send(path_of(row), "application.approve", **{**CALLED, **change})
    page = client.read(answer, 422)
    assert words in page.error_at(field)
    session.rollback()
    assert len(session.scalars(select(Organization.id)).all()) == before
    assert session.get_one(Application, row.id).state is ApplicationState.WAITING


def test_who_is_kept_out_is_not_let_in_by_an_application(
    client_for: ClientFor, session: Session, world: World
):
    suspend_person(session, world.person("charlie"))
    row, client = applied(session, email=world.people["charlie"].email), client_for("mop3")
    answer = client.send(path_of(row), "application.approve", **CALLED)
    assert "Who applied is suspended" in client.read(answer, 422).main
    session.rollback()
    assert (
        session.scalars(select(Organization).where(Organization.name == row.name)).all() == []
    )


def test_asking_and_declining(client_for: ClientFor, session: Session):
    row, client = applied(session), client_for("admin")
    page = client.follow(client.send(path_of(row), "application.ask", question="Since when?"))
    assert page.moves == {"application.approve", "application.refuse"}
    assert "Since when?" in page.main
    answer = client.send(path_of(row), "application.refuse", reason=" ")
    assert "Say why." in client.read(answer, 422).error_at("reason")
    page = client.follow(client.send(path_of(row), "application.refuse", reason="Unknown."))
    assert page.moves == set()
    assert "Unknown." in page.main


def test_of_several_who_answer_one_is_first(client_for: ClientFor, session: Session):
    row = applied(session)
    clients = [client_for(name) for name in ("mop3", "admin")] * 2
    forms = [client.page(path_of(row)).form("application.approve") for client in clients]
    answers = together(
        [
            lambda c=client, f=form: c.submit(f, **CALLED)
            for client, form in zip(clients, forms, strict=True)
        ]
    )
    statuses = sorted(it.status_code for it in answers)
    assert statuses[0] == 200
    assert set(statuses[1:]) <= {409, 422}
    session.rollback()
    names = session.scalars(select(Organization).where(Organization.name == row.name)).all()
    assert len(names) == 1

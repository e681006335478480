"""`portal invite`: the first administrator of a new portal, and the way back in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from portal.accounts.models import Person
from portal.organizations.models import Organization
from tests.accounts.coming import join
from tests.factories import suspend_person

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from sqlalchemy.orm import Session

    from tests.world import World

pytestmark = pytest.mark.one_backend

FIRST = "first@agency.example"


@pytest.fixture
def portal_invite(app: Flask) -> Callable[..., tuple[int, str]]:
    """Return the command; it answers with its exit code and its last line."""

    def run(*arguments: str) -> tuple[int, str]:
        result = app.test_cli_runner().invoke(args=["invite", *arguments])
        return result.exit_code, result.output.strip().splitlines()[-1]

    return run


def new(email: str = FIRST, organization: str = "State Agency", role: str = "admin"):
    return (email, "--organization", organization, "--role", role)


def test_the_first_administrator_brings_the_agency(portal_invite: Callable, app: Flask):
    code, link = portal_invite(*new())
    assert code == 0
    assert link.startswith("http://localhost:8000/invite/")
    client = app.test_client()
    path = link.removeprefix("http://localhost:8000")
    join(client, path)
    client.page("/admin")


def test_a_refusal_leaves_nothing(portal_invite: Callable, session: Session):
    for arguments in (
        new(role="liaison"),
        new(email="no address"),
        (FIRST,),
        (FIRST, "--role", "admin"),
    ):
        code, said = portal_invite(*arguments)
        assert (code != 0, "http" in said) == (True, False)
    assert session.scalars(select(Organization)).all() == []
    assert session.scalars(select(Person)).all() == []


def test_only_the_first_organization_is_made(
    portal_invite: Callable, session: Session, world: World
):
    before = len(world.organizations)
    code, said = portal_invite(*new(organization="Misspelled Agency"))
    assert (code, said) == (1, "Error: No organization is called “Misspelled Agency”.")
    assert len(session.scalars(select(Organization.id)).all()) == before


def test_somebody_invited_gets_a_new_link(portal_invite: Callable, app: Flask):
    _, first = portal_invite(*new())
    _, second = portal_invite(FIRST)
    client = app.test_client()
    client.page(first.removeprefix("http://localhost:8000"), 410)
    client.page(second.removeprefix("http://localhost:8000"))


def test_somebody_who_joined_gets_a_reset(portal_invite: Callable, app: Flask, world: World):
    code, link = portal_invite(world.people["admin"].email)
    assert code == 0
    assert link.startswith("http://localhost:8000/reset/")
    app.test_client().page(link.removeprefix("http://localhost:8000"))


def test_the_suspended_get_nothing(portal_invite: Callable, session: Session, world: World):
    suspend_person(session, world.person("alpha"))
    email = world.people["alpha"].email
    assert portal_invite(email) == (1, f"Error: {email} is suspended.")

"""Signing in and out: who comes in, what the others are told, and how often they may try."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from portal.accounts.operations import TERMS_VERSION
from portal.accounts.views.sign_in import SLOW_DOWN, WRONG
from portal.journal.housekeeping import housekeeping
from tests.factories import change_roles, suspend_organization, suspend_person
from tests.passkeys import of_person
from tests.world import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from sqlalchemy.orm import Session

    from portal.accounts.models import Person
    from tests.conftest import HeldClock
    from tests.pages import PageClient
    from tests.world import World

    ClientFor = Callable[[str], PageClient]


def agreed_to_older_terms(session: Session, person: Person) -> None:
    """Let it be so that the person agreed to other terms than those of now."""
    with housekeeping(session):
        person.terms_version = TERMS_VERSION - 1
    session.refresh(person)


def test_the_terms_say_what_everybody_must_know(
    anonymous: PageClient, session: Session, world: World
):
    agreed_to_older_terms(session, world.person("alpha"))
    answer = anonymous.sign_in(world.people["alpha"].email, PASSWORD)
    page = anonymous.follow(answer)
    assert page.url == "/sign-in/terms"
    for words in (
        "Competitors share this room",
        "prices",
        "TLP:CLEAR",
        "Missouri Sunshine Law",
    ):
        assert words in page.main
    assert anonymous.get("/account").status_code == 302, "nobody is in before agreeing"
    anonymous.submit(page.form("person.accept_terms"))
    assert anonymous.get("/account").status_code == 200


def test_the_page_helps_the_browser_and_tells_nobody(anonymous: PageClient, world: World):
    page = anonymous.page("/sign-in")
    assert page.one("input[@name='email']").get("autocomplete") == "username webauthn"
    assert page.one("input[@name='password']").get("autocomplete") == "current-password"
    assert world.people["alpha"].email not in page.html


def test_the_right_password_lets_in(anonymous: PageClient, world: World):
    answer = anonymous.sign_in(world.people["alpha"].email.upper(), PASSWORD)
    assert answer.status_code == 303
    assert "Alpha Person" in anonymous.page("/account").main


def test_one_goes_where_one_wanted_to_go(anonymous: PageClient, world: World):
    asked, email = anonymous.get("/organizations?x=1"), world.people["alpha"].email
    to = asked.headers["Location"]
    anonymous.send("/sign-in", "sign_in.start", to=to, email=email, password=PASSWORD)
    answer = anonymous.show_passkey("/sign-in/second", of_person(email))
    assert answer.headers["Location"] == "/organizations?x=1"


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil", "x"])
def test_one_goes_nowhere_else(anonymous: PageClient, world: World, target: str):
    to, email = f"/sign-in?next={target}", world.people["alpha"].email
    anonymous.send("/sign-in", "sign_in.start", to=to, email=email, password=PASSWORD)
    answer = anonymous.show_passkey("/sign-in/second", of_person(email))
    assert answer.headers["Location"] == "/"


def test_all_that_is_wrong_looks_the_same(
    anonymous: PageClient, session: Session, world: World
):
    suspend_person(session, world.person("bravo"))
    suspend_organization(session, world.organization("charlie"))
    emails = {
        "nobody@world.example": PASSWORD,
        world.people["alpha"].email: "a wrong password",
        world.people["bravo"].email: PASSWORD,
        world.people["charlie"].email: PASSWORD,
    }
    said = set()
    for email, password in emails.items():
        answer = anonymous.sign_in(email, password)
        page = anonymous.read(answer, 422)
        assert WRONG in page.main
        said.add(page.main)
    assert len(said) == 1


def test_wrong_tries_are_slowed_down_and_others_are_not(
    anonymous: PageClient, app: Flask, world: World
):
    email = world.people["alpha"].email
    known = app.test_client()
    assert known.sign_in(email, PASSWORD).status_code == 303
    for _ in range(5):
        assert anonymous.sign_in(email, "a wrong password").status_code == 422
    page = anonymous.read(anonymous.sign_in(email, PASSWORD), 429)
    assert SLOW_DOWN in page.main
    assert app.test_client().sign_in(world.people["bravo"].email, PASSWORD).status_code == 303
    elsewhere = app.test_client()
    elsewhere.environ_base["REMOTE_ADDR"] = "127.0.0.2"
    assert elsewhere.sign_in(email, PASSWORD).status_code == 303, "the owner is not locked out"
    known.delete_cookie("sid")
    assert known.sign_in(email, PASSWORD).status_code == 303, "nor here, on a known device"


def test_nobody_is_told_who_has_a_sign_in_by_being_slowed_down(anonymous: PageClient):
    answers = [anonymous.sign_in("nobody@world.example", "wrong").status_code for _ in range(6)]
    assert answers == [422] * 5 + [429]


def test_right_passwords_are_not_counted(anonymous: PageClient, world: World):
    for _ in range(7):
        assert anonymous.sign_in(world.people["alpha"].email, PASSWORD).status_code == 303


def test_signing_out_ends_the_session_itself(client_for: ClientFor, app: Flask):
    client = client_for("alpha")
    cookie = client.get_cookie("sid")
    client.post(
        "/sign-out", data={"csrf_token": client.page("/account").form().filled["csrf_token"]}
    )
    thief = app.test_client()
    thief.set_cookie("sid", cookie.value)
    assert thief.get("/account").status_code == 302


@pytest.mark.parametrize(("name", "minutes"), [("alpha", 60), ("moderator", 30)])
def test_an_idle_session_ends(
    client_for: ClientFor, held_clock: HeldClock, name: str, minutes: int
):
    client = client_for(name)
    held_clock.tick(60 * (minutes - 1))
    assert client.get("/account").status_code == 200
    held_clock.tick(60 * (minutes + 1))
    assert client.get("/account").status_code == 302


def test_people_go_on_reading_while_nothing_can_be_written(
    app: Flask, client_for: ClientFor, held_clock: HeldClock
):
    client, database = client_for("alpha"), app.extensions["database"]
    held_clock.tick(40 * 60)
    database.is_failing = True
    assert client.get("/account").status_code == 200
    database.is_failing = False
    assert client.get("/account").status_code == 200
    held_clock.tick(50 * 60)
    assert client.get("/account").status_code == 200, "it was noted as soon as it could be"


def test_no_session_lasts_longer_than_twelve_hours(
    client_for: ClientFor, held_clock: HeldClock
):
    client = client_for("alpha")
    for _ in range(23):
        held_clock.tick(30 * 60)
        assert client.get("/account").status_code == 200
    held_clock.tick(30 * 60)
    assert client.get("/account").status_code == 302


@pytest.mark.parametrize("shut_out", ["person", "organization", "agency's role"])
def test_what_is_taken_away_is_gone_at_once(
    client_for: ClientFor, session: Session, world: World, shut_out: str
):
    if shut_out == "person":
        client, path, status = client_for("alpha"), "/account", 302
        suspend_person(session, world.person("alpha"))
    elif shut_out == "organization":
        client, path, status = client_for("alpha"), "/account", 302
        suspend_organization(session, world.organization("alpha"))
    else:
        client, path, status = client_for("mop3"), "/organizations/new", 403
        assert client.get(path).status_code == 200
        change_roles(session, world.membership("mop3"), world.people["observer"].role)
    assert client.get(path).status_code == status

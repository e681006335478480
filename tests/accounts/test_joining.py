"""Invitations and resets: a link works once, for a while, and only when its form is sent."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from portal.accounts import operations
from portal.accounts.models import Authenticator, Person, SignIn, Ticket
from portal.accounts.queries import hash_token
from portal.accounts.states import PersonState, SignInState
from portal.core import clock
from portal.core.actor import SYSTEM
from portal.journal.models import Entry, Words
from portal.journal.transaction import transaction
from tests.accounts.coming import NAME, code_now, form_to, join, key_of, send_join
from tests.accounts.coming import PASSWORD as NEW
from tests.factories import suspend_organization, suspend_person

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from sqlalchemy.orm import Session

    from tests.conftest import HeldClock
    from tests.pages import Form, PageClient
    from tests.world import World


@pytest.fixture
def reset(session: Session, world: World) -> str:
    """Return the path of a link by which the liaison of Alpha Fuel sets a new password."""
    with transaction(session, SYSTEM) as tx:
        return f"/reset/{operations.reset(tx, world.person('alpha'))}"


def ticket_of(session: Session, path: str) -> Ticket:
    token = path.rpartition("/")[2]
    return session.scalars(select(Ticket).where(Ticket.token_hash == hash_token(token))).one()


def test_an_invitation_lets_somebody_in_once(
    anonymous: PageClient, session: Session, invited: tuple[Person, str]
):
    person, path = invited
    page = anonymous.page(path)
    assert "Alpha Fuel" in page.main
    assert 'value="new.person@world.example"' in page.html
    codes = join(anonymous, path)
    assert len(set(codes)) == 10
    assert NAME in anonymous.page("/account").main
    session.refresh(person)
    assert (person.state, person.name) == (PersonState.ACTIVE, NAME)
    assert NEW not in (person.password_hash or NEW)
    anonymous.page(path, 410)


def test_looking_at_a_link_uses_nothing_up(
    anonymous: PageClient, session: Session, invited: tuple[Person, str]
):
    for _ in range(3):
        anonymous.page(invited[1])
        assert anonymous.head(invited[1]).status_code == 200
    assert ticket_of(session, invited[1]).used_at is None


def test_the_token_is_kept_nowhere(session: Session, invited: tuple[Person, str]):
    token = invited[1].rpartition("/")[2]
    assert len(token) >= 43, "256 bits"
    ticket = ticket_of(session, invited[1])
    assert token not in vars(ticket).values()
    assert not any(token in data for data in session.scalars(select(Words.data)))


def test_no_address_of_these_pages_travels(anonymous: PageClient, invited: tuple[Person, str]):
    for path in (invited[1], "/invite/nothing", "/reset/nothing"):
        answer = anonymous.get(path)
        assert answer.headers["Referrer-Policy"] == "strict-origin"
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("hours", "status"), [(71.9, 200), (72.1, 410)])
def test_an_invitation_lasts_72_hours(
    anonymous: PageClient,
    invited: tuple[Person, str],
    held_clock: HeldClock,
    hours: float,
    status: int,
):
    held_clock.tick(hours * 3600)
    anonymous.page(invited[1], status)


@pytest.mark.parametrize(("minutes", "status"), [(29, 200), (31, 410)])
def test_a_reset_lasts_30_minutes(
    anonymous: PageClient, reset: str, held_clock: HeldClock, minutes: int, status: int
):
    held_clock.tick(minutes * 60)
    anonymous.page(reset, status)


def test_every_dead_link_is_answered_alike(
    anonymous: PageClient, session: Session, world: World, invited: tuple[Person, str]
):
    with transaction(session, SYSTEM) as tx:
        newer = f"/invite/{operations.invite_again(tx, invited[0])}"
    replaced = anonymous.page(invited[1], 410)
    unknown = anonymous.page("/invite/unknown", 410)
    wrong_kind = anonymous.page(newer.replace("/invite/", "/reset/"), 410)
    suspend_organization(session, world.organization("alpha"))
    shut_out = anonymous.page(newer, 410)
    assert replaced.main == unknown.main == wrong_kind.main == shut_out.main


def test_a_link_that_dies_under_the_form_writes_nothing(
    anonymous: PageClient, session: Session, invited: tuple[Person, str]
):
    form, typed = filled_in(anonymous, invited[1])
    suspend_person(session, invited[0])
    assert anonymous.submit(form, **typed).status_code == 410
    session.refresh(invited[0])
    assert invited[0].password_hash is None


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("", "Choose a password."),
        ("short words", "12 characters at least"),
        ("password1234", "easy to guess"),
        ("Missouri2026!!", "easy to guess"),
        ("x" * 129, "128 characters at most"),
        ("xx NEW.person xx", "must not contain your e-mail address"),
    ],
)
def test_a_poor_password_is_said_at_the_field(
    anonymous: PageClient, invited: tuple[Person, str], password: str, words: str
):
    answer = send_join(anonymous, invited[1], password=password)
    page = anonymous.read(answer, 422)
    assert words in page.error_at("password")
    assert 'value="New Person"' in page.html, "what was typed is kept"
    assert not password or password not in page.html, "a password is not"
    anonymous.page(invited[1], 200)


def test_twenty_at_once_make_one_person(
    make_app: Callable, session: Session, invited: tuple[Person, str]
):
    join = opened_by_many(make_app(), invited[1])
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(join, range(20)))
    assert sorted(answers) == [303] + [410] * 19
    held = select(func.count()).where(Authenticator.person_id == invited[0].id)
    assert session.scalar(held) == 1


def opened_by_many(app: Flask, path: str) -> Callable[[int], int]:
    """Let twenty open the page; return how one of them then sends its form."""
    clients = [app.test_client() for _ in range(20)]
    forms = [filled_in(client, path) for client in clients]

    def join(number: int) -> int:
        form, typed = forms[number]
        return clients[number].post(path, data={**form.filled, **typed}).status_code

    return join


def filled_in(client: PageClient, path: str) -> tuple[Form, dict[str, str]]:
    """Return the form of an invitation, and what somebody types into it."""
    page = client.page(path)
    typed = {"name": NAME, "password": NEW, "code": code_now(key_of(page))}
    return form_to(page, path), typed


def test_a_reset_ends_every_session_and_begins_none(
    anonymous: PageClient,
    client_for: Callable[[str], PageClient],
    session: Session,
    world: World,
    reset: str,
):
    before = client_for("alpha")
    answer = anonymous.send(reset, "person.recover", password=NEW)
    page = anonymous.follow(answer)
    assert page.url == "/sign-in"
    assert "Sign in with the new one" in page.main
    assert anonymous.get("/account").status_code == 302
    assert before.get("/account").status_code == 302
    open_ = select(SignIn).where(SignIn.state == SignInState.OPEN)
    assert (
        session.scalars(open_.where(SignIn.person_id == world.people["alpha"].id)).all() == []
    )
    assert anonymous.sign_in(world.people["alpha"].email, NEW).status_code == 303
    anonymous.page(reset, 410)


def test_of_fifty_who_use_a_reset_at_once_one_does(
    make_app: Callable, session: Session, reset: str
):
    app = make_app()
    clients = [app.test_client() for _ in range(50)]
    forms = [form_to(client.page(reset), reset) for client in clients]

    def send(number: int) -> int:
        return clients[number].submit(forms[number], password=NEW).status_code

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(send, range(50)))
    assert sorted(answers) == [303] + [410] * 49
    moves = select(Entry.move).where(Entry.subject == "person", Entry.move == "recover")
    assert session.scalars(moves).all() == ["recover"]


def test_a_reset_cannot_be_used_as_an_invitation(anonymous: PageClient, reset: str):
    anonymous.page(reset.replace("/reset/", "/invite/"), 410)


def test_the_clock_is_read_when_the_form_is_sent(
    anonymous: PageClient, invited: tuple[Person, str], held_clock: HeldClock
):
    form, typed = filled_in(anonymous, invited[1])
    held_clock.set(clock.now() + timedelta(hours=73))
    assert anonymous.submit(form, **typed).status_code == 410

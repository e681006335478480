"""Passkeys: what is believed of a browser's answer, and what is not."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from portal.accounts.models import Passkey, Person, SignIn
from portal.core import clock
from tests.accounts.coming import form_to, join_by_passkey, send_password
from tests.factories import suspend_person
from tests.passkeys import PRESENT, SoftPasskey, asked_of, of_person
from tests.world import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from sqlalchemy.orm import Session
    from werkzeug.test import TestResponse

    from tests.conftest import HeldClock
    from tests.pages import PageClient
    from tests.world import World

    ClientFor = Callable[[str], PageClient]


def send(client: PageClient, passkey: SoftPasskey, **bent: Any) -> TestResponse:
    """Show a passkey on the sign-in page, told otherwise as a test wants it."""
    page = client.page("/sign-in")
    credential = passkey.show(asked_of(page.html), **bent)
    return client.submit(form_to(page, "/sign-in/passkey"), credential=credential)


def is_refused(client: PageClient, answer: TestResponse) -> bool:
    """Return whether an answer leaves one outside, with the page to try again."""
    page = client.read(answer, 422)
    is_out = client.get("/account").status_code == 302
    return is_out and page.url.startswith("/sign-in")


@pytest.mark.parametrize(
    "bent",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://localhost.evil.example"},
        {"origin": "http://localhost:1"},
        {"rp_id": "evil.example"},
        {"type": "webauthn.create"},
        {"challenge": "AAAA"},
    ],
    ids=str,
)
def test_what_is_meant_for_another_site_or_moment_is_refused(
    anonymous: PageClient, world: World, bent: dict[str, str]
):
    passkey = of_person(world.people["alpha"].email)
    assert is_refused(anonymous, send(anonymous, passkey, **bent))


def test_an_owner_who_was_not_asked_is_refused(anonymous: PageClient, world: World):
    passkey = of_person(world.people["alpha"].email)
    passkey.flags = PRESENT
    assert is_refused(anonymous, send(anonymous, passkey))


def test_another_key_under_a_known_name_is_refused(anonymous: PageClient, world: World):
    forged = SoftPasskey(credential_id=of_person(world.people["alpha"].email).credential_id)
    assert is_refused(anonymous, send(anonymous, forged))


def test_an_unknown_passkey_is_refused(anonymous: PageClient):
    assert is_refused(anonymous, send(anonymous, SoftPasskey()))


@pytest.mark.parametrize(
    "credential", ["", "x", "[]", "{}", '{"id": 7}', '{"id": "AA"}', "[" * 5000, "9" * 30_000]
)
def test_what_is_no_answer_of_a_browser_is_refused(anonymous: PageClient, credential: str):
    page = anonymous.page("/sign-in")
    form = form_to(page, "/sign-in/passkey")
    assert is_refused(anonymous, anonymous.submit(form, credential=credential))


def test_an_answer_counts_once(anonymous: PageClient, app: Flask, world: World):
    passkey = of_person(world.people["alpha"].email)
    page = anonymous.page("/sign-in")
    cookie = anonymous.get_cookie("sid")
    assert cookie is not None
    sent = form_to(page, "/sign-in/passkey").filled | {
        "credential": passkey.show(asked_of(page.html))
    }
    assert anonymous.post("/sign-in/passkey", data=sent).status_code == 303
    thief = app.test_client()
    thief.set_cookie("sid", cookie.value)
    assert thief.post("/sign-in/passkey", data=sent).status_code == 422
    assert thief.get("/account").status_code == 302


def test_an_answer_counts_for_ten_minutes(
    anonymous: PageClient, world: World, held_clock: HeldClock
):
    page = anonymous.page("/sign-in")
    shown = of_person(world.people["alpha"].email).show(asked_of(page.html))
    held_clock.tick(601)
    answer = anonymous.submit(form_to(page, "/sign-in/passkey"), credential=shown)
    assert is_refused(anonymous, answer)


def test_a_counter_that_goes_back_means_a_copy(
    anonymous: PageClient, app: Flask, session: Session, world: World
):
    passkey = of_person(world.people["alpha"].email)
    passkey.count = 7
    assert send(anonymous, passkey).status_code == 303
    session.rollback()
    kept = select(Passkey.sign_count).where(Passkey.credential_id == passkey.name)
    assert session.scalar(kept) == 7
    passkey.count = 6
    copy = app.test_client()
    assert is_refused(copy, send(copy, passkey))


def test_who_is_suspended_gets_no_further_by_a_passkey(
    anonymous: PageClient, session: Session, world: World
):
    suspend_person(session, world.person("alpha"))
    assert is_refused(anonymous, send(anonymous, of_person(world.people["alpha"].email)))


def test_after_a_password_only_the_same_persons_passkey_counts(
    anonymous: PageClient, world: World
):
    send_password(anonymous, world.people["alpha"].email, PASSWORD)
    page = anonymous.page("/sign-in/second")
    shown = of_person(world.people["bravo"].email).show(asked_of(page.html))
    answer = anonymous.submit(form_to(page, "/second/passkey"), credential=shown)
    assert anonymous.read(answer, 422).url.startswith("/sign-in/second")
    assert anonymous.get("/account").status_code == 302


def test_somebody_invited_needs_a_name_and_one_tap(
    anonymous: PageClient, app: Flask, session: Session, invited: tuple[Person, str]
):
    passkey = SoftPasskey()
    codes = join_by_passkey(anonymous, invited[1], passkey)
    assert len(codes) == 10
    session.refresh(invited[0])
    assert invited[0].password_hash is None
    assert "New Person" in anonymous.page("/account").main
    again = app.test_client()
    assert send(again, passkey).headers["Location"] == "/"


def test_a_passkey_has_a_name_and_can_be_removed(client_for: ClientFor, app: Flask):
    client, other = client_for("alpha"), client_for("alpha")
    passkey = SoftPasskey()
    page = client.page("/account/factors/add")
    made = passkey.make(asked_of(page.html))
    form = form_to(page, "/add_passkey")
    page = client.follow(client.submit(form, label="Work phone", credential=made))
    assert "Passkey “Work phone”" in page.main
    newcomer = app.test_client()
    assert send(newcomer, passkey).status_code == 303
    forms = [it for it in page.forms if it.move == "person.remove_factor"]
    page = client.follow(client.submit(forms[-1]))
    assert "Work phone" not in page.main
    assert other.get("/account").status_code == 302, "other sessions end"
    assert newcomer.get("/account").status_code == 302
    again = app.test_client()
    assert is_refused(again, send(again, passkey))


def test_a_known_passkey_is_not_taken_twice(client_for: ClientFor, world: World):
    client = client_for("bravo")
    page = client.page("/account/factors/add")
    stolen = of_person(world.people["alpha"].email).make(asked_of(page.html))
    answer = client.submit(form_to(page, "/add_passkey"), credential=stolen)
    assert "known already" in client.read(answer, 422).html


def test_the_last_way_in_is_kept(client_for: ClientFor):
    client = client_for("alpha")
    page = client.page("/account/factors")
    page = client.read(client.submit(page.form("person.remove_factor")), 422)
    assert "Add another first" in page.main
    assert "Passkey “Test”" in page.main


def test_another_persons_passkey_is_not_there(
    client_for: ClientFor, session: Session, world: World
):
    client = client_for("bravo")
    mine = select(Passkey.reference).where(Passkey.person_id == world.people["alpha"].id)
    reference = session.scalar(mine)
    form = client.page("/account/factors").form("person.remove_factor")
    path = f"/account/factors/passkeys/{reference}/remove_factor"
    assert client.submit(form, to=path).status_code == 404


def test_what_could_shut_one_out_wants_the_factors_again(
    client_for: ClientFor, session: Session, world: World, held_clock: HeldClock
):
    client = client_for("alpha")
    removing = client.page("/account/factors").form("person.remove_factor")
    held_clock.tick(601)
    before = client.get_cookie("sid")
    page = client.follow(client.get("/account/factors/add", follow_redirects=False))
    assert page.url.startswith("/account/prove")
    answer = client.submit(removing)
    assert "/account/prove" in answer.headers["Location"]
    answer = client.show_passkey(page.url, of_person(world.people["alpha"].email))
    assert answer.headers["Location"] == "/account/factors/add"
    assert client.get("/account/factors/add").status_code == 200
    row = session.scalars(
        select(SignIn).where(SignIn.person_id == world.people["alpha"].id)
    ).one()
    assert row.proved_at == clock.now()
    after = client.get_cookie("sid")
    assert before is not None
    assert after is not None
    assert before.value != after.value
    client.set_cookie("sid", before.value)
    assert client.get("/account").status_code == 302, "the former id is worth nothing"


def test_ending_a_session_wants_the_factors_again(client_for: ClientFor, held_clock: HeldClock):
    here, there = client_for("alpha"), client_for("alpha")
    form = here.page("/account").form("sign_in.end")
    held_clock.tick(601)
    answer = here.submit(form)
    assert answer.headers["Location"] == "/account/prove?next=/account"
    assert there.get("/account").status_code == 200


def test_somebody_else_cannot_prove_it(
    client_for: ClientFor, world: World, held_clock: HeldClock
):
    client = client_for("alpha")
    held_clock.tick(601)
    page = client.page("/account/prove")
    shown = of_person(world.people["bravo"].email).show(asked_of(page.html))
    answer = client.submit(form_to(page, "/prove/passkey"), credential=shown)
    assert answer.status_code == 422


def test_five_sessions_and_no_sixth(client_for: ClientFor, held_clock: HeldClock):
    clients = []
    for _ in range(6):
        clients.append(client_for("alpha"))
        held_clock.tick(1)
    assert [it.get("/account").status_code for it in clients] == [302] + [200] * 5


def test_staying_is_one_tap(client_for: ClientFor, held_clock: HeldClock):
    client = client_for("alpha")
    held_clock.tick(59 * 60)
    token = {"X-CSRFToken": client.page("/account").form().filled["csrf_token"]}
    held_clock.tick(59 * 60)
    told = client.post("/account/stay", headers={**token, "Accept": "application/json"})
    assert json.loads(told.text)["ends"] == (clock.now() + timedelta(hours=1)).isoformat()

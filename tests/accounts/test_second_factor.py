"""The second factor: nobody is in without it, and each code lets in once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from portal.accounts import one_time, operations
from portal.accounts.models import Authenticator, Person, RecoveryCode, SignIn
from portal.accounts.queries import factors_of
from portal.accounts.states import SignInState
from portal.accounts.views.second import WRONG_CODE
from portal.core.actor import SYSTEM
from portal.core.passwords import hash_password
from portal.core.sealing import seal
from portal.journal.models import Words
from portal.journal.transaction import transaction
from tests.accounts.coming import code_now, form_to, go_in, key_of, send_password
from tests.passkeys import asked_of, of_person
from tests.threads import BUSY
from tests.world import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from sqlalchemy.orm import Session

    from tests.conftest import HeldClock
    from tests.pages import PageClient
    from tests.world import World

    ClientFor = Callable[[str], PageClient]

MANY = 50


@pytest.fixture
def key(app: Flask, session: Session, world: World) -> str:
    """Give the liaison of Alpha Fuel an authenticator app, and return its key."""
    secret = one_time.new_secret()
    with transaction(session, world.actor("alpha")) as tx:
        person = tx.session.get_one(Person, world.people["alpha"].id)
        sealed = seal(str(app.secret_key), secret)
        operations.set_authenticator(tx, person, secret=sealed, step=0)
    return secret


@pytest.fixture
def codes(session: Session, world: World) -> list[str]:
    """Give the liaison of Alpha Fuel ten recovery codes, and return them."""
    made = one_time.new_codes()
    with transaction(session, world.actor("alpha")) as tx:
        person = tx.session.get_one(Person, world.people["alpha"].id)
        operations.renew_codes(tx, person, one_time.hashes_of(made))
    return made


def send_code(client: PageClient, world: World, code: str) -> Any:
    """Show the password of Alpha's liaison, then a code; the answer is not followed."""
    assert send_password(client, world.people["alpha"].email, PASSWORD).status_code == 303
    page = client.page("/sign-in/second")
    return client.submit(form_to(page, "/sign-in/second"), code=code)


def open_sessions(session: Session, world: World, name: str = "alpha") -> int:
    session.rollback()
    mine = select(SignIn).where(
        SignIn.person_id == world.people[name].id, SignIn.state == SignInState.OPEN
    )
    return len(session.scalars(mine).all())


def test_a_password_alone_opens_nothing(
    anonymous: PageClient, app: Flask, session: Session, world: World
):
    answer = send_password(anonymous, world.people["alpha"].email, PASSWORD)
    assert answer.headers["Location"] == "/sign-in/second"
    assert open_sessions(session, world) == 0
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if (
            "GET" in (rule.methods or ())
            and not rule.arguments
            and not hasattr(view, "is_public")
        ):
            answer = anonymous.get(rule.rule)
            is_in = answer.status_code == 200 and rule.endpoint not in {"static", "socketio"}
            assert not is_in, rule.rule


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize("later", ["codes", "terms"])
def test_a_password_alone_skips_no_step(
    anonymous: PageClient, session: Session, world: World, later: str
):
    send_password(anonymous, world.people["alpha"].email, PASSWORD)
    form = form_to(anonymous.page("/sign-in/second"), "/sign-in/second")
    answer = anonymous.post(f"/sign-in/{later}", data=form.filled)
    assert anonymous.follow(answer).url == "/sign-in"
    assert open_sessions(session, world) == 0


def test_the_code_of_the_app_lets_in_once(
    anonymous: PageClient, app: Flask, session: Session, world: World, key: str
):
    code = code_now(key)
    assert send_code(anonymous, world, code).status_code == 303
    assert "Alpha Person" in anonymous.page("/account").main
    again = app.test_client()
    page = again.read(send_code(again, world, code), 422)
    assert "used before" in page.error_at("code")
    assert open_sessions(session, world) == 1


def test_a_code_is_good_for_a_step_either_way_and_no_longer(
    anonymous: PageClient, world: World, key: str, held_clock: HeldClock
):
    for steps in (-2, 2):
        page = anonymous.read(send_code(anonymous, world, code_now(key, steps)), 422)
        assert WRONG_CODE in page.error_at("code")
    held_clock.tick(3600)
    assert send_code(anonymous, world, code_now(key, -1)).status_code == 303


def test_an_older_code_is_worth_nothing_after_a_newer_one(
    anonymous: PageClient, app: Flask, world: World, key: str
):
    older = code_now(key, -1)
    assert send_code(anonymous, world, code_now(key)).status_code == 303
    again = app.test_client()
    assert send_code(again, world, older).status_code == 422


def many_at_once(app: Flask, world: World, code: str) -> list[int]:
    """Let fifty browsers, each with the password shown, send one code at the same moment."""
    clients = [app.test_client() for _ in range(MANY)]
    forms = []
    for number, client in enumerate(clients):
        client.environ_base["REMOTE_ADDR"] = f"192.0.2.{number}"
        assert send_password(client, world.people["alpha"].email, PASSWORD).status_code == 303
        forms.append(form_to(client.page("/sign-in/second"), "/sign-in/second"))

    def send(number: int) -> int:
        data = forms[number].filled | {"code": code}
        return clients[number].post("/sign-in/second", data=data).status_code

    with ThreadPoolExecutor(MANY) as pool:
        return list(pool.map(send, range(MANY)))


@pytest.fixture
def unhurried(app: Flask) -> None:
    """Let codes be tried as often as one likes: here the database alone must hold."""
    app.extensions["throttle"].admits_code = lambda *_: True


@pytest.mark.usefixtures("unhurried")
def test_fifty_uses_of_one_code_let_one_in(
    app: Flask, session: Session, world: World, key: str
):
    answers = many_at_once(app, world, code_now(key))
    assert answers.count(303) == 1
    assert set(answers) <= {303, 422, BUSY}
    assert open_sessions(session, world) == 1


@pytest.mark.usefixtures("unhurried")
def test_fifty_uses_of_one_recovery_code_let_one_in(
    app: Flask, session: Session, world: World, codes: list[str]
):
    answers = many_at_once(app, world, codes[3])
    assert answers.count(303) == 1
    assert set(answers) <= {303, 422, BUSY}
    assert open_sessions(session, world) == 1
    assert factors_of(session, world.people["alpha"].id).codes == 9


def test_a_recovery_code_may_be_typed_as_people_type(
    anonymous: PageClient, world: World, codes: list[str]
):
    typed = codes[0].lower().replace("-", " ").replace("0", "o")
    assert send_code(anonymous, world, typed).status_code == 303
    page = anonymous.page("/account/factors")
    assert "9 of 10 left" in page.main


def test_wrong_codes_are_slowed_down_for_everybody_who_knows_the_password(
    anonymous: PageClient, app: Flask, world: World, key: str
):
    assert [send_code(anonymous, world, "000000").status_code for _ in range(6)] == [
        422
    ] * 5 + [429]
    elsewhere = app.test_client()
    elsewhere.environ_base["REMOTE_ADDR"] = "198.51.100.1"
    assert send_code(elsewhere, world, code_now(key)).status_code == 429


def test_guessing_shuts_no_owner_out_of_a_known_device(
    anonymous: PageClient, app: Flask, world: World, key: str
):
    owner = app.test_client()
    assert send_code(owner, world, code_now(key)).status_code == 303
    owner.delete_cookie("sid")
    for _ in range(7):
        send_code(anonymous, world, "000000")
    assert owner.sign_in(world.people["alpha"].email, PASSWORD).status_code == 303, "a passkey"
    owner.delete_cookie("sid")
    answer = send_code(owner, world, code_now(key, 1))
    assert answer.status_code == 303, "and the app"


def test_what_was_shown_counts_for_ten_minutes(
    anonymous: PageClient, world: World, key: str, held_clock: HeldClock
):
    send_password(anonymous, world.people["alpha"].email, PASSWORD)
    form = form_to(anonymous.page("/sign-in/second"), "/sign-in/second")
    held_clock.tick(601)
    page = anonymous.follow(anonymous.submit(form, code=code_now(key)))
    assert page.url == "/sign-in"
    assert anonymous.get("/account").status_code == 302


def test_a_new_password_ends_what_was_half_shown(
    anonymous: PageClient, session: Session, world: World, key: str
):
    send_password(anonymous, world.people["alpha"].email, PASSWORD)
    form = form_to(anonymous.page("/sign-in/second"), "/sign-in/second")
    with transaction(session, world.actor("alpha")) as tx:
        person = tx.session.get_one(Person, world.people["alpha"].id)
        operations.change_password(tx, person, password_hash=hash_password("another one now"))
    answer = anonymous.submit(form, code=code_now(key))
    assert answer.headers["Location"] == "/sign-in"


def test_neither_secret_nor_codes_stand_anywhere(
    session: Session, world: World, key: str, codes: list[str]
):
    app = session.get_one(Authenticator, world.people["alpha"].id)
    assert key not in app.secret
    kept = " ".join(row.code_hash + row.mark for row in session.scalars(select(RecoveryCode)))
    said = " ".join(session.scalars(select(Words.data)))
    for code in codes:
        assert code not in kept + said
        assert code.replace("-", "") not in kept + said


def test_a_reset_password_leaves_the_second_factor_as_it_is(
    anonymous: PageClient, session: Session, world: World, key: str
):
    with transaction(session, SYSTEM) as tx:
        person = tx.session.get_one(Person, world.people["alpha"].id)
        path = f"/reset/{operations.reset(tx, person)}"
    anonymous.send(path, "person.recover", password="three new words here")
    assert anonymous.get("/account").status_code == 302
    send_password(anonymous, world.people["alpha"].email, "three new words here")
    page = anonymous.page("/sign-in/second")
    answer = anonymous.submit(form_to(page, "/sign-in/second"), code=code_now(key))
    assert answer.headers["Location"] == "/"


def test_who_lost_everything_is_called_back(
    client_for: ClientFor, app: Flask, world: World, key: str
):
    old, admin, anonymous = client_for("alpha"), client_for("admin"), app.test_client()
    path = f"/admin/people/{world.people['alpha'].reference}"
    page = admin.read(admin.send(path, "person.reset_factors", call_back=""), 422)
    assert "Say whom you called" in page.error_at("call_back")
    said = "Called 573-555-0123 from the directory; Dana confirmed."
    shown = admin.read(admin.send(path, "person.reset_factors", call_back=said), 200)
    assert said in admin.page(path).main, "it stands in the record"
    link = shown.one("textarea[@id='link']").text or ""
    assert old.get("/account").status_code == 302, "what was open has ended"
    answer = send_code(app.test_client(), world, code_now(key))
    assert answer.status_code == 422, "the lost one works no more"
    renewed = renew(anonymous, link[link.index("/factors/") :])
    assert len(renewed) == 10
    assert "Alpha Person" in anonymous.page("/account").main


def renew(client: PageClient, path: str) -> list[str]:
    """Set up a new app by a link, and go all the way in."""
    page = client.page(path)
    typed = {"password": "not the password", "code": code_now(key_of(page))}
    page = client.read(client.submit(form_to(page, path), **typed), 422)
    assert "not your password" in page.error_at("password")
    page = client.page(path)
    typed = {"password": PASSWORD, "code": code_now(key_of(page))}
    return go_in(client, client.submit(form_to(page, path), **typed))


def test_a_passkey_alone_lets_in(anonymous: PageClient, session: Session, world: World):
    passkey = of_person(world.people["alpha"].email)
    page = anonymous.page("/sign-in")
    credential = passkey.show(asked_of(page.html))
    answer = anonymous.submit(form_to(page, "/sign-in/passkey"), credential=credential)
    assert answer.headers["Location"] == "/"
    assert open_sessions(session, world) == 1

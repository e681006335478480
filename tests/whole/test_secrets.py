"""Secrets: long enough, kept as hashes, sent in cookies alone, in no log, page or file."""

from __future__ import annotations

import base64
import logging
import stat
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from portal.accounts import one_time
from portal.accounts import operations as accounts
from portal.accounts.models import Membership, Person, SignIn, Ticket
from portal.accounts.states import TicketPurpose
from portal.cli.database import upgrade
from portal.core.columns import Row
from portal.core.passwords import (
    MAX_LENGTH,
    MIN_LENGTH,
    hash_password,
    is_guessable,
    password_matches,
)
from portal.core.references import ALPHABET
from portal.core.sealing import seal, unseal
from portal.journal.transaction import transaction
from portal.organizations.models import Organization
from tests.databases import opened
from tests.passkeys import asked_of, of_person
from tests.whole.routes import pages_of
from tests.whole.scene import csrf_of
from tests.world import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session
    from werkzeug.test import TestResponse

    from tests.pages import PageClient

OURS = "https://portal.example.gov"


# ---------------------------------------------------------------- chance


def test_a_session_and_a_link_are_256_bits_of_chance(session, world):
    actor = world.actor("alpha")
    tokens = set()
    for _ in range(20):
        with transaction(session, actor) as tx:
            tokens.add(accounts.sign_in(tx, membership_id=actor.membership_id, agent="x"))
            tokens.add(accounts.issue(tx, world.person("bravo"), TicketPurpose.RESET))
    assert len(tokens) == 40
    assert {len(base64.urlsafe_b64decode(it + "=")) for it in tokens} == {32}
    kept = [
        *session.scalars(select(SignIn.token_hash)),
        *session.scalars(select(Ticket.token_hash)),
    ]
    assert not tokens & set(kept)
    assert {len(it) for it in kept} == {64}


def test_a_recovery_code_is_80_bits_and_an_apps_secret_160():
    codes = [code for _ in range(20) for code in one_time.new_codes()]
    plain = {it.replace("-", "") for it in codes}
    assert len(plain) == len(codes) == 200
    assert {len(it) for it in plain} == {16}
    assert len(ALPHABET) == 32
    assert set("".join(plain)) == set(ALPHABET)
    assert len(base64.b32decode(one_time.new_secret())) == 20


def test_what_is_sealed_is_never_sealed_alike_and_cannot_be_altered():
    one, two = seal("key", "secret"), seal("key", "secret")
    assert one != two
    assert unseal("key", one) == unseal("key", two) == "secret"
    assert unseal("other", one) is None
    data = bytearray(base64.urlsafe_b64decode(one))
    for place in range(len(data)):
        bent = bytes(it ^ (place == at) for at, it in enumerate(data))
        assert unseal("key", base64.urlsafe_b64encode(bent).decode()) is None
    assert unseal("key", one[:-4]) is None


# ---------------------------------------------------------------- cookies


def cookies_of(answers: list[TestResponse]) -> dict[str, str]:
    return {
        told.partition("=")[0]: told
        for answer in answers
        for told in answer.headers.getlist("Set-Cookie")
    }


def come_in(client: PageClient, email: str, base: str) -> list[TestResponse]:
    """Sign in by password and passkey at an address; return every answer on the way."""
    there = {"base_url": base, "headers": {"Referer": f"{base}/sign-in"}}
    opened_page = client.get("/sign-in", base_url=base)
    token = opened_page.text.partition('name="csrf_token"')[2].partition('value="')[2]
    sent = {"csrf_token": token.partition('"')[0], "email": email, "password": PASSWORD}
    first = client.post("/sign-in", data=sent, **there)
    page = client.get("/sign-in/second", base_url=base)
    held = page.text.partition('name="csrf_token"')[2].partition('value="')[2].partition('"')[0]
    shown = replace(of_person(email), origin=base).show(asked_of(page.text))
    answer = client.post(
        "/sign-in/second/passkey", data={"csrf_token": held, "credential": shown}, **there
    )
    assert answer.status_code == 303, answer.text
    assert client.get("/account", base_url=base).status_code == 200
    return [opened_page, first, page, answer]


@pytest.mark.parametrize("base", ["", OURS], ids=["http", "https"])
def test_every_cookie_is_closed_to_scripts_other_sites_and_other_hosts(make_app, world, base):
    client = make_app(base_url=base).test_client()
    answers = come_in(client, world.people["alpha"].email, base or "http://localhost")
    found = cookies_of(answers)
    start = "__Host-" if base else ""
    assert set(found) == {f"{start}sid", f"{start}device"}
    for name, told in found.items():
        words = {it.strip().partition("=")[0].lower() for it in told.split(";")[1:]}
        assert "httponly" in words, name
        assert ("secure" in words) is bool(base)
        assert "domain" not in words
        assert "SameSite=Lax" in told
        assert "Path=/" in told
        assert len(told.partition(";")[0]) < 4096


def test_a_session_begins_under_a_new_id_and_again_when_factors_are_shown(app, world):
    client: PageClient = app.test_client()
    client.get("/sign-in")
    planted = client.get_cookie("sid").value
    email = world.people["alpha"].email
    assert client.sign_in(email, PASSWORD).status_code == 303
    first = client.get_cookie("sid").value
    answer = client.show_passkey("/account/prove?next=/account", of_person(email))
    assert answer.status_code == 303
    second = client.get_cookie("sid").value
    assert len({planted, first, second}) == 3
    for old in (planted, first):
        thief = app.test_client()
        thief.set_cookie("sid", old)
        assert thief.get("/account").status_code == 302
    assert client.get("/account").status_code == 200


def test_signing_out_clears_the_browser_and_stands_on_every_page(scene):
    for name in ("alpha", "moderator", "erac", "admin"):
        client = scene.client(name)
        for route in pages_of(scene.app):
            answer = client.get(route.path(), buffered=True)
            if answer.status_code == 200 and answer.mimetype == "text/html":
                assert 'action="/sign-out"' in answer.text or "/sign-in/" in route.rule, route
    leaving = scene.sign_in(scene.world.people["guild"].email)
    answer = leaving.post("/sign-out", data={"csrf_token": csrf_of(leaving)})
    assert '"cache"' in answer.headers["Clear-Site-Data"]
    assert '"storage"' in answer.headers["Clear-Site-Data"]
    assert leaving.get("/account").status_code == 302


# ---------------------------------------------------------------- passwords


@pytest.mark.parametrize(
    "password",
    [
        "zebra quilt lantern moss",
        "  zebra quilt lantern moss  ",
        "8302 5519 7746 2093 1187",
        "qvxkzjwpfhtbmrdn",
        "Überschwemmung füllt Köln 北風",
        "🌪🧱🪵 lantern moss 🌊",
        "<b>'quilt\"; -- \\ %00 lantern",
        ("zebra quilt lantern moss copper violin " * 4)[:64],
        ("zebra quilt lantern moss copper violin " * 4)[:MAX_LENGTH],
    ],
    ids=ascii,
)
def test_any_signs_make_a_password_and_it_is_taken_sign_by_sign(client_for, world, password):
    client = client_for("alpha")
    answer = client.send(
        "/account", "person.change_password", current=PASSWORD, password=password
    )
    assert answer.status_code == 303, client.read(answer).main
    known = world.person("alpha").password_hash
    assert password_matches(password, known)
    others = {password[:-1], password + "x", password.swapcase(), password[:MIN_LENGTH]}
    others |= {password.strip(), " ".join(password.split()), password[:72]}
    for other in others - {password}:
        assert not password_matches(other, known)


def test_none_of_the_commonest_passwords_is_taken():
    """The list is of 30,000, by how often they were found among leaked ones."""
    common = [it for it in FREQUENCY_LISTS["passwords"] if len(it) >= MIN_LENGTH]
    assert len(common) > 200
    assert [it for it in common if not is_guessable(it, ())] == []
    assert MIN_LENGTH >= 8
    assert MAX_LENGTH >= 64


def test_the_end_of_a_long_password_counts():
    start = "zebra quilt lantern moss copper violin " * 4
    known = hash_password(start[: MAX_LENGTH - 1] + "a")
    assert not password_matches(start[: MAX_LENGTH - 1] + "b", known)


def test_nobody_is_there_before_somebody_is_invited(session):
    for row in (Person, Membership, Organization, SignIn, Ticket):
        assert session.scalar(select(func.count()).select_from(row)) == 0


# ---------------------------------------------------------------- nowhere else


def stored(session: Session) -> Iterator[str]:
    for table in Row.metadata.sorted_tables:
        for row in session.execute(select(table)):
            yield from map(str, row)


def test_what_is_typed_into_secret_fields_stays_nowhere(app, client_for, session, caplog):
    """Whether it is right or wrong, in the right field or, by mistake, in the other."""
    caplog.set_level(logging.DEBUG)
    canary = "canary Zq7 lantern moss"
    stranger = app.test_client()
    said = [
        stranger.submit(stranger.page("/sign-in").form(), **typed).text
        for typed in (
            {"email": "alpha@world.example", "password": canary},
            {"email": f"{canary}@x.example", "password": "x"},
            {"email": "nobody@world.example", "password": canary},
        )
    ]
    client = client_for("alpha")
    for typed in (
        {"current": canary, "password": canary},
        {"current": PASSWORD, "password": canary},
    ):
        answer = client.send("/account", "person.change_password", **typed)
        said += [answer.text, str(answer.headers)]
    assert not any(canary in it for it in stored(session))
    assert canary not in caplog.text
    assert PASSWORD not in caplog.text
    shown = [it for it in said if canary in it]
    assert len(shown) <= 1, "an address comes back to be put right; a password never"
    cookie = client.get_cookie("sid").value
    assert cookie not in caplog.text
    assert not any(cookie in it for it in stored(session))


def test_what_a_statement_was_given_is_in_no_error(database, session, world):
    with (
        pytest.raises(IntegrityError) as caught,
        transaction(session, world.actor("admin")) as tx,
    ):
        tx.session.add(
            Ticket(
                token_hash="canary of a hash",
                purpose=TicketPurpose.RESET,
                person_id=10**9,
                issued_by="x",
                ends_at=tx.now,
            )
        )
    assert "canary" not in str(caught.value)
    assert database.engine.hide_parameters


# ---------------------------------------------------------------- files


def modes(folder: Path) -> dict[str, int]:
    return {it.name: stat.S_IMODE(it.stat().st_mode) for it in folder.iterdir()}


def test_a_database_file_and_its_copy_are_for_the_own_account(tmp_path, make_app: Any):
    url = f"sqlite:///{tmp_path}/portal.db"
    upgrade(url)
    with opened(url) as database, database.sessions() as session:
        session.execute(select(Person.id))
        found = modes(tmp_path)
        assert found["portal.db"] == 0o600
        assert set(found.values()) == {0o600}
    app = make_app()
    if not app.extensions["database"].is_sqlite:
        return
    copy = tmp_path / "copy.db"
    done = app.test_cli_runner().invoke(args=["backup", str(copy)])
    assert done.exit_code == 0, done.output
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600

"""Linking a provider: with the factors there are, to one person, and never the last way in."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from portal.accounts import operations
from portal.accounts.models import Identity, Passkey, SignIn
from portal.accounts.states import SignInState
from portal.core.errors import FieldError
from portal.journal.models import Entry
from portal.journal.transaction import transaction
from tests.accounts.sso.journeys import (
    LOST,
    Written,
    address_of,
    changed,
    go,
    leave,
    link,
    press,
    sign_in_there,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from sqlalchemy.orm import Session

    from portal.config import Provider
    from tests.accounts.sso.bent import Bent
    from tests.conftest import HeldClock
    from tests.pages import PageClient
    from tests.world import World

    ClientFor = Callable[[str], PageClient]

FACTORS, LINK = "/account/factors", "/account/factors/with/alpha-id"


def linked(session: Session) -> list[tuple[str, str, int]]:
    session.rollback()
    return [(it.issuer, it.subject, it.person_id) for it in session.scalars(select(Identity))]


def without_passkey(session: Session, world: World, name: str) -> None:
    """Let somebody have nothing but the provider and a password."""
    with transaction(session, world.actor(name)) as tx:
        for row in tx.session.scalars(
            select(Passkey).where(Passkey.person_id == world.people[name].id)
        ):
            tx.session.delete(row)


def test_it_is_linked_on_the_account_and_lets_in_from_then_on(
    client_for: ClientFor, app: Flask, session: Session, world: World, bent: Bent
):
    client = client_for("alpha")
    page = client.follow(client.get(sign_in_there(leave(client, FACTORS, LINK))))
    assert "Alpha ID is linked" in page.main
    assert linked(session) == [(bent.issuer, "subject-1", world.people["alpha"].id)]
    entry = session.scalars(select(Entry).order_by(Entry.seq.desc())).first()
    assert entry is not None
    assert (entry.subject, entry.move) == ("person", "add_factor")
    other = app.test_client()
    assert go(other).headers["Location"] == "/"
    assert "Alpha Person" in other.page("/account").main


def test_who_has_not_just_shown_all_factors_is_asked_first(
    client_for: ClientFor, held_clock: HeldClock, bent: Bent
):
    client = client_for("alpha")
    page = client.page(FACTORS)
    held_clock.tick(601)
    (form,) = [it for it in page.forms if it.action.endswith("/with/alpha-id")]
    answer = client.submit(form)
    assert answer.headers["Location"].startswith("/account/prove")
    assert bent.asked == []


@pytest.mark.usefixtures("world")
def test_nobody_links_without_being_signed_in(anonymous: PageClient):
    token = anonymous.page("/sign-in").form().filled["csrf_token"]
    assert anonymous.post(LINK, data={"csrf_token": token}).status_code == 401


def test_what_is_linked_to_somebody_else_is_refused(
    client_for: ClientFor, session: Session, world: World, provider: Provider
):
    link(session, world, "bravo", provider)
    client = client_for("alpha")
    before = Written.now(session)
    page = client.follow(client.get(sign_in_there(leave(client, FACTORS, LINK))))
    assert "is linked to somebody else here" in page.main
    assert Written.now(session) == before


@pytest.mark.parametrize(("subject", "word"), [("subject-1", "This"), ("subject-2", "Another")])
def test_one_sign_in_at_each_provider(
    session: Session, world: World, provider: Provider, subject: str, word: str
):
    link(session, world, "alpha", provider)
    with pytest.raises(FieldError, match=f"{word} sign-in at Alpha ID is linked to you"):
        link(session, world, "alpha", provider, subject)


def test_an_answer_in_another_session_links_nothing(client_for: ClientFor, session: Session):
    """Somebody brings another to link a stranger's sign-in to their own account."""
    client, victim = client_for("alpha"), client_for("bravo")
    back = sign_in_there(leave(client, FACTORS, LINK))
    assert LOST in victim.read(victim.get(back), 410).main
    client.sign_in("bravo@world.example", "a password for tests only")
    assert LOST in client.read(client.get(back), 410).main
    assert linked(session) == []


def test_a_refused_answer_links_nothing(client_for: ClientFor, session: Session):
    client = client_for("alpha")
    back = sign_in_there(leave(client, FACTORS, LINK))
    page = client.read(client.get(changed(back, iss="https://evil.example")), 403)
    assert "/account/factors" in page.links
    assert linked(session) == []


def test_taking_it_away_ends_other_sessions_and_the_way_in(
    client_for: ClientFor, app: Flask, session: Session, world: World, provider: Provider
):
    link(session, world, "alpha", provider)
    other = app.test_client()
    go(other)
    client = client_for("alpha")
    row = session.scalars(select(Identity)).one()
    page = client.follow(
        press(client, FACTORS, f"/account/factors/linked/{row.reference}/remove_factor")
    )
    assert "Alpha ID is no longer linked. Your other sessions have ended." in page.main
    assert linked(session) == []
    assert other.get("/account").status_code == 302
    assert go(other).status_code == 403


def test_nobody_takes_away_what_is_another_persons(
    client_for: ClientFor, session: Session, world: World, provider: Provider
):
    link(session, world, "bravo", provider)
    row = session.scalars(select(Identity)).one()
    client = client_for("alpha")
    filled = client.page(FACTORS).forms[0].filled
    path = f"/account/factors/linked/{row.reference}/remove_factor"
    assert client.post(path, data=filled).status_code == 404
    assert len(linked(session)) == 1


@pytest.mark.parametrize("is_enough", [True, False])
def test_the_last_way_in_stays(
    session: Session,
    world: World,
    provider: Provider,
    is_enough: bool,  # noqa: FBT001 - a case
):
    link(session, world, "alpha", provider)
    enough = [provider.issuer] if is_enough else []
    person, row = world.person("alpha"), session.scalars(select(Passkey)).first()
    passkey = session.scalars(select(Passkey).where(Passkey.person_id == person.id)).one()
    assert row is not None

    def remove_passkey() -> None:
        with transaction(session, world.actor("alpha")) as tx:
            operations.remove_passkey(tx, person, passkey, enough=enough)

    if not is_enough:  # the password and one factor elsewhere are no second factor
        with pytest.raises(FieldError, match="your last one"):
            remove_passkey()
        return
    remove_passkey()
    identity = session.scalars(select(Identity)).one()
    with (
        pytest.raises(FieldError, match="your last one"),
        transaction(session, world.actor("alpha")) as tx,
    ):
        operations.unlink_identity(tx, person, identity, label="Alpha ID", enough=enough)


def test_an_app_needs_something_beside_it(session: Session, world: World, provider: Provider):
    """A provider's one factor and an app let in; so do a password and an app."""
    link(session, world, "alpha", provider)
    person, actor = world.person("alpha"), world.actor("alpha")
    passkey = session.scalars(select(Passkey).where(Passkey.person_id == person.id)).one()
    with transaction(session, actor) as tx:
        operations.set_authenticator(tx, person, secret="sealed", step=1)
    with transaction(session, world.actor("alpha")) as tx:
        operations.remove_passkey(tx, person, passkey)
    identity = session.scalars(select(Identity)).one()
    with transaction(session, world.actor("alpha")) as tx:
        operations.unlink_identity(tx, person, identity, label="Alpha ID", enough=())
    assert linked(session) == []


def test_a_reset_of_the_factors_takes_links_away_too(
    session: Session, world: World, provider: Provider
):
    link(session, world, "alpha", provider)
    with transaction(session, world.actor("admin")) as tx:
        operations.reset_factors(tx, world.person("alpha"), call_back="Called 573-555-0100.")
    assert linked(session) == []


# ---------------------------------------------------------------- showing who one is


def prove(client: PageClient, bent: Bent, **claims: object) -> tuple[str, int]:
    bent.claims = dict(claims)
    path = "/account/prove/with/alpha-id"
    answer = press(client, f"/account/prove?next={FACTORS}/add", path)
    address = address_of(client.read(answer, 200))
    return address, client.get(sign_in_there(address)).status_code


def test_signing_in_there_anew_counts_as_showing_all_factors(
    client_for: ClientFor,
    session: Session,
    world: World,
    provider: Provider,
    bent: Bent,
    held_clock: HeldClock,
):
    link(session, world, "alpha", provider)
    client = client_for("alpha")
    held_clock.tick(1200)
    assert client.get(f"{FACTORS}/add").status_code == 303
    old = held_clock.now - timedelta(hours=1)
    address, status = prove(client, bent, auth_time=int(old.timestamp()))
    assert "prompt=login" in address
    assert "max_age=0" in address
    assert status == 403, "that was an hour ago"
    assert prove(client, bent, auth_time=None)[1] == 403
    assert client.get(f"{FACTORS}/add").status_code == 303
    assert prove(client, bent)[1] == 303
    assert client.get(f"{FACTORS}/add").status_code == 200


def test_somebody_elses_sign_in_shows_nothing(
    client_for: ClientFor, session: Session, world: World, provider: Provider, bent: Bent
):
    link(session, world, "alpha", provider)
    link(session, world, "bravo", provider, "subject-2")
    client = client_for("alpha")
    row = session.scalars(select(SignIn).where(SignIn.state == SignInState.OPEN)).one()
    bent.subject = "subject-2"
    assert prove(client, bent)[1] == 403
    session.expire_all()
    assert row.proved_at == row.started_at


def test_a_provider_of_one_factor_shows_too_little(
    make_app: Callable[..., Flask], session: Session, world: World, bent: Bent
):
    provider = bent.provider()
    client: PageClient = make_app(providers=(provider,)).test_client()
    link(session, world, "alpha", provider)
    client.sign_in(world.people["alpha"].email, "a password for tests only")
    page = client.page("/account/prove")
    assert "Alpha ID" not in page.main
    token = page.forms[0].filled
    assert client.post("/account/prove/with/alpha-id", data=token).status_code == 404


def test_who_has_only_the_provider_gets_by(
    app: Flask, session: Session, world: World, provider: Provider
):
    link(session, world, "alpha", provider)
    without_passkey(session, world, "alpha")
    client = app.test_client()
    assert go(client).headers["Location"] == "/"
    assert "Sign in anew with Alpha ID" in client.page("/account/prove").main
    assert "Single sign-on" in client.page(FACTORS).main

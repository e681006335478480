"""Signing in by a provider: who is linked comes in, an address alone links nobody."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from portal.accounts import operations
from portal.accounts.models import Identity, SignIn
from portal.core.actor import SYSTEM
from portal.journal.transaction import transaction
from tests import passkeys
from tests.accounts.sso.journeys import Written, go, leave, link, sign_in_there
from tests.factories import suspend_organization, suspend_person

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from sqlalchemy.orm import Session

    from portal.config import Provider
    from tests.accounts.sso.bent import Bent
    from tests.pages import PageClient
    from tests.world import World

pytestmark = pytest.mark.usefixtures("world")

UNKNOWN = "This sign-in is not linked to anybody here"


def test_who_is_linked_comes_in_with_one_button(
    anonymous: PageClient, session: Session, world: World, provider: Provider
):
    link(session, world, "alpha", provider)
    answer = go(anonymous)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert "Alpha Person" in anonymous.page("/account").main
    row = session.query(SignIn).filter_by(person_id=world.people["alpha"].id).one()
    assert row.how == "provider"
    assert session.query(Identity).one().used_at is not None


def test_one_goes_where_one_wanted_to_go(
    anonymous: PageClient, session: Session, world: World, provider: Provider
):
    link(session, world, "alpha", provider)
    answer = go(anonymous, url="/sign-in?next=/organizations?x=1")
    assert answer.headers["Location"] == "/organizations?x=1"


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil", "x"])
def test_one_goes_nowhere_else(
    anonymous: PageClient, session: Session, world: World, provider: Provider, target: str
):
    link(session, world, "alpha", provider)
    form = anonymous.page("/sign-in").form()
    answer = anonymous.submit(form, to=f"/sign-in/with/alpha-id?next={target}")
    address = answer.headers["Refresh"].removeprefix("0;url=")
    assert "evil" not in address
    assert anonymous.get(sign_in_there(address)).headers["Location"] == "/"


def test_a_provider_that_sees_one_factor_is_followed_by_the_persons_second(
    make_app: Callable[..., Flask], session: Session, world: World, bent: Bent
):
    provider = bent.provider()
    client: PageClient = make_app(providers=(provider,)).test_client()
    link(session, world, "alpha", provider)
    answer = go(client)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in/second")
    assert client.get("/account").status_code == 302, "that was half the way"
    page = client.page("/sign-in/second")
    assert "You have signed in at Alpha ID. Now show that it is you." in page.main
    answer = client.show_passkey(
        "/sign-in/second", passkeys.of_person(world.people["alpha"].email)
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    row = session.query(SignIn).filter_by(person_id=world.people["alpha"].id).one()
    assert row.how == "provider"


@pytest.mark.parametrize("verified", [True, False, None])
@pytest.mark.parametrize("address", ["alpha@world.example", "nobody@world.example"])
def test_an_address_links_nobody_and_tells_nothing(
    anonymous: PageClient,
    session: Session,
    bent: Bent,
    verified: bool | None,  # noqa: FBT001 - a claim
    address: str,
):
    bent.claims = {"email": address, "email_verified": verified}
    before = Written.now(session)
    page = anonymous.read(go(anonymous), 403)
    assert UNKNOWN in page.main
    assert "Sign in as you usually do; then link it on your account." in page.main
    assert address not in page.html
    assert Written.now(session) == before
    assert anonymous.get("/account").status_code == 302


@pytest.mark.parametrize("shut_out", ["person", "organization", "membership"])
def test_who_is_shut_out_gets_no_further_by_it(
    anonymous: PageClient,
    session: Session,
    world: World,
    provider: Provider,
    shut_out: str,
):
    link(session, world, "alpha", provider)
    if shut_out == "person":
        suspend_person(session, world.person("alpha"))
    elif shut_out == "organization":
        suspend_organization(session, world.organization("alpha"))
    else:
        with transaction(session, SYSTEM) as tx:
            operations.end_membership(tx, world.membership("alpha"), reason="left")
    before = Written.now(session)
    assert UNKNOWN in anonymous.read(go(anonymous), 403).main
    assert Written.now(session) == before


def test_one_subject_at_two_providers_is_two_people(
    make_app: Callable[..., Flask],
    session: Session,
    world: World,
    bent: Bent,
    provider: Provider,
):
    with_other = bent.provider("other-id", issuer=f"http://localhost:{bent.port}")
    client = make_app(providers=(provider, with_other)).test_client()
    link(session, world, "alpha", provider)
    bent.metadata = {"issuer": with_other.issuer}
    bent.claims = {"iss": with_other.issuer}
    bent.answer = {"iss": with_other.issuer}
    assert UNKNOWN in client.read(go(client, "other-id"), 403).main


def test_nothing_of_the_provider_reaches_logs_cookies_or_addresses(
    anonymous: PageClient,
    session: Session,
    world: World,
    bent: Bent,
    provider: Provider,
    caplog: pytest.LogCaptureFixture,
):
    caplog.set_level(logging.DEBUG)
    link(session, world, "alpha", provider)
    address = leave(anonymous, "/sign-in", "/sign-in/with/alpha-id")
    cookie = anonymous.get_cookie("sid")
    assert cookie is not None
    logged = caplog.text
    back = sign_in_there(address)  # the browser's own log is its own business
    caplog.clear()
    answer = anonymous.get(back)
    (asked,), ((redeemed, _),) = bent.asked, bent.redeemed
    secret = [
        *("canary-access", provider.client_secret),
        *(redeemed["code"], redeemed["code_verifier"], asked["nonce"]),
    ]
    said = logged + caplog.text + str(answer.headers) + str(anonymous.get_cookie("sid"))
    for word in secret:
        assert word not in said
        assert word not in cookie.value
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_what_is_asked_is_what_was_agreed(anonymous: PageClient, bent: Bent):
    go(anonymous)
    go(anonymous)
    first, second = bent.asked
    for asked in (first, second):
        assert asked["code_challenge_method"] == "S256"
        assert asked["response_type"] == "code"
        assert asked["scope"] == "openid email"
        assert asked["acr_values"] == "strong"
        assert asked["redirect_uri"] == "http://localhost/sign-in/with/alpha-id/back"
        assert len(asked["code_challenge"]) == 43
    for name in ("state", "nonce", "code_challenge"):
        assert first[name] != second[name]
    assert all(len(body["code_verifier"]) >= 43 for body, _ in bent.redeemed)


def test_a_button_that_nobody_pressed_changes_nothing(anonymous: PageClient, bent: Bent):
    assert anonymous.get("/sign-in/with/alpha-id").status_code == 405
    assert anonymous.post("/sign-in/with/alpha-id").status_code == 403, "no token"
    assert bent.seen == []
    form = anonymous.page("/sign-in").form()
    assert anonymous.submit(form, to="/sign-in/with/nobody").status_code == 404


def test_where_the_provider_lives_is_asked_once_an_hour(
    anonymous: PageClient, bent: Bent, held_clock
):
    for _ in range(3):
        go(anonymous)
    found = "/.well-known/openid-configuration"
    assert (bent.seen.count(found), bent.seen.count("/keys")) == (1, 1)
    held_clock.tick(3700)
    go(anonymous)
    assert (bent.seen.count(found), bent.seen.count("/keys")) == (2, 2)

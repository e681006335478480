"""Companies that sign in by a provider: nothing else lets their people in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from portal.accounts import operations as accounts
from portal.accounts.models import Identity, Person, SignIn
from portal.accounts.states import PersonState, SignInState
from portal.core.actor import SYSTEM, Role
from portal.core.errors import FieldError
from portal.journal.transaction import transaction
from portal.organizations import operations
from tests import passkeys
from tests.accounts.sso.journeys import (
    Written,
    address_of,
    go,
    leave,
    link,
    press,
    sign_in_there,
)
from tests.factories import suspend_person
from tests.world import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from sqlalchemy.orm import Session
    from werkzeug.test import TestResponse

    from portal.config import Provider
    from tests.accounts.sso.bent import Bent
    from tests.pages import PageClient
    from tests.world import World

COMPANY = "/sign-in/company"
WORDS = "Your company signs in with Alpha ID"


def require(session: Session, world: World, name: str = "alpha", provider: str = "alpha-id"):
    with transaction(session, world.actor("admin")) as tx:
        operations.require_provider(tx, world.organization(name), provider=provider)


@pytest.fixture
def required(session: Session, world: World) -> World:
    require(session, world)
    return world


def show_passkey(client: PageClient, email: str) -> TestResponse:
    return client.show_passkey("/sign-in/second", passkeys.of_person(email))


def how_they_came(session: Session, name: str, world: World) -> list[str]:
    session.rollback()
    rows = select(SignIn.how).where(
        SignIn.person_id == world.people[name].id, SignIn.state == SignInState.OPEN
    )
    return list(session.scalars(rows))


# ---------------------------------------------------------------- signing in


def test_the_right_password_leads_to_the_provider_and_no_further(
    anonymous: PageClient, session: Session, required: World, provider: Provider
):
    link(session, required, "alpha", provider)
    before = Written.now(session)
    answer = anonymous.sign_in(required.people["alpha"].email, PASSWORD)
    page = anonymous.follow(answer)
    assert (page.url, page.heading) == (COMPANY, WORDS)
    assert anonymous.get("/account").status_code == 302
    assert Written.now(session) == before
    assert go(anonymous, url=COMPANY).headers["Location"] == "/"
    assert how_they_came(session, "alpha", required) == ["provider"]


def test_a_wrong_password_tells_nothing_of_it(anonymous: PageClient, required: World):
    answer = anonymous.sign_in(required.people["alpha"].email, "a wrong password")
    assert "Alpha Fuel" not in anonymous.read(answer, 422).main


def test_a_passkey_alone_leads_to_the_provider_too(
    anonymous: PageClient, session: Session, required: World, provider: Provider
):
    link(session, required, "alpha", provider)
    passkey = passkeys.of_person(required.people["alpha"].email)
    answer = anonymous.show_passkey("/sign-in", passkey)
    assert anonymous.follow(answer).heading == WORDS
    assert anonymous.get("/account").status_code == 302


def test_who_is_not_linked_shows_all_factors_and_links_it_once(
    anonymous: PageClient, app: Flask, session: Session, required: World
):
    email = required.people["alpha"].email
    answer = anonymous.sign_in(email, PASSWORD)
    page = anonymous.follow(answer)
    assert page.heading == WORDS
    assert "You have shown who you are" in page.main
    back = sign_in_there(leave(anonymous, COMPANY, COMPANY))
    assert anonymous.get(back).headers["Location"] == "/"
    assert session.scalars(select(Identity.person_id)).all() == [required.people["alpha"].id]
    assert how_they_came(session, "alpha", required) == ["provider"]
    assert go(app.test_client()).headers["Location"] == "/"


def test_a_password_alone_links_nothing(anonymous: PageClient, required: World):
    held = anonymous.page("/sign-in").form("sign_in.start").filled
    email = required.people["alpha"].email
    answer = anonymous.post("/sign-in", data={**held, "email": email, "password": PASSWORD})
    assert answer.headers["Location"] == "/sign-in/second"
    form = anonymous.page("/sign-in/second").form()
    answer = anonymous.submit(form, to=COMPANY)
    assert answer.headers["Location"] == "/sign-in", "not yet; one begins anew"
    assert anonymous.get("/sign-in/second").headers["Location"] == "/sign-in"


def test_what_is_linked_to_somebody_else_does_not_let_in(
    anonymous: PageClient, session: Session, required: World, provider: Provider
):
    link(session, required, "bravo", provider)
    anonymous.sign_in(required.people["alpha"].email, PASSWORD)
    page = anonymous.follow(anonymous.get(sign_in_there(leave(anonymous, COMPANY, COMPANY))))
    assert "is linked to somebody else here" in page.main
    assert anonymous.get("/account").status_code == 302


def test_who_is_suspended_meanwhile_links_nothing(
    anonymous: PageClient, session: Session, required: World
):
    anonymous.sign_in(required.people["alpha"].email, PASSWORD)
    back = sign_in_there(leave(anonymous, COMPANY, COMPANY))
    suspend_person(session, required.person("alpha"))
    assert anonymous.get(back).status_code == 410
    assert session.scalars(select(Identity)).all() == []


def test_another_provider_does_not_do(
    make_app: Callable[..., Flask],
    session: Session,
    required: World,
    bent: Bent,
    provider: Provider,
):
    other = bent.provider("other-id", issuer=f"http://localhost:{bent.port}", label="Other")
    client: PageClient = make_app(providers=(provider, other)).test_client()
    link(session, required, "alpha", other)
    for said in (bent.metadata, bent.claims, bent.answer):
        said["issuer" if said is bent.metadata else "iss"] = other.issuer
    bent.claims["acr"] = None
    answer = go(client, "other-id")
    assert client.follow(answer).url == "/sign-in/second"
    answer = show_passkey(client, required.people["alpha"].email)
    assert client.follow(answer).heading == WORDS
    assert client.get("/account").status_code == 302


def test_a_provider_that_is_gone_lets_nobody_in_and_says_whom_to_call(
    make_app: Callable[..., Flask], session: Session, world: World
):
    require(session, world)
    client: PageClient = make_app().test_client()
    page = client.follow(client.sign_in(world.people["alpha"].email, PASSWORD))
    assert "Call the SEOC" in page.main
    assert client.get("/account").status_code == 302


def test_lifting_it_lets_everybody_in_as_before(
    anonymous: PageClient, session: Session, required: World
):
    require(session, required, provider="")
    answer = anonymous.sign_in(required.people["alpha"].email, PASSWORD)
    assert answer.headers["Location"] == "/"


# ---------------------------------------------------------------- several organizations


@pytest.fixture
def both(session: Session, required: World) -> World:
    """Let the liaison of Alpha, which requires a provider, act for Charlie, too."""
    with transaction(session, SYSTEM) as tx:
        accounts.grant(
            tx,
            required.person("alpha"),
            required.organization("charlie"),
            roles=frozenset({Role.LIAISON}),
        )
    return required


def test_one_can_go_on_for_another_organization(anonymous: PageClient, both: World):
    page = anonymous.follow(anonymous.sign_in(both.people["alpha"].email, PASSWORD))
    assert page.heading == WORDS
    answer = press(anonymous, COMPANY, f"{COMPANY}/other")
    assert answer.headers["Location"] == "/"
    assert "Charlie Grocers" in anonymous.page("/account").main


def test_nobody_goes_on_for_an_organization_that_is_not_theirs(
    anonymous: PageClient, both: World
):
    anonymous.sign_in(both.people["alpha"].email, PASSWORD)
    for name in ("bravo", "alpha"):
        reference = both.organizations[name].reference
        answer = press(anonymous, COMPANY, f"{COMPANY}/other", organization=reference)
        assert answer.status_code == 404
    assert anonymous.get("/account").status_code == 302


def switch(client: PageClient, world: World, name: str) -> TestResponse:
    reference = world.organizations[name].reference
    return press(client, "/account", "/account/switch", organization=reference)


def test_switching_into_it_goes_by_the_provider(
    anonymous: PageClient, session: Session, both: World, provider: Provider, bent: Bent
):
    anonymous.sign_in(both.people["alpha"].email, PASSWORD)
    press(anonymous, COMPANY, f"{COMPANY}/other")
    away = address_of(anonymous.read(switch(anonymous, both, "alpha"), 200))
    assert "Charlie Grocers" in anonymous.page("/account").main, "nothing has changed yet"
    assert anonymous.get(sign_in_there(away)).status_code == 403, "not linked"
    link(session, both, "alpha", provider)
    link(session, both, "bravo", provider, "subject-2")
    bent.subject = "subject-2"
    away = address_of(anonymous.read(switch(anonymous, both, "alpha"), 200))
    assert anonymous.get(sign_in_there(away)).status_code == 403, "somebody else"
    bent.subject = "subject-1"
    away = address_of(anonymous.read(switch(anonymous, both, "alpha"), 200))
    assert anonymous.get(sign_in_there(away)).headers["Location"] == "/"
    assert how_they_came(session, "alpha", both) == ["provider"]
    assert switch(anonymous, both, "charlie").headers["Location"] == "/"


# ---------------------------------------------------------------- joining


@pytest.fixture
def invited(session: Session, required: World) -> str:
    """Return the path of an invitation to Alpha."""
    with transaction(session, SYSTEM) as tx:
        invitation = accounts.Invitation(
            email="new@world.example",
            organization=required.organization("alpha"),
            roles=frozenset({Role.LIAISON}),
        )
        _, token = accounts.invite(tx, invitation)
    return f"/invite/{token}"


def newcomer(session: Session) -> Person:
    session.rollback()
    return session.scalars(select(Person).where(Person.email == "new@world.example")).one()


def test_one_joins_with_the_provider_and_nothing_else(
    anonymous: PageClient, session: Session, invited: str, provider: Provider
):
    page = anonymous.page(invited)
    assert "Join with Alpha ID" in page.main
    assert "password" not in page.html.replace("no password", "")
    back = sign_in_there(leave(anonymous, invited, f"{invited}/with/alpha-id", name="New One"))
    assert newcomer(session).state is PersonState.INVITED, "nothing is used up yet"
    answer = anonymous.get(back)
    assert answer.headers["Location"] == "/sign-in/codes"
    person = newcomer(session)
    assert (person.state, person.name, person.password_hash) == ("active", "New One", None)
    row = session.scalars(select(Identity)).one()
    assert (row.person_id, row.issuer) == (person.id, provider.issuer)
    anonymous.submit(anonymous.page("/sign-in/codes").form())
    answer = anonymous.submit(anonymous.page("/sign-in/terms").form())
    assert answer.headers["Location"] == "/"
    assert "New One" in anonymous.page("/account").main
    anonymous.page(invited, 410)


def test_a_name_is_asked_for_and_kept(anonymous: PageClient, invited: str, bent: Bent):
    page = anonymous.read(press(anonymous, invited, f"{invited}/with/alpha-id"), 422)
    assert "Write your name." in page.error_at("name")
    long = "\N{PILE OF POO}" * 120
    away = leave(anonymous, invited, f"{invited}/with/alpha-id", name=long)
    assert anonymous.get(sign_in_there(away)).headers["Location"] == "/sign-in/codes"
    assert len(bent.asked) == 1


def test_a_link_that_dies_meanwhile_joins_nobody(
    anonymous: PageClient, session: Session, invited: str
):
    back = sign_in_there(leave(anonymous, invited, f"{invited}/with/alpha-id", name="New"))
    suspend_person(session, newcomer(session))
    assert anonymous.get(back).status_code == 410
    assert session.scalars(select(Identity)).all() == []


def test_what_is_somebody_elses_joins_nobody_and_uses_nothing_up(
    anonymous: PageClient,
    session: Session,
    required: World,
    invited: str,
    provider: Provider,
):
    link(session, required, "bravo", provider)
    back = sign_in_there(leave(anonymous, invited, f"{invited}/with/alpha-id", name="New"))
    page = anonymous.follow(anonymous.get(back))
    assert page.url == invited
    assert "is linked to somebody else here" in page.main
    assert newcomer(session).state is PersonState.INVITED


def test_only_the_organizations_own_provider_is_a_way_to_join(
    anonymous: PageClient, session: Session, required: World, invited: str
):
    form = anonymous.page(invited).form()
    for path in (f"{invited}/with/other-id", f"{invited}/with/x"):
        assert anonymous.submit(form, to=path, name="New").status_code == 404
    assert anonymous.submit(form, to="/invite/x/with/alpha-id").status_code == 410
    require(session, required, provider="")
    path = f"{invited}/with/alpha-id"
    assert anonymous.submit(form, to=path, name="New").status_code == 404
    assert "Create a passkey" in anonymous.page(invited).main


def test_where_the_provider_sees_one_factor_a_second_is_set_up_here_and_linked(
    make_app: Callable[..., Flask], session: Session, invited: str, bent: Bent
):
    client: PageClient = make_app(providers=(bent.provider(),)).test_client()
    page = client.page(invited)
    assert "Join with" not in page.main
    made = passkeys.SoftPasskey().make(passkeys.asked_of(page.html))
    (form,) = [it for it in page.forms if it.action.endswith("/passkey")]
    answer = client.submit(form, own_name="New One", credential=made)
    assert answer.headers["Location"] == "/sign-in/codes"
    client.submit(client.page("/sign-in/codes").form())
    answer = client.submit(client.page("/sign-in/terms").form())
    assert client.follow(answer).heading == WORDS
    assert client.get("/account").status_code == 302
    back = sign_in_there(leave(client, COMPANY, COMPANY))
    assert client.get(back).headers["Location"] == "/"
    assert session.scalars(select(Identity.person_id)).all() == [newcomer(session).id]


# ---------------------------------------------------------------- who requires it


def test_an_administrator_requires_it_on_the_organizations_page(
    client_for: Callable[[str], PageClient], session: Session, world: World
):
    client, path = (
        client_for("admin"),
        f"/organizations/{world.organizations['alpha'].reference}",
    )
    answer = client.send(path, "organization.require_provider", provider="alpha-id")
    page = client.follow(answer)
    assert "Signs in with Alpha ID" in page.main
    session.expire_all()
    assert world.organization("alpha").provider == "alpha-id"
    answer = client.send(path, "organization.require_provider", provider="nobody")
    assert "Choose from the list." in client.read(answer, 422).main


def test_nobody_requires_it_of_the_own_organization(session: Session, world: World):
    with pytest.raises(FieldError, match="your own organization"):
        require(session, world, "agency")
    require(session, world, "agency", provider="")

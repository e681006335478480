"""The whole way with a provider of somebody else's making, by both client authentications."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from joserfc.jwk import ECKey, RSAKey

from portal.accounts.models import Identity
from portal.config import Provider
from tests.accounts.sso.journeys import leave
from tests.accounts.sso.real import Real, installed, real_provider
from tests.world import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask
    from sqlalchemy.orm import Session

    from tests.pages import PageClient
    from tests.world import World

pytestmark = [
    pytest.mark.skipif(shutil.which("npm") is None, reason="needs node and npm"),
    pytest.mark.one_backend,
]

SECRET = "a-secret-of-the-two-that-is-long-enough"
LINK = "/account/factors/with/real-id"


@pytest.fixture(scope="module", params=["secret", "RSA key", "P-256 key"])
def real(request: pytest.FixtureRequest) -> Iterator[tuple[Real, Provider]]:
    """Lend the provider, and how the portal is set up for it."""
    by_key = {"kid": "ours", "use": "sig"}
    key = (
        ECKey.generate_key("P-256", {**by_key, "alg": "ES256"})
        if request.param == "P-256 key"
        else RSAKey.generate_key(2048, {**by_key, "alg": "RS256"})
    )
    folder = installed(request.config.cache.mkdir("oidc-provider"))
    settings = {
        "redirect": "http://localhost/sign-in/with/real-id/back",
        "secret": SECRET,
        "key": key.as_dict(private=False),
    }
    ours = (
        {"client_id": "by-secret", "client_secret": SECRET}
        if request.param == "secret"
        else {
            "client_id": "by-key",
            "private_key": key.as_pem(private=True).decode(),
            "key_id": "ours",
        }
    )
    with real_provider(folder, **settings) as it:
        yield (
            it,
            Provider(
                name="real-id",
                label="Real ID",
                issuer=it.issuer,
                acr_values=("strong",),
                **ours,
            ),
        )


def test_sign_in_link_and_sign_in_again(
    make_app: Callable[..., Flask],
    session: Session,
    world: World,
    real: tuple[Real, Provider],
):
    there, provider = real
    app = make_app(providers=(provider,))
    client: PageClient = app.test_client()
    there.let_in("alpha")

    def sign_in(browser: PageClient) -> int:
        return browser.get(
            there.sign_in(leave(browser, "/sign-in", "/sign-in/with/real-id"))
        ).status_code

    assert sign_in(client) == 403, "the address is known, and links nothing"
    client.sign_in(world.people["alpha"].email, PASSWORD)
    page = client.follow(client.get(there.sign_in(leave(client, "/account/factors", LINK))))
    assert "Real ID is linked" in page.main
    row = session.query(Identity).one()
    assert (row.issuer, row.subject) == (there.issuer, "alpha")
    other: PageClient = app.test_client()
    assert sign_in(other) == 303
    assert "Alpha Person" in other.page("/account").main
    there.let_in("alpha", "weak")
    assert sign_in(app.test_client()) == 403, "less than was asked for"
    there.let_in("bravo")
    assert sign_in(app.test_client()) == 403, "somebody else"

"""A portal that knows a provider which can be bent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.accounts.sso.bent import Bent, provider_at_work
from tests.accounts.sso.journeys import Visit, link

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask
    from sqlalchemy.orm import Session

    from portal.config import Provider
    from tests.pages import PageClient
    from tests.world import World


@pytest.fixture
def bent() -> Iterator[Bent]:
    """Lend a provider that a test can bend."""
    with provider_at_work() as bent:
        yield bent


@pytest.fixture
def provider(bent: Bent) -> Provider:
    """Return it as the portal is set up for it: a sign-in there is enough."""
    return bent.provider(acr_values=("strong",))


@pytest.fixture
def app(make_app: Callable[..., Flask], provider: Provider) -> Flask:
    """Return a portal that is set up for the provider."""
    return make_app(providers=(provider,))


@pytest.fixture
def visit(
    anonymous: PageClient, session: Session, world: World, provider: Provider, bent: Bent
) -> Visit:
    """Lend somebody who is linked, and has not begun yet."""
    link(session, world, "alpha", provider)
    return Visit(anonymous, bent, session)

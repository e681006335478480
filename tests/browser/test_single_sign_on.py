"""To a provider and back in a real browser, whose rules for forms and cookies are its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from portal.accounts import operations
from portal.accounts.models import Person
from portal.accounts.operations import NewIdentity
from portal.accounts.queries import actor_of
from portal.journal.transaction import transaction
from tests.accounts.sso.bent import SECRET, provider_at_work
from tests.browser.conftest import PHONE, DemoServer, demo_site
from tests.databases import opened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.accounts.sso.bent import Bent


@dataclass
class ProviderServer(DemoServer):
    """A server that is set up for a provider."""

    issuer: str = field(default="")

    @property
    def environment(self) -> dict[str, str]:
        ours = {"ISSUER": self.issuer, "CLIENT_ID": "the portal", "CLIENT_SECRET": SECRET}
        ours |= {"LABEL": "Alpha ID", "ACR_VALUES": "strong"}
        return super().environment | {f"PORTAL_OIDC_ALPHA_{k}": v for k, v in ours.items()}


@pytest.fixture(scope="module")
def bent() -> Iterator[Bent]:
    with provider_at_work() as bent:
        yield bent


@pytest.fixture(scope="module")
def server(
    chromium: Browser, bent: Bent, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ProviderServer]:
    """Lend a server of the module's own; the demo's liaison is linked there."""
    folder = tmp_path_factory.mktemp("single-sign-on")
    with demo_site(chromium, folder) as site:
        url = site.server.database_url
    link_liaison(url, bent.issuer)
    with ProviderServer(url, folder, issuer=bent.issuer) as server:
        yield server


def link_liaison(url: str, issuer: str) -> None:
    with opened(url) as database, database.sessions() as session:
        row = session.scalars(
            select(Person).where(Person.email == "liaison@demo.example")
        ).one()
        actor = actor_of(session, row.id)
        assert actor is not None
        with transaction(session, actor) as tx:
            new = NewIdentity(issuer=issuer, subject="subject-1", label="Alpha ID")
            operations.link_identity(tx, row, new)


def press(page: Page, server: ProviderServer) -> None:
    page.goto(f"{server.url}/sign-in?next=/account")
    page.get_by_role("button", name="Sign in with Alpha ID").click()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_one_button_leads_there_and_back_in(
    chromium: Browser,
    server: ProviderServer,
    bent: Bent,
    scripts: bool,  # noqa: FBT001 - a case
):
    del bent
    with chromium.new_context(java_script_enabled=scripts, viewport=PHONE) as context:
        page = context.new_page()
        complaints: list[str] = []
        page.on("console", lambda it: complaints.append(it.text))
        press(page, server)
        expect(page.get_by_role("heading", name="Your account")).to_be_visible()
        assert urlsplit(page.url).path == "/account"
        page.go_back()
        assert page.url == f"{server.url}/sign-in?next=/account", "no step in between"
        assert [it for it in complaints if "Content Security" in it] == []


def test_who_is_not_linked_is_told_in_plain_words(
    chromium: Browser, server: ProviderServer, bent: Bent
):
    bent.subject = "nobody"
    with chromium.new_context(viewport=PHONE) as context:
        page = context.new_page()
        press(page, server)
        heading = "This sign-in is not linked to anybody here"
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
        page.get_by_role("link", name="Back to the sign-in page").click()
        expect(page.get_by_role("heading", name="Sign in to the")).to_be_visible()
    bent.subject = "subject-1"

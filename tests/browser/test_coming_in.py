"""From the invitation to the floor: with a passkey, and by forms alone.

Chromium's own virtual authenticator stands for the device that asks its owner.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyotp
import pytest
from playwright.sync_api import expect

from portal.cli.database import upgrade
from tests.browser.conftest import DESK, PHONE
from tests.browser.people import PATIENCE_MS
from tests.browser.walking import examine
from tests.live.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Locator, Page

#: A practised person needs no more for the way from the invitation to the floor (J1).
MOST_ACTIONS = 12
MOST_TYPED = 60

PLAIN_HTTP = "Cross-Origin-Opener-Policy"

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@dataclass
class Newcomer:
    """Somebody who has an invitation, and what it took them: taps and typed characters."""

    page: Page
    actions: int = 0
    typed: int = 0
    troubles: list[str] = field(default_factory=list)

    def tap(self, name: str) -> None:
        self.actions += 1
        self.page.get_by_role("button", name=name, exact=True).click()

    def type(self, label: str, words: str, within: Locator | None = None) -> None:
        self.actions += 1
        self.typed += len(words)
        (within or self.page.locator("main")).get_by_label(label).first.fill(words)


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Lend an empty portal without the demo; passkeys want a name, not a number."""
    folder = tmp_path_factory.mktemp("coming-in")
    url = f"sqlite:///{folder / 'portal.db'}"
    upgrade(url)
    with Server(url, folder) as server:
        yield server


def invite(portal: Server, email: str) -> str:
    """Return the address of an invitation."""
    said = portal.run("invite", email, "--organization", "State Agency", "--role", "moderator")
    path = re.search(r"/invite/\S+", said)
    assert path
    return f"http://localhost:{portal.port}{path[0]}"


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(viewport=PHONE)
    context.set_default_timeout(PATIENCE_MS)
    yield context
    context.close()


def with_authenticator(context: BrowserContext) -> Newcomer:
    page = context.new_page()
    tools = context.new_cdp_session(page)
    tools.send("WebAuthn.enable")
    tools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    somebody = Newcomer(page)
    page.on("pageerror", lambda error: somebody.troubles.append(str(error)))
    page.on(
        "console",
        lambda it: somebody.troubles.append(it.text) if it.type == "error" else None,
    )
    return somebody


def test_somebody_invited_is_on_the_floor_in_a_few_taps(
    portal: Server, context: BrowserContext
):
    ann = with_authenticator(context)
    ann.actions += 1
    ann.page.goto(invite(portal, "ann@agency.example"))
    wrong = examine(ann.page, dark=True)
    ann.type("Your name", "Ann Pell")
    ann.tap("Create a passkey")
    ann.page.wait_for_url("**/sign-in/codes")
    wrong += examine(ann.page, dark=True)
    ann.tap("I have saved my codes")
    ann.page.wait_for_url("**/sign-in/terms")
    wrong += examine(ann.page, dark=True)
    ann.tap("I agree")
    ann.page.wait_for_url("**/incidents/daily/")
    expect(ann.page.locator("header .who").first).to_contain_text("Ann Pell")
    assert ann.actions <= MOST_ACTIONS
    assert ann.typed <= MOST_TYPED
    assert wrong == []
    assert ann.troubles == []
    _come_back_by_passkey(ann)


def _come_back_by_passkey(ann: Newcomer) -> None:
    """Show the passkey once more before an act, then from outside."""
    base = ann.page.url.partition("/incidents")[0]
    ann.page.goto(f"{base}/account/prove?next=/account/factors/add")
    ann.tap("Use a passkey")
    ann.page.wait_for_url(f"{base}/account/factors/add")
    wrong = examine(ann.page, dark=True)
    ann.page.goto(f"{base}/account/factors")
    wrong += examine(ann.page, dark=True)
    expect(ann.page.locator("main")).to_contain_text("10 of 10 left")
    ann.page.context.clear_cookies()
    ann.page.goto(f"{base}/sign-in?next=/account")
    # The device answers by itself, as soon as the page asks quietly or the button is pressed.
    ann.page.wait_for_url(f"{base}/account")
    assert wrong == []
    assert ann.troubles == []


def test_by_forms_alone_with_a_password_and_an_app(portal: Server, chromium: Browser):
    context = chromium.new_context(java_script_enabled=False, viewport=DESK)
    page = context.new_page()
    page.goto(invite(portal, "bo@agency.example"))
    expect(page.get_by_role("button", name="Create a passkey")).to_be_hidden()
    key = page.locator("code.key").inner_text().replace(" ", "")
    page.get_by_label("Your name").last.fill("Bo Lind")
    page.get_by_label("New password").fill("kettle tundra oboe nine")
    page.get_by_label("Code from the app").fill(pyotp.TOTP(key).now())
    page.get_by_role("button", name="Set up my sign-in").click()
    page.get_by_role("button", name="I have saved my codes").click()
    page.get_by_role("button", name="I agree").click()
    expect(page.locator("header .who").first).to_contain_text("Bo Lind")
    context.close()


@pytest.mark.slow
def test_the_end_of_a_session_is_announced_and_put_off_with_one_tap(
    portal: Server, context: BrowserContext
):
    cy = with_authenticator(context)
    cy.page.clock.install()
    cy.page.goto(invite(portal, "cy@agency.example"))
    cy.type("Your name", "Cy Marsh")
    cy.tap("Create a passkey")
    cy.page.wait_for_url("**/sign-in/codes")
    cy.tap("I have saved my codes")
    cy.tap("I agree")
    cy.page.wait_for_url("**/incidents/daily/")
    ending = cy.page.locator("#ending")
    expect(ending).to_be_hidden()
    cy.page.clock.fast_forward("28:30")
    expect(ending).to_contain_text("Your session ends in 2 minutes.")
    assert examine(cy.page, dark=True) == []
    with cy.page.expect_response("**/account/stay") as answered:
        cy.tap("Stay signed in")
    assert answered.value.ok, "the browser's clock was moved, the portal's was not"
    assert "ends" in answered.value.json()

"""The way to a provider and back, as a browser goes it, without JavaScript."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import requests
from sqlalchemy import func, select

from portal.accounts import operations
from portal.accounts.models import Identity, SignIn, Spent
from portal.accounts.operations import NewIdentity
from portal.journal.models import Entry
from portal.journal.transaction import transaction

if TYPE_CHECKING:
    from sqlalchemy.orm import Session
    from werkzeug.test import TestResponse

    from portal.config import Provider
    from tests.accounts.sso.bent import Bent
    from tests.pages import Page, PageClient
    from tests.world import World

LOST = "This sign-in is over"
REFUSED = "did not work"
AWAY = "does not answer at present"


def leave(client: PageClient, url: str, action: str, **typed: Any) -> str:
    """Press a button of a page that leads to a provider; return the address there."""
    return address_of(client.read(press(client, url, action, **typed), 200))


def press(client: PageClient, url: str, action: str, **typed: Any) -> TestResponse:
    """Send the form of a page that posts to a path."""
    page = client.page(url)
    found = [it for it in page.forms if urlsplit(it.action).path == action]
    assert found, f"{url} has no form that posts to {action}"
    return client.submit(found[0], **typed)


def address_of(page: Page) -> str:
    """Return where a page sends the browser on to, by itself and by its link."""
    (link,) = [it for it in page.all("a") if (it.get("class") or "").startswith("usa-button")]
    address = link.get("href", "")
    assert page.response.headers["Refresh"] == f"0;url={address}"
    return address


def sign_in_there(address: str) -> str:
    """Sign in at the provider; return the path of the portal that the browser comes back to."""
    answer = requests.get(address, allow_redirects=False, timeout=10)
    assert answer.status_code == 302, answer.text
    back = urlsplit(answer.headers["Location"])
    return f"{back.path}?{back.query}"


def go(client: PageClient, name: str = "alpha-id", url: str = "/sign-in") -> TestResponse:
    """Sign in by a provider; return the portal's answer to who comes back."""
    return client.get(sign_in_there(leave(client, url, f"/sign-in/with/{name}")))


def link(
    session: Session,
    world: World,
    name: str,
    provider: Provider,
    subject: str = "subject-1",
) -> None:
    """Link somebody of the world to a provider."""
    with transaction(session, world.actor(name)) as tx:
        new = NewIdentity(issuer=provider.issuer, subject=subject, label=provider.label)
        operations.link_identity(tx, world.person(name), new)


@dataclass(frozen=True)
class Written:
    """How much there is of what single sign-on could write."""

    entries: int
    identities: int
    sessions: int

    @classmethod
    def now(cls, session: Session) -> Written:
        session.rollback()
        counts = (
            session.scalar(select(func.count()).select_from(row)) or 0
            for row in (Entry, Identity, SignIn)
        )
        return cls(*counts)


def spent(session: Session) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(Spent)) or 0


@dataclass
class Visit:
    """Somebody who is linked, before a provider that will be bent."""

    client: PageClient
    bent: Bent
    session: Session
    before: Written = field(init=False)

    def __post_init__(self) -> None:
        self.before = Written.now(self.session)

    def away(self) -> str:
        return leave(self.client, "/sign-in", "/sign-in/with/alpha-id")

    def back(self) -> str:
        return sign_in_there(self.away())

    def comes_to_nothing(self, answer: TestResponse, status: int, words: str) -> None:
        """See a plain page, no session, and nothing written."""
        page = self.client.read(answer, status)
        assert words in page.main
        for secret in ("Traceback", "canary", "invalid_grant", "subject-1", "alpha@"):
            assert secret not in page.html
        assert self.client.get("/account").status_code == 302
        assert Written.now(self.session) == self.before


def changed(path: str, **changes: Any) -> str:
    """Return the way back with other parameters; None takes one out."""
    place, _, query = path.partition("?")
    said: dict[str, Any] = dict(parse_qsl(query)) | changes
    left = {name: value for name, value in said.items() if value is not None}
    return f"{place}?{urlencode(left, doseq=True)}"

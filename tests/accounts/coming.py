"""Coming in step by step, as people do it: by an app, by codes, by a passkey."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pyotp

from portal.core import clock
from tests.passkeys import SoftPasskey, asked_of

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

    from tests.pages import Form, Page, PageClient

_KEY = re.compile(r'<code class="key">([A-Z2-7 ]+)</code>')
_CODE = re.compile(r"<code>([0-9A-Z-]{19})</code>")

NAME = "New Person"
PASSWORD = "four words in a row"


def key_of(page: Page) -> str:
    """Return the key that a page tells an authenticator app."""
    found = _KEY.search(page.html)
    assert found, "no key is told"
    return found[1].replace(" ", "")


def code_now(key: str, steps: int = 0) -> str:
    """Return what the app shows now, or some steps of 30 seconds later."""
    return pyotp.TOTP(key).at(int(clock.now().timestamp()) + 30 * steps)


def form_to(page: Page, path: str) -> Form:
    """Return the form of a page that posts to a path."""
    found = [it for it in page.forms if it.method == "post" and it.action.endswith(path)]
    assert found, f"{page.url} has no form to {path}"
    return found[0]


def send_join(client: PageClient, path: str, **typed: Any) -> TestResponse:
    """Take up an invitation with a password and an app; the answer is not followed."""
    page = client.page(path)
    filled = {"name": NAME, "password": PASSWORD, "code": code_now(key_of(page))}
    return client.submit(form_to(page, path), **{**filled, **typed})


def join(client: PageClient, path: str, **typed: Any) -> list[str]:
    """Take up an invitation and go all the way in; return the recovery codes."""
    return go_in(client, send_join(client, path, **typed))


def join_by_passkey(client: PageClient, path: str, passkey: SoftPasskey) -> list[str]:
    """Take up an invitation with a passkey and go all the way in."""
    page = client.page(path)
    form = form_to(page, "/passkey")
    made = passkey.make(asked_of(page.html))
    return go_in(client, client.submit(form, own_name=NAME, credential=made))


def go_in(client: PageClient, answer: TestResponse) -> list[str]:
    """Save the codes and agree to the terms where that is asked; return the codes."""
    codes: list[str] = []
    while (target := answer.headers.get("Location", "")).startswith("/sign-in/"):
        page = client.follow(answer)
        codes += _CODE.findall(page.html)
        answer = client.submit(page.form())
    assert (answer.status_code, target) == (303, "/"), answer.text
    return codes


def send_password(client: PageClient, email: str, password: str) -> TestResponse:
    """Send the form of the sign-in page; the answer is not followed."""
    page = client.page("/sign-in")
    return client.submit(page.form("sign_in.start"), email=email, password=password)

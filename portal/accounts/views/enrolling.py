"""Setting up a second factor: what is shown for it, and what comes back."""

from collections.abc import Callable
from typing import Any

from flask import current_app, request, session

from portal.accounts import one_time, operations, passkeys, queries
from portal.accounts.models import Person
from portal.accounts.one_time import Setup
from portal.accounts.views.entering import new_challenge, secret_key, site, take_challenge
from portal.accounts.views.sign_in import WRONG_PASSKEY
from portal.core import clock
from portal.core.sealing import seal
from portal.core.web.agents import browser_words
from portal.core.web.forms import PortalForm
from portal.core.web.requests import db_session
from portal.journal.transaction import Tx

#: Gives a person, within a write, the factor that was read from a form.
Give = Callable[[Tx, Person], None]

#: Under which name the browser's cookie keeps the key of an app that is being set up.
_KEPT = "app"

WRONG_CODE = "This code is not right. Look at the app again: codes change every 30 seconds."


def setup_for(person: Person) -> Setup:
    """Return what an app needs to know; the same until the browser has shown a right code."""
    secret = session.setdefault(_KEPT, one_time.new_secret())
    issuer = str(current_app.config["PORTAL_NAME"])
    return one_time.setup_of(secret, email=person.email, issuer=issuer)


def read_app(form: PortalForm, _person: Person) -> Give | None:
    """Return how to give the app whose first code was typed; None for a wrong code."""
    secret = session.get(_KEPT)
    step = one_time.step_of(secret, str(form["code"].data), clock.now()) if secret else None
    if secret is None or step is None:
        form.blame("code", WRONG_CODE)
        return None

    def give(tx: Tx, person: Person) -> None:
        operations.set_authenticator(tx, person, secret=seal(secret_key(), secret), step=step)
        session.pop(_KEPT, None)

    return give


def ask_for_passkey(person: Person) -> dict[str, Any]:
    """Return what the browser is asked to make a passkey."""
    held = queries.factors_of(db_session(), person.id).passkeys
    return passkeys.ask_for_new(site(), person, held, new_challenge())


def read_passkey(form: PortalForm, _person: Person) -> Give | None:
    """Return how to give the passkey that the browser made; None for what is not believed."""
    challenge = take_challenge()
    name = str(form["label"].data or "") if "label" in form else ""
    new = None
    if challenge is not None:
        answer = str(form["credential"].data)
        new = passkeys.read_new(site(), answer, challenge, name=name or browser_words_now())
    if new is None or challenge is None:
        form.refuse(WRONG_PASSKEY, 422)
        return None

    def give(tx: Tx, person: Person) -> None:
        operations.spend(tx, challenge.hex())
        operations.add_passkey(tx, person, new)

    return give


def browser_words_now() -> str:
    """Return what a passkey is called whose owner gave it no name."""
    return browser_words(request.user_agent.string)[:60]

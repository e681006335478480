"""Coming in, step by step: what a browser has shown so far, and how a session begins.

Until every step is done there is no session: what is known of somebody half-way stands in the
browser's signed cookie, is bound to the version of the person, and ends after ten minutes.
"""

import base64
import secrets
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from flask import current_app, flash, g, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import UserMixin, login_user

from portal.accounts import operations, queries
from portal.accounts.models import Person, SignIn
from portal.accounts.operations import TERMS_VERSION
from portal.accounts.passkeys import Site
from portal.config import Settings
from portal.core import clock
from portal.core.actor import Actor
from portal.core.web.forms import see_other
from portal.core.web.requests import db_session, is_own_path
from portal.journal.transaction import Tx, transaction

#: How long somebody may take for the rest of the way.
HALF_LIFE = timedelta(minutes=10)

#: How long a browser may take to answer for a passkey.
CHALLENGE_LIFE = timedelta(minutes=10)

_HALF, _CHALLENGE, _CODES = "half", "challenge", "codes"


class SignedIn(UserMixin):
    """Who Flask-Login takes for the user: an actor, and the token of the session."""

    def __init__(self, token: str, actor: Actor, row: SignIn) -> None:
        """Keep what one look-up found."""
        self.token, self.actor, self.row = token, actor, row

    def get_id(self) -> str:
        """Return what the cookie carries: the session's token."""
        return self.token


@dataclass(frozen=True, slots=True, kw_only=True)
class Half:
    """Somebody half-way in.

    how       : what was shown, a code of `sign-in-ways`.
    is_proven : whether a second factor was shown, too; what is left is paper.
    version   : of the person, so that whatever changes there ends this.
    target    : the path to which the way leads.
    provider  : the name of the provider by which they came; "" for who came otherwise.
    """

    person_id: int
    how: str
    is_proven: bool
    version: int
    until: str
    target: str = "/"
    provider: str = ""

    def keep(self) -> None:
        """Put this into the browser's cookie, in place of what was there of it."""
        session[_HALF] = asdict(self)


def start_half(
    person: Person,
    how: str,
    *,
    is_proven: bool = False,
    target: str = "/",
    provider: str = "",
) -> Half:
    """Note that somebody is half-way in; whatever the browser was before, it is no more."""
    session.clear()
    until = clock.now() + HALF_LIFE
    half = Half(
        person_id=person.id,
        how=how,
        is_proven=is_proven,
        version=person.version,
        until=until.isoformat(),
        target=target,
        provider=provider,
    )
    half.keep()
    return half


def current_half(*, is_proven: bool | None) -> tuple[Half, Person, Actor] | None:
    """Return who is half-way in at this step; None for nobody, or nobody any more.

    is_proven : at which step; None for either.
    """
    kept = session.get(_HALF)
    if not isinstance(kept, dict):
        return None
    half = Half(**kept)
    person = db_session().get(Person, half.person_id)
    if (
        person is None
        or is_proven not in {None, half.is_proven}
        or half.version != person.version
        or datetime.fromisoformat(half.until) <= clock.now()
    ):
        return None
    actor = queries.usual_actor(db_session(), person.id)
    return None if actor is None else (half, person, actor)


def go_on(half: Half, person: Person) -> ResponseReturnValue:
    """Lead somebody whose factors were shown to what is missing, at last into a session."""
    factors = queries.factors_of(db_session(), person.id)
    if not factors.codes:
        replace(half, version=person.version).keep()
        return see_other(url_for("second.codes"))
    if person.terms_version < TERMS_VERSION:
        replace(half, version=person.version).keep()
        return see_other(url_for("second.terms"))
    return enter(person, half.how, half.target, provider=half.provider)


def enter(
    person: Person, how: str, target: str = "/", *, provider: str = ""
) -> ResponseReturnValue:
    """Open a session for the membership that the person used last, and go where it leads.

    Where its organization wants a provider of its own, who came otherwise is led there first.
    """
    actor = queries.usual_actor(db_session(), person.id)
    if actor is None:
        return see_other(url_for("accounts.sign_in"))
    wanted = queries.required_provider(db_session(), actor.organization_id)
    if wanted not in {"", provider}:
        start_half(person, how, is_proven=True, target=target, provider=provider)
        return see_other(url_for("company.show"))
    begin(actor, how)
    return see_other(target if is_own_path(target) else "/")


def begin(actor: Actor, how: str) -> None:
    """Open a session for the actor's membership and put its token into the cookie."""
    with transaction(db_session(), actor) as tx:
        token = _open(tx, actor, how)
    take_over(token)


def _open(tx: Tx, actor: Actor, how: str) -> str:
    return operations.sign_in(
        tx,
        membership_id=actor.membership_id or 0,
        agent=request.user_agent.string,
        how=how,
        address=request.remote_addr or "",
    )


def take_over(token: str) -> None:
    """Let this browser carry the token; whatever its cookie held before is gone."""
    flashes = session.get("_flashes")
    session.clear()
    if flashes:
        session["_flashes"] = flashes
    found = queries.get_signed_in(db_session(), token)
    if found is not None:
        login_user(SignedIn(token, *found))
        g.login_is_new = True


def site() -> Site:
    """Return this portal as browsers know it, for passkeys."""
    settings: Settings = current_app.extensions["settings"]
    name = str(current_app.config["PORTAL_NAME"])
    return Site(name, settings.base_url or request.host_url.rstrip("/"))


def secret_key() -> str:
    """Return the key under which secrets are sealed."""
    return str(current_app.secret_key)


def new_challenge() -> bytes:
    """Return a challenge for a passkey, and keep it for this browser's answer."""
    challenge = secrets.token_bytes(32)
    until = clock.now() + CHALLENGE_LIFE
    session[_CHALLENGE] = [base64.b64encode(challenge).decode(), until.isoformat()]
    return challenge


def take_challenge() -> bytes | None:
    """Return the challenge that this browser was given last, once; None when it is too old."""
    kept: Any = session.pop(_CHALLENGE, None)
    if kept is None or datetime.fromisoformat(kept[1]) <= clock.now():
        return None
    return base64.b64decode(kept[0])


def keep_codes(codes: list[str]) -> None:
    """Keep new recovery codes with the browser until its person says that they are saved."""
    session[_CODES] = codes


def kept_codes() -> list[str]:
    """Return the new recovery codes that this browser was given and has not yet saved."""
    return list(session.get(_CODES, ()))


def forget_codes() -> None:
    """Forget recovery codes that were saved."""
    session.pop(_CODES, None)


def lost_the_way() -> ResponseReturnValue:
    """Begin again: what was shown is too old, or something changed meanwhile.

    Who is signed in stays so: anybody's link may lead here.
    """
    for name in (_HALF, _CHALLENGE, _CODES):
        session.pop(name, None)
    flash("That took too long, or something changed meanwhile. Sign in again.", "note")
    return see_other(url_for("accounts.sign_in"))

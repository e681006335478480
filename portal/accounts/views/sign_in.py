"""Signing in and out, and the person behind a request."""

import logging
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from flask import Blueprint, Flask, current_app, g, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, current_user, logout_user
from sqlalchemy.exc import OperationalError

from portal.accounts import operations, passkeys, queries
from portal.accounts.forms.entering import PasskeyForm, SignInForm
from portal.accounts.forms.people import role_words
from portal.accounts.models import Passkey, Person
from portal.accounts.states import PersonState
from portal.accounts.views import company, devices
from portal.accounts.views.entering import (
    SignedIn,
    enter,
    go_on,
    new_challenge,
    site,
    start_half,
    take_challenge,
)
from portal.accounts.views.providers import providers
from portal.config import Settings
from portal.core import clock
from portal.core.errors import BusyError, FieldError, NotAllowedError
from portal.core.passwords import password_matches
from portal.core.throttle import Throttle
from portal.core.web.forms import ButtonForm, PortalForm, see_other
from portal.core.web.requests import current_actor, db_session, is_own_path, or_404, public
from portal.journal.housekeeping import housekeeping
from portal.journal.refusals import note_refusal
from portal.journal.transaction import transaction

bp = Blueprint("accounts", __name__)

log = logging.getLogger(__name__)

#: A session's last request is noted at most this often.
TOUCH_EVERY = timedelta(minutes=1)

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_FORWARDED = ("forwarded", "via", "x-forwarded-", "x-real-ip")

WRONG = "E-mail or password is not right."
WRONG_PASSKEY = "This passkey is not known here, or it took too long. Try once more."
SLOW_DOWN = "Too many wrong tries. Wait 15 minutes, or call the SEOC."


def load_signed_in(token: str) -> SignedIn | None:
    """Return who acts through a token; None when the session has ended in any way."""
    found = queries.get_signed_in(db_session(), token)
    if found is None:
        return None
    actor, row = found
    if actor.is_demo and not demo_is_allowed():
        return None
    return SignedIn(token, actor, row)


def demo_is_allowed() -> bool:
    """Demo people come in only where the demo is on, straight over this machine's loopback."""
    settings: Settings = current_app.extensions["settings"]
    host = urlsplit(f"//{request.host}").hostname or ""
    return (
        settings.is_demo
        and host in _LOOPBACK
        and (request.remote_addr or "") in {"127.0.0.1", "::1"}
        and not any(name.lower().startswith(_FORWARDED) for name, _ in request.headers)
    )


def _touch() -> None:
    """Note that the person is here; sockets and what they make a page ask for do not count.

    Where nothing can be written, on a full disk say, people go on reading: it is noted later.
    """
    if request.endpoint == "static" or "X-Portal-Refresh" in request.headers:
        return
    if not current_user.is_authenticated:
        return
    if clock.now() - current_user.row.last_seen_at >= TOUCH_EVERY:
        try:
            with housekeeping(db_session()) as writer:
                operations.touch(writer, current_user.row.id)
        except (BusyError, OperationalError) as error:
            log.warning("who was here is not noted: %s", str(error).partition("\n")[0])
        else:
            g.touched_at = clock.now()


def ends_at() -> datetime:
    """Return when the session of this request ends if no other comes."""
    row, roles = current_user.row, current_user.actor.roles
    end: datetime = queries.ends_by_clock(row, roles)
    if "touched_at" in g:
        end = min(row.ends_at, g.touched_at + queries.idle_limit(roles))
    return end


def init_app(app: Flask) -> None:
    """Let Flask-Login find the person by the session's token."""
    settings: Settings = app.extensions["settings"]
    manager = LoginManager(app)
    manager.session_protection = None  # a phone changes its address with every mast
    manager.user_loader(load_signed_in)
    app.extensions["throttle"] = Throttle(settings.redis_url)
    app.before_request(_touch)
    devices.init_app(app)


@bp.route("/sign-in", methods=["GET", "POST"])
@public
def sign_in() -> ResponseReturnValue:
    """Ask for e-mail and password; whoever has them right goes on to the second factor."""
    form = SignInForm()
    if form.validate_on_submit():
        person = _checked(form)
        if person is not None and person.is_demo:
            return enter(person, "password", _next())
        if person is not None:
            start_half(person, "password", target=_next())
            return see_other(company.way_from_password(person))
    return _page(form=form)


@bp.post("/sign-in/passkey")
@public
def passkey() -> ResponseReturnValue:
    """Take a passkey for e-mail, password and code in one: it asks its owner by itself."""
    form = PasskeyForm()
    if form.validate_on_submit():
        person = show_passkey(form)
        if person is not None:
            half = start_half(person, "passkey", is_proven=True, target=_next())
            return go_on(half, person)
    return _page(passkey_form=form)


@bp.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End this session; its sockets close, and the browser forgets what it kept."""
    actor = current_actor()
    row = or_404(queries.get_sign_in(db_session(), current_user.row.id, actor.person_id or 0))
    with transaction(db_session(), actor) as tx:
        operations.end_sign_in(tx, row, why="signed out")
    logout_user()
    session.clear()
    answer = current_app.make_response(see_other(url_for(".sign_in")))
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


def show_passkey(form: PasskeyForm, *, of: int | None = None) -> Person | None:
    """Return whose passkey answered this browser's challenge; else None, said on the form.

    of : whose it must be.
    """
    throttle: Throttle = current_app.extensions["throttle"]
    address = request.remote_addr or ""
    if not throttle.admits_address(address):
        form.refuse(SLOW_DOWN, 429)
        return None
    challenge, answer = take_challenge(), str(form.credential.data)
    known = queries.passkey_by_credential(db_session(), passkeys.credential_id_of(answer) or "")
    if challenge is not None and known is not None and of in {None, known.person_id}:
        with form.catching():
            return _answered(known, answer, challenge)
    throttle.failed(address)
    note_refusal(db_session(), "passkey", address=address, person_id=of or 0)
    form.refuse(WRONG_PASSKEY, 422)
    return None


def _answered(known: Passkey, answer: str, challenge: bytes) -> Person:
    """Use up the challenge; raises FieldError for an answer that is not to be believed."""
    count = passkeys.read_known(site(), answer, challenge, known)
    actor = queries.actor_of(db_session(), known.person_id)
    person = db_session().get_one(Person, known.person_id)
    if count is None or actor is None or person.state is not PersonState.ACTIVE:
        address = request.remote_addr or ""
        current_app.extensions["throttle"].failed(address)
        note_refusal(db_session(), "passkey", address=address, person_id=person.id)
        raise FieldError("credential", WRONG_PASSKEY)
    try:
        with transaction(db_session(), actor) as tx:
            operations.use_passkey(tx, known, sign_count=count, challenge=challenge.hex())
    except NotAllowedError as error:
        raise FieldError("credential", WRONG_PASSKEY) from error
    return db_session().get_one(Person, person.id)


def _page(
    *, form: SignInForm | None = None, passkey_form: PasskeyForm | None = None
) -> ResponseReturnValue:
    sent: PortalForm | None = form or passkey_form
    demo_people = queries.list_demo_people(db_session()) if demo_is_allowed() else []
    page = render_template(
        "accounts/sign_in.html",
        form=form or SignInForm(),
        passkey_form=passkey_form or PasskeyForm(),
        asked=passkeys.ask_for_known(site(), (), new_challenge()),
        target=_next(),
        providers=providers(),
        provider_form_data=ButtonForm(),
        demo_people=demo_people,
        roles=role_words(),
    )
    return page, sent.status if sent else 200


def _checked(form: SignInForm) -> Person | None:
    """Return the person if the password is right; whatever is wrong, the answer is the same."""
    throttle: Throttle = current_app.extensions["throttle"]
    email, address = str(form.email.data).lower(), request.remote_addr or ""
    person = queries.get_person_by_email(db_session(), email)
    device = devices.known_to(person)
    if not throttle.admits(email, address, device):
        note_refusal(db_session(), "throttled", address=address)
        form.refuse(SLOW_DOWN, 429)
        return None
    known = person.password_hash if person else None
    may = person is not None and (not person.is_demo or demo_is_allowed())
    if password_matches(str(form.password.data), known) and person is not None and may:
        actor = queries.actor_of(db_session(), person.id)
        if actor is not None and person.state is PersonState.ACTIVE:
            throttle.forgive(email, address, device)
            return person
    throttle.failed(address, email, device)
    person_id = person.id if person is not None else 0
    note_refusal(db_session(), "sign_in", address=address, person_id=person_id)
    form.refuse(WRONG, 422)
    return None


def _next() -> str:
    target = request.args.get("next", "")
    return target if is_own_path(target) else "/"

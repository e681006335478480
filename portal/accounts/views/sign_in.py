"""Signing in and out, and the person behind a request."""

from datetime import timedelta
from urllib.parse import urlsplit

from flask import Blueprint, Flask, current_app, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user

from portal.accounts import operations, queries
from portal.accounts.forms import SignInForm, role_words
from portal.accounts.models import Person, SignIn
from portal.config import Settings
from portal.core import clock
from portal.core.actor import Actor
from portal.core.passwords import password_matches
from portal.core.throttle import Throttle
from portal.core.web.forms import see_other
from portal.core.web.requests import current_actor, db_session, is_own_path, or_404, public
from portal.journal.housekeeping import housekeeping
from portal.journal.transaction import transaction

bp = Blueprint("accounts", __name__)

#: A session's last request is noted at most this often.
TOUCH_EVERY = timedelta(minutes=1)

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_FORWARDED = ("forwarded", "via", "x-forwarded-", "x-real-ip")

WRONG = "E-mail or password is not right."
SLOW_DOWN = "Too many wrong tries. Wait 15 minutes, or call the SEOC."


class SignedIn(UserMixin):
    """Who Flask-Login takes for the user: an actor, and the token of the session."""

    def __init__(self, token: str, actor: Actor, row: SignIn) -> None:
        """Keep what one look-up found."""
        self.token, self.actor, self.row = token, actor, row

    def get_id(self) -> str:
        """Return what the cookie carries: the session's token."""
        return self.token


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
    """Note that the person is here; sockets and what they make a page ask for do not count."""
    if request.endpoint == "static" or "X-Portal-Refresh" in request.headers:
        return
    if not current_user.is_authenticated:
        return
    row: SignIn = current_user.row
    if clock.now() - row.last_seen_at >= TOUCH_EVERY:
        with housekeeping(db_session()) as writer:
            operations.touch(writer, row.id)


def init_app(app: Flask) -> None:
    """Let Flask-Login find the person by the session's token."""
    manager = LoginManager(app)
    manager.session_protection = None  # a phone changes its address with every mast
    manager.user_loader(load_signed_in)
    app.extensions["throttle"] = Throttle()
    app.before_request(_touch)


@bp.route("/sign-in", methods=["GET", "POST"])
@public
def sign_in() -> ResponseReturnValue:
    """Ask for e-mail and password, and open a session."""
    form = SignInForm()
    if form.validate_on_submit():
        person = _checked(form)
        actor = queries.actor_of(db_session(), person.id) if person else None
        if actor is not None:
            begin(actor)
            return see_other(_next())
    demo_people = queries.list_demo_people(db_session()) if demo_is_allowed() else []
    page = render_template(
        "accounts/sign_in.html", form=form, demo_people=demo_people, roles=role_words()
    )
    return page, form.status


@bp.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End this session; its sockets close."""
    actor = current_actor()
    row = or_404(queries.get_sign_in(db_session(), current_user.row.id, actor.person_id or 0))
    with transaction(db_session(), actor) as tx:
        operations.end_sign_in(tx, row, why="signed out")
    logout_user()
    session.clear()
    return see_other(url_for(".sign_in"))


def begin(actor: Actor) -> None:
    """Open a session for the actor's membership and put its token into the cookie."""
    with transaction(db_session(), actor) as tx:
        token = operations.sign_in(
            tx, membership_id=actor.membership_id or 0, agent=request.user_agent.string
        )
    session.clear()
    found = queries.get_signed_in(db_session(), token)
    if found is not None:
        login_user(SignedIn(token, *found))


def _checked(form: SignInForm) -> Person | None:
    """Return the person if the password is right; whatever is wrong, the answer is the same."""
    throttle: Throttle = current_app.extensions["throttle"]
    email, address = str(form.email.data).lower(), request.remote_addr or ""
    if not throttle.admits(email, address):
        form.refuse(SLOW_DOWN, 429)
        return None
    person = queries.get_person_by_email(db_session(), email)
    known = person.password_hash if person else None
    may = person is not None and (not person.is_demo or demo_is_allowed())
    if password_matches(str(form.password.data), known) and person is not None and may:
        actor = queries.actor_of(db_session(), person.id)
        if actor is not None:
            throttle.forgive(email, address)
            return person
    throttle.failed(address)
    form.refuse(WRONG, 422)
    return None


def _next() -> str:
    target = request.args.get("next", "")
    return target if is_own_path(target) else "/"

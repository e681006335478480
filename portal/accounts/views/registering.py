"""Screens of those without a sign-in: asking to be taken in, a forgotten password.

Nothing on them tells whether an organization or an address is known here: the pages are the
same, and what is different is done after the answer has gone.
"""

import hashlib
import logging

from flask import Blueprint, Response, current_app, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.accounts import operations, queries
from portal.accounts.forms.registering import ForgottenForm, RegisterForm, ReplyForm
from portal.accounts.models import Application
from portal.accounts.states import APPLICATION, PersonState, has_password
from portal.accounts.views.links import by_letter, link
from portal.core.actor import SYSTEM
from portal.core.db import Database
from portal.core.errors import FieldError, PortalError
from portal.core.sealing import token_for
from portal.core.throttle import Throttle
from portal.core.web.forms import see_other
from portal.core.web.requests import db_session, or_404, public
from portal.journal.transaction import transaction

bp = Blueprint("registering", __name__)
log = logging.getLogger(__name__)

#: So many applications are taken in a day, from everywhere.
MOST_A_DAY = 200

SLOW_DOWN = "That was very often. Wait an hour, or call the SEOC."
TOO_MANY = "Very many ask at the moment. Try again tomorrow, or call the SEOC."


@bp.after_request
def _hide_the_token(response: Response) -> Response:
    """Send no path along with any request from these pages: it holds a token."""
    response.headers["Referrer-Policy"] = "strict-origin"
    return response


@bp.route("/register", methods=["GET", "POST"])
@public
def new() -> ResponseReturnValue:
    """Ask about an organization that wants to take part, and put it before those who vet."""
    form = RegisterForm()
    if form.validate_on_submit():
        key = _key(form)
        token = token_for(str(current_app.secret_key), f"application {key}")
        known = queries.get_application_by_token(db_session(), token)
        if known is not None or _may_register(form):
            if known is None:
                _apply(form, key, token)
            return see_other(url_for(".sent", token=token))
    return render_template("accounts/register.html", form=form), form.status


@bp.get("/register/<token>/sent")
@public
def sent(token: str) -> ResponseReturnValue:
    """Say that the application is in, what happens next, and where to look."""
    application = or_404(queries.get_application_by_token(db_session(), token))
    return render_template(
        "accounts/registered.html",
        application=application,
        link=link(".show", token),
        by_letter=by_letter(),
    )


@bp.get("/register/<token>")
@public
def show(token: str) -> ResponseReturnValue:
    """Show who applied how it stands."""
    return _page(token, ReplyForm(row=_find(token)))


@bp.post("/register/<token>/reply")
@public
def reply(token: str) -> ResponseReturnValue:
    """Answer the vetters' question."""
    application = _find(token)
    form = ReplyForm(row=application)
    if form.validate_on_submit():
        said = str(form.reply.data)
        if application.reply == said:  # sent twice
            return see_other(url_for(".show", token=token))
        held = form.held(application)
        with form.catching(), transaction(db_session(), SYSTEM, held=held) as tx:
            operations.reply(tx, application, said=said)
            return see_other(url_for(".show", token=token))
    return _page(token, form)


@bp.route("/forgotten", methods=["GET", "POST"])
@public
def forgotten() -> ResponseReturnValue:
    """Ask for the address of who forgot the password, and answer everybody alike."""
    form = ForgottenForm()
    if by_letter() and form.validate_on_submit():
        throttle: Throttle = current_app.extensions["throttle"]
        if throttle.admits_asking(request.remote_addr or ""):
            answer = current_app.make_response(render_template("accounts/link_sent.html"))
            _send_after(answer, str(form.email.data).lower())
            return answer
        form.refuse(SLOW_DOWN, 429)
    page = render_template("accounts/forgotten.html", form=form, by_letter=by_letter())
    return page, form.status


def _may_register(form: RegisterForm) -> bool:
    throttle: Throttle = current_app.extensions["throttle"]
    if not throttle.admits_registering(request.remote_addr or ""):
        form.refuse(SLOW_DOWN, 429)
        return False
    if queries.count_applications(db_session(), hours=24) >= MOST_A_DAY:
        form.refuse(TOO_MANY, 429)
        return False
    return True


def _key(form: RegisterForm) -> str:
    """Return what tells this form, filled in like this, from every other."""
    once = form.once_key
    return hashlib.sha256(f"{once.token} {once.body_hash}".encode()).hexdigest()


def _apply(form: RegisterForm, key: str, token: str) -> None:
    """Take the application in; the same form sent again is the same application."""
    try:
        with transaction(db_session(), SYSTEM) as tx:
            operations.spend(tx, key)
            operations.apply(tx, form.claim(), key=key, token=token)
    except FieldError:  # it was spent a moment ago, by the same form
        return


def _find(token: str) -> Application:
    return or_404(queries.get_application_by_token(db_session(), token))


def _page(token: str, form: ReplyForm) -> ResponseReturnValue:
    application = _find(token)
    page = render_template(
        "accounts/application.html",
        application=application,
        form=form,
        token=token,
        can_reply="reply" in APPLICATION.names_open_to(SYSTEM, application),
    )
    return page, form.status


def _send_after(answer: Response, email: str) -> None:
    """Have a link sent once the answer has gone, so that it tells nothing by its time."""
    throttle: Throttle = current_app.extensions["throttle"]
    database: Database = current_app.extensions["database"]

    def send() -> None:
        if not throttle.admits_reset(email):
            return
        with database.sessions() as session:
            person = queries.get_person_by_email(session, email)
            if person is None or person.state is not PersonState.ACTIVE:
                return
            if not has_password(person) or queries.actor_of(session, person.id) is None:
                return
            try:
                with transaction(session, SYSTEM) as tx:
                    operations.reset_by_letter(tx, person)
            except PortalError:
                log.warning("a link for a new password could not be asked for")

    answer.call_on_close(send)

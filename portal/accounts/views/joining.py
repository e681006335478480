"""Screens behind the single-use links: taking up an invitation, setting a lost password.

Opening a link uses nothing up, for scanners of e-mail open every link; only sending the form
does. A link that is unknown, used, replaced or over is answered in the same way, so that
trying links tells nothing.
"""

from flask import Blueprint, Response, flash, render_template, url_for
from flask.typing import ResponseReturnValue

from portal.accounts import operations, queries
from portal.accounts.forms import JoinForm, RecoverForm
from portal.accounts.models import Ticket
from portal.accounts.states import PersonState, TicketPurpose
from portal.accounts.views.sign_in import begin
from portal.core import clock
from portal.core.actor import Actor
from portal.core.errors import EpochGoneError, NotAllowedError, StateGoneError
from portal.core.passwords import hash_password
from portal.core.web.forms import see_other
from portal.core.web.requests import db_session, public
from portal.journal.transaction import transaction

bp = Blueprint("joining", __name__)

#: What a link is for tells in which state its person must be.
_STATES = {
    TicketPurpose.INVITE: PersonState.INVITED,
    TicketPurpose.RESET: PersonState.ACTIVE,
}

_GONE = (StateGoneError, EpochGoneError, NotAllowedError)


@bp.after_request
def _hide_the_token(response: Response) -> Response:
    """Send no path along with any request from these pages: it holds the token.

    The origin stays, as the protection against foreign forms asks for it under TLS.
    """
    response.headers["Referrer-Policy"] = "strict-origin"
    return response


@bp.route("/invite/<token>", methods=["GET", "POST"])
@public
def accept(token: str) -> ResponseReturnValue:
    """Ask an invited person for a name and a password; they are signed in with that."""
    found = _find(token, TicketPurpose.INVITE)
    if found is None:
        return _gone()
    ticket, actor = found
    email, organization = ticket.person.email, actor.organization_name
    form = JoinForm(email)
    if form.validate_on_submit():
        hashed = hash_password(str(form.password.data))
        try:
            with transaction(db_session(), actor) as tx:
                person = operations.join(
                    tx, ticket, name=str(form.name.data), password_hash=hashed
                )
        except _GONE:
            return _gone()
        joined = queries.actor_of(db_session(), person.id)
        if joined is not None:
            begin(joined)
        return see_other("/")
    page = render_template(
        "accounts/join.html", form=form, email=email, organization=organization
    )
    return page, form.status


@bp.route("/reset/<token>", methods=["GET", "POST"])
@public
def recover(token: str) -> ResponseReturnValue:
    """Ask for a new password; it does not sign in, and it ends what was open."""
    found = _find(token, TicketPurpose.RESET)
    if found is None:
        return _gone()
    ticket, actor = found
    email = ticket.person.email
    form = RecoverForm(email)
    if form.validate_on_submit():
        hashed = hash_password(str(form.password.data))
        try:
            with transaction(db_session(), actor) as tx:
                operations.recover(tx, ticket, password_hash=hashed)
        except _GONE:
            return _gone()
        flash("Your password is changed. Sign in with the new one.")
        return see_other(url_for("accounts.sign_in"))
    return render_template("accounts/recover.html", form=form, email=email), form.status


def _find(token: str, purpose: TicketPurpose) -> tuple[Ticket, Actor] | None:
    """Return the ticket of a link that can still be used, and whom it lets act."""
    ticket = queries.get_ticket(db_session(), token, purpose)
    if ticket is None or ticket.used_at is not None or ticket.ends_at <= clock.now():
        return None
    if ticket.person.state is not _STATES[purpose]:
        return None
    actor = queries.actor_of(db_session(), ticket.person_id)
    return None if actor is None else (ticket, actor)


def _gone() -> ResponseReturnValue:
    return render_template("accounts/link_gone.html"), 410

"""Screens behind the single-use links: joining, a new password, new second factors.

Opening a link uses nothing up, for scanners of e-mail open every link; only sending the form
does. A link that is unknown, used, replaced or over is answered in the same way, so that
trying links tells nothing.
"""

from collections.abc import Callable

from flask import Blueprint, Response, current_app, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.accounts import operations, queries
from portal.accounts.forms.entering import PasskeyForm
from portal.accounts.forms.joining import (
    JoinByPasskeyForm,
    JoinByProviderForm,
    JoinForm,
    RenewByPasskeyForm,
    RenewForm,
)
from portal.accounts.forms.passwords import RecoverForm
from portal.accounts.forms.people import role_words
from portal.accounts.models import Person, Ticket
from portal.accounts.states import PersonState, TicketPurpose, has_password
from portal.accounts.views import enrolling, invited
from portal.accounts.views.enrolling import Give
from portal.accounts.views.entering import go_on, start_half
from portal.accounts.views.providers import Errand, Purpose, leave
from portal.accounts.views.sign_in import SLOW_DOWN
from portal.core import clock
from portal.core.actor import Actor
from portal.core.errors import EpochGoneError, NotAllowedError, StateGoneError
from portal.core.passwords import hash_password, password_matches
from portal.core.throttle import Throttle
from portal.core.web.forms import PortalForm, see_other
from portal.core.web.requests import db_session, or_404, public
from portal.journal.transaction import transaction

bp = Blueprint("joining", __name__)

#: What a link is for tells in which state its person must be.
_STATES = {
    TicketPurpose.INVITE: PersonState.INVITED,
    TicketPurpose.RESET: PersonState.ACTIVE,
    TicketPurpose.FACTOR: PersonState.ACTIVE,
}

GONE = (StateGoneError, EpochGoneError, NotAllowedError)

NOT_IT = "This is not your password."

Found = tuple[Ticket, Actor]


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
    """Ask an invited person for a name, a password and an authenticator app."""
    return _set_up(token, TicketPurpose.INVITE, _join_form, enrolling.read_app)


@bp.post("/invite/<token>/passkey")
@public
def accept_by_passkey(token: str) -> ResponseReturnValue:
    """Take up an invitation with a name and a passkey; no password is needed then."""
    return _set_up(
        token, TicketPurpose.INVITE, lambda _found: JoinByPasskeyForm(), enrolling.read_passkey
    )


@bp.post("/invite/<token>/with/<name>")
@public
def accept_by_provider(token: str, name: str) -> ResponseReturnValue:
    """Send an invited person to the provider that their organization wants."""
    found = find(token, TicketPurpose.INVITE)
    if found is None:
        return gone()
    provider = invited.wanted_provider(found[1])
    or_404(provider if provider and provider.name == name else None)
    form = JoinByProviderForm()
    if form.validate_on_submit():
        told = str(form.name.data)
        return leave(Errand(purpose=Purpose.JOIN, provider=name, detail=token, name=told))
    return _page(token, found, form)


@bp.route("/factors/<token>", methods=["GET", "POST"])
@public
def renew(token: str) -> ResponseReturnValue:
    """Ask somebody whose second factors were reset for a new authenticator app."""
    return _set_up(
        token, TicketPurpose.FACTOR, lambda found: _own(found, RenewForm()), enrolling.read_app
    )


@bp.post("/factors/<token>/passkey")
@public
def renew_by_passkey(token: str) -> ResponseReturnValue:
    """Take a new passkey of somebody whose second factors were reset."""
    return _set_up(
        token,
        TicketPurpose.FACTOR,
        lambda found: _own(found, RenewByPasskeyForm()),
        enrolling.read_passkey,
    )


@bp.route("/reset/<token>", methods=["GET", "POST"])
@public
def recover(token: str) -> ResponseReturnValue:
    """Ask for a new password; it does not sign in, and it ends what was open."""
    found = find(token, TicketPurpose.RESET)
    if found is None:
        return gone()
    ticket, actor = found
    person = ticket.person
    form = RecoverForm(email=person.email, about=[person.name, actor.organization_name])
    email = person.email
    if form.validate_on_submit():
        hashed = hash_password(str(form.password.data))
        try:
            with transaction(db_session(), actor) as tx:
                operations.recover(tx, ticket, password_hash=hashed)
        except GONE:
            return gone()
        flash("Your password is changed. Sign in with the new one.")
        return see_other(url_for("accounts.sign_in"))
    return render_template("accounts/recover.html", form=form, email=email), form.status


def find(token: str, purpose: TicketPurpose) -> Found | None:
    """Return the ticket of a link that can still be used, and whom it lets act."""
    ticket = queries.get_ticket(db_session(), token, purpose)
    if ticket is None or ticket.used_at is not None or ticket.ends_at <= clock.now():
        return None
    if ticket.person.state is not _STATES[purpose]:
        return None
    actor = queries.actor_of(db_session(), ticket.person_id)
    return None if actor is None else (ticket, actor)


def _set_up(
    token: str,
    purpose: TicketPurpose,
    form_for: Callable[[Found], PortalForm],
    read: Callable[[PortalForm, Person], Give | None],
) -> ResponseReturnValue:
    """Show a link's form; once it is filled in rightly, use the link up and lead on."""
    found = find(token, purpose)
    if found is None:
        return gone()
    form = form_for(found)
    if form.validate_on_submit() and _is_owner(form, found[0].person):
        give = read(form, found[0].person)
        try:
            if give is not None and (person := _use(form, found, give)):
                how = "invitation" if purpose is TicketPurpose.INVITE else "recovery_code"
                return go_on(start_half(person, how, is_proven=True), person)
        except GONE:
            return gone()
    return _page(token, found, form)


def _use(form: PortalForm, found: Found, give: Give) -> Person | None:
    """Use the link up for a factor; None when that was refused, said on the form."""
    ticket, actor = found
    is_invitation = ticket.purpose is TicketPurpose.INVITE
    person_id: int | None = None
    hashed = None
    if isinstance(form, JoinForm):
        hashed = hash_password(str(form.password.data))
    with form.catching(), transaction(db_session(), actor) as tx:
        if is_invitation:
            name = str(_either(form, "name", "own_name"))
            person = operations.join(tx, ticket, name=name, password_hash=hashed)
        else:
            person = operations.renew_factors(tx, ticket)
        give(tx, person)
        person_id = person.id
    if form.status == 409:
        raise StateGoneError("This link was used before, or it has ended.")
    return db_session().get(Person, person_id) if person_id else None


def _join_form(found: Found) -> PortalForm:
    ticket, actor = found
    return JoinForm(email=ticket.person.email, about=[actor.organization_name])


def _own(found: Found, form: PortalForm) -> PortalForm:
    """Ask for the password only who has one."""
    if not has_password(found[0].person):
        del form["password" if "password" in form else "own_password"]
    return form


def _either(form: PortalForm, *names: str) -> str | None:
    """Return what was typed in the one of these fields that the form has; None for none."""
    return next((str(form[name].data) for name in names if name in form), None)


def _is_owner(form: PortalForm, person: Person) -> bool:
    """Return whether who renews factors knows the password; said on the form otherwise."""
    typed = _either(form, "password", "own_password")
    if isinstance(form, JoinForm) or typed is None:
        return True
    throttle: Throttle = current_app.extensions["throttle"]
    account, address = f"factors {person.id}", request.remote_addr or ""
    if not throttle.admits(account, address):
        form.refuse(SLOW_DOWN, 429)
        return False
    if not password_matches(typed, person.password_hash):
        throttle.failed(address, account)
        form.blame("password" if "password" in form else "own_password", NOT_IT)
        return False
    throttle.forgive(account, address)
    return True


def _page(token: str, found: Found, form: PortalForm) -> ResponseReturnValue:
    """Show both ways to a second factor: a passkey, or an app with its code."""
    ticket, actor = found
    person, is_invitation = ticket.person, ticket.purpose is TicketPurpose.INVITE
    if is_invitation and (provider := invited.wanted_provider(actor)) is not None:
        return invited.page(token, ticket, actor, provider, form)
    by_app = _join_form(found) if is_invitation else _own(found, RenewForm())
    by_passkey = JoinByPasskeyForm() if is_invitation else _own(found, RenewByPasskeyForm())
    if isinstance(form, PasskeyForm):
        by_passkey = form
    else:
        by_app = form
    page = render_template(
        "accounts/join.html" if is_invitation else "accounts/renew.html",
        form=by_app,
        passkey_form=by_passkey,
        setup=enrolling.setup_for(person),
        asked=enrolling.ask_for_passkey(person),
        token=token,
        email=person.email,
        actor_to_be=actor,
        invited_by=ticket.issued_by,
        roles=[role_words()[role] for role in role_words() if role in actor.roles],
    )
    return page, form.status


def gone() -> ResponseReturnValue:
    """Say that a link does not work, whatever the cause."""
    return render_template("accounts/link_gone.html"), 410

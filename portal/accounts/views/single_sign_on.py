"""Single sign-on: to an OpenID provider with a button, and what becomes of who comes back.

Who somebody is there (issuer and subject) decides; an e-mail address links nothing.
"""

from collections.abc import Callable
from typing import cast

from flask import Blueprint, Response, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.accounts import operations, queries
from portal.accounts.id_tokens import ProviderError
from portal.accounts.models import Person
from portal.accounts.operations import NewIdentity
from portal.accounts.states import PersonState, TicketPurpose
from portal.accounts.views import joining
from portal.accounts.views.account import act_for
from portal.accounts.views.entering import current_half, enter, go_on, start_half
from portal.accounts.views.providers import (
    Errand,
    Purpose,
    leave,
    lost,
    provider_named,
    refused,
    said_once,
    subject_of,
    take,
)
from portal.accounts.views.proving import finish
from portal.accounts.views.sign_in import demo_is_allowed
from portal.config import Provider
from portal.core.actor import SYSTEM
from portal.core.errors import EpochGoneError, FieldError
from portal.core.web.forms import ButtonForm, see_other
from portal.core.web.requests import (
    current_actor,
    db_session,
    is_own_path,
    or_404,
    public,
)
from portal.journal.transaction import transaction

bp = Blueprint("single_sign_on", __name__, url_prefix="/sign-in/with")

Found = tuple[Provider, str]


@bp.after_request
def _hide_the_code(response: Response) -> Response:
    """Send no path along with any request from these pages: it holds the provider's answer."""
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@bp.post("/<name>")
@public
def start(name: str) -> ResponseReturnValue:
    """Send somebody to a provider to sign in there."""
    or_404(provider_named(name))
    target = request.args.get("next", "")
    if not ButtonForm().validate_on_submit():
        return see_other(url_for("accounts.sign_in"))
    return leave(
        Errand(
            purpose=Purpose.SIGN_IN,
            provider=name,
            target=target if is_own_path(target) else "/",
        )
    )


@bp.get("/<name>/back")
@public
def back(name: str) -> ResponseReturnValue:
    """Take what the provider says of who comes back; only of a browser that was sent there."""
    said, provider = said_once(), provider_named(name)
    away = take(name, said.get("state", "")) if said and provider else None
    if away is None or provider is None or said is None:
        return lost()
    try:
        with transaction(db_session(), SYSTEM) as tx:
            operations.spend(tx, away.asked.state)
    except FieldError:
        return lost()
    try:
        subject = subject_of(provider, away, said)
    except ProviderError as error:
        return refused(provider, error)
    return _ARRIVALS[away.errand.purpose](away.errand, provider, subject)


def _sign_in(errand: Errand, provider: Provider, subject: str) -> ResponseReturnValue:
    """Let somebody in who is linked; a second factor is asked for if the provider saw none."""
    person = _known(provider, subject)
    if person is None:
        return _unknown(provider)
    if person.is_demo:  # they have no second factor, no recovery codes
        return enter(person, "provider", errand.target, provider=provider.name)
    half = start_half(
        person,
        "provider",
        is_proven=provider.is_enough,
        target=errand.target,
        provider=provider.name,
    )
    return go_on(half, person) if provider.is_enough else see_other(url_for("second.code"))


def _link(errand: Errand, provider: Provider, subject: str) -> ResponseReturnValue:
    """Link a provider to who began it, and had shown all factors before."""
    if not _is_same_session(errand):
        return lost()
    actor = current_actor()
    try:
        with transaction(db_session(), actor) as tx:
            person = tx.session.get_one(Person, actor.person_id)
            operations.link_identity(tx, person, _new(provider, subject))
    except FieldError as error:
        flash(str(error), "note")
    else:
        flash(f"{provider.label} is linked. You can sign in with it from now on.")
    return see_other(url_for("factors.show"))


def _link_half_way(errand: Errand, provider: Provider, subject: str) -> ResponseReturnValue:
    """Link the provider that an organization wants, and go on as who came by it."""
    found = current_half(is_proven=True)
    if found is None or found[1].id != errand.person_id:
        return lost()
    half, person, actor = found
    try:
        with transaction(db_session(), actor) as tx:
            row = tx.session.get_one(Person, person.id)
            operations.link_identity(tx, row, _new(provider, subject))
    except FieldError as error:
        flash(str(error), "note")
        return see_other(url_for("company.show"))
    except EpochGoneError:
        return lost()
    return _arrived(errand.person_id, provider, half.target)


def _join(errand: Errand, provider: Provider, subject: str) -> ResponseReturnValue:
    """Take up an invitation: its link is the proof, and both come in one write."""
    found = joining.find(errand.detail, TicketPurpose.INVITE)
    if found is None:
        return joining.gone()
    ticket, actor = found
    try:
        with transaction(db_session(), actor) as tx:
            new = _new(provider, subject)
            person_id = operations.join_by(tx, ticket, new, name=errand.name).id
    except FieldError as error:
        flash(str(error), "note")
        return see_other(url_for("joining.accept", token=errand.detail))
    except joining.GONE:
        return joining.gone()
    return _arrived(person_id, provider, "/")


def _prove(errand: Errand, provider: Provider, subject: str) -> ResponseReturnValue:
    """Count it as showing all factors that somebody has just signed in there anew."""
    if not _is_same_session(errand):
        return lost()
    person = _known(provider, subject)
    if person is None or person.id != errand.person_id or not provider.is_enough:
        return _unknown(provider)
    return finish("provider", errand.target)


def _switch(errand: Errand, provider: Provider, subject: str) -> ResponseReturnValue:
    """Act for another organization, which wants this provider."""
    if not _is_same_session(errand):
        return lost()
    person = _known(provider, subject)
    if person is None or person.id != errand.person_id:
        return _unknown(provider)
    return act_for(int(errand.detail), "provider", provider.name)


_ARRIVALS: dict[Purpose, Callable[[Errand, Provider, str], ResponseReturnValue]] = {
    Purpose.SIGN_IN: _sign_in,
    Purpose.LINK: _link,
    Purpose.COMPANY: _link_half_way,
    Purpose.JOIN: _join,
    Purpose.PROVE: _prove,
    Purpose.SWITCH: _switch,
}


def _new(provider: Provider, subject: str) -> NewIdentity:
    return NewIdentity(issuer=provider.issuer, subject=subject, label=provider.label)


def _known(provider: Provider, subject: str) -> Person | None:
    """Return the person that is linked, and note that they came; None for nobody."""
    identity = queries.get_identity(db_session(), provider.issuer, subject)
    actor = queries.actor_of(db_session(), identity.person_id) if identity else None
    if identity is None or actor is None or not _may_come(identity.person_id):
        return None
    try:
        with transaction(db_session(), actor) as tx:
            operations.use_identity(tx, identity)
    except (FieldError, EpochGoneError):
        return None
    return db_session().get(Person, actor.person_id)


def _may_come(person_id: int) -> bool:
    person = db_session().get_one(Person, person_id)
    is_active = person.state is PersonState.ACTIVE
    return is_active and (not person.is_demo or demo_is_allowed())


def _is_same_session(errand: Errand) -> bool:
    """Return whether the session in which this was begun is still this browser's."""
    return bool(current_user.is_authenticated and current_user.row.id == errand.sign_in_id)


def _arrived(person_id: int | None, provider: Provider, target: str) -> ResponseReturnValue:
    person = db_session().get_one(Person, cast("int", person_id))
    half = start_half(person, "provider", is_proven=True, target=target, provider=provider.name)
    return go_on(half, person)


def _unknown(provider: Provider) -> ResponseReturnValue:
    """Say that nobody is linked: in the same words whether or not the address is known."""
    return render_template("accounts/provider_unknown.html", provider=provider), 403

"""Showing all factors once more, before an act that could shut somebody out."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import ParamSpec

from flask import Blueprint, current_app, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.accounts import operations, passkeys, queries
from portal.accounts.forms.entering import PasskeyForm, ProveForm
from portal.accounts.models import Person
from portal.accounts.queries import Factors
from portal.accounts.states import has_password
from portal.accounts.views.entering import new_challenge, site, take_over
from portal.accounts.views.providers import (
    Errand,
    Purpose,
    leave,
    provider_named,
    providers,
)
from portal.accounts.views.second import check_code
from portal.accounts.views.sign_in import SLOW_DOWN, show_passkey
from portal.config import Provider
from portal.core import clock
from portal.core.passwords import password_matches
from portal.core.throttle import Throttle
from portal.core.web.forms import ButtonForm, PortalForm, see_other
from portal.core.web.requests import current_actor, db_session, is_own_path, or_404
from portal.journal.transaction import transaction

bp = Blueprint("proving", __name__, url_prefix="/account/prove")

P = ParamSpec("P")

#: How long it counts that somebody has shown all factors.
PROOF_LIFE = timedelta(minutes=10)

NOT_IT = "This is not your password."


def is_proven() -> bool:
    """Return whether the person has shown all factors in the last ten minutes."""
    proved_at = current_user.row.proved_at
    return bool(clock.now() - proved_at < PROOF_LIFE)


def proven(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
    """Let a view run only shortly after its person has shown all factors; else ask for them."""

    @wraps(view)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        if is_proven():
            return view(*args, **kwargs)
        flash("Show who you are once more, then do it again.", "note")
        target = request.full_path.rstrip("?") if request.method == "GET" else "/account"
        return see_other(url_for("proving.show", next=target))

    return wrapped


@bp.route("", methods=["GET", "POST"])
def show() -> ResponseReturnValue:
    """Ask for password and code; the session goes on under a new id."""
    person = _person()
    factors = queries.factors_of(db_session(), person.id)
    form = _form(person, factors)
    if form.validate_on_submit() and _knows_password(form, person):
        how = "password"
        if "code" in form:
            how = check_code(form, person, current_actor()) or ""
        if how:
            return finish(how, request.args.get("next", ""))
    return _page(person, form=form, factors=factors)


@bp.post("/passkey")
def passkey() -> ResponseReturnValue:
    """Take a passkey in place of password and code."""
    person, form = _person(), PasskeyForm()
    if form.validate_on_submit() and show_passkey(form, of=person.id):
        return finish("passkey", request.args.get("next", ""))
    return _page(person, passkey_form=form)


@bp.post("/with/<name>")
def provider(name: str) -> ResponseReturnValue:
    """Send the person to a provider to sign in anew; that shows several factors, too."""
    person, actor = _person(), current_actor()
    or_404(provider_named(name) if name in {it.name for it in _providers(person)} else None)
    if not ButtonForm().validate_on_submit():
        return _page(person)
    target = request.args.get("next", "")
    errand = Errand(
        purpose=Purpose.PROVE,
        provider=name,
        target=target,
        person_id=person.id,
        sign_in_id=actor.sign_in_id,
    )
    return leave(errand, is_fresh=True)


def _providers(person: Person) -> list[Provider]:
    """Return the providers of the person that see several factors by themselves."""
    linked = {it.issuer for it in queries.list_identities(db_session(), person.id)}
    return [it for it in providers() if it.is_enough and it.issuer in linked]


def _person() -> Person:
    return db_session().get_one(Person, current_actor().person_id)


def _form(person: Person, factors: Factors) -> ProveForm:
    """Ask for what the person has; people of the demo have no second factor."""
    form = ProveForm()
    if factors.authenticator is None:
        del form.code
    if not has_password(person):
        del form.password
    return form


def _knows_password(form: ProveForm, person: Person) -> bool:
    """Return whether the password is right, where that is enough to go on; said on the form."""
    if "password" not in form or not ("code" in form or person.is_demo):
        return False
    throttle: Throttle = current_app.extensions["throttle"]
    account, address = f"password {person.id}", request.remote_addr or ""
    if not throttle.admits(account, address):
        form.refuse(SLOW_DOWN, 429)
        return False
    if not password_matches(str(form.password.data), person.password_hash):
        throttle.failed(address, account)
        form.blame("password", NOT_IT)
        return False
    throttle.forgive(account, address)
    return True


def finish(how: str, target: str) -> ResponseReturnValue:
    """Note that all factors were shown, and go where the person wanted to go."""
    actor = current_actor()
    row = or_404(queries.get_sign_in(db_session(), current_user.row.id, actor.person_id or 0))
    with transaction(db_session(), actor) as tx:
        token = operations.prove(tx, row, how=how)
    take_over(token)
    return see_other(target if is_own_path(target) else url_for("account.show"))


def _page(
    person: Person,
    *,
    form: ProveForm | None = None,
    passkey_form: PasskeyForm | None = None,
    factors: Factors | None = None,
) -> ResponseReturnValue:
    if factors is None:
        factors = queries.factors_of(db_session(), person.id)
    sent: PortalForm | None = form or passkey_form
    form = form or _form(person, factors)
    asked = None
    if factors.passkeys:
        asked = passkeys.ask_for_known(site(), factors.passkeys, new_challenge())
    page = render_template(
        "accounts/prove.html",
        form=form,
        can_type="password" in form and ("code" in form or person.is_demo),
        passkey_form=passkey_form or PasskeyForm(),
        asked=asked,
        providers=_providers(person),
        provider_form_data=ButtonForm(),
        target=request.args.get("next", ""),
    )
    return page, sent.status if sent else 200

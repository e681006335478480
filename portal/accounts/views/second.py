"""The rest of the way in: the second factor, recovery codes, the terms of use."""

from contextlib import AbstractContextManager
from dataclasses import replace

from flask import Blueprint, current_app, render_template, request
from flask.typing import ResponseReturnValue

from portal.accounts import one_time, operations, passkeys, queries
from portal.accounts.forms.entering import CodeForm, PasskeyForm
from portal.accounts.models import Person
from portal.accounts.operations import TERMS_VERSION
from portal.accounts.views import devices
from portal.accounts.views.entering import (
    Half,
    current_half,
    forget_codes,
    go_on,
    keep_codes,
    kept_codes,
    lost_the_way,
    new_challenge,
    secret_key,
    site,
    start_half,
)
from portal.accounts.views.sign_in import SLOW_DOWN, show_passkey
from portal.core import clock
from portal.core.actor import Actor
from portal.core.errors import ConflictError, EpochGoneError, FieldError
from portal.core.passwords import password_matches
from portal.core.sealing import unseal
from portal.core.throttle import Throttle
from portal.core.web.forms import ButtonForm, PortalForm
from portal.core.web.requests import db_session, public
from portal.journal.refusals import note_refusal
from portal.journal.transaction import Tx, transaction

bp = Blueprint("second", __name__, url_prefix="/sign-in")

WRONG_CODE = "This code is not right. Codes change every 30 seconds."

_GONE = (ConflictError, EpochGoneError)


@bp.route("/second", methods=["GET", "POST"])
@public
def code() -> ResponseReturnValue:
    """Ask for the second factor: a code, or a passkey."""
    found = current_half(is_proven=False)
    if found is None:
        return lost_the_way()
    half, person, actor = found
    form = CodeForm()
    if form.validate_on_submit() and (how := check_code(form, person, actor)):
        return _proven(half, person.id, how)
    return _page(half, person, form=form)


@bp.post("/second/passkey")
@public
def passkey() -> ResponseReturnValue:
    """Take a passkey in place of a code."""
    found = current_half(is_proven=False)
    if found is None:
        return lost_the_way()
    half, person, _ = found
    form = PasskeyForm()
    if form.validate_on_submit() and show_passkey(form, of=person.id):
        return _proven(half, person.id, "password_passkey")
    return _page(half, person, passkey_form=form)


@bp.route("/codes", methods=["GET", "POST"])
@public
def codes() -> ResponseReturnValue:
    """Show new recovery codes, and go on when they are saved."""
    found = current_half(is_proven=True)
    if found is None:
        return lost_the_way()
    half, person, actor = found
    form, shown = ButtonForm(), kept_codes()
    if not shown:
        keep_codes(shown := one_time.new_codes())
    if form.validate_on_submit():
        hashes = one_time.hashes_of(shown)
        try:
            with transaction(db_session(), actor) as tx:
                operations.renew_codes(tx, tx.session.get_one(Person, person.id), hashes)
        except _GONE:
            return lost_the_way()
        forget_codes()
        return _next(half, person.id)
    return render_template("accounts/codes.html", form=form, codes=shown, person=person), 200


@bp.route("/terms", methods=["GET", "POST"])
@public
def terms() -> ResponseReturnValue:
    """Show the terms of use; who agrees is in."""
    found = current_half(is_proven=True)
    if found is None:
        return lost_the_way()
    half, person, actor = found
    form = ButtonForm()
    if form.validate_on_submit():
        try:
            with transaction(db_session(), actor) as tx:
                row = tx.session.get_one(Person, person.id)
                operations.accept_terms(tx, row, version=TERMS_VERSION)
        except _GONE:
            return lost_the_way()
        return _next(half, person.id)
    return render_template("accounts/agree.html", form=form, is_new=person.terms_version == 0)


def check_code(form: PortalForm, person: Person, actor: Actor) -> str | None:
    """Use up the code that was typed and return what it was; else None, said on the form."""
    throttle: Throttle = current_app.extensions["throttle"]
    device = devices.known_to(person)
    if not throttle.admits_code(person.id, device):
        note_refusal(db_session(), "throttled", address=_address(), person_id=person.id)
        form.refuse(SLOW_DOWN, 429)
        return None
    typed = str(form["code"].data)
    recovery = one_time.plain_code(typed)
    how = ""
    with form.catching():
        if recovery is not None:
            how = _use_recovery_code(person, actor, recovery)
        else:
            how = _use_code(person, actor, typed)
        throttle.forgive_codes(person.id, device)
    if not how:
        note_refusal(db_session(), "code", address=_address(), person_id=person.id)
    return how or None


def _address() -> str:
    return request.remote_addr or ""


def _use_code(person: Person, actor: Actor, typed: str) -> str:
    app = queries.factors_of(db_session(), person.id).authenticator
    secret = unseal(secret_key(), app.secret) if app else None
    step = one_time.step_of(secret, typed, clock.now()) if secret else None
    if step is None:
        raise FieldError("code", WRONG_CODE)
    with _writing(actor) as tx:
        operations.use_code(tx, person.id, step=step)
    return "password_code"


def _use_recovery_code(person: Person, actor: Actor, code: str) -> str:
    known = queries.get_recovery_code(db_session(), person.id, one_time.mark_of(code))
    if not password_matches(code, known.code_hash if known else None) or known is None:
        raise FieldError("code", "This recovery code is not right.")
    with _writing(actor) as tx:
        operations.use_recovery_code(tx, known.id)
    return "recovery_code"


def _writing(actor: Actor) -> AbstractContextManager[Tx]:
    return transaction(db_session(), actor)


def _proven(half: Half, person_id: int, how: str) -> ResponseReturnValue:
    """Go on with both factors shown; the browser's cookie is made anew."""
    person = db_session().get_one(Person, person_id)
    how = half.how if half.provider else how
    half = start_half(person, how, is_proven=True, target=half.target, provider=half.provider)
    return go_on(half, person)


def _next(half: Half, person_id: int) -> ResponseReturnValue:
    """Go on after a step that changed the person, and with that the version."""
    person = db_session().get_one(Person, person_id)
    return go_on(replace(half, version=person.version), person)


def _page(
    half: Half,
    person: Person,
    *,
    form: CodeForm | None = None,
    passkey_form: PasskeyForm | None = None,
) -> ResponseReturnValue:
    factors = queries.factors_of(db_session(), person.id)
    sent: PortalForm | None = form or passkey_form
    asked = None
    if factors.passkeys:
        asked = passkeys.ask_for_known(site(), factors.passkeys, new_challenge())
    page = render_template(
        "accounts/second.html",
        form=form or CodeForm(),
        passkey_form=passkey_form or PasskeyForm(),
        asked=asked,
        factors=factors,
        came_by=half.provider,
    )
    return page, sent.status if sent else 200

"""How one signs in: passkeys, the authenticator app, recovery codes."""

from flask import Blueprint, flash, render_template, url_for
from flask.typing import ResponseReturnValue

from portal.accounts import one_time, operations, queries
from portal.accounts.forms.entering import AuthenticatorForm, NewPasskeyForm
from portal.accounts.models import Person
from portal.accounts.states import has_password
from portal.accounts.views import enrolling
from portal.accounts.views.enrolling import Give
from portal.accounts.views.entering import forget_codes, keep_codes, kept_codes
from portal.accounts.views.providers import enough, providers
from portal.accounts.views.proving import proven
from portal.core.web.forms import ButtonForm, PortalForm, see_other, writer
from portal.core.web.requests import current_actor, db_session, or_404
from portal.journal.transaction import transaction

bp = Blueprint("factors", __name__, url_prefix="/account/factors")
_write = writer(transaction)


@bp.get("")
def show() -> ResponseReturnValue:
    """Show the second factors, and how to add one."""
    return show_page()


@bp.get("/add")
@proven
def add() -> ResponseReturnValue:
    """Ask for a passkey or an app; only of who has just shown the factors there are."""
    return _adding()


@bp.post("/add_passkey")
@proven
def add_passkey() -> ResponseReturnValue:
    """Take one more passkey."""
    form = NewPasskeyForm()
    if form.validate_on_submit():
        return _give(form, enrolling.read_passkey(form, _person()), "The passkey is added.")
    return _adding(passkey_form=form)


@bp.post("/set_authenticator")
@proven
def set_authenticator() -> ResponseReturnValue:
    """Take an authenticator app, in place of the one before."""
    form = AuthenticatorForm()
    if form.validate_on_submit():
        return _give(form, enrolling.read_app(form, _person()), "The authenticator app is set.")
    return _adding(form=form)


@bp.post("/passkeys/<reference>/remove_factor")
@proven
def remove_passkey(reference: str) -> ResponseReturnValue:
    """Take a passkey away; the person's other sessions end."""
    person, form = _person(), ButtonForm()
    row = or_404(queries.get_passkey(db_session(), reference, person.id))
    if form.validate_on_submit():
        with form.catching(), _write(form, ()) as tx:
            operations.remove_passkey(tx, person, row, enough=enough())
            flash("The passkey is removed. Your other sessions have ended.")
            return see_other(tx.answer(url_for(".show")))
    return show_page(button=form)


@bp.post("/authenticator/remove_factor")
@proven
def remove_authenticator() -> ResponseReturnValue:
    """Take the authenticator app away; the person's other sessions end."""
    person, form = _person(), ButtonForm()
    or_404(queries.factors_of(db_session(), person.id).authenticator)
    if form.validate_on_submit():
        with form.catching(), _write(form, ()) as tx:
            operations.remove_authenticator(tx, person, enough=enough())
            flash("The authenticator app is removed. Your other sessions have ended.")
            return see_other(tx.answer(url_for(".show")))
    return show_page(button=form)


@bp.route("/codes", methods=["GET", "POST"])
@proven
def codes() -> ResponseReturnValue:
    """Show new recovery codes; they hold, and the former ones end, once they are saved."""
    form, shown = ButtonForm(), kept_codes()
    if not shown:
        keep_codes(shown := one_time.new_codes())
    if form.validate_on_submit():
        hashes = one_time.hashes_of(shown)
        person = _person()
        with form.catching(), _write(form, ()) as tx:
            operations.renew_codes(tx, person, hashes)
            forget_codes()
            flash("Your new recovery codes hold. The former ones are void.")
            return see_other(tx.answer(url_for(".show")))
    page = render_template("accounts/codes.html", form=form, codes=shown, person=_person())
    return page, form.status


def _person() -> Person:
    return db_session().get_one(Person, current_actor().person_id)


def _give(form: PortalForm, give: Give | None, said: str) -> ResponseReturnValue:
    """Give the factor that was read; without one, say on the form what was wrong."""
    if give is not None:
        person = _person()
        with form.catching(), _write(form, ()) as tx:
            give(tx, person)
            flash(said)
            return see_other(tx.answer(url_for(".show")))
    if isinstance(form, NewPasskeyForm):
        return _adding(passkey_form=form)
    return _adding(form=form)


def _adding(
    *, form: PortalForm | None = None, passkey_form: NewPasskeyForm | None = None
) -> ResponseReturnValue:
    person = _person()
    sent = form or passkey_form
    page = render_template(
        "accounts/add_factor.html",
        form=form or AuthenticatorForm(),
        passkey_form=passkey_form or NewPasskeyForm(),
        setup=enrolling.setup_for(person),
        asked=enrolling.ask_for_passkey(person),
        factors=queries.factors_of(db_session(), person.id),
        has_password=has_password(person),
    )
    return page, sent.status if sent else 200


def show_page(*, button: ButtonForm | None = None) -> ResponseReturnValue:
    """Show how the person signs in; with the button that was pressed, if it was in vain."""
    person = _person()
    page = render_template(
        "accounts/factors.html",
        factors=queries.factors_of(db_session(), person.id),
        identities=queries.list_identities(db_session(), person.id),
        providers=providers(),
        most_codes=operations.CODES,
        form=button or ButtonForm(),
    )
    return page, button.status if button else 200

"""Screens of a person's own account: who one is, the password, the open sessions."""

from flask import Blueprint, current_app, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.accounts import operations, queries
from portal.accounts.forms import ChangePasswordForm, role_words
from portal.accounts.models import Person
from portal.accounts.states import PERSON, SIGN_IN
from portal.accounts.views.sign_in import SLOW_DOWN
from portal.core.errors import FieldError
from portal.core.passwords import hash_password, password_matches
from portal.core.throttle import Throttle
from portal.core.web.agents import browser_words
from portal.core.web.forms import ButtonForm, PortalForm, see_other
from portal.core.web.requests import current_actor, db_session, or_404
from portal.journal.transaction import transaction

bp = Blueprint("account", __name__, url_prefix="/account")

NOT_IT = "This is not your present password."


@bp.get("")
def show() -> ResponseReturnValue:
    """Show who the person is here, and what is open in their name."""
    return _page()


@bp.post("/change_password")
def change_password() -> ResponseReturnValue:
    """Set a new password; the person's other sessions end."""
    actor, person = current_actor(), _person()
    form = ChangePasswordForm(person.email, row=person)
    if form.validate_on_submit() and (hashed := _new_hash(form, person)) is not None:
        held = form.held(person)
        with (
            form.catching(),
            transaction(db_session(), actor, once=form.once_key, held=held) as tx,
        ):
            if not hashed:  # asked here, so that a form sent twice is first known as such
                raise FieldError("current", NOT_IT)
            operations.change_password(tx, person, password_hash=hashed)
            flash("Your password is changed. Your other sessions have ended.")
            return see_other(tx.answer(url_for(".show")))
    return _page(password=form)


@bp.post("/sessions/<int:sign_in_id>/end")
def end(sign_in_id: int) -> ResponseReturnValue:
    """End one of the person's own sessions; its sockets close."""
    actor, form = current_actor(), ButtonForm()
    row = or_404(queries.get_sign_in(db_session(), sign_in_id, actor.person_id or 0))
    if form.validate_on_submit():
        with form.catching(), transaction(db_session(), actor, once=form.once_key) as tx:
            operations.end_sign_in(tx, row, why="ended by the person")
            flash("The session has ended.")
            return see_other(tx.answer(url_for(".show")))
    return _page(end=form)


@bp.post("/sessions/end-others")
def end_others() -> ResponseReturnValue:
    """End all sessions of the person but this one."""
    actor, form = current_actor(), ButtonForm()
    if form.validate_on_submit():
        with form.catching(), transaction(db_session(), actor, once=form.once_key) as tx:
            operations.end_sign_ins(
                tx, actor.person_id or 0, why="ended by the person", but=actor.sign_in_id
            )
            flash("All other sessions have ended.")
            return see_other(tx.answer(url_for(".show")))
    return _page(end=form)


def _person() -> Person:
    return db_session().get_one(Person, current_actor().person_id)


def _new_hash(form: ChangePasswordForm, person: Person) -> str | None:
    """Return the new password's hash, "" if the present one was wrong, None if slowed down."""
    throttle: Throttle = current_app.extensions["throttle"]
    account, address = f"password {person.id}", request.remote_addr or ""
    if not throttle.admits(account, address):
        form.refuse(SLOW_DOWN, 429)
        return None
    if not password_matches(str(form.current.data), person.password_hash):
        throttle.failed(address)
        return ""
    throttle.forgive(account, address)
    return hash_password(str(form.password.data))


def _page(**sent: PortalForm) -> ResponseReturnValue:
    actor, person = current_actor(), _person()
    sessions = queries.list_sign_ins(db_session(), person.id, actor.roles)
    forms = {"password": ChangePasswordForm(person.email, row=person), "end": ButtonForm()}
    page = render_template(
        "accounts/account.html",
        person=person,
        roles=[role_words()[role] for role in role_words() if role in actor.roles],
        sessions=[(row, browser_words(row.agent)) for row in sessions],
        forms=forms | sent,
        moves=PERSON.names_open_to(actor, person),
        can_end=[row.id for row in sessions if "end" in SIGN_IN.names_open_to(actor, row)],
    )
    return page, max((form.status for form in sent.values()), default=200)

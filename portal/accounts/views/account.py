"""Screens of a person's own account: who one is, the password, the open sessions."""

from flask import Blueprint, current_app, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.accounts import operations, queries
from portal.accounts.forms.passwords import ChangePasswordForm
from portal.accounts.forms.people import role_words
from portal.accounts.models import Person, SignIn
from portal.accounts.states import PERSON, SIGN_IN, MembershipState
from portal.accounts.views.entering import begin
from portal.accounts.views.providers import Errand, Purpose, leave
from portal.accounts.views.proving import proven
from portal.accounts.views.sign_in import SLOW_DOWN, ends_at
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
@proven
def change_password() -> ResponseReturnValue:
    """Set a new password; the person's other sessions end."""
    actor, person = current_actor(), _person()
    form = _password_form(person)
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
@proven
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
@proven
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


@bp.post("/stay")
def stay() -> ResponseReturnValue:
    """Let the session go on; that the request came is what does it."""
    if request.accept_mimetypes.best == "application/json":
        return {"ends": ends_at().isoformat()}
    return see_other(url_for(".show"))


@bp.post("/switch")
def switch() -> ResponseReturnValue:
    """Act for another of one's organizations: this session ends, and another begins."""
    actor, form = current_actor(), ButtonForm()
    reference = request.form.get("organization", "")
    memberships = queries.list_memberships(db_session(), actor.person_id or 0)
    wanted = [it for it in memberships if it.organization.reference == reference]
    chosen = queries.actor_of(db_session(), actor.person_id or 0, or_404(wanted or None)[0].id)
    if form.validate_on_submit():
        chosen = or_404(chosen)
        name = queries.required_provider(db_session(), chosen.organization_id)
        if name:
            errand = Errand(
                purpose=Purpose.SWITCH,
                provider=name,
                person_id=actor.person_id,
                sign_in_id=actor.sign_in_id,
                detail=str(chosen.membership_id),
            )
            return leave(errand)
        return act_for(chosen.membership_id or 0, "switch")
    return _page(end=form)


def act_for(membership_id: int, how: str, provider: str = "") -> ResponseReturnValue:
    """End this session, and begin another for one more of the person's memberships.

    provider : by which the person has just come, where its organization wants one.
    """
    actor, row = current_actor(), _this_session()
    chosen = queries.actor_of(db_session(), actor.person_id or 0, membership_id)
    chosen = or_404(chosen)
    wanted = queries.required_provider(db_session(), chosen.organization_id)
    or_404(chosen if wanted in {"", provider} else None)
    with transaction(db_session(), actor) as tx:
        operations.end_sign_in(tx, row, why="switched")
    begin(chosen, how)
    return see_other("/")


def _this_session() -> SignIn:
    person_id = current_actor().person_id or 0
    return or_404(queries.get_sign_in(db_session(), current_user.row.id, person_id))


def _person() -> Person:
    return db_session().get_one(Person, current_actor().person_id)


def _password_form(person: Person) -> ChangePasswordForm:
    about = [person.name, current_actor().organization_name]
    return ChangePasswordForm(email=person.email, about=about, row=person)


def _new_hash(form: ChangePasswordForm, person: Person) -> str | None:
    """Return the new password's hash, "" if the present one was wrong, None if slowed down."""
    throttle: Throttle = current_app.extensions["throttle"]
    account, address = f"password {person.id}", request.remote_addr or ""
    if not throttle.admits(account, address):
        form.refuse(SLOW_DOWN, 429)
        return None
    if not password_matches(str(form.current.data), person.password_hash):
        throttle.failed(address, account)
        return ""
    throttle.forgive(account, address)
    return hash_password(str(form.password.data))


def _page(**sent: PortalForm) -> ResponseReturnValue:
    actor, person = current_actor(), _person()
    sessions = queries.list_sign_ins(db_session(), person.id, actor.roles)
    forms = {"password": _password_form(person), "end": ButtonForm()}
    page = render_template(
        "accounts/account.html",
        person=person,
        memberships=[
            it
            for it in queries.list_memberships(db_session(), person.id)
            if it.state is MembershipState.ACTIVE
        ],
        factors=queries.factors_of(db_session(), person.id),
        role_names_of=role_words(),
        roles=[role_words()[role] for role in role_words() if role in actor.roles],
        sessions=[(row, browser_words(row.agent)) for row in sessions],
        forms=forms | sent,
        moves=PERSON.names_open_to(actor, person),
        can_end=[row.id for row in sessions if "end" in SIGN_IN.names_open_to(actor, row)],
    )
    return page, max((form.status for form in sent.values()), default=200)

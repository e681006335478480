"""Screens of those who vet organizations that ask to be taken in."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, render_template, url_for
from flask.typing import ResponseReturnValue

from portal.accounts import operations, queries
from portal.accounts.forms.registering import ApproveForm, AskForm, RefuseForm
from portal.accounts.models import Application
from portal.accounts.operations import Answer, Outcome
from portal.accounts.states import APPLICATION, TicketPurpose
from portal.accounts.views.links import SHOWN_ONCE, by_letter, invitation_link
from portal.core.actor import Role
from portal.core.errors import AlreadyDoneError
from portal.core.web.forms import PortalForm, see_other, writer
from portal.core.web.requests import current_actor, db_session, for_roles, or_404
from portal.journal.transaction import Tx, transaction

bp = Blueprint("vetting", __name__, url_prefix="/organizations/applications")
_write = writer(transaction)


@bp.get("")
@for_roles(Role.MOP3, Role.ADMIN)
def index() -> ResponseReturnValue:
    """Show who asks to be taken in, oldest first, and what was answered lately."""
    return render_template(
        "accounts/applications.html",
        waiting=queries.list_open_applications(db_session()),
        answered=queries.list_answered_applications(db_session()),
    )


@bp.get("/<reference>")
@for_roles(Role.MOP3, Role.ADMIN)
def show(reference: str) -> ResponseReturnValue:
    """Show one application: what is claimed beside what speaks for or against it."""
    return _page(reference)


@bp.post("/<reference>/approve")
@for_roles(Role.MOP3, Role.ADMIN)
def approve(reference: str) -> ResponseReturnValue:
    """Take the organization in; its first person's link stands in the answer, or is sent."""
    application = _find(reference)
    form = ApproveForm(application)
    if form.validate_on_submit():
        made: list[Answer] = []
        approval = form.approval(by_letter=by_letter())
        try:
            with form.catching(), _write(form, form.held(application)) as tx:
                made.append(operations.approve(tx, application, approval))
                tx.answer(_url(reference))
        except AlreadyDoneError as done:
            flash(SHOWN_ONCE, "note")
            return see_other(done.answer)
        if made and form.status == 200:
            return _approved(reference, made[0])
    return _page(reference, approve=form)


@bp.post("/<reference>/ask")
@for_roles(Role.MOP3, Role.ADMIN)
def ask(reference: str) -> ResponseReturnValue:
    """Ask who applied something first."""

    def do(tx: Tx, application: Application, form: Any) -> None:
        operations.ask(tx, application, question=str(form.question.data))

    return _answer(reference, "ask", AskForm, do)


@bp.post("/<reference>/refuse")
@for_roles(Role.MOP3, Role.ADMIN)
def refuse(reference: str) -> ResponseReturnValue:
    """Do not take the organization in."""

    def do(tx: Tx, application: Application, form: Any) -> None:
        operations.refuse(tx, application, reason=str(form.reason.data))

    return _answer(reference, "refuse", RefuseForm, do)


_SAYS = {"ask": "The question is asked.", "refuse": "The application is declined."}


def _answer(
    reference: str,
    move: str,
    form_of: Callable[..., PortalForm],
    do: Callable[[Tx, Application, Any], None],
) -> ResponseReturnValue:
    application = _find(reference)
    form = form_of(row=application)
    if form.validate_on_submit():
        with form.catching(), _write(form, form.held(application)) as tx:
            do(tx, application, form)
            flash(_SAYS[move])
            return see_other(tx.answer(_url(reference)))
    return _page(reference, **{move: form})


def _approved(reference: str, answer: Answer) -> ResponseReturnValue:
    invited, organization = answer.invited, answer.organization
    flash(f"{organization.name} takes part.")
    if invited.token:
        return render_template(
            "accounts/link.html",
            person=invited.person,
            back=_url(reference),
            link=invitation_link(invited.token),
            purpose=TicketPurpose.INVITE,
        )
    if invited.outcome is Outcome.GRANTED:
        flash(f"{invited.email} has a sign-in already, and now acts for it, too.", "note")
    return see_other(_url(reference))


def _find(reference: str) -> Application:
    return or_404(queries.get_application(db_session(), reference))


def _url(reference: str) -> str:
    return url_for(".show", reference=reference)


def _page(reference: str, **sent: PortalForm) -> ResponseReturnValue:
    application = _find(reference)
    forms: dict[str, PortalForm] = {
        "approve": ApproveForm(application),
        "ask": AskForm(row=application),
        "refuse": RefuseForm(row=application),
    }
    page = render_template(
        "accounts/vet.html",
        application=application,
        evidence=queries.evidence_of(db_session(), application),
        forms=forms | sent,
        moves=APPLICATION.names_open_to(current_actor(), application),
        by_letter=by_letter(),
    )
    return page, max((form.status for form in sent.values()), default=200)

"""Screens that invite: up to fifty at once, with what became of each address."""

from collections.abc import Callable

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.accounts import operations
from portal.accounts.forms.inviting import InviteForm, InviteToForm
from portal.accounts.forms.people import role_words
from portal.accounts.models import Person
from portal.accounts.operations import Invited
from portal.accounts.views.links import SENT_BEFORE, SHOWN_ONCE, by_letter, invitation_link
from portal.core.actor import Role
from portal.core.errors import AlreadyDoneError
from portal.core.web.forms import see_other, writer
from portal.core.web.requests import db_session, for_roles
from portal.journal.transaction import transaction
from portal.organizations.models import Organization
from portal.organizations.queries import list_active

bp = Blueprint("inviting", __name__, url_prefix="/admin/people")
_write = writer(transaction)


@bp.route("/invite", methods=["GET", "POST"])
@for_roles(Role.ADMIN)
def invite() -> ResponseReturnValue:
    """Ask whom to invite, and show what became of each in the answer."""
    form = InviteToForm(list_active(db_session()), request.args.get("organization", ""))
    people = url_for("people.index")
    if form.validate_on_submit():
        answer = invite_all(
            form,
            form.chosen,
            people,
            lambda it: url_for("people.show", reference=it.reference),
        )
        if answer is not None:
            return answer
    return ask(form, people)


def ask(form: InviteForm, people: str) -> ResponseReturnValue:
    """Ask whom to invite. people : the page to which this one belongs."""
    page = render_template(
        "accounts/invite.html",
        form=form,
        hints={role.value: hint for role, (_, hint) in role_words().items()},
        by_letter=by_letter(),
        people=people,
    )
    return page, form.status


def invite_all(
    form: InviteForm, organization: Organization, people: str, page_of: Callable[[Person], str]
) -> ResponseReturnValue | None:
    """Invite whom the form names, and tell what became of each; None when it was refused.

    Links stand in this very answer, as their tokens are kept nowhere.
    page_of : the path of a person's page.
    """
    made: list[Invited] = []
    is_by_letter = by_letter()
    invitations = form.invitations(organization, by_letter=is_by_letter)
    try:
        with form.catching(), _write(form, ()) as tx:
            made = operations.invite_all(tx, invitations)
            tx.answer(people)
    except AlreadyDoneError as done:
        flash(SENT_BEFORE if is_by_letter else SHOWN_ONCE, "note")
        return see_other(done.answer)
    if form.status != 200:
        return None
    return render_template(
        "accounts/invited.html",
        told=form.told(made),
        links={it.email: invitation_link(it.token) for it in made},
        pages={it.email: page_of(it.person) for it in made if it.person is not None},
        by_letter=is_by_letter,
        organization=organization,
        people=people,
    )

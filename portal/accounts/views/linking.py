"""Linking a provider to one's account, and taking the link away."""

from flask import Blueprint, flash, url_for
from flask.typing import ResponseReturnValue

from portal.accounts import operations, queries
from portal.accounts.models import Person
from portal.accounts.views.factors import show_page
from portal.accounts.views.providers import (
    Errand,
    Purpose,
    enough,
    label_of_issuer,
    leave,
    provider_named,
)
from portal.accounts.views.proving import proven
from portal.core.web.forms import ButtonForm, see_other, writer
from portal.core.web.requests import current_actor, db_session, or_404
from portal.journal.transaction import transaction

bp = Blueprint("linking", __name__, url_prefix="/account/factors")
_write = writer(transaction)


@bp.post("/with/<name>")
@proven
def link(name: str) -> ResponseReturnValue:
    """Send the person to a provider, to be linked when they come back."""
    or_404(provider_named(name))
    form, actor = ButtonForm(), current_actor()
    if not form.validate_on_submit():
        return show_page(button=form)
    return leave(
        Errand(
            purpose=Purpose.LINK,
            provider=name,
            person_id=actor.person_id,
            sign_in_id=actor.sign_in_id,
        )
    )


@bp.post("/linked/<reference>/remove_factor")
@proven
def unlink(reference: str) -> ResponseReturnValue:
    """Take a link away; the person's other sessions end."""
    person, form = db_session().get_one(Person, current_actor().person_id), ButtonForm()
    row = or_404(queries.get_identity_of(db_session(), person.id, reference))
    label = label_of_issuer(row.issuer)[:60]
    if form.validate_on_submit():
        with form.catching(), _write(form, ()) as tx:
            operations.unlink_identity(tx, person, row, label=label, enough=enough())
            flash(f"{label} is no longer linked. Your other sessions have ended.")
            return see_other(tx.answer(url_for("factors.show")))
    return show_page(button=form)

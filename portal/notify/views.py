"""Screens of deliveries: the administrators' list, and what stands beside a story."""

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.core.actor import Role
from portal.core.web.forms import ButtonForm, see_other
from portal.core.web.requests import current_actor, db_session, for_roles, or_404
from portal.core.writes import Held
from portal.journal.looks import note_looks
from portal.journal.transaction import transaction
from portal.notify import operations, queries
from portal.notify.queries import MailView

bp = Blueprint("deliveries", __name__, url_prefix="/admin/deliveries")


@bp.get("")
@for_roles(Role.ADMIN)
def index() -> ResponseReturnValue:
    """Show deliveries, newest first; `show=failed` leaves those that did not arrive."""
    return _page()


@bp.post("/<reference>/retry")
@for_roles(Role.ADMIN)
def retry(reference: str) -> ResponseReturnValue:
    """Try a delivery again that did not arrive."""
    delivery = or_404(queries.get_delivery(db_session(), reference))
    form = ButtonForm()
    if form.validate_on_submit():
        write = transaction(
            db_session(), current_actor(), once=form.once_key, held=[Held(delivery)]
        )
        with form.catching(), write as tx:
            operations.retry(tx, delivery)
            flash(f"The e-mail about {delivery.about} is tried again.")
            return see_other(tx.answer(url_for(".index")))
    return _page(form)


def mails_about(reference: str) -> list[MailView]:
    """Return the e-mails about a row, for the template of its story."""
    return queries.mails_about(db_session(), reference)


def _page(sent: ButtonForm | None = None) -> ResponseReturnValue:
    only_undelivered = request.args.get("show") == "failed"
    deliveries = queries.list_deliveries(db_session(), only_undelivered=only_undelivered)
    note_looks(db_session(), current_actor(), "deliveries")
    pending, undelivered = queries.count_deliveries(db_session())
    form = sent or ButtonForm()
    page = render_template(
        "notify/deliveries.html",
        deliveries=deliveries,
        pending=pending,
        undelivered=undelivered,
        only_undelivered=only_undelivered,
        most=queries.PAGE,
        form=form,
        forms={it.reference: ButtonForm() for it in deliveries if it.can_retry},
    )
    return page, form.status

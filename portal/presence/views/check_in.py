"""Screens of one check-in: coming, staying, leaving, and checking a caller in."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from portal.core.actor import PRIVATE_ROLES, STAFF_ROLES
from portal.core.web.forms import PortalForm, see_other, writer
from portal.core.web.requests import current_actor, db_session, for_roles, or_404
from portal.core.writes import Held
from portal.incidents.models import Incident
from portal.journal.looks import note_looks
from portal.journal.transaction import transaction
from portal.presence import operations
from portal.presence.forms import (
    CallerForm,
    CheckInForm,
    CheckOutForm,
    ExtendForm,
    usual_assignment,
)
from portal.presence.models import CheckIn
from portal.presence.queries import roster
from portal.presence.states import CHECK_IN, DESK

bp = Blueprint("check_in", __name__, url_prefix="/incidents/<code>/presence")
_write = writer(transaction)


@bp.route("/check_in", methods=["GET", "POST"])
@for_roles(*PRIVATE_ROLES, *STAFF_ROLES)
def check_in(incident: Incident) -> ResponseReturnValue:
    """Ask for one's shift; whoever is checked in already is shown that."""
    session, actor = db_session(), current_actor()
    last = roster.last_of(session, actor.person_id)
    form = CheckInForm(incident, assignment=usual_assignment(actor), last=last)
    if form.validate_on_submit():
        with form.catching(), _write(form, [Held(incident, shared=True)]) as tx:
            row = operations.check_in(tx, incident, form.shift())
            flash("You are checked in.")
            return see_other(tx.answer(_url(row)))
    own = roster.get_own(session, incident.id, actor)
    if own is not None and not form.is_submitted():
        return redirect(_url(own))
    notes = roster.hand_overs(session, incident.id, actor.organization_id)
    page = render_template("presence/check_in.html", form=form, own=own, notes=notes)
    return page, form.status


@bp.route("/check_in_for", methods=["GET", "POST"])
@for_roles(*DESK)
def check_in_for(incident: Incident) -> ResponseReturnValue:
    """Check in somebody who called, wrote or came by."""
    form = CallerForm(incident, roster.list_callers(db_session(), current_actor()))
    if form.validate_on_submit():
        caller = form.membership()
        name = caller.person.name
        with form.catching(), _write(form, [Held(incident, shared=True)]) as tx:
            row = operations.check_in_for(tx, incident, caller, form.shift())
            flash(f"{name} is checked in.")
            return see_other(tx.answer(_url(row)))
    return render_template("presence/check_in_for.html", form=form), form.status


@bp.get("/<reference>")
def show(incident: Incident, reference: str) -> ResponseReturnValue:
    """Show one check-in, what the shift before left, and the moves open to the reader."""
    return _page(incident, _check_in(incident, reference))


@bp.post("/<reference>/extend")
def extend(incident: Incident, reference: str) -> ResponseReturnValue:
    """Stay longer."""
    row = _check_in(incident, reference)
    form = ExtendForm(incident, row)
    if form.validate_on_submit():
        with form.catching(), _write(form, form.held(row)) as tx:
            operations.extend(tx, row, until=form.until.data)
            return see_other(tx.answer(_url(row)))
    return _page(incident, row, extend=form)


@bp.post("/<reference>/check_out")
def check_out(incident: Incident, reference: str) -> ResponseReturnValue:
    """Leave, with a note to the next shift."""
    row = _check_in(incident, reference)
    form = CheckOutForm(row=row)
    if form.validate_on_submit():
        with form.catching(), _write(form, form.held(row)) as tx:
            operations.check_out(tx, row, hand_over=str(form.hand_over.data or ""))
            return see_other(tx.answer(_url(row)))
    return _page(incident, row, check_out=form)


def _check_in(incident: Incident, reference: str) -> CheckIn:
    found = roster.get_check_in(db_session(), incident.id, reference, current_actor())
    return or_404(found)


def _url(row: CheckIn) -> str:
    return url_for("check_in.show", reference=row.reference)


def _page(incident: Incident, row: CheckIn, **sent: PortalForm) -> ResponseReturnValue:
    actor = current_actor()
    note_looks(db_session(), actor, "check_in", {row.organization_id: row.reference})
    forms: dict[str, PortalForm] = {
        "extend": ExtendForm(incident, row),
        "check_out": CheckOutForm(row=row),
    } | sent
    notes = roster.hand_overs(db_session(), incident.id, row.organization_id)
    page = render_template(
        "presence/show.html",
        it=roster.whole(row),
        is_own=row.person_id == actor.person_id,
        moves=CHECK_IN.names_open_to(actor, row),
        forms=forms,
        notes=[note for note in notes if note.assignment == row.assignment],
    )
    return page, max(form.status for form in forms.values())

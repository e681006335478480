"""Screens of those who keep incidents: open, revise, level, operational period, close."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from flask import Blueprint, current_app, flash, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from portal.core.actor import Role
from portal.core.web.forms import PortalForm, see_other
from portal.core.web.requests import current_actor, db_session, for_roles
from portal.incidents import operations
from portal.incidents.forms import (
    CloseForm,
    IncidentForm,
    LevelForm,
    NewIncidentForm,
    PeriodForm,
)
from portal.incidents.models import Incident
from portal.incidents.queries import list_incidents
from portal.incidents.states import INCIDENT
from portal.journal.transaction import Tx, transaction

bp = Blueprint("incident_admin", __name__, url_prefix="/admin/incidents")

KEEPERS = (Role.ADMIN, Role.MOP3)

#: Counts what an incident still holds, with the words for what becomes of it.
Closing = Callable[[Session, Incident], list[tuple[int, str]]]


@bp.get("")
@for_roles(*KEEPERS)
def index() -> ResponseReturnValue:
    """Show all incidents, open ones first."""
    return render_template(
        "incidents/admin.html",
        incidents=list_incidents(db_session()),
        may_open=current_actor().has(Role.ADMIN),
    )


@bp.route("/new", methods=["GET", "POST"])
@for_roles(Role.ADMIN)
def new() -> ResponseReturnValue:
    """Ask for an incident's particulars, and open it."""
    form = NewIncidentForm()
    if form.validate_on_submit():
        with form.catching(), _write(form) as tx:
            incident = operations.open_incident(
                tx,
                form.particulars(),
                code=str(form.code.data),
                is_exercise=form.is_exercise.data == "yes",
            )
            flash(f"{incident.name} is open.")
            return see_other(tx.answer(_url(incident)))
    return render_template("incidents/new.html", form=form), form.status


@bp.get("/<code>")
@for_roles(*KEEPERS)
def show(incident: Incident) -> ResponseReturnValue:
    """Show one incident with what this person can change."""
    return _page(incident)


@bp.post("/<code>/revise")
@for_roles(*KEEPERS)
def revise(incident: Incident) -> ResponseReturnValue:
    """Change what the incident says of itself."""
    form = IncidentForm(incident)
    if form.validate_on_submit():
        with form.catching(), _write(form, incident) as tx:
            operations.revise(tx, incident, form.particulars())
            flash("The changes are saved.")
            return see_other(tx.answer(_url(incident)))
    return _page(incident, revise=form)


@bp.post("/<code>/set_level")
@for_roles(*KEEPERS)
def set_level(incident: Incident) -> ResponseReturnValue:
    """Set the activation level; the strip on every page follows."""
    form = LevelForm(incident)
    if form.validate_on_submit():
        with form.catching(), _write(form, incident) as tx:
            operations.set_level(tx, incident, level=str(form.level.data))
            flash("The activation level is set.")
            return see_other(tx.answer(_url(incident)))
    return _page(incident, set_level=form)


@bp.post("/<code>/begin_period")
@for_roles(*KEEPERS)
def begin_period(incident: Incident) -> ResponseReturnValue:
    """Begin the next operational period now."""
    form = PeriodForm(incident)
    if form.validate_on_submit():
        with form.catching(), _write(form, incident) as tx:
            operations.begin_period(tx, incident, ends_at=form.ends_at.data)
            flash(f"Operational period {incident.period_number} has begun.")
            return see_other(tx.answer(_url(incident)))
    return _page(incident, begin_period=form)


@bp.route("/<code>/close", methods=["GET", "POST"])
@for_roles(Role.ADMIN)
def close(incident: Incident) -> ResponseReturnValue:
    """Say what closing does, ask why, and close."""
    actor, form = current_actor(), CloseForm(row=incident)
    if form.validate_on_submit():
        with form.catching(), _write(form, incident) as tx:
            operations.close(tx, incident, reason=str(form.reason.data))
            flash(f"{incident.name} is closed. Everything stays readable.")
            return see_other(tx.answer(_url(incident)))
    page = render_template(
        "incidents/close.html",
        it=incident,
        form=form,
        counts=_counts(incident),
        can_close="close" in INCIDENT.names_open_to(actor, incident),
    )
    return page, form.status


def _counts(incident: Incident) -> list[tuple[int, str]]:
    """Return what the incident still holds; each package says its own."""
    closings: list[Closing] = current_app.extensions.get("closings", [])
    counted = (one for closing in closings for one in closing(db_session(), incident))
    return [(count, words) for count, words in counted if count]


def _url(incident: Incident) -> str:
    return url_for("incident_admin.show", code=incident.code)


def _write(form: PortalForm, incident: Incident | None = None) -> AbstractContextManager[Tx]:
    held = form.held(incident) if incident else []
    return transaction(db_session(), current_actor(), once=form.once_key, held=held)


def _page(incident: Incident, **sent: PortalForm) -> ResponseReturnValue:
    forms = {
        "revise": IncidentForm(incident),
        "set_level": LevelForm(incident),
        "begin_period": PeriodForm(incident),
    }
    page = render_template(
        "incidents/incident.html",
        it=incident,
        forms=forms | sent,
        moves=INCIDENT.names_open_to(current_actor(), incident),
    )
    return page, max((form.status for form in sent.values()), default=200)

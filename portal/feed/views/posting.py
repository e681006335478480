"""The SEOC's own posts, and reports entered for those who call."""

from flask import flash, render_template
from flask.typing import ResponseReturnValue

from portal.core.actor import DESK_ROLES
from portal.core.web.forms import see_other
from portal.core.web.requests import current_actor, db_session, for_roles
from portal.core.writes import Held
from portal.feed import operations
from portal.feed.forms.reporting import CallForm, PostingForm
from portal.feed.states import PostState
from portal.feed.views.common import bp, url_of, write
from portal.incidents.models import Incident
from portal.organizations.queries import list_organizations
from portal.organizations.states import OrganizationKind, OrganizationState


@bp.route("/post", methods=["GET", "POST"])
@for_roles(*DESK_ROLES)
def post(incident: Incident) -> ResponseReturnValue:
    """Publish the SEOC's own words."""
    form = PostingForm(incident)
    if form.validate_on_submit():
        with form.catching(), write(form, [Held(incident, shared=True)]) as tx:
            made = operations.post(tx, incident, form.posting())
            is_out = made.state is PostState.PUBLISHED
            flash("Published." if is_out else "A second person at the desk has to agree to it.")
            return see_other(tx.answer(url_of(made)))
    return render_template("feed/post.html", form=form), form.status


@bp.route("/enter", methods=["GET", "POST"])
@for_roles(*DESK_ROLES)
def enter(incident: Incident) -> ResponseReturnValue:
    """Enter a report for somebody on the telephone."""
    known = list_organizations(db_session(), current_actor())
    form = CallForm(
        [
            it
            for it in known
            if it.state is OrganizationState.ACTIVE and it.kind is not OrganizationKind.AGENCY
        ]
    )
    if form.validate_on_submit():
        with form.catching(), write(form, [Held(incident, shared=True)]) as tx:
            made = operations.enter(tx, incident, form.report(), **form.caller())
            flash(f"Entered. Tell the caller the reference {made.reference}.")
            return see_other(tx.answer(url_of(made)))
    return render_template("feed/enter.html", form=form), form.status

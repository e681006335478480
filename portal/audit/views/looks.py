"""Who looked at an organization's data, for its own people."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from portal.audit.queries import looks
from portal.audit.queries.looks import Look
from portal.core.web import times
from portal.core.web.requests import current_actor, db_session, or_404
from portal.organizations.models import Organization

bp = Blueprint("looks", __name__, url_prefix="/organizations")

#: So many stand on the organization's own page.
SHOWN = 5


@bp.get("/<reference>/looks")
def index(reference: str) -> ResponseReturnValue:
    """Show who of others looked at the organization's data, latest first."""
    session, actor = db_session(), current_actor()
    organization = or_404(looks.get_own(session, reference, actor))
    before = times.parse_exact(request.args.get("before", ""))
    listed = looks.list_looks(session, actor, organization.id, before=before)
    return render_template(
        "audit/looks.html",
        organization=organization,
        looks=listed,
        before=before,
        earlier=times.exact(listed[-1].at) if len(listed) == looks.PAGE else None,
    )


def looks_at(organization: Organization) -> list[Look]:
    """Return the latest looks, for the template of the organization's page."""
    return looks.list_looks(db_session(), current_actor(), organization.id, limit=SHOWN)

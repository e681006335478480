"""All incidents: where a person can go."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from portal.core.web.requests import db_session
from portal.incidents.queries import list_incidents

bp = Blueprint("incidents", __name__, url_prefix="/incidents")


@bp.get("/")
def index() -> ResponseReturnValue:
    """Show all incidents, open ones first."""
    return render_template("incidents/index.html", incidents=list_incidents(db_session()))

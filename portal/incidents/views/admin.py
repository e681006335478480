"""Screens of administrators: incidents."""

from flask import Blueprint, abort
from flask.typing import ResponseReturnValue

bp = Blueprint("incident_admin", __name__, url_prefix="/admin/incidents")


@bp.get("")
def index() -> ResponseReturnValue:
    """Show all incidents."""
    abort(503)

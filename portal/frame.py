"""The frame of every page: the incident one is in, the strip, the menu, what is live."""

from typing import Any

from flask import Flask, current_app, g, request
from flask_login import current_user

from portal.accounts.views import sign_in
from portal.core import clock
from portal.core.web import times
from portal.core.web.requests import current_actor, db_session, or_404
from portal.incidents import queries as incidents
from portal.journal.audience import PARTNERS, rooms_of
from portal.journal.queries import generation, heads
from portal.menu import desk_of, more_for, nav_for

PORTAL_NAME = "BEOC Partner Portal"


def _enter_incident() -> None:
    """Turn the code in the path into the incident, and show times in its zone.

    Pages without a code show the strip, and live news, of the incident one starts in.
    """
    arguments = request.view_args
    if arguments is None or request.endpoint == "static" or not current_user.is_authenticated:
        return
    if "code" in arguments:
        found = incidents.get_incident(db_session(), arguments.pop("code"))
        arguments["incident"] = g.incident = or_404(found)
    else:
        g.incident = incidents.current_incident(db_session())
    times.use_zone(g.incident.time_zone)


def _add_code(endpoint: str, values: dict[str, Any]) -> None:
    """Let links stay within the incident without saying so."""
    if "incident" in g and current_app.url_map.is_endpoint_expecting(endpoint, "code"):
        values.setdefault("code", g.incident.code)


def _around() -> dict[str, Any]:
    """Return what the frame of every page needs; rows are read after the heads."""
    known: dict[str, Any] = {
        "portal_name": PORTAL_NAME,
        "now": clock.now(),
        "incident": None,
        "strip": None,
        "actor": None,
        "ends_at": None,
        "live": None,
        "nav": [],
        "more": [],
    }
    if not current_user.is_authenticated:
        return known
    actor = current_actor()
    if "incident" not in g:  # an error before the incident was known
        g.incident = incidents.current_incident(db_session())
        times.use_zone(g.incident.time_zone)
    return known | {
        "actor": actor,
        "ends_at": sign_in.ends_at(),
        "desk": desk_of(actor),
        "live": g.get("live"),
        "incident": g.incident,
        "strip": incidents.project(g.incident, PARTNERS),
        "nav": nav_for(actor, request.endpoint or ""),
        "more": more_for(actor),
    }


def _read_heads() -> None:
    """Read the heads of the page's rooms before any of its rows."""
    if "incident" in g:
        session, incident = db_session(), g.incident
        g.live = {
            "incident": incident.code,
            "generation": generation(session),
            "heads": heads(session, incident.id, rooms_of(current_actor())),
        }
        session.expire(incident)  # the strip, too, must be at least as new as the heads


def init_app(app: Flask) -> None:
    """Put every page into its frame."""
    app.before_request(_enter_incident)
    app.before_request(_read_heads)
    app.context_processor(_around)
    app.url_defaults(_add_code)

"""The application: the only module that knows every package."""

import hashlib
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from flask import Flask, current_app, g, request, url_for
from flask.cli import FlaskGroup
from flask.typing import ResponseReturnValue
from flask_compress import Compress
from flask_login import current_user
from flask_wtf import CSRFProtect
from jinja2 import StrictUndefined
from sqlalchemy.orm import Session
from werkzeug.utils import redirect

from portal import cli
from portal.accounts.queries import epoch_of
from portal.accounts.views import account, joining, people, sign_in
from portal.config import ROOT, Settings, read_settings
from portal.core import clock, codes
from portal.core.db import Database
from portal.core.web import answers, labels, prose, requests, times
from portal.core.web.requests import current_actor, db_session, or_404
from portal.feed import operations as feed_operations
from portal.feed import queries as feed_queries
from portal.feed import views as feed
from portal.floor import views as floor
from portal.incidents import queries as incidents
from portal.incidents.models import Incident
from portal.incidents.views import admin as incident_admin
from portal.incidents.views import index as incident_index
from portal.journal.audience import PARTNERS, rooms_of
from portal.journal.queries import generation, heads
from portal.journal.timer import Job, Timer
from portal.live import service as live
from portal.live.fragments import KINDS
from portal.menu import desk_of, more_for, nav_for
from portal.notify import service as notify
from portal.notify import views as deliveries
from portal.offers import operations as offer_operations
from portal.offers import queries as offer_queries
from portal.offers import views as offers
from portal.offers.views import catalogue
from portal.organizations import views as organizations
from portal.presence.views import check_in, papers, roster

PORTAL_NAME = "BEOC Partner Portal"

BLUEPRINTS = (
    sign_in.bp,
    account.bp,
    joining.bp,
    people.bp,
    organizations.bp,
    incident_index.bp,
    incident_admin.bp,
    floor.bp,
    feed.bp,
    offers.bp,
    catalogue.bp,
    roster.bp,
    papers.bp,
    check_in.bp,
    deliveries.bp,
)

#: A form may carry this many bytes.
_MAX_BODY = 256 * 1024


def create_app(settings: Settings | None = None) -> Flask:
    """Build the portal from its settings; reads them from the environment unless given."""
    settings = settings or read_settings()
    app = Flask(
        "portal",
        root_path=str(ROOT),
        template_folder="templates",
        static_folder="static",
        static_url_path=f"/static/{_edition_of(ROOT / 'static')}",
    )
    app.config.update(_flask_config(settings))
    app.extensions["settings"] = settings
    app.extensions["database"] = Database(settings.database_url, epoch_of=epoch_of)
    codes.use_folder(settings.instance)
    app.before_request(requests.allow_files)
    CSRFProtect(app)
    Compress(app)
    for part in (requests, times, labels, prose, answers, sign_in):
        part.init_app(app)
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.globals["sprite"] = f"{app.static_url_path}/ui/sprite.svg"
    app.add_template_global(feed_queries.readers_label, "readers")
    app.add_template_global(deliveries.mails_about, "mails_about")
    app.before_request(_enter_incident)
    app.before_request(_read_heads)
    app.context_processor(_frame)
    app.url_defaults(_add_code)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.add_url_rule("/", "home", _home)
    app.add_url_rule("/healthz", "healthz", requests.public(_healthz))
    app.add_url_rule("/readyz", "readyz", requests.public(_readyz))
    app.extensions["rows_by_id"] = {subject: kind.load for subject, kind in KINDS.items()}
    app.extensions["closings"] = (_closing_reports, _closing_offers)
    live.attach(app, settings)
    cli.register(app)
    return app


def _edition_of(folder: Path) -> str:
    """Return a name for what the folder holds.

    It stands in the path of every static file, and of what a script imports beside itself: so
    browsers keep files for ever, and have new ones at once.
    """
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def _flask_config(settings: Settings) -> dict[str, Any]:
    host = settings.base_url.partition("://")[2]
    return {
        "SECRET_KEY": settings.secret_key,
        "MAX_CONTENT_LENGTH": _MAX_BODY,
        "MAX_FORM_MEMORY_SIZE": _MAX_BODY,
        "SESSION_COOKIE_NAME": "__Host-sid" if settings.is_https else "sid",
        "SESSION_COOKIE_SECURE": settings.is_https,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "PERMANENT_SESSION_LIFETIME": timedelta(hours=12),
        # Without TLS only this machine itself may talk to the portal.
        "TRUSTED_HOSTS": [host.partition(":")[0]]
        if host
        else ["localhost", "127.0.0.1", "[::1]"],
        "WTF_CSRF_TIME_LIMIT": None,
        "WTF_CSRF_SSL_STRICT": settings.is_https,
        "COMPRESS_REGISTER": True,
    }


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


def _frame() -> dict[str, Any]:
    """Return what the frame of every page needs; rows are read after the heads."""
    known: dict[str, Any] = {
        "portal_name": PORTAL_NAME,
        "now": clock.now(),
        "incident": None,
        "strip": None,
        "actor": None,
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


def _closing_reports(session: Session, incident: Incident) -> list[tuple[int, str]]:
    """Say what closing an incident does to reports, for the page that asks before it."""
    waiting = feed_queries.count_waiting(session, incident.id)
    words = "report waits" if waiting == 1 else "reports wait"
    return [(waiting, f"{words} for the desk: moderators can still decide.")]


def _closing_offers(session: Session, incident: Incident) -> list[tuple[int, str]]:
    """Say what closing an incident does to offers."""
    waiting, listed = offer_queries.count_open(session, incident.id)
    left = "offer waits" if waiting == 1 else "offers wait"
    known = "offer is listed" if listed == 1 else "offers are listed"
    return [
        (waiting, f"{left} for an answer, and will end unanswered; the owner sees it."),
        (listed, f"{known}, and will end: nothing more is taken from it."),
    ]


def _home() -> ResponseReturnValue:
    return redirect(url_for("floor.show", code=g.incident.code))


def _healthz() -> ResponseReturnValue:
    """Answer that the process lives."""
    return {"status": "ok"}


def _readyz() -> ResponseReturnValue:
    """Answer that the database answers, too."""
    generation(db_session())
    return {"status": "ok"}


def start(app: Flask) -> None:
    """Start what runs beside the requests of a serving process: tail, notices and timer."""
    live.start(app)
    notify.start(app)
    timer = Timer(app.extensions["database"])
    timer.jobs += [
        Job("release-claims", timedelta(seconds=5), feed_operations.release_ended),
        Job("reopen-merged", timedelta(seconds=10), feed_operations.reopen_merged),
        Job("escalate-offers", timedelta(seconds=10), offer_operations.escalate_due),
        Job("warn-of-ending-offers", timedelta(seconds=60), offer_operations.warn_ending),
        Job("remind-of-late-reports", timedelta(seconds=30), feed_operations.remind_late),
    ]
    threading.Thread(target=timer.run, name="timer", daemon=True).start()


@click.group(cls=FlaskGroup, create_app=create_app, add_default_commands=False)
def main() -> None:
    """Run and keep the partner portal."""

"""The application: the only module that knows every package."""

import hashlib
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from flask import Flask, current_app, g, url_for
from flask.cli import FlaskGroup
from flask.typing import ResponseReturnValue
from flask_compress import Compress
from flask_wtf import CSRFProtect
from jinja2 import StrictUndefined
from sqlalchemy.orm import Session
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.utils import redirect

from portal import cli, frame
from portal.accounts import operations as account_operations
from portal.accounts.queries import epoch_of
from portal.accounts.views import (
    account,
    company,
    factors,
    inviting,
    joining,
    keeping,
    linking,
    people,
    providers,
    proving,
    registering,
    second,
    sign_in,
    single_sign_on,
    vetting,
)
from portal.audit.views import entitlements, looks
from portal.audit.views import log as audit
from portal.config import ROOT, Settings, read_settings
from portal.core import codes
from portal.core.db import Database, database_of
from portal.core.scanner import Scanner
from portal.core.web import answers, headers, labels, limits, origins, prose, requests, times
from portal.core.web.requests import db_session
from portal.feed import operations as feed_operations
from portal.feed import queries as feed_queries
from portal.feed import views as feed
from portal.floor import views as floor
from portal.incidents.models import Incident
from portal.incidents.views import admin as incident_admin
from portal.incidents.views import index as incident_index
from portal.journal import notes
from portal.journal.queries import generation
from portal.journal.timer import Job, Timer
from portal.live import metrics, stopping
from portal.live import service as live
from portal.live.fragments import KINDS
from portal.live.wakeups import Wakeups
from portal.notify import service as notify
from portal.notify import views as deliveries
from portal.offers import operations as offer_operations
from portal.offers import queries as offer_queries
from portal.offers import views as offers
from portal.offers.views import catalogue
from portal.organizations import views as organizations
from portal.presence.views import check_in, papers, roster

BLUEPRINTS = (
    sign_in.bp,
    second.bp,
    single_sign_on.bp,
    company.bp,
    account.bp,
    factors.bp,
    linking.bp,
    proving.bp,
    joining.bp,
    people.bp,
    inviting.bp,
    keeping.bp,
    registering.bp,
    vetting.bp,
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
    audit.bp,
    looks.bp,
    entitlements.bp,
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
    app.extensions["scanner"] = Scanner(settings.clamd_url) if settings.clamd_url else None
    codes.use_folder(settings.instance)
    metrics.init_app(app)
    origins.init_app(app)
    app.before_request(requests.allow_files)
    CSRFProtect(app)
    Compress(app)
    own = (sign_in, audit, providers)
    for part in (requests, limits, times, labels, prose, headers, answers, *own):
        part.init_app(app)
    _set_up_templates(app)
    frame.init_app(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.add_url_rule("/", "home", _home)
    app.add_url_rule("/healthz", "healthz", requests.public(_healthz))
    app.add_url_rule("/readyz", "readyz", requests.public(_readyz))
    app.extensions["rows_by_id"] = {subject: kind.load for subject, kind in KINDS.items()}
    app.extensions["views_by_subject"] = {it: kind.views for it, kind in KINDS.items()}
    app.extensions["closings"] = (_closing_reports, _closing_offers)
    live.attach(app)
    if settings.proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=settings.proxies, x_proto=0, x_host=0
        )
    cli.register(app)
    return app


def _set_up_templates(app: Flask) -> None:
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.globals["sprite"] = f"{app.static_url_path}/ui/sprite.svg"
    app.add_template_global(feed_queries.readers_label, "readers")
    app.add_template_global(deliveries.mails_about, "mails_about")
    app.add_template_global(looks.looks_at, "looks_at")


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
        "PORTAL_NAME": frame.PORTAL_NAME,
        "SECRET_KEY": settings.secret_key,
        "ORIGIN": settings.base_url,
        "DEBUG": False,  # whatever FLASK_DEBUG says: it would show its insides
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
    """Answer whether requests are welcome: the database is well, and the process goes on."""
    running = current_app.extensions.get("running")
    if running is not None and running.is_stopping:
        return {"status": "stopping"}, 503
    generation(db_session())
    if database_of(db_session()).is_failing:
        return {"status": "the disk fails"}, 503
    return {"status": "ok"}


def start(app: Flask) -> None:
    """Start what runs beside the requests of a serving process."""
    database: Database = app.extensions["database"]
    settings: Settings = app.extensions["settings"]
    live.start(app)
    notices = notify.start(app)
    notes.start(database)
    stopping.on_stop(app, notices.stop)
    stopping.on_stop(app, lambda: notes.finish(database))
    if settings.redis_url:
        app.extensions["wakeups"] = Wakeups(settings.redis_url, settings.secret_key, database)
        app.extensions["wakeups"].start()
    timer = Timer(database)
    timer.jobs += [
        Job("release-claims", timedelta(seconds=5), feed_operations.release_ended),
        Job("reopen-merged", timedelta(seconds=10), feed_operations.reopen_merged),
        Job("escalate-offers", timedelta(seconds=10), offer_operations.escalate_due),
        Job("warn-of-ending-offers", timedelta(seconds=60), offer_operations.warn_ending),
        Job("forget-spent", timedelta(minutes=10), account_operations.forget_spent),
        Job("remind-of-late-reports", timedelta(seconds=30), feed_operations.remind_late),
    ]
    threading.Thread(target=timer.run, name="timer", daemon=True).start()


@click.group(cls=FlaskGroup, create_app=create_app, add_default_commands=False)
def main() -> None:
    """Run and keep the partner portal."""

"""`portal serve`: replaces itself by a process that patches for gevent before anything else."""

import os
import sys

import click
from flask import current_app
from flask.cli import with_appcontext

from portal.cli.database import is_current
from portal.config import ROOT, Settings
from portal.core.db import Database

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, help="Port to listen on.")
@click.option(
    "--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes."
)
@with_appcontext
def serve(host: str, port: int, workers: int) -> None:
    """Serve the portal; with several processes where the database is PostgreSQL."""
    settings: Settings = current_app.extensions["settings"]
    if settings.is_demo and host not in _LOOPBACK:
        raise click.ClickException(
            "The demo's sign-ins are public: it listens on 127.0.0.1 only."
        )
    if not is_current(current_app.extensions["database"]):
        raise click.ClickException("The database needs `portal db upgrade` first.")
    command = [sys.executable, str(ROOT / "wsgi.py")]
    if workers > 1:
        _check_database(current_app.extensions["database"], settings)
        os.chdir(ROOT)
        program = [sys.executable, "-m", "portal.core.workers", host, str(port), str(workers)]
        os.execv(sys.executable, [*program, *command])  # noqa: S606 - likewise  # nosec B606
    command += [host, str(port)]
    os.execv(sys.executable, command)  # noqa: S606 - our own file, no shell  # nosec B606


def _check_database(database: Database, settings: Settings) -> None:
    """Refuse several processes on SQLite, and say what is slower without Redis."""
    if database.is_sqlite:
        raise click.ClickException(
            "Several workers need PostgreSQL: SQLite takes one writer at a time. "
            "Set PORTAL_DATABASE_URL, or serve without --workers."
        )
    if not settings.redis_url:
        click.echo(
            "Without PORTAL_REDIS_URL news takes up to half a second longer from one worker to "
            "another, and each counts failed sign-ins for itself.",
            err=True,
        )

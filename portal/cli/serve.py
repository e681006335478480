"""`portal serve`: replaces itself by a process that patches for gevent before anything else."""

import os
import sys

import click
from flask import current_app
from flask.cli import with_appcontext

from portal.cli.database import is_current
from portal.config import ROOT, Settings

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, help="Port to listen on.")
@with_appcontext
def serve(host: str, port: int) -> None:
    """Serve the portal."""
    settings: Settings = current_app.extensions["settings"]
    if settings.is_demo and host not in _LOOPBACK:
        raise click.ClickException(
            "The demo's sign-ins are public: it listens on 127.0.0.1 only."
        )
    if not is_current(current_app.extensions["database"]):
        raise click.ClickException("The database needs `portal db upgrade` first.")
    command = [sys.executable, str(ROOT / "wsgi.py"), host, str(port)]
    os.execv(sys.executable, command)  # noqa: S606 - our own file, no shell  # nosec B606

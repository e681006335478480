"""`portal worker`: sends e-mail in a process of its own, beside `portal serve` or alone."""

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from portal.cli.database import is_current
from portal.core import logs
from portal.notify.service import work


@click.command()
@with_appcontext
def worker() -> None:
    """Send e-mail until told to stop."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
    if not is_current(app.extensions["database"]):
        raise click.ClickException("The database needs `portal db upgrade` first.")
    logs.to_stderr(app.extensions["settings"].log_form)
    try:
        work(app)
    except ValueError as error:
        raise click.ClickException(str(error)) from error

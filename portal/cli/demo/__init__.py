"""`portal demo`: three days of an exercise with people of every kind, for an empty database."""

from collections.abc import Iterable, Iterator

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy.orm import Session

from portal.cli.database import is_current
from portal.cli.demo.emptying import empty, has_demo, stranger
from portal.cli.demo.loader import CODE, load
from portal.cli.demo.people import PASSWORD, PEOPLE
from portal.cli.demo.steps import Step
from portal.config import Settings
from portal.core.db import Database

__all__ = ["demo", "load"]


@click.command()
@click.option("--remove", is_flag=True, help="Take the demo away; the database is empty then.")
@with_appcontext
def demo(*, remove: bool) -> None:
    """Load the demo exercise into an empty database, and print the sign-ins."""
    database: Database = current_app.extensions["database"]
    if not is_current(database):
        raise click.ClickException("The database needs `portal db upgrade` first.")
    with database.sessions() as session:
        if why := stranger(session):
            raise click.ClickException(f"This database is in use: {why} Nothing was changed.")
        if remove:
            _remove(session)
            return
        if not has_demo(session):
            _load(session)
    click.echo("\nSign-ins of the demo, from this machine only:")
    for person in PEOPLE:
        click.echo(f"  {person.email:<28} {person.what}")
    click.echo(f"  password for all: {PASSWORD}\n")


def _load(session: Session) -> None:
    """Load all of the demo, or leave nothing of it."""
    try:
        load(session, _shown)
    except BaseException:
        session.rollback()
        empty(session, current_app.extensions["settings"])
        raise
    click.echo(f"Loaded the demo exercise {CODE}.")


def _shown(steps: Iterable[Step]) -> Iterator[Step]:
    with click.progressbar(steps, label="Three days of an exercise") as shown:
        yield from shown


def _remove(session: Session) -> None:
    if not has_demo(session):
        raise click.ClickException("The demo is not here. Nothing was changed.")
    settings: Settings = current_app.extensions["settings"]
    if why := empty(session, settings):
        click.echo(f"What was to be sent could not be taken out of Redis: {why}", err=True)
    click.echo("The demo is gone; the database is as `portal db upgrade` left it.")

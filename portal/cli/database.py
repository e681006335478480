"""`portal db upgrade`, `portal backup` and `portal restore`."""

import sqlite3
from contextlib import closing
from pathlib import Path

import click
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from flask.cli import with_appcontext

from portal.core.db import Database
from portal.journal.records import begin_generation

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"


def alembic_config(url: str) -> Config:
    """Return Alembic's settings for a database; there is no ini file."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = url
    return config


def upgrade(url: str) -> None:
    """Bring a database to the present schema; an empty one is filled from nothing."""
    command.upgrade(alembic_config(url), "head")


def is_current(database: Database) -> bool:
    """Return whether the database has the schema that this code wants."""
    script = ScriptDirectory.from_config(alembic_config(_url_of(database)))
    with database.engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    return found == script.get_current_head()


def _url_of(database: Database) -> str:
    return database.url.render_as_string(hide_password=False)


def _database() -> Database:
    database: Database = current_app.extensions["database"]
    return database


def _sqlite_path() -> str:
    database = _database()
    if not database.is_sqlite:
        raise click.ClickException(
            "This database is PostgreSQL: use pg_dump and pg_restore, "
            "then `portal db new-generation` so that open pages load again."
        )
    return database.url.database or ""


@click.group()
def db() -> None:
    """Keep the database."""


@db.command("upgrade")
@with_appcontext
def db_upgrade() -> None:
    """Bring the database to the present schema."""
    upgrade(_url_of(_database()))
    click.echo("The database is up to date.")


@db.command("new-generation")
@with_appcontext
def new_generation() -> None:
    """Name the database anew after a restore: open pages load themselves again."""
    with _database().sessions() as session:
        click.echo(begin_generation(session))


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@with_appcontext
def backup(file: Path) -> None:
    """Copy the database into FILE while the portal runs."""
    if file.exists():
        raise click.ClickException(f"{file} is there already.")
    file.touch(0o600)  # as closed to others as what it is a copy of
    with (
        closing(sqlite3.connect(_sqlite_path())) as source,
        closing(sqlite3.connect(file)) as target,
    ):
        source.backup(target)
    click.echo(f"Copied into {file}.")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.confirmation_option(prompt="This replaces the present database. Go on?")
@with_appcontext
def restore(file: Path) -> None:
    """Put the copy in FILE in place of the database; open pages load themselves again."""
    path = _sqlite_path()
    _database().engine.dispose()
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(path)) as target:
        source.backup(target)
    with _database().sessions() as session:
        begin_generation(session)
    click.echo(f"Restored from {file}.")

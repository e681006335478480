"""`portal db`, and what every command wants to know of the schema."""

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
    return current_revision(database) == _script().get_current_head()


def current_revision(database: Database) -> str | None:
    """Return the revision of the database's schema; None of an empty one."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def known_revisions() -> frozenset[str]:
    """Return all revisions that this code can bring to the present one."""
    return frozenset(it.revision for it in _script().walk_revisions())


def _script() -> ScriptDirectory:
    return ScriptDirectory.from_config(alembic_config(""))


def url_of(database: Database) -> str:
    """Return the database's address, password and all."""
    return database.url.render_as_string(hide_password=False)


def _database() -> Database:
    database: Database = current_app.extensions["database"]
    return database


@click.group()
def db() -> None:
    """Keep the database."""


@db.command("upgrade")
@with_appcontext
def db_upgrade() -> None:
    """Bring the database to the present schema."""
    upgrade(url_of(_database()))
    click.echo("The database is up to date.")


@db.command("new-generation")
@with_appcontext
def new_generation() -> None:
    """Name the database anew after a restore: open pages load themselves again."""
    with _database().sessions() as session:
        click.echo(begin_generation(session))

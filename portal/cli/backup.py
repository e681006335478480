"""`portal backup` and `portal restore`: one file that holds everything, proved by the chain."""

import errno
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from portal.cli.copies import bundle, putting, rows, taking
from portal.cli.copies.bundle import Manifest, NoBackupError
from portal.cli.database import current_revision, is_current
from portal.cli.progress import shown
from portal.config import Settings
from portal.core import clock
from portal.core.db import Database
from portal.journal.models import Entry, Head
from portal.journal.queries import generation


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@with_appcontext
def backup(file: Path) -> None:
    """Copy everything into FILE while the portal runs, and prove the copy.

    What was acknowledged before it began is in it. The secret key and the settings are not.
    """
    database, settings = _database(), _settings()
    if file.exists():
        raise click.ClickException(f"{file} is there already.")
    if not is_current(database):
        raise click.ClickException(
            "The database has another schema than this portal. "
            "Take the backup with the portal that ran on it, or run `portal db upgrade`."
        )
    made_at = clock.now()
    with _room_beside(file) as folder:
        copy, draft = folder / "copy.db", folder / "draft"
        with shown("Copying", taking.extent(database)) as told:
            taking.take(database, copy, told)
        manifest = _describe(copy, settings, made_at.isoformat())
        with _opened(copy) as taken, shown("Proving", manifest.entries) as told:
            putting.prove(taken, manifest, told)
        with shown("Packing", manifest.size) as told:
            bundle.write(draft, copy, manifest, told)
        if file.exists():
            raise click.ClickException(f"{file} is there already.")
        draft.replace(file)
        bundle.keep_name(file)
    click.echo(
        f"{file}: {manifest.entries} entries in {len(manifest.heads)} streams, intact, as of "
        f"{manifest.made_at}."
    )
    for stream, (seq, link) in sorted(manifest.heads.items(), key=lambda it: int(it[0])):
        click.echo(f"head {stream}:{seq}:{link}")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Do so even where there is a portal already.")
@with_appcontext
def restore(file: Path, *, replace: bool) -> None:
    """Put what FILE holds in place of the database; open pages then load themselves again.

    It is proved before anything is touched, and put there as a whole or not at all.
    """
    database, settings = _database(), _settings()
    if not replace and not putting.is_empty(database):
        raise click.ClickException(
            "There is a portal in this database already. "
            "Back it up, then add --replace to put this one in its place."
        )
    place = Path(database.url.database or "") if database.is_sqlite else settings.instance / "x"
    with _room_beside(place) as folder:
        copy = folder / "copy.db"
        manifest = bundle.read_manifest(file)
        with shown("Unpacking", manifest.size) as told:
            bundle.extract(file, manifest, copy, told)
        with shown("Proving", manifest.entries) as told:
            putting.prepare(copy, manifest, told)
        with shown("Restoring", putting.extent(copy, database)) as told:
            putting.put(copy, database, told)
    click.echo(
        f"Restored as of {manifest.made_at}: {manifest.entries} entries, intact. "
        "Open pages load themselves again."
    )
    if not manifest.has_key(settings.secret_key):
        click.echo(
            "The secret key is another one than it was: everybody signs in anew, links in "
            "e-mails are void, and authenticator apps have to be set up anew."
        )


def _describe(copy: Path, settings: Settings, made_at: str) -> Manifest:
    with _opened(copy) as taken:
        with taken.sessions() as session:
            heads = session.execute(select(Head.incident_id, Head.seq, Head.hash)).all()
            entries = session.scalar(select(func.count()).select_from(Entry)) or 0
            life = generation(session)
        with taken.engine.connect() as connection:
            counted = rows.count_rows(connection)
        revision = current_revision(taken) or ""
    return Manifest(
        made_at=made_at,
        revision=revision,
        generation=life,
        key_mark=bundle.key_mark(settings.secret_key),
        entries=entries,
        heads={str(stream): [seq, link] for stream, seq, link in heads},
        rows=counted,
        size=copy.stat().st_size,
        sha256=bundle.digest_of(copy),
    )


@contextmanager
def _opened(copy: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{copy}")
    try:
        yield database
    finally:
        database.engine.dispose()


@contextmanager
def _room_beside(file: Path) -> Iterator[Path]:
    """Lend a folder on the same disk that nobody else can read, and say what goes wrong."""
    try:
        with tempfile.TemporaryDirectory(prefix=".portal-", dir=file.parent) as folder:
            yield Path(folder)
    except NoBackupError as error:
        raise click.ClickException(f"This cannot be relied on: {error}.") from error
    except TimeoutError as error:
        raise click.ClickException(
            "The database is busy; nothing was changed. Stop the portal, and try again."
        ) from error
    except (OSError, sqlite3.Error, SQLAlchemyError) as error:
        if not _is_full(error):
            raise click.ClickException(
                f"It did not work; nothing was changed: {error}"
            ) from error
        raise click.ClickException(
            f"The disk of {file.parent} is full; nothing was changed. Make room there."
        ) from error


def _is_full(error: Exception) -> bool:
    if isinstance(error, OSError):
        return error.errno in {errno.ENOSPC, errno.EDQUOT}
    return "disk is full" in str(error)


def _database() -> Database:
    database: Database = current_app.extensions["database"]
    return database


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings

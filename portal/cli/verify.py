"""`portal verify`: is the journal what it was?"""

import sys

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.cli.progress import shown
from portal.core.db import Database
from portal.journal.models import Head
from portal.journal.verify import verify as verify_journal


def parse_head(text: str) -> tuple[int, tuple[int, str]]:
    """Read a head as `portal verify` prints it: incident:seq:hash."""
    incident, seq, link = text.split(":")
    return int(incident), (int(seq), link)


def heads_of(session: Session) -> list[str]:
    """Return every stream's head in the form that `--head` takes."""
    heads = session.scalars(select(Head).order_by(Head.incident_id))
    return [f"{head.incident_id}:{head.seq}:{head.hash}" for head in heads]


@click.command()
@click.option(
    "--head", "heads", multiple=True, help="A head kept elsewhere: incident:seq:hash."
)
@with_appcontext
def verify(heads: tuple[str, ...]) -> None:
    """Walk the journal's chain; exits with 1 if anything is missing or altered."""
    try:
        kept = dict(map(parse_head, heads))
    except ValueError as error:
        raise click.BadParameter("a head looks like 1:42:0f3a…") from error
    database: Database = current_app.extensions["database"]
    with database.sessions() as session:
        # PostgreSQL's sum is a decimal.
        entries = int(session.scalar(select(func.sum(Head.seq))) or 0)
        with shown("Proving", entries) as told:
            found = verify_journal(session, kept, told)
        for it in found:
            where = (
                f"stream {it.incident_id}, entry {it.seq}"
                if it.seq
                else f"stream {it.incident_id}"
            )
            click.echo(f"{it.finding}: {where}: {it.what}")
        for line in heads_of(session):
            click.echo(f"head {line}")
    if all(it.is_lawful for it in found):
        click.echo("intact")
    else:
        sys.exit(1)

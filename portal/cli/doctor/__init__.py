"""`portal doctor`: what is wrong with this installation, one plain line for each check."""

import sys
from collections.abc import Iterator

import click
from flask import current_app
from flask.cli import with_appcontext

from portal.cli.doctor import database, machine, running
from portal.cli.doctor.finding import Check, Finding, Level, Patient, warn

CHECKS = (
    Check("instance folder", machine.instance_folder),
    Check("secret key", machine.secret_key),
    Check("disk", machine.disk_space),
    Check("base URL", machine.base_url),
    Check("database", database.reachable),
    Check("schema", database.schema),
    Check("durability", database.durability, wants_tables=True),
    Check("journal", database.last_entries, wants_tables=True),
    Check("clock", database.right_time, wants_tables=True),
    Check("demo people", running.demo_people, wants_tables=True),
    Check("administrator", running.administrator, wants_tables=True),
    Check("incidents", running.incident_contacts, wants_tables=True),
    Check("single sign-on", machine.providers),
    Check("required sign-in", running.required_providers, wants_tables=True),
    Check("mail server", machine.mail_server),
    Check("Redis", machine.redis),
    Check("e-mails", running.unsent_notices, wants_tables=True),
    Check("timer", running.timer, wants_tables=True),
)


def examine(patient: Patient) -> Iterator[tuple[str, Finding]]:
    """Give each check's name and what it found, in the table's order."""
    has_tables = database.schema(patient).level is Level.OK
    for check in CHECKS:
        if check.wants_tables and not has_tables:
            yield check.name, warn("not looked at: the database is not as it should be")
        else:
            yield check.name, check.look(patient)


@click.command()
@with_appcontext
def doctor() -> None:
    """Say what is wrong with this installation; exits with 1 if anything is."""
    extensions = current_app.extensions
    patient = Patient(extensions["settings"], extensions["database"])
    is_wrong = False
    for name, found in examine(patient):
        click.echo(f"{found.level:<6} {name}: {found.words}")
        is_wrong = is_wrong or found.level is Level.WRONG
    if is_wrong:
        sys.exit(1)

"""`portal invite`: the first administrator, or anybody else, without a browser."""

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import select

from portal.accounts import operations
from portal.config import Settings
from portal.core.actor import SYSTEM, Role
from portal.core.db import Database
from portal.core.errors import FieldError
from portal.journal.transaction import transaction
from portal.organizations.models import Organization
from portal.organizations.operations import OrganizationParticulars, register
from portal.organizations.states import OrganizationKind


def _agency(name: str) -> OrganizationParticulars:
    """Return the first organization of a new portal: the agency that runs it."""
    return OrganizationParticulars(
        name=name, kind=OrganizationKind.AGENCY, sectors=(), counties=()
    )


@click.command()
@click.argument("email")
@click.option(
    "--organization", required=True, help="Its name; in a new portal the agency that runs it."
)
@click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    type=click.Choice([role.value for role in Role]),
    help="May be given several times.",
)
@with_appcontext
def invite(email: str, organization: str, roles: tuple[str, ...]) -> None:
    """Invite EMAIL and print the single-use link, which is good for 72 hours."""
    database: Database = current_app.extensions["database"]
    settings: Settings = current_app.extensions["settings"]
    with database.sessions() as session:
        row = session.scalar(select(Organization).where(Organization.name == organization))
        is_first = session.scalar(select(Organization.id).limit(1)) is None
        if row is None and not is_first:
            raise click.ClickException(f"No organization is called “{organization}”.")
        try:
            with transaction(session, SYSTEM) as tx:
                row = row or register(tx, _agency(organization))
                tx.session.flush()
                invitation = operations.Invitation(
                    email=email, organization=row, roles=frozenset(map(Role, roles))
                )
                _, token = operations.invite(tx, invitation)
        except FieldError as error:
            raise click.ClickException(str(error)) from error
    base = settings.base_url or "http://localhost:8000"
    click.echo(f"{base}/invite/{token}")

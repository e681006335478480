"""`portal invite`: the first administrator, or anybody else, without a browser."""

import click
from email_validator import EmailNotValidError, validate_email
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounts import operations
from portal.accounts.models import Person
from portal.accounts.queries import get_person_by_email
from portal.accounts.states import PersonState
from portal.config import Settings
from portal.core.actor import SYSTEM, Role
from portal.core.db import Database
from portal.core.errors import FieldError, PortalError
from portal.journal.transaction import transaction
from portal.organizations.models import Organization
from portal.organizations.operations import OrganizationParticulars, register
from portal.organizations.states import OrganizationKind


@click.command()
@click.argument("email")
@click.option("--organization", help="Its name; in a new portal the agency that runs it.")
@click.option(
    "--role",
    "roles",
    multiple=True,
    type=click.Choice([role.value for role in Role]),
    help="May be given several times.",
)
@click.option("--new-factor", is_flag=True, help="For who has lost every second factor.")
@with_appcontext
def invite(
    email: str, organization: str | None, roles: tuple[str, ...], *, new_factor: bool
) -> None:
    """Print a single-use link for EMAIL.

    Somebody new is invited to the organization, in the roles; the link is good for 72 hours.
    Somebody who was invited before gets a new link, and somebody who has joined a link for a
    new password, good for 30 minutes: the way back in for a lost administrator. With
    --new-factor it is a link for a new second factor, and those there are stop working.
    """
    database: Database = current_app.extensions["database"]
    settings: Settings = current_app.extensions["settings"]
    with database.sessions() as session:
        person = get_person_by_email(session, email)
        try:
            if person is not None:
                path = _link_again(session, person, new_factor=new_factor)
            elif organization and roles:
                path = _link_for_new(session, email, organization, roles)
            else:
                raise click.UsageError("Somebody new needs --organization and --role.")
        except PortalError as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"{settings.base_url or 'http://localhost:8000'}{path}")


def _link_for_new(session: Session, email: str, name: str, roles: tuple[str, ...]) -> str:
    try:
        validate_email(email, check_deliverability=False)
    except EmailNotValidError as error:
        raise FieldError("email", f"{email} is no e-mail address.") from error
    organization = session.scalar(select(Organization).where(Organization.name == name))
    is_first = session.scalar(select(Organization.id).limit(1)) is None
    if organization is None and not is_first:
        raise FieldError("organization", f"No organization is called “{name}”.")
    with transaction(session, SYSTEM) as tx:
        organization = organization or register(tx, _agency(name))
        tx.session.flush()
        invitation = operations.Invitation(
            email=email, organization=organization, roles=frozenset(map(Role, roles))
        )
        _, token = operations.invite(tx, invitation)
    return f"/invite/{token}"


def _link_again(session: Session, person: Person, *, new_factor: bool) -> str:
    """Return a new link for somebody known.

    Raises FieldError for the suspended: only an administrator lets them in again.
    """
    if person.state is PersonState.SUSPENDED:
        raise FieldError("email", f"{person.email} is suspended.")
    with transaction(session, SYSTEM) as tx:
        if person.state is PersonState.INVITED:
            return f"/invite/{operations.invite_again(tx, person)}"
        if new_factor:
            token = operations.reset_factors(tx, person, call_back="On the server itself")
            return f"/factors/{token}"
        return f"/reset/{operations.reset(tx, person)}"


def _agency(name: str) -> OrganizationParticulars:
    """Return the first organization of a new portal: the agency that runs it."""
    return OrganizationParticulars(
        name=name, kind=OrganizationKind.AGENCY, sectors=(), counties=()
    )

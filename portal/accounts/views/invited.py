"""Invitations to organizations whose people sign in by a provider."""

from flask import render_template
from flask.typing import ResponseReturnValue

from portal.accounts import queries
from portal.accounts.forms.joining import JoinByProviderForm
from portal.accounts.forms.people import role_words
from portal.accounts.models import Ticket
from portal.accounts.views.providers import provider_named
from portal.config import Provider
from portal.core.actor import Actor
from portal.core.web.forms import PortalForm
from portal.core.web.requests import db_session


def wanted_provider(actor: Actor) -> Provider | None:
    """Return the provider by which an invited person joins; None where they join by factors.

    Where a sign-in there shows but one factor they set up another here, and link it then.
    """
    name = queries.required_provider(db_session(), actor.organization_id)
    provider = provider_named(name)
    return provider if provider and provider.is_enough else None


def page(
    token: str, ticket: Ticket, actor: Actor, provider: Provider, form: PortalForm
) -> ResponseReturnValue:
    """Show the one way to join such an organization."""
    form = form if isinstance(form, JoinByProviderForm) else JoinByProviderForm()
    shown = render_template(
        "accounts/join_by_provider.html",
        form=form,
        provider=provider,
        token=token,
        email=ticket.person.email,
        actor_to_be=actor,
        invited_by=ticket.issued_by,
        roles=[role_words()[role] for role in role_words() if role in actor.roles],
    )
    return shown, form.status

"""Organizations whose people sign in by one provider: who came otherwise is led there.

What was shown before counts for linking it, once; and for other organizations of the person.
"""

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.accounts import queries
from portal.accounts.models import Membership, Person
from portal.accounts.states import MembershipState
from portal.accounts.views.entering import Half, begin, current_half, lost_the_way
from portal.accounts.views.providers import Errand, Purpose, leave, provider_named
from portal.config import Provider
from portal.core.actor import Actor
from portal.core.web.forms import ButtonForm, see_other
from portal.core.web.requests import db_session, is_own_path, or_404, public
from portal.organizations.states import OrganizationState

bp = Blueprint("company", __name__, url_prefix="/sign-in/company")


def way_from_password(person: Person) -> str:
    """Return where somebody goes on whose password is right.

    That is the second factor; but who can only come in by a provider is sent there at once.
    """
    actor = queries.usual_actor(db_session(), person.id)
    name = queries.required_provider(db_session(), actor.organization_id) if actor else ""
    provider = provider_named(name)
    if actor is None or provider is None or not _is_linked(provider, person.id):
        return url_for("second.code")
    is_only_way = not _others(person.id, actor, "")
    return url_for("company.show" if is_only_way else "second.code")


@bp.route("", methods=["GET", "POST"])
@public
def show() -> ResponseReturnValue:
    """Say by which provider the organization signs in, and lead there to link it."""
    found = current_half(is_proven=None)
    if found is None:
        return lost_the_way()
    half, person, actor = found
    name = queries.required_provider(db_session(), actor.organization_id)
    provider = provider_named(name)
    is_linked = provider is not None and _is_linked(provider, person.id)
    form = ButtonForm()
    if not name or not (half.is_proven or is_linked):
        return lost_the_way()
    if form.validate_on_submit() and half.is_proven:
        return leave(Errand(purpose=Purpose.COMPANY, provider=name, person_id=person.id))
    return render_template(
        "accounts/company.html",
        form=form,
        actor_to_be=actor,
        provider=provider,
        is_linked=is_linked,
        others=_others(person.id, actor, half.provider) if half.is_proven else [],
        target=half.target,
    )


@bp.post("/other")
@public
def other() -> ResponseReturnValue:
    """Go on for another of one's organizations, which does not want that provider."""
    found = current_half(is_proven=True)
    if found is None or not ButtonForm().validate_on_submit():
        return lost_the_way()
    half, person, actor = found
    reference = request.form.get("organization", "")
    others = _others(person.id, actor, half.provider)
    chosen = [it for it in others if it.organization.reference == reference]
    return _enter(half, or_404(chosen or None)[0])


def _enter(half: Half, membership: Membership) -> ResponseReturnValue:
    actor = queries.actor_of(db_session(), half.person_id, membership.id)
    begin(or_404(actor), half.how)
    return see_other(half.target if is_own_path(half.target) else "/")


def _is_linked(provider: Provider, person_id: int) -> bool:
    held = queries.list_identities(db_session(), person_id)
    return any(it.issuer == provider.issuer for it in held)


def _others(person_id: int, actor: Actor, provider: str) -> list[Membership]:
    """Return the other memberships that are open to who came by this provider, or by none."""
    return [
        it
        for it in queries.list_memberships(db_session(), person_id)
        if it.id != actor.membership_id
        and it.state is MembershipState.ACTIVE
        and it.organization.state is OrganizationState.ACTIVE
        and it.organization.provider in {"", provider}
    ]

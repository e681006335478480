"""Screens of an organization's own administrator: who acts for it; others' are absent."""

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from portal.accounts import operations, queries
from portal.accounts.forms.inviting import OWN_ROLES, InviteForm
from portal.accounts.forms.people import role_words
from portal.accounts.models import Membership, Person
from portal.accounts.states import MEMBERSHIP, PERSON, MembershipState
from portal.accounts.views import inviting
from portal.accounts.views.links import by_letter, make_link
from portal.accounts.views.memberships import MOVES, forms_for, make
from portal.core.actor import Role
from portal.core.web.forms import ButtonForm, PortalForm, writer
from portal.core.web.requests import current_actor, db_session, for_roles, or_404
from portal.journal.transaction import transaction
from portal.organizations.models import Organization
from portal.organizations.queries import get_organization

bp = Blueprint("keeping", __name__, url_prefix="/organizations/<party>/people")
_write = writer(transaction)


@bp.get("")
@for_roles(Role.ORG_ADMIN)
def index(party: str) -> ResponseReturnValue:
    """Show who acts for the organization, and who did."""
    organization = _own(party)
    return render_template(
        "accounts/kept.html",
        organization=organization,
        members=queries.list_kept(db_session(), organization.id),
        roles=role_words(),
    )


@bp.route("/invite", methods=["GET", "POST"])
@for_roles(Role.ORG_ADMIN)
def invite(party: str) -> ResponseReturnValue:
    """Ask whom to invite, and show what became of each in the answer."""
    organization, people = _own(party), url_for(".index", party=party)
    form = InviteForm(OWN_ROLES)
    if form.validate_on_submit():
        answer = inviting.invite_all(
            form, organization, people, lambda it: _url(party, it.reference)
        )
        if answer is not None:
            return answer
    return inviting.ask(form, people)


@bp.get("/<reference>")
@for_roles(Role.ORG_ADMIN)
def show(party: str, reference: str) -> ResponseReturnValue:
    """Show one of the organization's people, with what can be changed."""
    return _page(party, reference)


@bp.post("/<reference>/invite_again")
@for_roles(Role.ORG_ADMIN)
def invite_again(party: str, reference: str) -> ResponseReturnValue:
    """Make a new invitation link; the earlier one ends."""
    person, membership = _find(party, reference)
    or_404(membership if membership.state is MembershipState.ACTIVE else None)
    form = ButtonForm(row=person)
    if form.validate_on_submit():
        answer = make_link(
            _write,
            form,
            form.held(person),
            lambda tx: (person, operations.invite_again(tx, person, by_letter=by_letter())),
            back=lambda _person: _url(party, reference),
        )
        if answer is not None:
            return answer
    return _page(party, reference, button=form)


@bp.post(f"/<reference>/<any({', '.join(MOVES)}):move>")
@for_roles(Role.ORG_ADMIN)
def move(party: str, reference: str, move: str) -> ResponseReturnValue:
    """Make one move of a membership, as its form says."""
    person, membership = _find(party, reference)
    made = make(move, membership, person, _url(party, reference))
    if isinstance(made, PortalForm):
        return _page(party, reference, **{f"membership_{move}": made})
    return made


def _own(party: str) -> Organization:
    """Return the actor's own organization; any other is not for them."""
    actor = current_actor()
    organization = or_404(get_organization(db_session(), party, actor))
    return or_404(organization if organization.id == actor.organization_id else None)


def _find(party: str, reference: str) -> tuple[Person, Membership]:
    return or_404(queries.get_kept(db_session(), _own(party).id, reference))


def _url(party: str, reference: str) -> str:
    return url_for(".show", party=party, reference=reference)


def _page(party: str, reference: str, **sent: PortalForm) -> ResponseReturnValue:
    person, membership = _find(party, reference)
    forms = {"button": ButtonForm(row=person)} | forms_for(membership)
    actor = current_actor()
    may_invite = membership.state is MembershipState.ACTIVE and queries.acts_for_one(
        db_session(), person.id
    )
    page = render_template(
        "accounts/colleague.html",
        person=person,
        membership=membership,
        membership_moves=MEMBERSHIP.names_open_to(actor, membership),
        moves=PERSON.names_open_to(actor, person) if may_invite else frozenset(),
        urls={it: url_for(".move", party=party, reference=reference, move=it) for it in MOVES},
        forms=forms | sent,
        roles=role_words(),
        hints={role.value: hint for role, (_, hint) in role_words().items()},
        by_letter=by_letter(),
    )
    return page, max((form.status for form in sent.values()), default=200)

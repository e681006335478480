"""Screens of organizations: the directory for everybody, the rest for those who keep it."""

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.config import Settings
from portal.core.actor import Actor, Role
from portal.core.errors import NotAllowedError
from portal.core.moves import parts
from portal.core.web.forms import ButtonForm, PortalForm, see_other, writer
from portal.core.web.requests import current_actor, db_session, for_roles, or_404
from portal.journal.looks import note_looks
from portal.journal.transaction import transaction
from portal.organizations import operations, queries
from portal.organizations.forms import (
    ContactsForm,
    MemberForm,
    OrganizationForm,
    ProviderForm,
    SuspendForm,
)
from portal.organizations.models import Organization
from portal.organizations.states import ORGANIZATION, OrganizationKind

bp = Blueprint("organizations", __name__, url_prefix="/organizations")
_write = writer(transaction)

KEEPERS = (Role.ADMIN, Role.MOP3)


@bp.get("")
def index() -> ResponseReturnValue:
    """Show all organizations, by name."""
    actor = current_actor()
    if actor.is_staff:  # who is shown whom to call
        note_looks(db_session(), actor, "directory")
    return render_template(
        "organizations/index.html",
        organizations=queries.list_organizations(db_session(), actor),
        may_register=actor.has(*KEEPERS),
    )


@bp.get("/own")
def own() -> ResponseReturnValue:
    """Lead people to their own organization's page."""
    actor = current_actor()
    found = queries.references_of(db_session(), [actor.organization_id or 0])
    return redirect(url_for(".show", reference=or_404(found or None)[0]))


@bp.route("/new", methods=["GET", "POST"])
@for_roles(*KEEPERS)
def new() -> ResponseReturnValue:
    """Ask for an organization's particulars, and register it."""
    form = OrganizationForm()
    if form.validate_on_submit():
        with form.catching(), _write(form, ()) as tx:
            organization = operations.register(tx, form.particulars())
            flash(f"{organization.name} is registered. Now invite its people.")
            return see_other(tx.answer(_url(organization)))
    return render_template("organizations/new.html", form=form), form.status


@bp.get("/<reference>")
def show(reference: str) -> ResponseReturnValue:
    """Show one organization; to those who keep it, with what they can change."""
    return _page(reference)


@bp.post("/<reference>/revise")
@for_roles(*KEEPERS)
def revise(reference: str) -> ResponseReturnValue:
    """Change what is known of an organization."""
    organization = _get(reference)
    form = OrganizationForm(organization)
    if form.validate_on_submit():
        with form.catching(), _write(form, form.held(organization)) as tx:
            operations.revise(tx, organization, form.particulars())
            flash("The changes are saved.")
            return see_other(tx.answer(_url(organization)))
    return _page(reference, revise=form)


@bp.post("/<reference>/add_member")
@for_roles(*KEEPERS)
def add_member(reference: str) -> ResponseReturnValue:
    """Note that a company is a member of this association."""
    association = _get(reference)
    form = MemberForm(_companies(), row=association)
    if form.validate_on_submit():
        company = _get(str(form.member.data))
        with form.catching(), _write(form, form.held(association)) as tx:
            operations.add_member(tx, association, company)
            flash(f"{company.name} is a member.")
            return see_other(tx.answer(_url(association)))
    return _page(reference, member=form)


@bp.post("/<reference>/remove_member")
@for_roles(*KEEPERS)
def remove_member(reference: str) -> ResponseReturnValue:
    """Note that a company is no longer a member of this association."""
    association = _get(reference)
    company = _get(request.form.get("member", ""))
    form = ButtonForm(row=association)
    if form.validate_on_submit():
        with form.catching(), _write(form, form.held(association)) as tx:
            operations.remove_member(tx, association, company)
            flash(f"{company.name} is no longer a member.")
            return see_other(tx.answer(_url(association)))
    return _page(reference, button=form)


@bp.post("/<reference>/require_provider")
@for_roles(Role.ADMIN)
def require_provider(reference: str) -> ResponseReturnValue:
    """Let the organization's people sign in by one provider alone, or as they like."""
    organization = _get(reference)
    form = ProviderForm(_providers(), row=organization)
    if form.validate_on_submit():
        with form.catching(), _write(form, form.held(organization)) as tx:
            operations.require_provider(tx, organization, provider=str(form.provider.data))
            flash("The next sign-in of its people goes by that.")
            return see_other(tx.answer(_url(organization)))
    return _page(reference, provider=form)


@bp.post("/<reference>/attest")
def attest(reference: str) -> ResponseReturnValue:
    """Confirm that the contacts of one's own organization are right."""
    organization = _get(reference)
    form = ButtonForm(row=organization)
    if form.validate_on_submit():
        with form.catching(), _write(form, form.held(organization)) as tx:
            operations.attest(tx, organization)
            flash("Thank you. The contacts are confirmed.")
            return see_other(tx.answer(_url(organization)))
    return _page(reference, button=form)


@bp.post("/<reference>/correct_contacts")
def correct_contacts(reference: str) -> ResponseReturnValue:
    """Name other contacts for one's own organization."""
    organization = _get(reference)
    form = ContactsForm(organization)
    if not ORGANIZATION.moves["correct_contacts"].by & parts(current_actor(), organization):
        raise NotAllowedError("An administrator of the organization does this.")
    if form.validate_on_submit():
        with form.catching(), _write(form, form.held(organization)) as tx:
            operations.correct_contacts(tx, organization, form.contacts())
            flash("The contacts are changed, and confirmed.")
            return see_other(tx.answer(_url(organization)))
    return _page(reference, contacts=form)


@bp.post("/<reference>/suspend")
@for_roles(Role.ADMIN)
def suspend(reference: str) -> ResponseReturnValue:
    """Keep the organization's people out, at once."""
    organization = _get(reference)
    form = SuspendForm(row=organization)
    if form.validate_on_submit():
        with form.catching(), _write(form, form.held(organization)) as tx:
            operations.suspend(tx, organization, reason=str(form.reason.data))
            flash(f"{organization.name} is suspended. Its people are out now.")
            return see_other(tx.answer(_url(organization)))
    return _page(reference, suspend=form)


@bp.post("/<reference>/restore")
@for_roles(Role.ADMIN)
def restore(reference: str) -> ResponseReturnValue:
    """Let the organization's people in again."""
    organization = _get(reference)
    form = ButtonForm(row=organization)
    if form.validate_on_submit():
        with form.catching(), _write(form, form.held(organization)) as tx:
            operations.restore(tx, organization)
            flash(f"The people of {organization.name} can sign in again.")
            return see_other(tx.answer(_url(organization)))
    return _page(reference, button=form)


def _get(reference: str) -> Organization:
    return or_404(queries.get_organization(db_session(), reference, current_actor()))


def _companies() -> list[Organization]:
    return queries.list_active(db_session(), OrganizationKind.COMPANY)


def _providers() -> dict[str, str]:
    """Return the labels of the OpenID providers, by name."""
    settings: Settings = current_app.extensions["settings"]
    return {it.name: it.label for it in settings.providers}


def _url(organization: Organization) -> str:
    return url_for(".show", reference=organization.reference)


def _knows_all(actor: Actor, organization: Organization) -> bool:
    """Contacts and members are for staff, and for the organization's own people."""
    return actor.is_staff or actor.organization_id == organization.id


def _page(reference: str, **sent: PortalForm) -> ResponseReturnValue:
    actor, organization = current_actor(), _get(reference)
    moves = ORGANIZATION.names_open_to(actor, organization)
    knows_all = _knows_all(actor, organization)
    members: list[Organization] = []
    forms: dict[str, PortalForm] = {}
    if knows_all:
        note_looks(db_session(), actor, "contacts", {organization.id: organization.reference})
    if knows_all and organization.kind is OrganizationKind.ASSOCIATION:
        members = queries.members_of(db_session(), organization)
    if moves:
        forms = {
            "provider": ProviderForm(_providers(), row=organization),
            "suspend": SuspendForm(row=organization),
            "button": ButtonForm(row=organization),
        }
    if "revise" in moves:
        joined = {member.id for member in members}
        companies = (it for it in _companies() if it.id not in joined)
        forms["revise"] = OrganizationForm(organization)
        forms["member"] = MemberForm(companies, row=organization)
    elif "correct_contacts" in moves:
        forms["contacts"] = ContactsForm(organization)
    page = render_template(
        "organizations/organization.html",
        organization=organization,
        members=members,
        knows_all=knows_all,
        moves=moves,
        forms=forms | sent,
        may_invite=actor.has(Role.ADMIN) and "revise" in moves,
        keeps_people="correct_contacts" in moves,
    )
    return page, max((form.status for form in sent.values()), default=200)

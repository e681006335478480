"""Making an offer in three steps: what, how much, where and when; each is kept as a draft."""

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import selectinload

from portal.core.actor import Role
from portal.core.errors import NotAllowedError
from portal.core.moves import parts
from portal.core.web.forms import ButtonForm, see_other
from portal.core.web.requests import current_actor, db_session, for_roles, or_404
from portal.core.writes import Held
from portal.incidents.models import Incident
from portal.offers import operations, queries
from portal.offers.forms.lines import CallForm, LineForm
from portal.offers.forms.terms import TermsForm
from portal.offers.models import Offer, OfferLine
from portal.offers.operations import is_priced
from portal.offers.queries import Item
from portal.offers.states import OFFER, OfferState, change_of
from portal.offers.views.common import OWNERS, bp, find, url_of, write
from portal.offers.views.offers import page_of
from portal.organizations.models import Organization
from portal.organizations.queries import list_active, members_of
from portal.organizations.states import OrganizationKind

#: So many of the latest can be offered again at once.
_EARLIER = 5


@bp.route("/offers/new", methods=["GET", "POST"])
@for_roles(*OWNERS)
def new(incident: Incident) -> ResponseReturnValue:
    """Ask what is offered, then how much of it: the first line begins a draft."""
    session, actor = db_session(), current_actor()
    item = _item()
    if item is None:
        return _choose(incident)
    own = session.get_one(Organization, actor.organization_id)
    form = LineForm.for_item(item, own, _members(own))
    if form.validate_on_submit():
        with form.catching(), write(form, [Held(incident, shared=True)]) as tx:
            offer = operations.begin(tx, incident, form.line())
            return see_other(tx.answer(_after_line(offer)))
    return _how_much(form, item), form.status


@bp.route("/offers/enter", methods=["GET", "POST"])
@for_roles(Role.ERAC)
def enter(incident: Incident) -> ResponseReturnValue:
    """Begin an offer for somebody on the telephone."""
    session = db_session()
    known = [it for it in list_active(session) if it.kind is not OrganizationKind.AGENCY]
    items = [it for it in queries.catalogue(session).values() if not it.is_retired]
    form = CallForm(known, items)
    if form.validate_on_submit():
        with form.catching(), write(form, [Held(incident, shared=True)]) as tx:
            offer = operations.enter(tx, incident, form.line(), caller=form.caller())
            return see_other(tx.answer(_after_line(offer)))
    return render_template("offers/enter.html", form=form), form.status


@bp.route("/offers/<reference>/lines/new", methods=["GET", "POST"])
def add_line(incident: Incident, reference: str) -> ResponseReturnValue:
    """Ask for one line more."""
    offer = _changeable(incident, reference)
    item = _item()
    if item is None:
        return _choose(incident, offer)
    form = _line_form(offer, item)
    if form.validate_on_submit():
        with form.catching(), write(form, form.held(offer)) as tx:
            operations.add_line(tx, offer, form.line())
            return see_other(tx.answer(_after_line(offer)))
    return _how_much(form, item, offer), form.status


@bp.route("/offers/<reference>/lines/<int:number>", methods=["GET", "POST"])
def line(incident: Incident, reference: str, number: int) -> ResponseReturnValue:
    """Show one line, to state it anew."""
    offer = _changeable(incident, reference)
    row = or_404(next((it for it in offer.lines if it.number == number), None))
    form = _line_form(offer, queries.item_of(queries.catalogue(db_session()), row))
    form.show(row)
    if form.validate_on_submit():
        with form.catching(), write(form, form.held(offer)) as tx:
            operations.change_line(tx, offer, number, form.line(row))
            return see_other(tx.answer(_after_line(offer)))
    return _how_much(form, form.item, offer, row), form.status


@bp.post("/offers/<reference>/lines/<int:number>/remove")
def remove_line(incident: Incident, reference: str, number: int) -> ResponseReturnValue:
    """Take a line out."""
    offer = _changeable(incident, reference)
    form = ButtonForm(row=offer)
    if form.validate_on_submit():
        with form.catching(), write(form, form.held(offer)) as tx:
            operations.remove_line(tx, offer, number)
            return see_other(tx.answer(url_of(offer)))
    return page_of(offer, remove=form)


@bp.route("/offers/<reference>/where", methods=["GET", "POST"])
def where(incident: Incident, reference: str) -> ResponseReturnValue:
    """Ask where and when, how it gets away, and on what terms."""
    offer = _changeable(incident, reference)
    owner = db_session().get_one(
        Organization,
        offer.organization_id,
        options=[selectinload(Organization.contacts)],
        populate_existing=True,
    )
    form = TermsForm.for_offer(offer, owner, current_actor().name)
    if form.validate_on_submit():
        with form.catching(), write(form, form.held(offer)) as tx:
            operations.settle(tx, offer, form.terms())
            return see_other(tx.answer(url_of(offer)))
    is_draft = _is_draft(offer)
    page = render_template(
        "offers/where.html",
        form=form,
        offer=offer,
        is_draft=is_draft,
        may_change=_may_still_change(offer),
    )
    return page, form.status


@bp.post("/offers/<reference>/again")
def again(incident: Incident, reference: str) -> ResponseReturnValue:
    """Begin an offer as this one was."""
    before, form = find(incident, reference), ButtonForm()
    if not current_actor().has(*OWNERS):
        raise NotAllowedError("This is for the people of the organization.")
    if form.validate_on_submit():
        with form.catching(), write(form, [Held(incident, shared=True), Held(before)]) as tx:
            return see_other(tx.answer(url_of(operations.again(tx, before))))
    return page_of(before, again=form)


def _item() -> Item | None:
    code = request.args.get("item", "")
    return queries.get_item(db_session(), code) if code else None


def _changeable(incident: Incident, reference: str) -> Offer:
    """Return an offer for who may change it now; to others it stays as it is."""
    offer = find(incident, reference)
    if not OFFER.moves[change_of(offer)].by & parts(current_actor(), offer):
        raise NotAllowedError("This belongs to who offers it.")
    return offer


def _may_still_change(offer: Offer) -> bool:
    """Return whether it stands where it can be changed: not once it is answered for good."""
    return OFFER.moves[change_of(offer)].leads_from(offer)


def _is_draft(offer: Offer) -> bool:
    return offer.state is OfferState.DRAFT


def _members(organization: Organization) -> list[Organization]:
    if organization.kind is not OrganizationKind.ASSOCIATION:
        return []
    return members_of(db_session(), organization)


def _line_form(offer: Offer, item: Item) -> LineForm:
    owner = db_session().get_one(Organization, offer.organization_id)
    return LineForm.for_item(
        item, owner, _members(owner), is_priced=is_priced(offer), row=offer
    )


def _after_line(offer: Offer) -> str:
    """Return the next step: where and when, or where that is said, all of it to check."""
    if offer.compensation:
        return url_of(offer)
    return url_for("offers.where", reference=offer.reference)


def _choose(incident: Incident, offer: Offer | None = None) -> str:
    """Show what can be offered; for a new offer also what was begun, and what was before."""
    session, actor = db_session(), current_actor()
    earlier = []
    if offer is None:
        room = queries.room_of(actor) or ""
        earlier = queries.list_offers(session, incident.id, room, limit=_EARLIER)
    return render_template(
        "offers/choose.html",
        kinds=queries.by_kind(session),
        offer=offer,
        drafts=queries.list_drafts(session, incident.id, actor) if offer is None else [],
        earlier=[(it, ButtonForm()) for it in earlier],
    )


def _how_much(
    form: LineForm, item: Item, offer: Offer | None = None, row: OfferLine | None = None
) -> str:
    return render_template(
        "offers/line.html",
        form=form,
        item=item,
        offer=offer,
        row=row,
        is_draft=offer is None or _is_draft(offer),
        may_change=offer is None or _may_still_change(offer),
        remove=ButtonForm(row=offer) if offer is not None and len(offer.lines) > 1 else None,
    )

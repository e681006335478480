"""Screens of offers: the owner's, the ERAC desk's, the record's."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.core.actor import Role
from portal.core.errors import NotAllowedError
from portal.core.web.forms import ButtonForm, PortalForm, see_other, writer
from portal.core.web.requests import current_actor, db_session, for_roles, or_404
from portal.core.writes import Held
from portal.incidents.models import Incident
from portal.journal.audience import ERAC, rooms_of
from portal.journal.queries import story
from portal.journal.transaction import transaction
from portal.offers import operations, queries
from portal.offers.forms import DeclineForm, ListForm, OfferForm
from portal.offers.models import Offer
from portal.offers.states import OFFER
from portal.organizations.models import Organization
from portal.organizations.queries import members_of
from portal.organizations.states import OrganizationKind

bp = Blueprint("offers", __name__, url_prefix="/incidents/<code>")
_write = writer(transaction)


@bp.get("/offers")
def index(incident: Incident) -> ResponseReturnValue:
    """Show the offers of the actor's own organization, or those the record keeps."""
    room = queries.room_of(current_actor())
    if room is None:
        raise NotAllowedError("Offers are between their owners and the ERAC cell.")
    if room == ERAC:
        return redirect(url_for(".erac"))
    return render_template("offers/index.html", **_listed(incident, room))


@bp.get("/erac")
@for_roles(Role.ERAC)
def erac(incident: Incident) -> ResponseReturnValue:
    """Show the ERAC desk: what is offered, and what waits for an answer."""
    waiting = queries.count_waiting(db_session(), incident.id)
    return render_template("offers/erac.html", waiting=waiting, **_listed(incident, ERAC))


@bp.route("/offers/new", methods=["GET", "POST"])
@for_roles(Role.LIAISON, Role.ORG_ADMIN)
def new(incident: Incident) -> ResponseReturnValue:
    """Ask for an offer's particulars and submit it."""
    actor, members = current_actor(), []
    own = db_session().get_one(Organization, actor.organization_id)
    if own.kind is OrganizationKind.ASSOCIATION:
        members = members_of(db_session(), own)
    form = OfferForm(own.counties, members)
    if form.validate_on_submit():
        with form.catching(), _write(form, [Held(incident, shared=True)]) as tx:
            offer = operations.submit(tx, incident, form.particulars())
            return see_other(tx.answer(_url(offer)))
    return render_template("offers/new.html", form=form), form.status


@bp.get("/offers/<reference>")
def show(incident: Incident, reference: str) -> ResponseReturnValue:
    """Show one offer, its story, and a button for each move open to the reader."""
    return _page(_offer(incident, reference))


@bp.post("/offers/<reference>/review")
def review(incident: Incident, reference: str) -> ResponseReturnValue:
    """Take an offer up for review."""
    offer = _offer(incident, reference)
    form = ButtonForm(row=offer)
    if form.validate_on_submit():
        with form.catching(), _write(form, form.held(offer)) as tx:
            operations.review(tx, offer)
            return see_other(tx.answer(_url(offer)))
    return _page(offer, review=form)


@bp.post("/offers/<reference>/list")
def list_(incident: Incident, reference: str) -> ResponseReturnValue:
    """Take an offer into what ERAC can draw on."""
    offer = _offer(incident, reference)
    form = ListForm(row=offer)
    if form.validate_on_submit():
        with form.catching(), _write(form, form.held(offer)) as tx:
            operations.list_(tx, offer, note=str(form.note.data or ""))
            return see_other(tx.answer(_url(offer)))
    return _page(offer, list=form)


@bp.post("/offers/<reference>/decline")
def decline(incident: Incident, reference: str) -> ResponseReturnValue:
    """Decline an offer and tell its owner why."""
    offer = _offer(incident, reference)
    form = DeclineForm(row=offer)
    if form.validate_on_submit():
        with form.catching(), _write(form, form.held(offer)) as tx:
            operations.decline(
                tx, offer, reason=str(form.reason.data), note=str(form.note.data or "")
            )
            return see_other(tx.answer(_url(offer)))
    return _page(offer, decline=form)


@bp.post("/offers/<reference>/withdraw")
def withdraw(incident: Incident, reference: str) -> ResponseReturnValue:
    """Take an own offer back."""
    offer = _offer(incident, reference)
    form = ButtonForm(row=offer)
    if form.validate_on_submit():
        with form.catching(), _write(form, form.held(offer)) as tx:
            operations.withdraw(tx, offer)
            return see_other(tx.answer(_url(offer)))
    return _page(offer, withdraw=form)


def _listed(incident: Incident, room: str) -> dict[str, Any]:
    """Return one page of a room's offers; `before` names the offer to go back from."""
    reference = request.args.get("before")
    before = _offer(incident, reference).submitted_at if reference else None
    offers = queries.list_offers(db_session(), incident.id, room, before=before)
    return {
        "offers": offers,
        "earlier": offers[-1].reference if len(offers) == queries.PAGE else None,
        "before": before,
    }


def _offer(incident: Incident, reference: str) -> Offer:
    return or_404(queries.get_offer(db_session(), incident.id, reference, current_actor()))


def _url(offer: Offer) -> str:
    return url_for(".show", reference=offer.reference)


def _page(offer: Offer, **sent: PortalForm) -> ResponseReturnValue:
    actor = current_actor()
    forms: dict[str, PortalForm] = {
        "review": ButtonForm(row=offer),
        "list": ListForm(row=offer),
        "decline": DeclineForm(row=offer),
        "withdraw": ButtonForm(row=offer),
    } | sent
    page = render_template(
        "offers/show.html",
        offer=or_404(queries.whole(offer, rooms_of(actor))),
        moves=OFFER.names_open_to(actor, offer),
        forms=forms,
        story=story(db_session(), "offer", offer.id),
    )
    return page, max(form.status for form in forms.values())

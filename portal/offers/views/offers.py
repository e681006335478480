"""The owner's list and one offer's page, with a form for each move open to the reader."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.core.actor import Role
from portal.core.errors import NotAllowedError
from portal.core.moves import parts
from portal.core.web.forms import ButtonForm, PortalForm, see_other
from portal.core.web.requests import current_actor, db_session, or_404
from portal.incidents.models import Incident
from portal.journal.audience import AUDIT, ERAC, rooms_of
from portal.journal.looks import note_looks
from portal.offers import queries
from portal.offers.forms.moving import AssignForm, MoveForm
from portal.offers.forms.terms import DocumentForm
from portal.offers.models import Offer
from portal.offers.operations import is_priced
from portal.offers.states import OFFER, WAITING, OfferState
from portal.offers.views.common import MOVES, OFF_THE_DESK, bp, find, url_of, write


@bp.get("/offers")
def index(incident: Incident) -> ResponseReturnValue:
    """Show the offers of the actor's own organization, or those the record keeps."""
    session, actor = db_session(), current_actor()
    room = queries.room_of(actor)
    if room is None:
        raise NotAllowedError("Offers are between their owners and the ERAC cell.")
    if room == ERAC:
        return redirect(url_for(".erac"))
    if room == AUDIT:
        note_looks(session, actor, "offers")
    reference = request.args.get("before")
    before = find(incident, reference).submitted_at if reference else None
    page = queries.PAGE
    offers = queries.list_offers(session, incident.id, room, before=before, limit=page)
    return render_template(
        "offers/index.html",
        offers=offers,
        drafts=[] if before else queries.list_drafts(session, incident.id, actor),
        earlier=offers[-1].reference if len(offers) == page else None,
        before=before,
    )


@bp.get("/offers/<reference>")
def show(incident: Incident, reference: str) -> ResponseReturnValue:
    """Show one offer: a draft to check and send, else what became of it and what is next."""
    return page_of(find(incident, reference))


@bp.post(f"/offers/<reference>/<any({', '.join(MOVES)}):move>")
def move(incident: Incident, reference: str, move: str) -> ResponseReturnValue:
    """Make one move of an offer, as its form says."""
    offer = find(incident, reference)
    if not OFFER.moves[move].by & parts(current_actor(), offer):
        raise NotAllowedError("This step belongs to another desk.")
    form = _form(move, offer)
    if form.validate_on_submit():
        following = _next(offer) if move in OFF_THE_DESK else None
        with form.catching(), write(form, form.held(offer)) as tx:
            form.make(tx, offer)
            if form.says:
                flash(form.says.format(offer.reference))
            return see_other(tx.answer(_answer(offer, move, following)))
    return page_of(offer, **{move: form})


def page_of(offer: Offer, **sent: PortalForm) -> ResponseReturnValue:
    """Show one offer with its story and the moves open to this person."""
    actor, session = current_actor(), db_session()
    what = "price" if queries.is_party(offer, actor) else "offer"
    note_looks(session, actor, what, {offer.organization_id: offer.reference})
    moves = OFFER.names_open_to(actor, offer)
    forms: dict[str, PortalForm] = dict(sent)
    for name in MOVES:
        if name in moves and name not in forms:
            forms[name] = _form(name, offer)
    is_desk, is_draft = actor.has(Role.ERAC), offer.state is OfferState.DRAFT
    known: dict[str, Any] = {
        "offer": or_404(queries.whole(offer, rooms_of(actor))),
        "moves": moves,
        "is_priced": is_priced(offer),
        "forms": forms,
        "is_desk": is_desk,
        "document": sent.get("document") or DocumentForm(row=offer),
        "again": ButtonForm(),
        "sheets": queries.sheets_of(session, offer, actor),
        "story": [] if is_draft else queries.story_for(session, offer, actor),
        "alike": queries.alike(session, offer) if is_desk and offer.state in WAITING else [],
    }
    page = render_template("offers/check.html" if is_draft else "offers/show.html", **known)
    return page, max((form.status for form in sent.values()), default=200)


def _form(move: str, offer: Offer) -> MoveForm:
    if move == "assign" and current_actor().has(Role.ERAC):
        return AssignForm(offer, queries.list_cell(db_session()))
    return MOVES[move](offer)


def _next(offer: Offer) -> str | None:
    if not current_actor().has(Role.ERAC):
        return None
    return queries.next_after(db_session(), offer.incident_id, offer.reference)


def _answer(offer: Offer, move: str, following: str | None) -> str:
    """Return where to go on: the desk to what is next, everybody else to the offer."""
    if move == "discard":
        return url_for("offers.erac" if offer.spoken_by else "offers.index")
    if move in OFF_THE_DESK:
        return (
            url_for("offers.show", reference=following) if following else url_for("offers.erac")
        )
    return url_of(offer)

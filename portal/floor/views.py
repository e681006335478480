"""The screen of the floor."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from portal.core.actor import Role
from portal.core.web.forms import ButtonForm
from portal.core.web.requests import current_actor, db_session
from portal.feed import queries as feed
from portal.incidents.models import Incident
from portal.journal.audience import AUDIT
from portal.offers import queries as offers
from portal.presence.queries import roster

bp = Blueprint("floor", __name__, url_prefix="/incidents/<code>")

#: How many of each kind the floor shows.
SHOWN = 5


@bp.get("/")
def show(incident: Incident) -> ResponseReturnValue:
    """Show what waits for this person, what is new, and what became of what they sent."""
    session, actor = db_session(), current_actor()
    is_desk = actor.has(Role.MODERATOR, Role.MOP3, Role.CIKR)
    room = offers.room_of(actor)
    return render_template(
        "floor/show.html",
        posts=feed.list_feed(session, incident.id, actor).posts[-SHOWN:],
        to_acknowledge=[
            (it, ButtonForm()) for it in feed.list_to_acknowledge(session, incident.id, actor)
        ],
        pinned=feed.list_pinned(session, incident.id, actor),
        queue=feed.list_queue(session, incident.id)[:SHOWN] if is_desk else None,
        mine=feed.list_mine(session, incident.id, actor).posts[:SHOWN],
        offers=_offers(incident, room)[:SHOWN],
        has_erac=actor.has(Role.ERAC),
        check_in=roster.get_own(session, incident.id, actor),
        shown=SHOWN,
    )


def _offers(incident: Incident, room: str | None) -> list[offers.OfferView]:
    if room is None or room == AUDIT:
        return []
    return offers.list_offers(db_session(), incident.id, room)

"""What tests of offers arrange with, beside the factories: operations only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portal.incidents.queries import current_incident
from portal.journal.transaction import transaction
from portal.offers import operations as offers
from portal.offers.operations import Caller, Document, ItemParticulars
from tests.factories import offer_line, offer_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from portal.core.actor import Actor
    from portal.incidents.models import Incident
    from portal.offers.models import CatalogueItem, Offer, SavedView
    from tests.world import World

#: What has to be checked before an offer is listed.
CHECKED = ("caller", "duplicates")

#: As small as a data sheet can be: it is kept as it came.
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def do(
    session: Session, actor: Actor, operation: Callable[..., Any], /, *rows: Any, **said: Any
) -> Any:
    """Do one thing in one write."""
    with transaction(session, actor) as tx:
        return operation(tx, *rows, **said)


def begun(
    session: Session, actor: Actor, incident: Incident | None = None, **changes: Any
) -> Offer:
    """Begin an offer, and go no further than its first line."""
    incident = incident or current_incident(session)
    made: Offer = do(session, actor, offers.begin, incident, offer_line(**changes))
    return made


def draft(
    session: Session, actor: Actor, incident: Incident | None = None, **changes: Any
) -> Offer:
    """Prepare an offer until it could be sent; what changes goes to the line or the terms."""
    incident = incident or current_incident(session)
    (line,), terms = offer_of(**changes)
    with transaction(session, actor) as tx:
        made = offers.begin(tx, incident, line)
        offers.settle(tx, made, terms)
    return made


def entered(
    session: Session,
    world: World,
    incident: Incident | None = None,
    *,
    of: str = "alpha",
    is_sent: bool = False,
    **changes: Any,
) -> Offer:
    """Let the ERAC cell enter an offer for somebody on the telephone, and send it if asked."""
    (line,), terms = offer_of(**changes)
    caller = Caller(world.organization(of), "Pat on the telephone")
    with transaction(session, world.actor("erac")) as tx:
        made = offers.enter(tx, incident or world.incident, line, caller=caller)
        offers.settle(tx, made, terms)
        if is_sent:
            offers.submit(tx, made)
    return made


def asked(session: Session, actor: Actor, offer: Offer, question: str = "Since when?") -> Offer:
    """Ask the owner of an offer."""
    do(session, actor, offers.ask, offer, question=question)
    return offer


def with_sheet(session: Session, actor: Actor, offer: Offer, **changes: Any) -> Offer:
    """Put a data sheet with an offer."""
    document = {"name": "pump.pdf", "mimetype": "application/pdf", "data": PDF}
    do(session, actor, offers.attach, offer, Document(**document | changes))
    return offer


def item_of(**changes: Any) -> ItemParticulars:
    """Return an item that is fit for the catalogue."""
    typed = {
        "label": "Sandbag filler",
        "kind": "Equipment",
        "units": ("EA",),
        "priority": "routine",
        "attributes": ("bags per hour", "drive: diesel | electric"),
    }
    return ItemParticulars(**typed | changes)


def added(session: Session, actor: Actor, code: str, **changes: Any) -> CatalogueItem:
    """Add an item to the catalogue."""
    made: CatalogueItem = do(session, actor, offers.add_item, code, item_of(**changes))
    return made


def saved(session: Session, actor: Actor, name: str, query: str = "show=late") -> SavedView:
    """Give a view of the desk a name."""
    made: SavedView = do(session, actor, offers.save_view, name, query)
    return made

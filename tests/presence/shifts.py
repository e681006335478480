"""What tests of presence arrange with: operations only."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from portal.core import clock
from portal.incidents.queries import current_incident
from portal.journal.transaction import transaction
from portal.presence import operations

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from portal.core.actor import Actor
    from portal.presence.models import CheckIn
    from tests.world import World

#: Words that only the own organization and staff may ever read.
CANARIES = ("417-555-0199", "up to 77 gallons", "Ask Wren about the keys")


def shift(hours: float = 8, **changes: Any) -> operations.Shift:
    """Return a shift that is fit to be sent: eight hours, fuel up to a limit."""
    typed = {
        "assignment": "company",
        "link": "portal",
        "until": clock.now() + timedelta(hours=hours),
        "telephone": CANARIES[0],
        "decides": ("fuel",),
        "decides_up_to": CANARIES[1],
    }
    return operations.Shift(**typed | changes)


def arrive(session: Session, actor: Actor, hours: float = 8, **changes: Any) -> CheckIn:
    """Check somebody in to the open incident."""
    with transaction(session, actor) as tx:
        return operations.check_in(tx, current_incident(session), shift(hours, **changes))


def arrive_for(world: World, desk: str, caller: str, **changes: Any) -> CheckIn:
    """Let a desk check a caller in."""
    session = world.session
    assert session is not None
    with transaction(session, world.actor(desk)) as tx:
        membership = world.membership(caller)
        return operations.check_in_for(
            tx, current_incident(session), membership, shift(**changes)
        )


def leave(session: Session, actor: Actor, row: CheckIn, note: str = "") -> CheckIn:
    """Check somebody out."""
    with transaction(session, actor) as tx:
        operations.check_out(tx, row, hand_over=note)
    return row

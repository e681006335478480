"""Check-ins on their way through HTTP: what the tests of all machines need of them."""

from __future__ import annotations

import secrets
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from portal.core import clock
from portal.core.actor import Role
from portal.core.web import times
from portal.journal.audience import PARTNERS, rooms_of
from portal.journal.transaction import transaction
from portal.presence import operations
from portal.presence.states import CHECK_IN
from tests.factories import close_incident
from tests.presence.shifts import leave, shift
from tests.world import add_person, open_incident

if TYPE_CHECKING:
    from portal.core.actor import Actor
    from portal.presence.models import CheckIn
    from tests.world import World


def check_in(world: World, *, out: bool = False, closed: bool = False) -> CheckIn:
    """Check Alpha's liaison in to an incident of its own; out again, close it, if asked."""
    session, actor = world.session, world.actor("alpha")
    assert session is not None
    code = f"Z{secrets.token_hex(3)}".upper()
    incident = open_incident(session, world.actor("admin"), code=code)
    with transaction(session, actor) as tx:
        made = operations.check_in(tx, incident, shift())
    if out:
        leave(session, actor, made)
    if closed:
        close_incident(session, incident)
    return made


def _pages(row: CheckIn, _actor: Actor) -> list[str]:
    return [f"/incidents/{row.incident.code}/presence/{row.reference}"]


def _path(row: CheckIn, actor: Actor, move: str) -> str:
    return "/".join([*_pages(row, actor), move])


def _seen_by(row: CheckIn, actor: Actor) -> bool:
    return bool(row.audience & rooms_of(actor) - {PARTNERS})


class Typed(dict[str, dict[str, Any]]):
    """What is typed by move; a caller is made when one is asked for: nobody comes twice."""

    def __init__(self, world: World) -> None:
        until = times.typed(clock.now() + timedelta(hours=4))
        typed = {"assignment": "company", "link": "telephone", "until": until}
        # What is not sent at all would stay as it was the last time.
        typed |= {"telephone": "", "decides_up_to": ""}
        super().__init__(check_in=typed, extend={"until": until})
        self._world = world

    def __missing__(self, move: str) -> dict[str, Any]:
        assert move == "check_in_for"
        session, of = self._world.session, self._world.organization("charlie")
        assert session is not None
        caller = add_person(session, of, Role.LIAISON, f"p{secrets.token_hex(4)}")
        return {**self["check_in"], "caller": str(caller.membership_id)}


#: What a `Stage` of check-ins is made of.
CHECK_INS: dict[str, Any] = {
    "machine": CHECK_IN,
    "builds": {
        "in": check_in,
        "in, incident closed": partial(check_in, closed=True),
        "out": partial(check_in, out=True),
    },
    "pages": _pages,
    "path": _path,
    "typed": Typed,
    "seen_by": _seen_by,
    "new": {
        move: f"/incidents/{{code}}/presence/{move}" for move in ("check_in", "check_in_for")
    },
}

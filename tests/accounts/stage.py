"""Applications on their way through HTTP: what the tests of all machines need of them."""

from __future__ import annotations

import secrets
from functools import partial
from typing import TYPE_CHECKING, Any

from portal.accounts import operations as accounts
from portal.accounts.states import APPLICATION
from portal.core.actor import SYSTEM
from portal.journal.transaction import transaction
from portal.organizations.states import OrganizationKind

if TYPE_CHECKING:
    from portal.accounts.models import Application
    from tests.world import World


def application(world: World, *, then: str = "") -> Application:
    """Ask that an organization be taken in; go on as MOP3 would."""
    session, key = world.session, secrets.token_hex(8)
    assert session is not None
    claim = accounts.Claim(
        name=f"New {key}",
        kind=OrganizationKind.COMPANY,
        sectors=(),
        counties=(),
        website="https://new.example",
        person_name="Somebody New",
        email=f"{key}@new.example",
        telephone="573-555-0999",
        why="We have trucks.",
    )
    with transaction(session, SYSTEM) as tx:
        row = accounts.apply(tx, claim, key=key, token=key)
    with transaction(session, world.actor("mop3")) as tx:
        if then == "ask":
            accounts.ask(tx, row, question="Since when?")
        elif then == "refuse":
            accounts.refuse(tx, row, reason="Unknown.")
        elif then == "approve":
            approval = accounts.Approval(name=row.name, **_CALLED)
            accounts.approve(tx, row, approval)
    return row


_CALLED = {"call_back_number": "573-555-0777", "call_back_source": "A directory"}

APPLICATIONS: dict[str, Any] = {
    "machine": APPLICATION,
    "builds": {
        "waiting": application,
        "asked": partial(application, then="ask"),
        "approved": partial(application, then="approve"),
        "refused": partial(application, then="refuse"),
    },
    "pages": lambda row, _actor: [f"/organizations/applications/{row.reference}"],
    "path": lambda row, _actor, move: f"/organizations/applications/{row.reference}/{move}",
    "typed": lambda _world: {
        "ask": {"question": "Since when?"},
        "refuse": {"reason": "Unknown."},
        "approve": {"name": f"New {secrets.token_hex(4)}", **_CALLED},
    },
}

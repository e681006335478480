"""Fixtures for the tests of accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from portal.accounts import operations
from portal.core.actor import SYSTEM, Role
from portal.journal.transaction import transaction

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from portal.accounts.models import Person
    from tests.world import World


@pytest.fixture
def invited(session: Session, world: World) -> tuple[Person, str]:
    """Return somebody invited to Alpha Fuel, and the path of the link."""
    with transaction(session, SYSTEM) as tx:
        person, token = operations.invite(
            tx,
            operations.Invitation(
                email="New.Person@world.example",
                organization=world.organization("alpha"),
                roles=frozenset({Role.LIAISON}),
            ),
        )
    return person, f"/invite/{token}"

"""Who else lives in the world of offers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from portal.core.actor import SYSTEM, Role
from portal.journal.transaction import transaction
from portal.organizations import operations as organizations
from portal.organizations.states import OrganizationKind
from tests.world import Party, World, add_organization, add_person

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def peopled(session: Session, world: World) -> World:
    """Return the world with a second person of ERAC, and an association of competitors."""
    world = world.within(session)
    league = add_organization(session, "Grocers League", kind=OrganizationKind.ASSOCIATION)
    with transaction(session, SYSTEM) as tx:
        organizations.add_member(tx, league, world.organization("charlie"))
    people = {
        "erac2": add_person(session, world.organization("agency"), Role.ERAC, "erac2"),
        "league": add_person(session, league, Role.LIAISON, "league"),
    }
    return replace(
        world,
        people=world.people | people,
        organizations=world.organizations
        | {"league": Party(league.id, league.reference, league.name)},
        session=None,
    )

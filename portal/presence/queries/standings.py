"""What changes the roster and no entry of its incident tells: open pages, and suspensions."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounts.models import Person
from portal.accounts.states import PersonState
from portal.core import clock
from portal.incidents.models import Incident
from portal.organizations.models import Organization
from portal.organizations.states import OrganizationState
from portal.presence.models import PORTAL, CheckIn
from portal.presence.states import CheckInState


@dataclass(frozen=True, slots=True)
class Standing:
    """How one check-in stands that the clock has not ended.

    is_active : neither the person nor the organization is suspended.
    """

    organization_id: int
    is_active: bool
    is_connected: bool


def list_standings(session: Session) -> Mapping[int, Mapping[int, Standing]]:
    """Return how everybody stands whose shift has not ended: by incident, then by check-in."""
    now = clock.now()
    rows = session.execute(
        select(
            CheckIn.id,
            CheckIn.incident_id,
            CheckIn.organization_id,
            CheckIn.link,
            CheckIn.connected_until,
            Person.state.label("person"),
            Organization.state.label("organization"),
        )
        .join(Person, CheckIn.person_id == Person.id)
        .join(Organization, CheckIn.organization_id == Organization.id)
        .where(
            CheckIn.incident_id.in_(select(Incident.id)),  # all: the index begins with it
            CheckIn.state == CheckInState.IN,
            CheckIn.until > now,
        )
    )
    found: dict[int, dict[int, Standing]] = defaultdict(dict)
    for row in rows:
        is_open = row.connected_until is not None and row.connected_until > now
        found[row.incident_id][row.id] = Standing(
            row.organization_id,
            is_active=row.person is PersonState.ACTIVE
            and row.organization is OrganizationState.ACTIVE,
            is_connected=is_open and row.link == PORTAL,
        )
    return found

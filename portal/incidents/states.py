"""The machine of incidents."""

from enum import StrEnum
from typing import Any

from portal.core.actor import Part, Role
from portal.core.moves import Machine


class IncidentState(StrEnum):
    """Whether partners can still report and offer."""

    OPEN = "open"
    CLOSED = "closed"


S = IncidentState
ADMIN = {Role.ADMIN, Part.SYSTEM}


def can_close(incident: Any) -> bool:
    """Return whether it is an incident that ends: day-to-day operations never do."""
    return bool(incident.id != 0)


# fmt: off
INCIDENT = Machine(
    "incident",
    # move          from      to        by      says
    ("open",         {None},   S.OPEN,   ADMIN,  {"code", "name", "is_exercise"}),
    ("revise",       {S.OPEN}, None,     ADMIN,  {"name"}),
    ("set_level",    {S.OPEN}, None,     ADMIN | {Role.MOP3}, {"level"}),
    ("begin_period", {S.OPEN}, None,     ADMIN | {Role.MOP3}, {"number", "ends_at"}),
    ("close",        {S.OPEN}, S.CLOSED, ADMIN,  {"reason"}, can_close),
)
# fmt: on

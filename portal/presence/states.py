"""The machine of check-ins.

That a shift is over is read from the clock: no move tells it, and none is needed.
"""

from enum import StrEnum
from typing import Any

from portal.core.actor import STAFF_ROLES, Part, Role
from portal.core.moves import Machine


class CheckInState(StrEnum):
    """Whether somebody has checked out; by the clock the shift may be over before."""

    IN = "in"
    OUT = "out"


S = CheckInState
#: Who checks a caller in, and out.
DESK = frozenset({Role.MODERATOR, Role.MOP3, Role.CIKR, Role.ERAC})
#: Observers read only; everybody else can be present.
PEOPLE = {Part.OWNER} | STAFF_ROLES
CONCERNED = {Part.SELF, Part.OWNER} | DESK


def incident_is_open(check_in: Any) -> bool:
    """Return whether there is something to be present for; one can always leave."""
    return bool(check_in.incident.is_open)


SHIFT = {"assignment", "link", "until", "decides", "decides_up_to"}

# fmt: off
CHECK_IN = Machine(
    "check_in",
    # move           from    to     by         says
    ("check_in",     {None}, S.IN,  PEOPLE,    SHIFT, incident_is_open),
    ("check_in_for", {None}, S.IN,  DESK,      SHIFT | {"person"}, incident_is_open),
    ("extend",       {S.IN}, None,  CONCERNED, {"until"}, incident_is_open),
    ("check_out",    {S.IN}, S.OUT, CONCERNED, {"hand_over"}),
)
# fmt: on

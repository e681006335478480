"""The machine of posts."""

from enum import StrEnum
from typing import Any

from portal.core.actor import Part, Role
from portal.core.moves import Machine


class PostState(StrEnum):
    """Where a post stands between its author and its readers."""

    WAITING = "waiting"
    PUBLISHED = "published"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    RETRACTED = "retracted"


S = PostState
OWNER, DESK = {Part.OWNER}, {Role.MODERATOR, Role.MOP3}


def incident_is_open(post: Any) -> bool:
    """Return whether partners can report; the desk decides what waits also later."""
    return bool(post.incident.is_open)


REPORTED = {"words", "county", "lifeline", "standing", "asked_for"}

# fmt: off
POST = Machine(
    "post",
    # move       from           to           by     says
    ("submit",   {None},        S.WAITING,   OWNER, REPORTED, incident_is_open),
    ("publish",  {S.WAITING},   S.PUBLISHED, DESK,  {"seen_by"}),
    ("reject",   {S.WAITING},   S.REJECTED,  DESK,  {"reason", "note"}),
    ("withdraw", {S.WAITING},   S.WITHDRAWN, OWNER, set()),
    ("retract",  {S.PUBLISHED}, S.RETRACTED, DESK,  {"note"}),
)
# fmt: on

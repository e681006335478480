"""The machines of the feed: posts, the desk's claims on them, and acknowledgements."""

from enum import StrEnum
from typing import Any

from portal.core import clock
from portal.core.actor import DESK_ROLES, Part, Role
from portal.core.moves import Machine


class PostState(StrEnum):
    """Where a post stands between its author and its readers."""

    WAITING = "waiting"
    QUESTION = "question"
    PROPOSED = "proposed"
    PUBLISHED = "published"
    REJECTED = "rejected"
    MERGED = "merged"
    WITHDRAWN = "withdrawn"
    RETRACTED = "retracted"
    SUPERSEDED = "superseded"


class ClaimState(StrEnum):
    """Whether somebody at the desk has a report before them; the clock ends it, too."""

    HELD = "held"
    FREE = "free"


class AcknowledgementState(StrEnum):
    """An organization's word that it has read a post; it is never taken back."""

    GIVEN = "given"


S, C = PostState, ClaimState
OWNER, DESK, SECOND, SYSTEM = {Part.OWNER}, DESK_ROLES, {Part.SECOND}, {Part.SYSTEM}
READER = frozenset(Role) - DESK - {Role.OBSERVER}

#: What the desk still has to decide.
UNDECIDED = frozenset({S.WAITING, S.QUESTION})
#: What was let out, whatever became of it then.
LET_OUT = frozenset({S.PUBLISHED, S.RETRACTED, S.SUPERSEDED})


def incident_is_open(post: Any) -> bool:
    """Return whether partners can report; the desk decides what waits also later."""
    return bool(post.incident.is_open)


def has_author(post: Any) -> bool:
    """Return whether there is somebody to ask: an outside alert has no author here."""
    return post.organization_id is not None


def is_pinned(post: Any) -> bool:
    """Return whether it stands among what is true now."""
    return post.pinned_until is not None and bool(post.pinned_until > clock.now())


def is_not_doubted(post: Any) -> bool:
    """Return whether nobody has asked yet whether it is still true."""
    return post.doubted_at is None


def is_not_reminded(post: Any) -> bool:
    """Return whether nobody was told yet that it waits too long."""
    return post.reminded_at is None


def asks_for_acknowledgement(post: Any) -> bool:
    """Return whether its readers are to say that they have read it."""
    return post.acknowledge_by is not None


def can_be_acknowledged(acknowledgement: Any) -> bool:
    """Return whether the post is out and asks for it."""
    post = acknowledgement.post
    return post.state is S.PUBLISHED and asks_for_acknowledgement(post)


def waits_for_a_decision(claim: Any) -> bool:
    """Return whether there is something to claim."""
    return claim.post.state in UNDECIDED


TYPED = {"words", "counties", "place", "lifeline", "standing", "is_urgent", "asked_for"}
REPORTED = TYPED | {"photos"}
ENTERED = REPORTED | {"spoken_by", "link"}
LETS_OUT = {"said", "seen_by", "tlp", "confidence", "review_by", "ends_at", "acknowledge_by"}
NUDGED = {"organizations"}
POSTED = LETS_OUT | {"kind", "counties", "lifeline", "is_urgent"}

# fmt: off
POST = Machine(
    "post",
    # move        from           to            by      says
    ("submit",    {None},        S.WAITING,    OWNER,  REPORTED, incident_is_open),
    ("enter",     {None},        S.WAITING,    DESK,   ENTERED, incident_is_open),
    ("bring_in",  {None},        S.WAITING,    SYSTEM, {"words", "key", "replaces"}),
    ("post",      {None},        S.PUBLISHED,  DESK,   POSTED, incident_is_open),
    ("propose",   {None},        S.PROPOSED,   DESK,   POSTED, incident_is_open),
    ("second",    {S.PROPOSED},  S.PUBLISHED,  SECOND, set()),
    ("drop",      {S.PROPOSED},  S.REJECTED,   DESK,   set()),
    ("publish",   UNDECIDED,     S.PUBLISHED,  DESK,   LETS_OUT),
    ("reject",    UNDECIDED,     S.REJECTED,   DESK,   {"reason", "note"}),
    ("merge",     UNDECIDED,     S.MERGED,     DESK,   {"into"}),
    ("reopen",    {S.MERGED},    S.WAITING,    SYSTEM, set()),
    ("ask",       {S.WAITING},   S.QUESTION,   DESK,   {"question"}, has_author),
    ("reply",     {S.QUESTION},  S.WAITING,    OWNER,  {"reply"}),
    ("remind",    {S.WAITING},   None,         SYSTEM, {"minutes"}, is_not_reminded),
    ("withdraw",  UNDECIDED,     S.WITHDRAWN,  OWNER,  set()),
    ("overtake",  UNDECIDED,     S.SUPERSEDED, SYSTEM, {"by"}),
    ("correct",   {S.PUBLISHED}, None,         DESK,   {"said", "why"}),
    ("confirm",   {S.PUBLISHED}, None,         DESK,   {"review_by"}),
    ("doubt",     {S.PUBLISHED}, None,         READER, set(), is_not_doubted),
    ("pin",       {S.PUBLISHED}, None,         DESK,   {"until"}),
    ("unpin",     {S.PUBLISHED}, None,         DESK,   set(), is_pinned),
    ("nudge",     {S.PUBLISHED}, None,         DESK,   NUDGED, asks_for_acknowledgement),
    ("supersede", {S.PUBLISHED}, S.SUPERSEDED, DESK,   {"by"}),
    ("retract",   {S.PUBLISHED, S.SUPERSEDED}, S.RETRACTED, DESK, {"note"}),
)

CLAIM = Machine(
    "claim",
    ("take",      {None, C.HELD, C.FREE}, C.HELD, DESK, {"until"}, waits_for_a_decision),
    ("release",   {C.HELD}, C.FREE, {Part.SELF, Part.SYSTEM}, set()),
)

ACKNOWLEDGEMENT = Machine(
    "acknowledgement",
    ("acknowledge", {None}, AcknowledgementState.GIVEN, OWNER, set(), can_be_acknowledged),
)
# fmt: on

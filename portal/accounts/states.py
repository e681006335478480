"""The machines of people, memberships and sign-ins."""

from enum import StrEnum
from typing import Any

from portal.core.actor import Part, Role
from portal.core.moves import Machine


class PersonState(StrEnum):
    """Whether a person may act."""

    INVITED = "invited"
    ACTIVE = "active"
    SUSPENDED = "suspended"


class MembershipState(StrEnum):
    """Whether a person acts for an organization."""

    ACTIVE = "active"


class SignInState(StrEnum):
    """Whether a session is open; by the clock it may have ended before."""

    OPEN = "open"
    ENDED = "ended"


class TicketPurpose(StrEnum):
    """What a single-use link is for."""

    INVITE = "invite"
    RESET = "reset"


P, M, S = PersonState, MembershipState, SignInState
ADMIN = {Role.ADMIN, Part.SYSTEM}
SELF = {Part.SELF}
INVITED = {"email", "organization", "roles"}


def has_joined(person: Any) -> bool:
    """Tell whether the person ever had a password to come back with."""
    return person.password_hash is not None


def never_joined(person: Any) -> bool:
    """Tell whether the person still needs an invitation."""
    return person.password_hash is None


# fmt: off
PERSON = Machine(
    "person",
    # move              from                       to           by     says
    ("invite",          {None},                    P.INVITED,   ADMIN, INVITED),
    ("invite_again",    {P.INVITED, P.SUSPENDED},  P.INVITED,   ADMIN, set(), never_joined),
    ("join",            {P.INVITED},               P.ACTIVE,    SELF,  {"name"}),
    ("change_password", {P.ACTIVE},                None,        SELF,  set()),
    ("reset",           {P.ACTIVE},                None,        ADMIN, set()),
    ("recover",         {P.ACTIVE},                None,        SELF,  set()),
    ("suspend",         {P.INVITED, P.ACTIVE},     P.SUSPENDED, ADMIN, {"reason"}),
    ("restore",         {P.SUSPENDED},             P.ACTIVE,    ADMIN, set(), has_joined),
)

MEMBERSHIP = Machine(
    "membership",
    ("grant",          {None},                  M.ACTIVE,    ADMIN, {"roles"}),
    ("change_roles",   {M.ACTIVE},              None,        ADMIN, {"roles"}),
)

SIGN_IN = Machine(
    "sign_in",
    ("start",          {None},                  S.OPEN,      SELF,         set()),
    ("end",            {S.OPEN},                S.ENDED,     SELF | ADMIN, {"why"}),
)
# fmt: on

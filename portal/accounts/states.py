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
    ENDED = "ended"


class SignInState(StrEnum):
    """Whether a session is open; by the clock it may have ended before."""

    OPEN = "open"
    ENDED = "ended"


class TicketPurpose(StrEnum):
    """What a link is for: joining (72 hours), a new password or factor (30 minutes)."""

    INVITE = "invite"
    RESET = "reset"
    FACTOR = "factor"


class ApplicationState(StrEnum):
    """How far the vetting of an organization has come."""

    WAITING = "waiting"
    ASKED = "asked"
    APPROVED = "approved"
    REFUSED = "refused"


P, M, S, A = PersonState, MembershipState, SignInState, ApplicationState
ADMIN = {Role.ADMIN, Part.SYSTEM}
#: Who keeps an organization's people: an administrator, and its own.
KEEPERS = ADMIN | {Part.KEEPER}
#: Whose link, and whose invitation, is for whom is the membership's to say.
INVITERS = ADMIN | {Role.ORG_ADMIN, Role.MOP3}
VETTERS = {Role.MOP3, Role.ADMIN}
SELF = {Part.SELF}
#: Whose session a company's administrator ends is the membership's to say, too.
ENDERS = SELF | ADMIN | {Role.ORG_ADMIN}
INVITED = {"email", "organization", "roles"}
CAME_IN = {"how", "address"}
DEPUTED = {"roles", "until", "acting_for"}
CALLED_BACK = {"organization", "call_back_number", "call_back_source"}


def has_joined(person: Any) -> bool:
    """Tell whether the person ever took up an invitation."""
    return person.joined_at is not None


def never_joined(person: Any) -> bool:
    """Tell whether the person still needs an invitation."""
    return person.joined_at is None


def has_password(person: Any) -> bool:
    """Tell whether there is a password; who came by a passkey alone has none."""
    return person.password_hash is not None


def is_acting(membership: Any) -> bool:
    """Tell whether somebody is named to act in a colleague's place, ended or not."""
    return membership.acting_until is not None


# fmt: off
PERSON = Machine(
    "person",
    # move              from                       to           by        says
    ("invite",          {None},                    P.INVITED,   INVITERS, INVITED),
    ("invite_again",    {P.INVITED},               P.INVITED,   INVITERS, set()),
    ("readmit",         {P.SUSPENDED},             P.INVITED,   ADMIN,    set(), never_joined),
    ("join",            {P.INVITED},               P.ACTIVE,    SELF,     {"name"}),
    ("accept_terms",    {P.ACTIVE},                None,        SELF,     {"version"}),
    ("change_password", {P.ACTIVE},                None,        SELF,     set(), has_password),
    ("add_factor",      {P.ACTIVE},                None,        SELF,     {"factor", "name"}),
    ("remove_factor",   {P.ACTIVE},                None,        SELF,     {"factor", "name"}),
    ("reset",           {P.ACTIVE},                None,        ADMIN,    set()),
    ("recover",         {P.ACTIVE},                None,        SELF,     set()),
    ("reset_factors",   {P.ACTIVE},                None,        ADMIN,    {"call_back"}),
    ("suspend",         {P.INVITED, P.ACTIVE},     P.SUSPENDED, ADMIN,    {"reason"}),
    ("restore",         {P.SUSPENDED},             P.ACTIVE,    ADMIN,    set(), has_joined),
)

MEMBERSHIP = Machine(
    "membership",
    ("grant",        {None},     M.ACTIVE, KEEPERS | {Role.MOP3}, {"roles"}),
    ("change_roles", {M.ACTIVE}, None,     KEEPERS,               {"roles"}),
    ("depute",       {M.ACTIVE}, None,     KEEPERS,               DEPUTED),
    ("end_depute",   {M.ACTIVE}, None,     KEEPERS,               set(), is_acting),
    ("end",          {M.ACTIVE}, M.ENDED,  KEEPERS,               {"reason"}),
    ("resume",       {M.ENDED},  M.ACTIVE, KEEPERS,               {"roles"}),
)

SIGN_IN = Machine(
    "sign_in",
    ("start",        {None},     S.OPEN,   SELF,                  CAME_IN),
    ("prove",        {S.OPEN},   None,     SELF,                  {"how"}),
    ("end",          {S.OPEN},   S.ENDED,  ENDERS,                {"why"}),
)

APPLICATION = Machine(
    "application",
    ("apply",        {None},              A.WAITING,  {Part.SYSTEM}, {"name", "email"}),
    ("ask",          {A.WAITING},         A.ASKED,    VETTERS,       {"question"}),
    ("reply",        {A.ASKED},           A.WAITING,  {Part.SYSTEM}, {"reply"}),
    ("approve",      {A.WAITING, A.ASKED}, A.APPROVED, VETTERS,
                                                                 CALLED_BACK),
    ("refuse",       {A.WAITING, A.ASKED}, A.REFUSED, VETTERS,       {"reason"}),
)
# fmt: on

"""The machine of organizations."""

from enum import StrEnum

from portal.core.actor import Part, Role
from portal.core.moves import Machine


class OrganizationKind(StrEnum):
    """What an organization is to the State; see the code list `organization-kinds`."""

    COMPANY = "company"
    ASSOCIATION = "association"
    CONTRACTOR = "contractor"
    NGO = "ngo"
    AGENCY = "agency"


class OrganizationState(StrEnum):
    """Whether the people of an organization may act."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


S = OrganizationState
VETTING = {Role.ADMIN, Role.MOP3, Part.SYSTEM}
ADMIN = {Role.ADMIN, Part.SYSTEM}
PARTICULARS = {"name", "kind", "sectors", "counties"}

# fmt: off
ORGANIZATION = Machine(
    "organization",
    # move               from           to           by             says
    ("register",         {None},        S.ACTIVE,    VETTING,       PARTICULARS),
    ("revise",           {S.ACTIVE},    None,        VETTING,       PARTICULARS),
    ("add_member",       {S.ACTIVE},    None,        VETTING,       {"member"}),
    ("remove_member",    {S.ACTIVE},    None,        VETTING,       {"member"}),
    ("attest",           {S.ACTIVE},    None,        {Part.OWNER},  set()),
    ("correct_contacts", {S.ACTIVE},    None,        {Part.KEEPER}, set()),
    ("require_provider", {S.ACTIVE},    None,        ADMIN,         {"provider"}),
    ("suspend",          {S.ACTIVE},    S.SUSPENDED, ADMIN,         {"reason"}),
    ("restore",          {S.SUSPENDED}, S.ACTIVE,    ADMIN,         set()),
)
# fmt: on

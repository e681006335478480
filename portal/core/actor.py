"""Who acts: what rules know of a person, without knowing of sign-in or of the web."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What a membership may do; see `PRIVATE_ROLES` for those of private organizations.

    The code list `roles` words them.
    """

    LIAISON = "liaison"
    ORG_ADMIN = "org_admin"
    MODERATOR = "moderator"
    MOP3 = "mop3"
    CIKR = "cikr"
    ERAC = "erac"
    LOGISTICS = "logistics"
    RECORDS = "records"
    ADMIN = "admin"
    OBSERVER = "observer"
    ERAC_ADVISOR = "erac_advisor"


class Part(StrEnum):
    """What an actor is to one row, beside the roles: these stand in machine tables."""

    OWNER = "owner"
    SELF = "self"
    #: An administrator of the organization that the row belongs to.
    KEEPER = "keeper"
    #: Somebody of the desk who did not begin the row: lets out what another proposed.
    SECOND = "second"
    SYSTEM = "system"


PRIVATE_ROLES = frozenset({Role.LIAISON, Role.ORG_ADMIN, Role.ERAC_ADVISOR})
STAFF_ROLES = frozenset(Role) - PRIVATE_ROLES - {Role.OBSERVER}
#: Who lets words out to partners.
DESK_ROLES = frozenset({Role.MODERATOR, Role.MOP3})


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """One person acting for one membership, as of `epoch`.

    epoch      : changes with every change of the person, the membership or the organization.
    until      : when some of the roles end by the clock, those held in a colleague's place.
    sign_in_id : the session (`SignIn`) through which the person acts; None outside the web.
    sectors    : sector codes of the organization, such as ENER.
    regions    : SEMA region letters of the organization's counties, such as D.
    """

    person_id: int | None
    name: str
    organization_id: int | None = None
    organization_name: str = ""
    organization_kind: str = ""
    membership_id: int | None = None
    sign_in_id: int | None = None
    roles: frozenset[Role] = frozenset()
    sectors: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    epoch: str = ""
    until: datetime | None = None
    is_demo: bool = False

    @property
    def is_system(self) -> bool:
        """True for the portal itself: the timer, the command line."""
        return self.person_id is None

    @property
    def is_staff(self) -> bool:
        """True for the people of the SEOC and its cells."""
        return bool(self.roles & STAFF_ROLES)

    def has(self, *roles: Role) -> bool:
        """Return whether the actor holds at least one of the roles."""
        return not self.roles.isdisjoint(roles)


#: The portal itself.
SYSTEM = Actor(person_id=None, name="The portal")

"""Who may see what: one word, the room, for rows, entries, pages, sockets and exports.

A row's audience is the set of rooms it belongs to now. `rooms_of` says in which rooms an actor
sits, `visible_to` is the same rule in SQL; every channel asks one of the two.
"""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, exists

from portal.core.actor import PRIVATE_ROLES, Actor, Role
from portal.journal.models import Audience

PARTNERS = "partners"
STAFF = "staff"
#: Sign-ins, roles and organizations, for administrators and the records officer.
AUDIT = "audit"
DESK = "cell:moderator"
ERAC = "cell:erac"
#: Contractors and association people who sit with the ERAC cell: what the State needs, never
#: what others offer.
ADVISORS = "cell:erac_advisor"

#: The cell rooms in which a role sits, beside the rooms that all staff share.
_CELLS = {
    Role.MODERATOR: {DESK},
    Role.MOP3: {DESK, "cell:mop3"},
    Role.CIKR: {DESK, "cell:cikr"},
    Role.ERAC: {ERAC},
    Role.LOGISTICS: {"cell:logistics"},
    Role.RECORDS: {AUDIT},
    Role.ADMIN: {AUDIT},
    Role.ERAC_ADVISOR: {ADVISORS},
}


def org(organization_id: int) -> str:
    """Return the room of one organization's people."""
    return f"org:{organization_id}"


def assoc(organization_id: int) -> str:
    """Return the room of one association's own people, for rows of its members."""
    return f"assoc:{organization_id}"


def sector(code: str) -> str:
    """Return the room of everybody whose organization works in a sector."""
    return f"sector:{code}"


def region(letter: str) -> str:
    """Return the room of everybody whose organization works in a SEMA region."""
    return f"region:{letter}"


def rooms_of(actor: Actor) -> frozenset[str]:
    """Return the rooms in which the actor sits, the same in every incident."""
    if actor.is_system or not actor.roles:
        return frozenset()
    rooms = {PARTNERS}
    if actor.roles & PRIVATE_ROLES and actor.organization_id is not None:
        rooms.add(org(actor.organization_id))
        rooms.update(sector(code) for code in actor.sectors)
        rooms.update(region(letter) for letter in actor.regions)
        if actor.organization_kind == "association":
            rooms.add(assoc(actor.organization_id))
    if actor.is_staff:
        rooms.add(STAFF)
    for role in actor.roles:
        rooms |= _CELLS.get(role, set())
    return frozenset(rooms)


def class_of(room: str) -> str:
    """Return the class of a room: the part before the colon, or a cell's whole name."""
    return room if room.startswith("cell:") else room.partition(":")[0]


def visible_in(
    subject: str, subject_id: ColumnElement[int], rooms: Iterable[str]
) -> ColumnElement[bool]:
    """Return the condition that a row belongs to one of the rooms now."""
    return exists().where(
        Audience.subject == subject,
        Audience.subject_id == subject_id,
        Audience.room.in_(sorted(rooms)),
    )


def visible_to(
    actor: Actor, subject: str, subject_id: ColumnElement[int]
) -> ColumnElement[bool]:
    """Return the condition that the actor may see the row: the twin of `rooms_of`."""
    return visible_in(subject, subject_id, rooms_of(actor))

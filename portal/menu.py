"""The menu: where each kind of person can go; at the bottom of a phone, a row on a desk."""

from dataclasses import dataclass, field

from flask import url_for

from portal.core import codes
from portal.core.actor import PRIVATE_ROLES, Actor, Role

_BOTH = frozenset({"phone", "desk"})


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the menu. places : where it stands, "phone" and "desk"."""

    label: str
    endpoint: str
    icon: str
    places: frozenset[str] = _BOTH
    current: bool = False
    url: str = field(default="")


FLOOR = Place("Floor", "floor.show", "floor")
FEED = Place("Feed", "feed.index", "feed")
REPORT = Place("Report", "feed.new", "report")
OFFERS = Place("Offers", "offers.index", "offers")
ROSTER = Place("Roster", "presence.index", "people", frozenset({"desk"}))
QUEUE = Place("Queue", "feed.queue", "waiting")
ERAC = Place("ERAC desk", "offers.erac", "offers")
ORGANIZATIONS = Place("Organizations", "organizations.index", "person")
ADMIN = Place("Administration", "people.index", "key")
AUDIT = Place("Audit log", "audit.index", "log")

_OFFER = {
    *("offers.show", "offers.new", "offers.add_line", "offers.line", "offers.where"),
    *("offers.move", "offers.again", "offers.attach", "offers.remove_line"),
}

#: The screens that belong to an entry beside its own, so that it is shown as the current one.
_UNDER = {
    "feed.index": {"feed.show", "feed.mine", "feed.move", "feed.acknowledge"},
    "feed.queue": {
        *("feed.item", "feed.decide", "feed.claim", "feed.bulk"),
        *("feed.post", "feed.enter"),
    },
    "offers.index": _OFFER,
    "offers.erac": {
        *(*_OFFER, "offers.enter"),
        *("catalogue.index", "catalogue.show", "catalogue.new", "catalogue.move"),
    },
    "presence.index": {
        "check_in.check_in",
        "check_in.check_in_for",
        "check_in.show",
        "papers.ics211",
    },
}


def _places(actor: Actor) -> list[Place]:
    if actor.has(Role.MODERATOR, Role.MOP3, Role.CIKR):
        places = [FLOOR, QUEUE, FEED]
    elif actor.has(Role.ERAC):
        places = [FLOOR, ERAC, FEED]
    elif actor.has(Role.LIAISON, Role.ORG_ADMIN):
        places = [FLOOR, FEED, REPORT, OFFERS]
    elif actor.has(Role.ERAC_ADVISOR, Role.RECORDS, Role.ADMIN):
        places = [FLOOR, FEED, OFFERS]
    else:
        places = [FLOOR, FEED]
    places.append(ROSTER)
    if actor.has(Role.ADMIN):
        places.append(ADMIN)
    elif actor.has(Role.RECORDS):
        places.append(AUDIT)
    elif actor.has(Role.MOP3):
        places.append(ORGANIZATIONS)
    return places


def desk_of(actor: Actor) -> str:
    """Return in words for whom a person is here: the desk of staff, else the organization."""
    roles = [role for role in Role if role in actor.roles and actor.is_staff]
    return codes.load("roles").label(roles[0]) if roles else actor.organization_name


def nav_for(actor: Actor, endpoint: str) -> list[Place]:
    """Return the menu of one person, with the present page marked."""
    return [
        Place(
            place.label,
            place.endpoint,
            place.icon,
            place.places,
            current=endpoint == place.endpoint or endpoint in _UNDER.get(place.endpoint, ()),
            url=url_for(place.endpoint),
        )
        for place in _places(actor)
    ]


def more_for(actor: Actor) -> list[Place]:
    """Return what stands at the foot of every page."""
    places = [
        Place("Roster", "presence.index", ""),
        Place("Your activity log", "papers.activity", ""),
        Place("All incidents", "incidents.index", ""),
        Place("Your account", "account.show", ""),
    ]
    if actor.roles & PRIVATE_ROLES:
        places.append(Place("Your organization", "organizations.own", ""))
    if actor.has(Role.ADMIN, Role.MOP3):
        places.append(Place("Applications", "vetting.index", ""))
    if actor.has(Role.ADMIN):
        places += [
            Place("Organizations", "organizations.index", ""),
            Place("Incidents, administration", "incident_admin.index", ""),
            Place("Audit log", "audit.index", ""),
            Place("Who may do and see what", "entitlements.index", ""),
        ]
    return [Place(p.label, p.endpoint, p.icon, url=url_for(p.endpoint)) for p in places]

"""Rows of every kind on their way through HTTP: how each comes to stand where it stands.

A new machine joins the tests by one more `Stage` in `STAGES`.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import object_session

from portal.accounts import operations as accounts
from portal.accounts.models import Membership, Person, SignIn
from portal.accounts.queries import hash_token
from portal.accounts.states import MEMBERSHIP, PERSON, SIGN_IN
from portal.core import clock
from portal.core.actor import SYSTEM, Actor, Role
from portal.core.web import times
from portal.incidents.states import INCIDENT
from portal.journal.transaction import transaction
from portal.organizations import operations as organizations
from portal.organizations.models import Organization
from portal.organizations.states import ORGANIZATION, OrganizationKind
from tests import factories as make
from tests.accounts.stage import APPLICATIONS
from tests.feed.stage import ACKNOWLEDGEMENTS, CLAIMS, POSTS
from tests.offers.stage import ITEMS, OFFERS, VIEWS
from tests.presence.stage import CHECK_INS
from tests.world import PASSWORD, add_organization, add_person, open_incident

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from portal.core.moves import Machine
    from portal.incidents.models import Incident
    from tests.world import World


@dataclass(frozen=True, kw_only=True)
class Stage:
    """How the rows of one machine come about, and where people meet them.

    builds  : name of a situation to what brings a row into it, through operations alone.
    pages   : the pages of a row; their forms are those that may move it.
    path    : where a move of the row is posted to.
    typed   : by move, what has to be filled in beside what the form holds.
    seen_by : whether a person may know of the row, worked out by hand.
    new     : by move that begins a row, the page that asks for it.
    posted_to      : by move that begins a row, where it is posted to if not to that page.
    tried          : the moves that are tried on these rows, all unless given.
    is_of_its_time : whether a row's pages make this move of it as it stands; false for the one
                     of two moves that share a form and go by the state of the row.
    """

    machine: Machine
    builds: Mapping[str, Callable[[World], Any]]
    pages: Callable[[Any, Actor], list[str]]
    path: Callable[[Any, Actor, str], str]
    typed: Callable[[World], Mapping[str, Mapping[str, Any]]]
    seen_by: Callable[[Any, Actor], bool] = lambda _row, _actor: True
    new: Mapping[str, str] = field(default_factory=dict)
    posted_to: Mapping[str, str] = field(default_factory=dict)
    tried: frozenset[str] | None = None
    is_of_its_time: Callable[[Any, str], bool] = lambda _row, _move: True

    def tries(self, move: str) -> bool:
        """Return whether a move is tried on these rows."""
        return self.tried is None or move in self.tried

    def fill(self, world: World, move: str) -> Mapping[str, Any]:
        """Return what to type into the form of a move."""
        typed = self.typed(world)
        return typed[move] if move in typed or move in self.new else {}

    def begins(self, move: str, code: str) -> tuple[str, str]:
        """Return the page that asks for a new row, and the path that its form is posted to."""
        page = self.new[move].format(code=code)
        return page, self.posted_to[move].format(code=code) if move in self.posted_to else page


#: A code is short: of a thousand drawn by lot two would be the same, once in thirty runs.
_numbers = count(1)


def _incident(world: World, *, code: str = "") -> Incident:
    code = code or f"Z{next(_numbers):05}"
    assert world.session is not None
    return open_incident(world.session, world.actor("admin"), code=code)


# ---------------------------------------------------------------- incidents


def incident(world: World, *, closed: bool = False) -> Incident:
    made = _incident(world)
    if closed:
        assert world.session is not None
        make.close_incident(world.session, made)
    return made


def _incident_pages(row: Incident, _actor: Actor) -> list[str]:
    return [f"/admin/incidents/{row.code}", f"/admin/incidents/{row.code}/close"]


PARTICULARS = {
    "name": "High water",
    "types": ["F"],
    "level": "partial",
    "time_zone": "America/Chicago",
    "telephone": "573-555-0100",
    "review_minutes": "15",
}

INCIDENTS = Stage(
    machine=INCIDENT,
    builds={
        "open": incident,
        "closed": partial(incident, closed=True),
        "day to day": lambda world: world.daily,
    },
    pages=_incident_pages,
    path=lambda row, _actor, move: f"/admin/incidents/{row.code}/{move}",
    typed=lambda _world: {
        "open": {
            **PARTICULARS,
            "code": f"Y{next(_numbers):05}",
            "is_exercise": "yes",
        },
        "revise": PARTICULARS,
        "set_level": {"level": "full"},
        "begin_period": {"ends_at": times.typed(clock.now() + timedelta(hours=12))},
        "close": {"reason": "It is over."},
    },
    new={"open": "/admin/incidents/new"},
)

# ---------------------------------------------------------------- organizations


def association(world: World, *, suspended: bool = False) -> Organization:
    """Take an association in; it has one member, so that there is one to remove."""
    session = world.session
    assert session is not None
    name = f"Association {secrets.token_hex(4)}"
    made = add_organization(session, name, kind=OrganizationKind.ASSOCIATION)
    with transaction(session, SYSTEM) as tx:
        organizations.add_member(tx, made, world.organization("alpha"))
    if suspended:
        make.suspend_organization(session, made)
    return made


def _organization_seen(row: Organization, actor: Actor) -> bool:
    return row.state == "active" or actor.is_staff


OF_ONES_OWN = frozenset({"attest", "correct_contacts"})

ORGANIZATIONS = Stage(
    machine=ORGANIZATION,
    builds={"active": association, "suspended": partial(association, suspended=True)},
    pages=lambda row, _actor: [f"/organizations/{row.reference}"],
    path=lambda row, _actor, move: f"/organizations/{row.reference}/{move}",
    typed=lambda world: {
        "register": {"name": f"New {secrets.token_hex(4)}", "kind": "company"},
        "revise": {"name": f"Other {secrets.token_hex(4)}", "kind": "association"},
        "add_member": {"member": world.organizations["bravo"].reference},
        "remove_member": {"member": world.organizations["alpha"].reference},
        "require_provider": {"provider": ""},
        "suspend": {"reason": "for the test"},
    },
    seen_by=_organization_seen,
    new={"register": "/organizations/new"},
    tried=frozenset(ORGANIZATION.moves) - OF_ONES_OWN,
)

#: What an organization's own people do with it; Alpha's can be tried again and again.
OWN_ORGANIZATIONS = Stage(
    machine=ORGANIZATION,
    builds={"one's own": lambda world: world.organization("alpha")},
    pages=lambda row, _actor: [f"/organizations/{row.reference}"],
    path=lambda row, _actor, move: f"/organizations/{row.reference}/{move}",
    typed=lambda _world: {
        "correct_contacts": {"contact1_name": "Desk", "contact1_telephone": "573-555-0123"}
    },
    seen_by=_organization_seen,
    tried=OF_ONES_OWN,
)

# ---------------------------------------------------------------- accounts


def person(world: World, *, joined: bool = True, suspended: bool = False) -> Person:
    """Invite somebody of Charlie's; have them join, suspend them."""
    session = world.session
    assert session is not None
    name, of = f"p{secrets.token_hex(4)}", world.organization("charlie")
    if joined:
        made = session.get_one(Person, add_person(session, of, Role.LIAISON, name).id)
    else:
        made, _ = invited(world, name)
    if suspended:
        make.suspend_person(session, made)
    return made


def invited(world: World, name: str = "newcomer") -> tuple[Person, str]:
    """Invite somebody to Charlie's, and return the token of the link, too."""
    session = world.session
    assert session is not None
    invitation = accounts.Invitation(
        email=f"{name}@world.example",
        organization=world.organization("charlie"),
        roles=frozenset({Role.LIAISON}),
    )
    with transaction(session, SYSTEM) as tx:
        return accounts.invite(tx, invitation)


def membership(world: World, *, ended: bool = False, deputy: bool = False) -> Membership:
    """Have somebody act for Alpha; end that, or make them a deputy of the liaison."""
    session = world.session
    assert session is not None
    joined = add_person(
        session, world.organization("alpha"), Role.LIAISON, f"p{secrets.token_hex(4)}"
    )
    row = session.get_one(Membership, joined.membership_id)
    with transaction(session, SYSTEM) as tx:
        if ended:
            accounts.end_membership(tx, row, reason="for the test")
        if deputy:
            until = clock.now() + timedelta(hours=2)
            accounts.depute(tx, row, world.membership("alpha"), until=until)
    return row


def sign_in(world: World, name: str = "bravo", *, ended: bool = False) -> SignIn:
    """Open one more session of a person."""
    session, actor = world.session, world.actor(name)
    assert session is not None
    with transaction(session, actor) as tx:
        token = accounts.sign_in(tx, membership_id=actor.membership_id or 0, agent="Firefox")
    row = session.query(SignIn).filter_by(token_hash=hash_token(token)).one()
    if ended:
        with transaction(session, actor) as tx:
            accounts.end_sign_in(tx, row, why="for the test")
    return row


def _pages_of_person(row: Person, actor: Actor) -> list[str]:
    own = ["/account"] if actor.person_id == row.id else []
    return [*own, f"/admin/people/{row.reference}"]


def _path_of_person(row: Person, actor: Actor, move: str) -> str:
    if move == "change_password" and actor.person_id == row.id:
        return f"/account/{move}"
    return f"/admin/people/{row.reference}/{move}"


def _reference_of(row: Any) -> str:
    session = object_session(row)
    assert session is not None
    return session.get_one(Person, row.person_id).reference


def _path_of_sign_in(row: SignIn, actor: Actor, move: str) -> str:
    if actor.person_id == row.person_id:
        return f"/account/sessions/{row.id}/{move}"
    return f"/admin/people/{_reference_of(row)}/sessions/{row.id}/{move}"


PEOPLE = Stage(
    machine=PERSON,
    builds={
        "invited": partial(person, joined=False),
        "active": person,
        "suspended": partial(person, suspended=True),
        "suspended, never joined": partial(person, joined=False, suspended=True),
    },
    pages=_pages_of_person,
    path=_path_of_person,
    typed=lambda world: {
        "invite": {
            "addresses": f"new{secrets.token_hex(4)}@world.example",
            "organization": world.organizations["alpha"].reference,
            "roles": ["liaison"],
        },
        "suspend": {"reason": "for the test"},
        "reset_factors": {"call_back": "for the test"},
        "change_password": {"current": PASSWORD, "password": PASSWORD},
    },
    # Who invites for the own organization does so on other pages: tests/accounts.
    seen_by=lambda row, actor: actor.has(Role.ADMIN) or actor.person_id == row.id,
    new={"invite": "/admin/people/invite"},
)


def _path_of_membership(row: Membership, actor: Actor, move: str = "") -> str:
    session = object_session(row)
    assert session is not None
    party = session.get_one(Organization, row.organization_id).reference
    if actor.has(Role.ORG_ADMIN):
        path = f"/organizations/{party}/people/{_reference_of(row)}"
        return f"{path}/{move}" if move else path
    path = f"/admin/people/{_reference_of(row)}"
    return f"{path}/of/{party}/{move}" if move else path


MEMBERSHIPS = Stage(
    machine=MEMBERSHIP,
    builds={
        "active": membership,
        "a deputy": partial(membership, deputy=True),
        "ended": partial(membership, ended=True),
    },
    pages=lambda row, actor: [_path_of_membership(row, actor)],
    path=_path_of_membership,
    typed=lambda world: {
        "change_roles": {"roles": ["org_admin"]},
        "resume": {"roles": ["liaison"]},
        "end": {"reason": "for the test"},
        "depute": {
            "instead_of": world.people["alpha"].reference,
            "until": times.typed(clock.now() + timedelta(hours=3)),
        },
    },
    seen_by=lambda row, actor: (
        actor.has(Role.ADMIN) or row.organization_id == actor.organization_id
    ),
)

SIGN_INS = Stage(
    machine=SIGN_IN,
    builds={"open": sign_in, "ended": partial(sign_in, ended=True)},
    pages=lambda row, actor: (
        ["/account"]
        if actor.person_id == row.person_id
        else [f"/admin/people/{_reference_of(row)}"]
    ),
    path=_path_of_sign_in,
    typed=lambda _world: {},
    seen_by=lambda row, actor: actor.has(Role.ADMIN) or actor.person_id == row.person_id,
)

STAGES = (
    Stage(**POSTS),
    Stage(**CLAIMS),
    Stage(**ACKNOWLEDGEMENTS),
    Stage(**OFFERS),
    Stage(**ITEMS),
    Stage(**VIEWS),
    INCIDENTS,
    ORGANIZATIONS,
    OWN_ORGANIZATIONS,
    PEOPLE,
    MEMBERSHIPS,
    SIGN_INS,
    Stage(**APPLICATIONS),
    Stage(**CHECK_INS),
)

"""Building the Actor: who acts through a session, and whether they still may."""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, TypeVarTuple

from sqlalchemy import ColumnElement, Select, and_, bindparam, select
from sqlalchemy.orm import Bundle, Session

from portal.accounts.models import Membership, Person, SignIn
from portal.accounts.states import MembershipState, PersonState, SignInState
from portal.core import clock
from portal.core.actor import STAFF_ROLES, Actor, Role
from portal.organizations.models import Organization
from portal.organizations.queries import regions_of
from portal.organizations.states import OrganizationState

#: How long a session lives without a request; staff sit at shared desks.
IDLE = timedelta(minutes=60)
IDLE_STAFF = timedelta(minutes=30)


def hash_token(token: str) -> str:
    """Return what is kept of a token: its SHA-256, hexadecimal."""
    return hashlib.sha256(token.encode()).hexdigest()


Columns = TypeVarTuple("Columns")
Standing = tuple[Person, Membership, Organization]
SignedIn = tuple[Actor, SignIn]
#: Who acts, and when that ends if no request comes, or with roles that end by the clock.
Stay = tuple[Actor, datetime]


def _standings() -> Select[Person, Membership, Organization]:
    return _of_members(select(Person, Membership, Organization))


def _of_members(query: Select[*Columns]) -> Select[*Columns]:
    return query.join_from(Person, Membership, Membership.person_id == Person.id).join(
        Organization, Organization.id == Membership.organization_id
    )


#: What `_actor` and `ends_by_clock` ask of the rows, named as there.
_STAYS: Any = _of_members(
    select(
        Bundle("person", Person.id, Person.name, Person.email, Person.is_demo, Person.version),
        Bundle(
            "membership",
            Membership.id,
            Membership.roles,
            Membership.acting_roles,
            Membership.acting_until,
            Membership.version,
        ),
        Bundle(
            "organization",
            Organization.id,
            Organization.name,
            Organization.kind,
            Organization.sectors,
            Organization.counties,
            Organization.version,
        ),
        Bundle("sign_in", SignIn.id, SignIn.token_hash, SignIn.ends_at, SignIn.last_seen_at),
    )
)


def _may_act(*, joined: bool = True) -> ColumnElement[bool]:
    person = (
        Person.state == PersonState.ACTIVE if joined else Person.state != PersonState.SUSPENDED
    )
    return and_(
        person,
        Membership.state == MembershipState.ACTIVE,
        Organization.state == OrganizationState.ACTIVE,
    )


#: What `epoch_of` asks, made once: of those who come by a link, and of those who are in.
_MEMBERS: Any = _of_members(
    select(Person.version, Membership.version, Organization.version, Membership.acting_until)
).where(Membership.id == bindparam("member"), _may_act(joined=False))
_ARRIVING = _MEMBERS.with_for_update(of=Person, key_share=True)
_STAYING = (
    _MEMBERS.add_columns(SignIn.ends_at, SignIn.last_seen_at)
    .join(SignIn, SignIn.id == bindparam("through"))
    .where(SignIn.state == SignInState.OPEN)
    .with_for_update(of=(Person, Membership, Organization), read=True)
)


def _acting_until(until: datetime | None) -> datetime | None:
    """Return until when somebody acts in a colleague's place; None once that is over."""
    return until if until is not None and until > clock.now() else None


def _epoch(versions: Iterable[int], until: datetime | None) -> str:
    return ".".join(map(str, versions)) + ("" if until is None else ".acting")


def _actor(standing: Standing, sign_in_id: int | None = None) -> Actor:
    person, membership, organization = standing
    until = _acting_until(membership.acting_until)
    roles = membership.roles if until is None else membership.roles + membership.acting_roles
    return Actor(
        person_id=person.id,
        name=person.name or person.email,
        organization_id=organization.id,
        organization_name=organization.name,
        organization_kind=organization.kind,
        membership_id=membership.id,
        sign_in_id=sign_in_id,
        roles=frozenset(map(Role, roles)),
        until=until,
        sectors=organization.sectors,
        regions=regions_of(organization.counties),
        epoch=_epoch((row.version for row in standing), until),
        is_demo=person.is_demo,
    )


def idle_limit(roles: frozenset[Role]) -> timedelta:
    """Return how long a session of these roles lives without a request."""
    return IDLE_STAFF if roles & STAFF_ROLES else IDLE


def ends_by_clock(sign_in: SignIn, roles: frozenset[Role]) -> datetime:
    """Return when the session ends if no request comes."""
    return min(sign_in.ends_at, sign_in.last_seen_at + idle_limit(roles))


def get_signed_in(session: Session, token: str) -> SignedIn | None:
    """Return who acts through the token's session, or None when it has ended in any way."""
    found = session.execute(_SIGNED_IN, {"hashed": hash_token(token)}).first()
    if found is None:
        return None
    person, membership, organization, sign_in = found
    actor = _actor((person, membership, organization), sign_in.id)
    return (actor, sign_in) if clock.now() < ends_by_clock(sign_in, actor.roles) else None


def signed_in_by(session: Session, tokens: Iterable[str]) -> dict[str, Stay]:
    """Return who acts through the tokens' sessions, by token; those ended are not there."""
    hashes = {hash_token(token): token for token in tokens}
    found = _stays(session, SignIn.token_hash.in_(sorted(hashes)))
    return {hashes[row.token_hash]: stay for row, stay in found}


def still_signed_in(session: Session, sign_in_ids: Iterable[int]) -> dict[int, Stay]:
    """Return who acts through sessions that were open before, whatever their tokens are now.

    By the session's id; those that have ended in any way are not there.
    """
    found = _stays(session, SignIn.id.in_(sorted(sign_in_ids)))
    return {row.id: stay for row, stay in found}


def _through_sessions(query: Select[*Columns]) -> Select[*Columns]:
    """Add the open sessions through which people who may act do so."""
    return query.join(SignIn, SignIn.membership_id == Membership.id).where(
        SignIn.state == SignInState.OPEN, _may_act()
    )


#: What each request asks, made once.
_SIGNED_IN = _through_sessions(_standings().add_columns(SignIn)).where(
    SignIn.token_hash == bindparam("hashed")
)


def _stays(session: Session, which: ColumnElement[bool]) -> Iterator[tuple[SignIn, Stay]]:
    """Yield the sessions, as rows of what is asked of them, and who stays through each.

    Thousands are read at once when all come back: columns alone cost a third of whole rows.
    """
    now = clock.now()
    for person, membership, organization, sign_in in session.execute(
        _through_sessions(_STAYS).where(which)
    ):
        actor = _actor((person, membership, organization), sign_in.id)
        end = ends_by_clock(sign_in, actor.roles)
        if now < end:
            yield sign_in, (actor, end if actor.until is None else min(end, actor.until))


def epoch_of(session: Session, actor: Actor) -> str | None:
    """Return the actor's epoch as it now stands, under a shared lock; None if it may not act.

    The lock lets a suspension wait for the writes already under way, so that none commits
    after it. Whoever has no session yet comes by a link, which changes the person: sharing
    the lock first, two who open one link would wait for each other for ever.
    """
    who: dict[str, int | None] = {"member": actor.membership_id}
    found: Any
    if actor.sign_in_id is None:
        found = session.connection().execute(_ARRIVING, who).first()
    else:
        through = who | {"through": actor.sign_in_id}
        found = session.connection().execute(_STAYING, through).first()
        if found and ends_by_clock(found, actor.roles) <= clock.now():
            return None
    return _epoch(found[:3], _acting_until(found.acting_until)) if found else None


def actor_of(
    session: Session, person_id: int, membership_id: int | None = None
) -> Actor | None:
    """Return the actor for a person's active membership, before any session is open.

    membership_id : which one; otherwise the first that there is.
    """
    query = _standings().where(Person.id == person_id, _may_act(joined=False))
    if membership_id is not None:
        query = query.where(Membership.id == membership_id)
    standing = session.execute(query.order_by(Membership.id).limit(1)).first()
    if standing is None:
        return None
    person, membership, organization = standing
    return _actor((person, membership, organization))


def usual_actor(session: Session, person_id: int) -> Actor | None:
    """Return the actor for the membership that the person used last, else the first one."""
    last = session.scalar(
        select(SignIn.membership_id)
        .where(SignIn.person_id == person_id)
        .order_by(SignIn.id.desc())
        .limit(1)
    )
    used = actor_of(session, person_id, last) if last is not None else None
    return used or actor_of(session, person_id)

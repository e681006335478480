"""Who may see what: rooms for people, and the same rule in SQL."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from portal.core.actor import SYSTEM, Actor, Role
from portal.feed.models import Post
from portal.journal.audience import PARTNERS, STAFF, class_of, rooms_of, visible_to
from tests.factories import make_offer, make_post, publish
from tests.world import PEOPLE

OWN = {"sector:ENER", "sector:RETAIL", "region:D"}

#: Design §6, line by line; the rooms of the own organization are added below.
ROOMS = {
    "alpha": {"partners"} | OWN,
    "alpha_admin": {"partners"} | OWN,
    "bravo": {"partners", "sector:ENER", "region:C"},
    "charlie": {"partners", "sector:FOOD", "region:A"},
    "guild": {"partners", "sector:ENER", "sector:TRAN", "region:D"},
    "moderator": {"partners", "staff", "cell:moderator"},
    "moderator2": {"partners", "staff", "cell:moderator"},
    "mop3": {"partners", "staff", "cell:moderator", "cell:mop3"},
    "cikr": {"partners", "staff", "cell:moderator", "cell:cikr"},
    "erac": {"partners", "staff", "cell:erac"},
    "logistics": {"partners", "staff", "cell:logistics"},
    "records": {"partners", "staff", "audit"},
    "admin": {"partners", "staff", "audit"},
    "observer": {"partners"},
}


@pytest.mark.one_backend
@pytest.mark.parametrize("name", PEOPLE)
def test_everybody_sits_in_the_rooms_of_their_role_and_in_no_other(world, name):
    actor = world.actor(name)
    expected = set(ROOMS[name])
    if actor.has(Role.LIAISON, Role.ORG_ADMIN):
        expected.add(f"org:{actor.organization_id}")
    if name == "guild":
        expected.add(f"assoc:{actor.organization_id}")
    assert rooms_of(actor) == expected


def test_the_portal_itself_and_people_without_a_role_sit_nowhere():
    assert rooms_of(SYSTEM) == frozenset()
    assert rooms_of(Actor(person_id=1, name="Nobody", organization_id=1)) == frozenset()


def test_several_roles_sit_in_the_rooms_of_all():
    roles = frozenset({Role.ERAC, Role.ADMIN})
    rooms = rooms_of(Actor(person_id=1, name="Both", organization_id=1, roles=roles))
    assert rooms == {"partners", "staff", "cell:erac", "audit"}


def test_a_private_persons_rooms_never_hold_another_organizations(world):
    for name in PEOPLE:
        own = {it for it in rooms_of(world.actor(name)) if it.startswith(("org:", "assoc:"))}
        assert own <= {
            f"org:{world.people[name].organization_id}",
            f"assoc:{world.people[name].organization_id}",
        }


@pytest.mark.parametrize(
    ("room", "kind"),
    [
        ("partners", "partners"),
        ("org:17", "org"),
        ("sector:ENER", "sector"),
        ("cell:erac", "cell:erac"),
        ("cell:moderator", "cell:moderator"),
    ],
)
def test_a_room_has_a_class(room, kind):
    assert class_of(room) == kind


AUDIENCES = [
    (PARTNERS,),
    (STAFF,),
    ("sector:ENER",),
    ("sector:FOOD", "region:D"),
    ("region:C",),
    ("sector:WWS",),
]


@pytest.mark.parametrize("seen_by", AUDIENCES, ids=" ".join)
def test_sql_and_rooms_let_the_same_people_see_a_post(session, world, seen_by):
    """The twins: `visible_to` for pages, `rooms_of` for sockets."""
    waiting = make_post(session, world.actor("alpha"))
    out = publish(
        session, world.actor("moderator"), make_post(session, world.actor("bravo")), seen_by
    )
    for name in PEOPLE:
        actor = world.actor(name)
        visible = select(Post.id).where(visible_to(actor, "post", Post.__table__.c.id))
        seen = set(session.scalars(visible))
        assert seen == {it.id for it in (waiting, out) if it.audience & rooms_of(actor)}, name


def test_rows_of_another_kind_with_the_same_number_are_not_mixed_up(session, world):
    post = make_post(session, world.actor("alpha"))
    offer = make_offer(session, world.actor("bravo"))
    assert post.id == offer.id
    visible = select(Post.id).where(
        visible_to(world.actor("bravo"), "post", Post.__table__.c.id)
    )
    assert session.scalars(visible).all() == []

"""Machines: what a table says is what can be done."""

from __future__ import annotations

from enum import StrEnum
from types import SimpleNamespace

import pytest

from portal.core.actor import PRIVATE_ROLES, STAFF_ROLES, SYSTEM, Actor, Part, Role
from portal.core.errors import NotAllowedError, StateGoneError
from portal.core.moves import Machine, parts


class Door(StrEnum):
    OPEN = "open"
    SHUT = "shut"


OWNER, DESK = {Part.OWNER}, {Role.MODERATOR}

DOOR = Machine(
    "door",
    ("build", {None}, Door.SHUT, OWNER, {"colour"}),
    ("open", {Door.SHUT}, Door.OPEN, OWNER | DESK, set(), lambda door: not door.is_locked),
    ("shut", {Door.OPEN}, Door.SHUT, DESK, {"why"}),
    ("paint", {Door.OPEN, Door.SHUT}, None, {Part.SELF, Part.SYSTEM}, {"colour"}),
)


def door(state=Door.SHUT, *, organization_id=1, person_id=1, is_locked=False):
    return SimpleNamespace(
        state=state, organization_id=organization_id, person_id=person_id, is_locked=is_locked
    )


def actor(*roles, organization_id=1, person_id=1):
    return Actor(
        person_id=person_id,
        name="Somebody",
        organization_id=organization_id,
        roles=frozenset(roles),
    )


LIAISON, MODERATOR = actor(Role.LIAISON), actor(Role.MODERATOR, organization_id=9, person_id=9)


def test_a_move_that_stands_twice_in_a_table_is_an_error():
    with pytest.raises(ValueError, match="door: open stands twice"):
        Machine(
            "door",
            ("open", {Door.SHUT}, Door.OPEN, OWNER, set()),
            ("open", {Door.OPEN}, Door.OPEN, OWNER, set()),
        )


def test_a_line_without_all_its_columns_is_an_error():
    with pytest.raises(ValueError, match="not enough values"):
        Machine("door", ("open", {Door.SHUT}, Door.OPEN, OWNER))


def test_a_move_changes_the_state_and_is_returned():
    row = door()
    assert DOOR.apply("open", LIAISON, row).name == "open"
    assert row.state is Door.OPEN


def test_a_move_without_a_state_to_go_to_leaves_it():
    row = door(Door.OPEN)
    DOOR.apply("paint", LIAISON, row)
    assert row.state is Door.OPEN


@pytest.mark.parametrize("state", Door)
def test_who_may_not_is_told_so_whatever_the_state_and_nothing_changes(state):
    row = door(state)
    with pytest.raises(NotAllowedError):
        DOOR.apply("shut", LIAISON, row)
    assert row.state is state


def test_that_it_is_not_for_the_role_is_said_before_that_the_state_is_gone():
    """403 comes before 409: a state is no business of those who may not make the move."""
    row = door(Door.SHUT)
    with pytest.raises(NotAllowedError):
        DOOR.apply("shut", LIAISON, row)
    with pytest.raises(StateGoneError):
        DOOR.apply("shut", MODERATOR, row)


def test_a_third_condition_refuses_as_the_state_does():
    row = door(is_locked=True)
    with pytest.raises(StateGoneError):
        DOOR.apply("open", LIAISON, row)
    assert row.state is Door.SHUT
    assert DOOR.names_open_to(LIAISON, row) == {"paint"}


def test_a_name_that_is_not_in_the_table_is_a_programming_error():
    with pytest.raises(KeyError):
        DOOR.apply("slam", LIAISON, door())


def test_moves_open_to_somebody_stand_in_the_tables_order():
    assert [it.name for it in DOOR.open_to(LIAISON, door())] == ["open", "paint"]
    assert [it.name for it in DOOR.open_to(MODERATOR, door(Door.OPEN))] == ["shut"]
    assert DOOR.open_to(actor(Role.OBSERVER, person_id=7), door(Door.OPEN)) == []


def test_a_row_is_begun_by_those_of_its_organization():
    unborn = door(None)
    assert DOOR.may_create(LIAISON, unborn, "build")
    assert not DOOR.may_create(MODERATOR, unborn, "build")
    assert not DOOR.may_create(LIAISON, door(), "build")


def test_the_states_of_a_machine_are_those_that_some_move_leads_to():
    assert list(DOOR.states()) == [Door.SHUT, Door.OPEN]


# ---------------------------------------------------------------- parts


@pytest.mark.parametrize("role", Role)
def test_only_private_people_own_what_is_their_organizations(role):
    held = parts(actor(role, person_id=5), door())
    assert (Part.OWNER in held) is (role in PRIVATE_ROLES)
    assert role in held
    assert Part.SELF not in held


def test_people_of_another_organization_own_nothing():
    other = actor(Role.LIAISON, organization_id=2, person_id=5)
    assert parts(other, door()) == {Role.LIAISON}


def test_nobody_owns_what_belongs_to_no_organization():
    nobody = actor(Role.LIAISON, organization_id=None, person_id=5)
    assert Part.OWNER not in parts(nobody, door(organization_id=None))
    assert Part.OWNER not in parts(nobody, object())


def test_a_person_is_self_to_their_own_row_and_the_system_to_none():
    assert Part.SELF in parts(actor(Role.OBSERVER), door())
    assert parts(SYSTEM, door(organization_id=None, person_id=None)) == {Part.SYSTEM}
    assert Part.SELF not in parts(actor(Role.OBSERVER), object())


def test_what_a_cell_prepared_for_somebody_is_each_of_its_peoples_own():
    row = door(person_id=1)
    row.made_by = Role.ERAC
    assert Part.SELF in parts(actor(Role.ERAC, person_id=5), row)
    assert Part.SELF not in parts(actor(Role.OBSERVER, person_id=1), row), "no more of the cell"
    row.made_by = None
    assert Part.SELF not in parts(actor(Role.ERAC, person_id=5), row)


def test_a_row_may_be_its_organizations_only_later():
    row = door()
    row.owner_id = None
    assert Part.OWNER not in parts(LIAISON, row)
    row.owner_id = 1
    assert Part.OWNER in parts(LIAISON, row)


def test_every_role_is_either_private_or_staff_or_an_observers():
    assert PRIVATE_ROLES | STAFF_ROLES | {Role.OBSERVER} == set(Role)
    assert not PRIVATE_ROLES & STAFF_ROLES
    assert [actor(role).is_staff for role in (Role.LIAISON, Role.OBSERVER, Role.ERAC)] == [
        False,
        False,
        True,
    ]

"""Machine and operation are one: for every state, every move and every role.

This asks the machines alone; `test_moves.py` asks the portal, as each kind of person.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from datetime import timedelta
from importlib import import_module
from itertools import product
from types import SimpleNamespace
from typing import Any

import pytest

from portal.core import clock
from portal.core.actor import PRIVATE_ROLES, SYSTEM, Actor, Part, Role
from portal.core.errors import NotAllowedError, StateGoneError
from portal.feed.states import PostState
from tests.whole.moving import MACHINES, MOVES, TOP

OWN, OTHER = 1, 2

PAST, AHEAD = (clock.now() + timedelta(hours=hours) for hours in (-1, 1))

#: What the third conditions look at, in every way it can stand.
ASIDES = [
    {
        "incident": SimpleNamespace(is_open=is_open),
        "password_hash": known,
        "joined_at": at,
        "acting_until": at,
        "id": id_,
        "pinned_until": at,
        "doubted_at": at,
        "reminded_at": at,
        "acknowledge_by": at,
        "post": SimpleNamespace(state=state, acknowledge_by=at),
    }
    for is_open, known, id_ in product((True, False), ("hash", None), (0, 7))
    for at, state in product((None, PAST, AHEAD), (PostState.WAITING, PostState.PUBLISHED))
]


ACTORS = [
    SYSTEM,
    *(
        Actor(
            person_id=person,
            name=f"{role}, organization {organization}, person {person}",
            organization_id=organization,
            roles=frozenset({role}),
        )
        for role, organization, person in product(Role, (OWN, OTHER), (OWN, OTHER))
    ),
]


def is_among(actor: Actor, by: frozenset[Any]) -> bool:
    """Work out by hand whether an actor is one of those who may make a move of row OWN."""
    if actor is SYSTEM:
        return Part.SYSTEM in by
    owns = actor.organization_id == OWN and bool(actor.roles & PRIVATE_ROLES)
    decides = bool(actor.roles & {Role.MODERATOR, Role.MOP3})
    return (
        bool(actor.roles & by)
        or (actor.person_id != OWN and decides and Part.SECOND in by)
        or (owns and Part.OWNER in by)
        or (owns and actor.has(Role.ORG_ADMIN) and Part.KEEPER in by)
        or (actor.person_id == OWN and Part.SELF in by)
    )


@pytest.mark.parametrize("subject", MACHINES)
def test_what_is_open_can_be_done_and_nothing_else(subject):
    machine = MACHINES[subject][2]
    for actor, state, aside in product(ACTORS, (None, *machine.states()), ASIDES):
        for move in machine.moves.values():
            row = SimpleNamespace(state=state, organization_id=OWN, person_id=OWN, **aside)
            may = is_among(actor, move.by)
            leads = state in move.origin and (move.when is None or move.when(row))
            assert (move.name in machine.names_open_to(actor, row)) is (may and leads)
            if may and leads:
                machine.apply(move.name, actor, row)
                assert row.state == (move.to or state)
            else:
                refused = StateGoneError if may else NotAllowedError
                with pytest.raises(refused):
                    machine.apply(move.name, actor, row)
                assert row.state == state


@pytest.mark.parametrize("subject", MACHINES)
def test_every_state_is_reached_and_every_move_leads_from_somewhere(subject):
    machine = MACHINES[subject][2]
    reached = set(machine.states())
    assert reached == set(type(next(iter(reached))))
    assert any(None in move.origin for move in machine.moves.values())
    for move in machine.moves.values():
        assert move.origin
        assert move.origin <= reached | {None}
        assert move.by


def trees_of(package: str) -> list[ast.FunctionDef]:
    """Return the functions of a package's operations."""
    top = TOP / "portal" / package
    files = [top / "operations.py"] if (top / "operations.py").is_file() else []
    trees = [
        ast.parse(it.read_text("utf-8")) for it in files or (top / "operations").glob("*.py")
    ]
    return [it for tree in trees for it in tree.body if isinstance(it, ast.FunctionDef)]


def calls_in(function: ast.FunctionDef) -> list[ast.Call]:
    return [it for it in ast.walk(function) if isinstance(it, ast.Call)]


def calls_of_move(package: str) -> dict[tuple[str, str], set[str]]:
    """Return machine and move of each `tx.move(MACHINE, "move", …)`, with its operations.

    What a helper moves, those do who call it.
    """
    functions = trees_of(package)
    callers: dict[str, set[str]] = defaultdict(set)
    for function in functions:
        for call in calls_in(function):
            callers[ast.unparse(call.func)].add(function.name)

    def operations(name: str) -> set[str]:
        if not name.startswith("_"):
            return {name}
        return {it for caller in callers[name] for it in operations(caller)}

    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for function in functions:
        for call in calls_in(function):
            if ast.unparse(call.func) == "tx.move":
                machine, name = call.args[:2]
                assert isinstance(name, ast.Constant), ast.unparse(call)
                found[ast.unparse(machine), name.value] |= operations(function.name)
    return found


@pytest.mark.parametrize("package", sorted({package for package, *_ in MACHINES.values()}))
def test_every_move_is_made_by_an_operation_and_operations_make_no_other(package):
    told = {
        (name, move)
        for where, name, machine in MACHINES.values()
        if where == package
        for move in machine.moves
    }
    made = calls_of_move(package)
    assert set(made) == told
    operations = import_module(f"portal.{package}.operations")
    for move, functions in made.items():
        assert functions, f"nobody makes {move}"
        assert all(callable(getattr(operations, function)) for function in functions)


#: Where the moves of a subject are told to people, one after the other.
STORIES = {
    "post": "feed/story.html",
    "offer": "offers/story.html",
    "person": "accounts/words.html",
    "membership": "accounts/words.html",
}


#: How an offer is prepared is nobody's but its owner's: its story begins where it is sent.
UNTOLD = {("offer", "begin"), ("offer", "edit")}


@pytest.mark.parametrize(("subject", "move"), [it for it in MOVES if it[0] in STORIES])
def test_every_move_has_words_in_its_story(subject, move):
    template = (TOP / "templates" / STORIES[subject]).read_text("utf-8")
    assert (f'"{move}":' in template) is ((subject, move) not in UNTOLD)

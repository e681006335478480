"""Who may do and see what, read from the machines, the rooms and the views themselves."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from importlib.util import find_spec

from portal.audit.queries.wording import act_of
from portal.core import codes
from portal.core.actor import PRIVATE_ROLES, Actor, Part, Role
from portal.core.moves import By, Machine, Move
from portal.journal.audience import class_of, rooms_of
from portal.migrations import PACKAGES

#: What an actor is to one row, in words.
PARTS: Mapping[Part, str] = {
    Part.OWNER: "the organization it belongs to",
    Part.SELF: "the person it is about",
    Part.KEEPER: "an administrator of the organization it belongs to",
    Part.SECOND: "another person of the desk",
    Part.SYSTEM: "the portal itself",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One move in words.

    by            : names of roles and parts.
    has_condition : something more than the state has to hold, see the machine.
    """

    name: str
    what: str
    origin: str
    to: str
    by: tuple[str, ...]
    has_condition: bool


def machines() -> dict[str, Machine]:
    """Return every machine of the portal by its subject, in the order of the packages."""
    found: dict[str, Machine] = {}
    for package in PACKAGES:
        name = f"portal.{package}.states"
        if find_spec(name) is not None:
            each = vars(import_module(name)).values()
            found |= {it.subject: it for it in each if isinstance(it, Machine)}
    return found


def steps_of(machine: Machine) -> list[Step]:
    """Return the moves of a machine in words, in the table's order."""
    return [_step(machine.subject, move) for move in machine.moves.values()]


def moves_of(role: Role) -> list[str]:
    """Return in words what a role may do by itself, whoever the row belongs to."""
    return [
        act_of(subject, move.name)
        for subject, machine in machines().items()
        for move in machine.moves.values()
        if role in move.by
    ]


def rooms_by_role() -> dict[Role, frozenset[str]]:
    """Return the classes of the rooms in which somebody of each role may sit."""
    return {role: frozenset(map(class_of, rooms_of(_somebody(role)))) for role in Role}


def _somebody(role: Role) -> Actor:
    """Return somebody of this role, for whom every room is there that depends on more."""
    return Actor(
        person_id=0,
        name="",
        organization_id=0,
        organization_kind="association" if role in PRIVATE_ROLES else "agency",
        roles=frozenset({role}),
        sectors=("",),
        regions=("",),
    )


def _step(subject: str, move: Move) -> Step:
    is_new = None in move.origin
    before = [it for it in move.origin if it is not None]
    return Step(
        name=move.name,
        what=act_of(subject, move.name),
        origin=", ".join(filter(None, ["nothing yet" if is_new else "", _states(before)])),
        to="stays" if move.to is None else _states([move.to]),
        by=_by(move.by),
        has_condition=move.when is not None,
    )


def _states(states: Iterable[StrEnum]) -> str:
    return ", ".join(sorted(state.value.replace("_", " ") for state in states))


def _by(by: frozenset[By]) -> tuple[str, ...]:
    roles = codes.load("roles")
    names = [roles.label(role) for role in Role if role in by]
    return (*names, *(PARTS[part] for part in Part if part in by))

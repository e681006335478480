"""Machines: tables of moves, from which permission, buttons, refusals and entries are read."""

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from portal.core.actor import DESK_ROLES, PRIVATE_ROLES, Actor, Part, Role
from portal.core.errors import NotAllowedError, StateGoneError

By = Role | Part


class Stateful(Protocol):
    """A row that a machine can move."""

    state: Any


@dataclass(frozen=True, slots=True)
class Move:
    """One line of a machine.

    origin : states from which the move leads; None in it means that the move creates the row.
    to     : the state it leads to; None means that the state stays.
    by     : roles and parts that may make it.
    says   : the keys of the entry's words.
    when   : a third condition on the row, beside role and state.
    """

    name: str
    origin: frozenset[StrEnum | None]
    to: StrEnum | None
    by: frozenset[By]
    says: frozenset[str]
    when: Callable[[Any], bool] | None = None

    def leads_from(self, row: Stateful) -> bool:
        """Return whether the row now stands where this move starts."""
        return row.state in self.origin and (self.when is None or self.when(row))


def parts(actor: Actor, row: object) -> frozenset[By]:
    """Return the actor's roles, and what the actor is to this row.

    A row may say by `made_by` which role prepared it for somebody else: then all who hold that
    role are what its person would be; and by `owner_id` whose it is, if not yet its
    organization's.
    """
    held: set[By] = set(actor.roles)
    if actor.is_system:
        held.add(Part.SYSTEM)
    elif _is_self(actor, row):
        held.add(Part.SELF)
    elif actor.roles & DESK_ROLES:
        held.add(Part.SECOND)
    owner_id = getattr(row, "owner_id", getattr(row, "organization_id", None))
    if (
        owner_id is not None
        and owner_id == actor.organization_id
        and actor.roles & PRIVATE_ROLES
    ):
        held.add(Part.OWNER)
        if Role.ORG_ADMIN in actor.roles:
            held.add(Part.KEEPER)
    return frozenset(held)


def _is_self(actor: Actor, row: object) -> bool:
    """Return whether the row is the actor's own, or that of a cell whose people take turns."""
    role: Role | None = getattr(row, "made_by", None)
    if role is not None:
        return role in actor.roles
    return getattr(row, "person_id", None) == actor.person_id


class Machine:
    """The moves of one kind of row; see `Move` for the columns of the table."""

    def __init__(self, subject: str, *table: tuple[Any, ...]) -> None:
        """Read the table: name, from, to, by, says and, where needed, when."""
        self.subject = subject
        self.moves: dict[str, Move] = {}
        for name, origin, to, by, says, *when in table:
            if name in self.moves:
                message = f"{subject}: {name} stands twice in the table"
                raise ValueError(message)
            self.moves[name] = Move(
                name, frozenset(origin), to, frozenset(by), frozenset(says), *when
            )

    def open_to(self, actor: Actor, row: Stateful) -> list[Move]:
        """Return the moves that this actor can make now, in the table's order."""
        held = parts(actor, row)
        return [m for m in self.moves.values() if m.by & held and m.leads_from(row)]

    def names_open_to(self, actor: Actor, row: Stateful) -> AbstractSet[str]:
        """Return the names of `open_to`: what a page asks before it draws a button."""
        return {move.name for move in self.open_to(actor, row)}

    def may_create(self, actor: Actor, row: Stateful, name: str) -> bool:
        """Return whether the actor may begin a row with this move."""
        return name in self.names_open_to(actor, row)

    def apply(self, name: str, actor: Actor, row: Stateful) -> Move:
        """Change the row's state by one move; raises what `check` raises."""
        move = self.check(name, actor, row)
        if move.to is not None:
            row.state = move.to
        return move

    def check(self, name: str, actor: Actor, row: Stateful) -> Move:
        """Return the move if it can be made now.

        Raises NotAllowedError if it is not for this actor, StateGoneError if the row moved on.
        """
        move = self.moves[name]
        if not move.by & parts(actor, row):
            raise NotAllowedError("This step belongs to another desk.")
        if not move.leads_from(row):
            raise StateGoneError(
                "Somebody else was faster, or the time for this step has passed."
            )
        return move

    def states(self) -> Iterable[StrEnum]:
        """Return every state that some move leads to, each once."""
        return dict.fromkeys(m.to for m in self.moves.values() if m.to is not None)

"""Every machine and move, and the form of each move that somebody makes on a page."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from portal.core.actor import Part
from portal.core.moves import Machine
from portal.migrations import PACKAGES
from tests.whole.stages import STAGES, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.pages import Form, PageClient
    from tests.whole.scene import Scene

TOP = Path(__file__).parents[2]


def machines() -> dict[str, tuple[str, str, Machine]]:
    """Return every machine by its subject, with its package and its name there."""
    found = {}
    for package in PACKAGES:
        if not (TOP / "portal" / package / "states.py").is_file():
            continue
        for name, it in vars(import_module(f"portal.{package}.states")).items():
            if isinstance(it, Machine):
                found[it.subject] = (package, name, it)
    return found


MACHINES = machines()
MOVES = [(subject, move) for subject, (*_, it) in MACHINES.items() for move in it.moves]

#: Moves that a person makes before being signed in, through a link or half-way.
BY_LINK = {"person.join", "person.recover", "person.accept_terms"}

#: Moves that people make of their own factors and sessions: tests/accounts.
BY_THE_WAY = {"person.add_factor", "person.remove_factor", "sign_in.prove"}

NAMES = ["alpha", "alpha_admin", "moderator", "erac", "admin", "bravo", "mop3"]


def _moves() -> Iterator[Any]:
    """Yield every move that somebody makes by a form on a page."""
    for stage in STAGES:
        for move in stage.machine.moves.values():
            name = f"{stage.machine.subject}.{move.name}"
            is_nobodys = move.by == {Part.SYSTEM}
            if (
                not is_nobodys
                and stage.tries(move.name)
                and name not in BY_LINK
                and name not in {"person.change_password", *BY_THE_WAY}
                and (None not in move.origin or move.name in stage.new)
            ):
                yield pytest.param(stage, move.name, id=name)


def form_of(scene: Scene, stage: Stage, move: str) -> tuple[PageClient, Form]:
    """Find somebody and a row for whom the move is open, and open the form."""
    if move in stage.new:
        url, path = stage.begins(move, scene.world.code)
        places = ((who, url, path) for who in NAMES)
    else:
        places = _places(scene, stage, move)
    for who, url, path in places:
        answer = scene.client(who).get(url)
        page = scene.client(who).read(answer) if answer.status_code == 200 else None
        for form in page.forms if page else ():
            if (form.action, form.move) == (path, f"{stage.machine.subject}.{move}"):
                return scene.client(who), form
    raise AssertionError(f"nobody has a form for {stage.machine.subject}.{move}")


def _places(scene: Scene, stage: Stage, move: str) -> Iterator[tuple[str, str, str]]:
    """Yield for whom a move of some row is open, on which page, and where it is posted to."""
    for build in stage.builds.values():
        row = build(scene.world)
        for who in NAMES:
            actor = scene.world.actor(who)
            is_open = move in stage.machine.names_open_to(actor, row)
            is_open = is_open and stage.is_of_its_time(row, move)
            for url in stage.pages(row, actor) if is_open and stage.seen_by(row, actor) else ():
                yield who, url, stage.path(row, actor, move)


#: Stage and move, for `parametrize`.
FORMS = [*_moves()]

"""The form of every move that somebody makes on a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.whole.stages import STAGES, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.pages import Form, PageClient
    from tests.whole.scene import Scene

NAMES = ["alpha", "moderator", "erac", "admin", "bravo"]


def _moves() -> Iterator[Any]:
    """Yield every move that somebody makes by a form on a page."""
    for stage in STAGES:
        for move in stage.machine.moves.values():
            name = f"{stage.machine.subject}.{move.name}"
            if name not in {"person.join", "person.recover", "person.change_password"} and (
                None not in move.origin or move.name in stage.new
            ):
                yield pytest.param(stage, move.name, id=name)


def form_of(scene: Scene, stage: Stage, move: str) -> tuple[PageClient, Form]:
    """Find somebody and a row for whom the move is open, and open the form."""
    name = f"{stage.machine.subject}.{move}"
    if move in stage.new:
        who = "admin" if "/incidents/{code}/" not in stage.new[move] else "alpha"
        client = scene.client(who)
        return client, client.page(stage.new[move].format(code=scene.world.code)).form(name)
    for build in stage.builds.values():
        row = build(scene.world)
        for who in NAMES:
            actor = scene.world.actor(who)
            if move not in stage.machine.names_open_to(actor, row):
                continue
            if not stage.seen_by(row, actor):
                continue
            for url in stage.pages(row, actor):
                for form in scene.client(who).page(url).forms:
                    if form.action == stage.path(row, actor, move):
                        return scene.client(who), form
    raise AssertionError(f"nobody has a form for {name}")


#: Stage and move, for `parametrize`.
FORMS = [*_moves()]

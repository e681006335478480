"""Fixtures of the tests of the whole: one portal for all tests of a module."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.whole.scene import Scene, scene_on

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jinja2 import FileSystemBytecodeCache

    from tests.databases import Databases


@pytest.fixture(scope="module")
def scene(
    _databases_of_sqlite: Databases,
    _compiled_templates: FileSystemBytecodeCache,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Scene]:
    """Lend a portal with the small world in it; its tests share it, and clean up nothing."""
    instance = tmp_path_factory.mktemp("instance")
    with (
        _databases_of_sqlite.lent_world() as (url, world),
        scene_on(url, world, instance, _compiled_templates) as made,
    ):
        yield made

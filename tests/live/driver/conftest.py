"""What tests of the driver have in common."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True, scope="module")
def _left_to_python(request: pytest.FixtureRequest) -> Iterator[None]:
    """Close what the clients' library leaves to Python here, not in another module's midst."""
    yield
    if request.node.get_closest_marker("filterwarnings"):
        gc.collect()

"""Which tests one worker runs, and what `make test` leaves to `make slow` to answer in minutes.

A test is slow when it says so (`slow`), or when it is one of many alike: of a test marked
`sampled(n)` one in n is quick, and so is one in `_TWINS` of the screens' tests on PostgreSQL,
where what matters is shown on SQLite as well. Both targets together are every test there is.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

MARKERS = (
    "slow: takes long, and is left to `make slow`",
    "sampled(n): one in n is quick; the others are left to `make slow`",
)

#: Packages whose tests run on both databases, though few statements differ there.
_SCREENS = frozenset(
    {
        "accounts",
        "alerts",
        "audit",
        "feed",
        "floor",
        "incidents",
        "offers",
        "organizations",
        "presence",
    }
)
_TWINS = 8

#: Packages whose modules make something dear, once for all of their tests.
_DEAR = frozenset({"browser", "deploy", "live", "whole"})


def keep_together(items: Iterable[pytest.Item]) -> None:
    """Leave a module to one worker where each that has part of it would make all it needs."""
    for item in items:
        if _package_of(item) in _DEAR and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


def mark_slow(items: Iterable[pytest.Item]) -> None:
    """Mark what `make test` leaves out; the same in every process of a run."""
    counted: Counter[str] = Counter()
    for item in items:
        group, every = _sampling(item)
        if every == 1:
            continue
        if counted[group] % every:
            item.add_marker(pytest.mark.slow)
        counted[group] += 1


def _sampling(item: pytest.Item) -> tuple[str, int]:
    """Return what a test is alike to, and of how many of these one is quick."""
    if marker := item.get_closest_marker("sampled"):
        return item.nodeid.partition("[")[0], int(marker.args[0])
    is_twin = (
        _package_of(item) in _SCREENS
        and getattr(item, "callspec", None) is not None
        and item.callspec.params.get("backend") == "postgres"  # type: ignore[attr-defined]
        and not item.get_closest_marker("one_backend")
    )
    return "twins", _TWINS if is_twin else 1


def _package_of(item: pytest.Item) -> str:
    return item.nodeid.split("/")[1]

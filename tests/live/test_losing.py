"""Eleven ways to lose an entitlement while sockets are open: nothing leaks, everybody knows.

How soon they know is measured with 200 sockets each by `make bench`, not here.
"""

from __future__ import annotations

import pytest

from benchmarks import losing
from benchmarks.server import instance
from benchmarks.ways import WAYS

pytestmark = pytest.mark.slow

SOCKETS = 12


@pytest.fixture(scope="module")
def outcomes() -> dict[str, losing.Outcome]:
    """Go all ways, one after another, on one real server."""
    with instance() as at:
        return {it.name: it for it in losing.outcomes(at, SOCKETS)}


@pytest.mark.parametrize("way", [it.name for it in WAYS])
def test_nothing_is_heard_after_a_loss_and_everybody_knows_of_it(outcomes, way):
    outcome = outcomes[way]
    assert outcome.heard, "who lost nothing did not hear it either"
    assert outcome.leaked == 0
    assert outcome.unaware == 0
    assert len(outcome.delays) == SOCKETS

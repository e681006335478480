"""How much of each fault is tried, and what is written down of it in docs/PROOF.md."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from tests.faults.ledger import Verdict

T = TypeVar("T")

#: `make faults` sets both: everything at its full figures, and where to write what came of it.
IS_FULL = os.environ.get("PORTAL_FAULTS") == "full"
OUT = os.environ.get("PORTAL_FAULTS_OUT", "")


def scaled(quick: T, full: T) -> T:
    """Return how much is done: a little in `make test`, all of it in `make faults`."""
    return full if IS_FULL else quick


@dataclass(frozen=True, slots=True)
class Proof:
    """What was done to the portal, what was measured, and what the ledger says.

    fault   : such as FLT-1.
    figures : by name, in the words of the page.
    ledger  : the verdict's counts.
    test    : what repeats it.
    """

    fault: str
    done: str
    figures: dict[str, Any] = field(default_factory=dict)
    ledger: dict[str, int] = field(default_factory=dict)
    test: str = ""


class Prover:
    """Judges, and writes down what a test proved."""

    def __init__(self, test: str) -> None:
        self._test = test

    def __call__(self, fault: str, done: str, verdict: Verdict, **figures: Any) -> None:
        """Fail unless nothing was lost, doubled, reordered or shown to the wrong person."""
        assert verdict.is_clean, "\n".join([str(verdict.counts), *verdict.faults[:20]])
        assert verdict.acknowledged, "nothing was acknowledged: nothing is proved"
        said = {name.replace("_", " "): value for name, value in figures.items()}
        proof = Proof(fault, done, said, verdict.counts, self._test)
        print(json.dumps(asdict(proof)))  # noqa: T201 - for whoever asks by `pytest -s`
        if OUT:
            with Path(OUT).open("a") as file:
                file.write(json.dumps(asdict(proof)) + "\n")


def spread(times: list[float]) -> str:
    """Return the middle and the largest of some times, in words."""
    if not times:
        return "none"
    ordered = sorted(times)
    return f"median {ordered[len(ordered) // 2]:.2f} s, at most {ordered[-1]:.2f} s"

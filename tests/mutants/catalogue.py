"""The defects: what stands in mutants.toml, and how one gets into a file."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).parents[2]

CATALOGUE = Path(__file__).with_name("mutants.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A defect of one line; see mutants.toml for the keys."""

    name: str
    why: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def put_into(self, text: str) -> str:
        """Return the file's text with the defect in it.

        Raises ValueError unless the line to be changed stands there exactly once.
        """
        count = text.count(self.old)
        if count != 1:
            raise ValueError(f"{self.name}: {count} times in {self.file}: {self.old}")
        return text.replace(self.old, self.new)


def read_mutants() -> list[Mutant]:
    """Return all defects, in the order of the file."""
    known = tomllib.loads(CATALOGUE.read_text("utf-8"))["mutant"]
    return [Mutant(**{**it, "tests": tuple(it["tests"])}) for it in known]

"""The map: outlines of the 114 counties and the City of St. Louis, for one picture."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from portal.core import codes

_FILE = Path(codes.SHIPPED) / "county-outlines.json"

#: The sign of a region stands so many pixels below its letter.
_BELOW_LETTER = 14


@dataclass(frozen=True, slots=True)
class Outline:
    """One county. d : its SVG path; x, y : where its sign stands, in pixels of the map."""

    code: str
    d: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Outlines:
    """The whole State, `width` x `height` pixels.

    counties : by FIPS code.
    state    : the path round the State; borders : that between the SEMA regions.
    letters  : where the letter of each region stands.
    """

    width: int
    height: int
    counties: dict[str, Outline]
    state: str
    borders: str
    letters: dict[str, tuple[int, int]]


@cache
def outlines() -> Outlines:
    """Read the file once."""
    known = json.loads(_FILE.read_text("utf-8"))
    return Outlines(
        width=known["width"],
        height=known["height"],
        counties={
            it["code"]: Outline(it["code"], it["d"], it["cx"], it["cy"])
            for it in known["counties"]
        },
        state=known["state"],
        borders=known["borders"],
        letters={it["region"]: (it["cx"], it["cy"]) for it in known["letters"]},
    )


@cache
def shapes(by: str) -> Mapping[str, Outline]:
    """Return the outline of each county, or each region with its counties in it.

    by : "county" or "region".
    """
    drawn = outlines()
    if by == "county":
        return drawn.counties
    counties = codes.load("counties")
    found = {}
    for letter, (x, y) in drawn.letters.items():
        within = [
            it.d for it in drawn.counties.values() if counties[it.code]["region"] == letter
        ]
        found[letter] = Outline(letter, "".join(within), x, y + _BELOW_LETTER)
    return found

"""From what posts say of single lifelines to what stands for a county, a region, the State."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from portal.core import clock, codes
from portal.feed.queries import Standing

#: As long is an operational period where the incident has none yet.
_PERIOD = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Age:
    """When what posts say is old. period : length of one operational period."""

    period: timedelta = _PERIOD

    @classmethod
    def of(cls, starts_at: datetime | None, ends_at: datetime | None) -> "Age":
        """Return the rule for an incident whose present period begins and ends then."""
        if starts_at is None or ends_at is None or ends_at <= starts_at:
            return cls()
        return cls(ends_at - starts_at)

    def is_old(self, it: Standing) -> bool:
        """Return whether it was said more than a period ago, or is no longer confirmed."""
        now = clock.now()
        return it.said_at < now - self.period or (it.review_by or now) < now


@dataclass(frozen=True, slots=True)
class Overall:
    """What stands for several standings: the worst of them; nothing where there is none.

    code        : of what it stands for: a county, a region, a lifeline; "" for the whole State.
    standing    : code of `standings`, or "" where nobody reported.
    said_at     : when the latest of them was said.
    worst_at    : when the latest of the worst was said.
    is_aged     : the worst was said so long ago that its age has to be said.
    is_old      : so were all of them.
    by_lifeline : the worst of each lifeline of which something was said.
    """

    code: str
    standing: str = ""
    said_at: datetime | None = None
    worst_at: datetime | None = None
    is_aged: bool = False
    is_old: bool = False
    by_lifeline: dict[str, str] = field(default_factory=dict)

    @property
    def rank(self) -> int:
        """Return how bad it is: 1 is stable, 0 is no report."""
        return rank(self.standing)

    @property
    def hit(self) -> tuple[str, ...]:
        """Return the lifelines that are not stable, in the order of their list."""
        return tuple(name for name, said in self.by_lifeline.items() if rank(said) > 1)


def rank(standing: str) -> int:
    """Return how bad a standing is: 1 is stable; 0 is none, or a code that the list lost."""
    known = codes.load("standings").get(standing)
    return int(known["rank"]) if known else 0


def _worst(standings: Iterable[str]) -> str:
    return max(standings, key=rank, default="")


def overall(code: str, standings: Sequence[Standing], age: Age) -> Overall:
    """Return the worst of the standings, and how old what says so is."""
    if not standings:
        return Overall(code)
    worst = _worst(it.standing for it in standings)
    deciding = [it for it in standings if it.standing == worst]
    by_lifeline = {
        lifeline: said
        for lifeline in codes.load("lifelines")
        if (said := _worst(it.standing for it in standings if it.lifeline == lifeline))
    }
    return Overall(
        code=code,
        standing=worst,
        said_at=max(it.said_at for it in standings),
        worst_at=max(it.said_at for it in deciding),
        is_aged=all(map(age.is_old, deciding)),
        is_old=all(map(age.is_old, standings)),
        by_lifeline=by_lifeline,
    )


def by_county(standings: Sequence[Standing], age: Age) -> dict[str, Overall]:
    """Return what stands for every county, by FIPS code; "" for the whole State."""
    found: dict[str, list[Standing]] = {code: [] for code in ("", *codes.load("counties"))}
    for it in standings:
        found.setdefault(it.county, []).append(it)
    return {code: overall(code, mine, age) for code, mine in found.items()}


def by_region(standings: Sequence[Standing], age: Age) -> dict[str, Overall]:
    """Return what stands for every SEMA region, by letter: the worst of its counties."""
    counties, regions = codes.load("counties"), codes.load("regions")
    found: dict[str, list[Standing]] = {letter: [] for letter in ("", *regions)}
    for it in standings:
        if it.county in counties:
            found.setdefault(counties[it.county]["region"], []).append(it)
        elif not it.county:
            found[""].append(it)
    return {letter: overall(letter, mine, age) for letter, mine in found.items()}


def by_lifeline(
    standings: Sequence[Standing], regions: Sequence[str], age: Age
) -> list[Overall]:
    """Return what stands for each lifeline in these regions; in the whole State without any.

    What is said of the whole State holds in each region.
    """
    counties = codes.load("counties")
    near = [
        it
        for it in standings
        if not (regions and it.county)
        or (it.county in counties and counties[it.county]["region"] in regions)
    ]
    return [
        overall(code, [it for it in near if it.lifeline == code], age)
        for code in codes.load("lifelines")
    ]

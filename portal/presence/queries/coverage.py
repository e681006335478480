"""Who can decide where: sectors and regions, with the holes.

An organization works in its sectors and its regions. A pair in which some organization works
is covered if somebody of one is here who may decide; the clock alone makes it a hole again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from portal.core import codes
from portal.organizations.models import Organization
from portal.organizations.queries import regions_of
from portal.presence.queries.roster import PresenceView


@dataclass(frozen=True, slots=True)
class Cover:
    """One sector in one region.

    deciders : people who are here and may decide, by name.
    others   : how many are here and may not.
    over     : people who could decide, but whose shift is over.
    """

    deciders: tuple[PresenceView, ...] = ()
    others: int = 0
    over: tuple[PresenceView, ...] = ()

    @property
    def is_hole(self) -> bool:
        """True when nobody can decide there now."""
        return not self.deciders


@dataclass(frozen=True, slots=True)
class SectorCover:
    """One sector. regions : by letter; None where no organization of the sector works."""

    sector: str
    organizations: int
    here: int
    regions: dict[str, Cover | None]

    @property
    def holes(self) -> int:
        """Return in how many regions nobody can decide."""
        return sum(1 for cover in self.regions.values() if cover is not None and cover.is_hole)


def may_decide(view: PresenceView, decision: str) -> bool:
    """Return whether somebody may decide this; "" stands for anything at all."""
    return decision in view.decides if decision else bool(view.decides)


def coverage(
    organizations: Sequence[Organization], views: Iterable[PresenceView], decision: str = ""
) -> list[SectorCover]:
    """Return the sectors in which organizations work, in the code list's order.

    views    : the roster as staff see it.
    decision : code of `decisions`, or "" for any.
    """
    present = [view for view in views if view.is_here or view.is_over]
    found = []
    for sector in codes.load("sectors"):
        members = [it for it in organizations if sector in it.sectors]
        if members:
            worked = {letter for it in members for letter in regions_of(it.counties)}
            mine = [view for view in present if sector in view.sectors]
            regions = {
                letter: _cover([it for it in mine if letter in it.regions], decision)
                if letter in worked
                else None
                for letter in codes.load("regions")
            }
            here = {view.organization for view in mine if view.is_here}
            found.append(SectorCover(sector, len(members), len(here), regions))
    return found


def _cover(views: list[PresenceView], decision: str) -> Cover:
    able = [view for view in views if may_decide(view, decision)]
    return Cover(
        deciders=tuple(view for view in able if view.is_here),
        others=sum(1 for view in views if view.is_here and view not in able),
        over=tuple(view for view in able if view.is_over),
    )

"""The catalogue of what can be offered: the shipped list, and what ERAC made of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.core import codes
from portal.offers.models import CatalogueItem, OfferLine
from portal.offers.states import ItemState


@dataclass(frozen=True, slots=True)
class Attribute:
    """Something asked about an item; choices are empty where it is answered in words."""

    name: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An item of the catalogue. Source: FEMA NIMS, resource kinds; local (Tier 2) list.

    units      : codes of `units`; the first is the default.
    priority   : code of `offer-priorities`: how soon such an offer is answered.
    attributes : as they are written, see `asks`.
    row        : what ERAC changed about it, if it did.
    """

    code: str
    label: str
    kind: str
    units: tuple[str, ...]
    priority: str
    attributes: tuple[str, ...]
    row: CatalogueItem | None = None

    @property
    def is_retired(self) -> bool:
        """True when it can no longer be offered."""
        return self.row is not None and self.row.state is ItemState.RETIRED

    @property
    def asks(self) -> list[Attribute]:
        """Return what the form asks, read from "name" or "name: choice | choice"."""
        return [read_attribute(text) for text in self.attributes]


def read_attribute(text: str) -> Attribute:
    """Read one attribute as it is written."""
    name, _, choices = text.partition(":")
    return Attribute(name.strip(), tuple(it.strip() for it in choices.split("|") if it.strip()))


def catalogue(session: Session) -> dict[str, Item]:
    """Return the whole catalogue by code, retired items too: the shipped order, then added."""
    rows = {it.code: it for it in session.scalars(select(CatalogueItem))}
    items = {
        code.code: Item(
            code=code.code,
            label=code.label,
            kind=code["kind"],
            units=code["units"],
            priority=code["priority"],
            attributes=code["attributes"],
        )
        for code in codes.load("catalogue").values()
    }
    in_order = sorted(rows.values(), key=lambda row: row.id)
    return items | {row.code: _changed(row) for row in in_order}


def get_item(session: Session, code: str) -> Item | None:
    """Return an item that can be offered now."""
    item = catalogue(session).get(code)
    return None if item is None or item.is_retired else item


def item_of(items: Mapping[str, Item], line: OfferLine) -> Item:
    """Return the item of a line, also one that can't be offered any more."""
    return items.get(line.item) or Item(
        code=line.item,
        label=line.label,
        kind=line.kind,
        units=(line.unit,),
        priority="routine",
        attributes=tuple(line.about),
    )


def by_kind(session: Session) -> dict[str, list[Item]]:
    """Return what can be offered now, by kind, in the catalogue's order."""
    kinds: dict[str, list[Item]] = {}
    for item in catalogue(session).values():
        if not item.is_retired:
            kinds.setdefault(item.kind, []).append(item)
    return kinds


def _changed(row: CatalogueItem) -> Item:
    return Item(
        code=row.code,
        label=row.label,
        kind=row.kind,
        units=row.units,
        priority=row.priority,
        attributes=tuple(row.attributes),
        row=row,
    )

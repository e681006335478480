"""What the ERAC cell does with the catalogue and with its saved views."""

import re
from dataclasses import asdict, dataclass

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.core import codes
from portal.core.errors import ConflictError, FieldError
from portal.journal.transaction import Tx
from portal.offers.models import CatalogueItem, SavedView
from portal.offers.queries.catalogue import Item, catalogue, read_attribute
from portal.offers.states import ITEM, VIEW, ViewState

#: Things asked about one item, and names of views on the desk: more nobody reads.
MOST_ATTRIBUTES = 20
MOST_VIEWS = 12

_CODE = re.compile("[A-Z0-9]{2,12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemParticulars:
    """An item as ERAC states it; see `Item`."""

    label: str
    kind: str
    units: tuple[str, ...]
    priority: str
    attributes: tuple[str, ...] = ()


def add_item(tx: Tx, code: str, particulars: ItemParticulars) -> CatalogueItem:
    """Add an item; raises FieldError for a code that is taken, and for what is not right."""
    if not _CODE.fullmatch(code):
        raise FieldError("code", "Write 2 to 12 capital letters or digits.")
    if code in catalogue(tx.session):
        raise FieldError("code", "There is an item with this code.")
    return _put(tx, CatalogueItem(code=code), particulars)


def change_item(tx: Tx, item: Item, particulars: ItemParticulars) -> CatalogueItem:
    """State an item anew; what was offered before keeps its words."""
    if item.row is not None:
        return _put(tx, item.row, particulars)
    return _put(tx, CatalogueItem(code=item.code), particulars)


def retire_item(tx: Tx, item: Item) -> None:
    """Let an item not be offered any more."""
    row = item.row
    if row is None:
        columns = {name: getattr(item, name) for name in ItemParticulars.__dataclass_fields__}
        row = _put(tx, CatalogueItem(code=item.code), ItemParticulars(**columns))
    tx.move(ITEM, "retire", row)


def restore_item(tx: Tx, row: CatalogueItem) -> None:
    """Let a retired item be offered again."""
    tx.move(ITEM, "restore", row)


def save_view(tx: Tx, name: str, query: str) -> SavedView:
    """Give a view of the desk a name, for the whole cell; a name that is taken is replaced."""
    kept = tx.session.scalars(select(SavedView).where(SavedView.state == ViewState.KEPT)).all()
    others = [view for view in kept if view.name != name]
    if len(others) >= MOST_VIEWS:
        raise FieldError("name", f"There are {MOST_VIEWS} saved views. Drop one first.")
    for view in kept:
        if view not in others:
            drop_view(tx, view)
    view = SavedView(name=name, query=query)
    tx.move(VIEW, "save", view, name=name, query=query)
    return view


def drop_view(tx: Tx, view: SavedView) -> None:
    """Take a saved view off the desk."""
    tx.move(VIEW, "drop", view)


def _put(tx: Tx, row: CatalogueItem, particulars: ItemParticulars) -> CatalogueItem:
    is_new = row.state is None
    tx.check(ITEM, "add" if is_new else "change", row)
    if not particulars.units or any(it not in codes.load("units") for it in particulars.units):
        raise FieldError("units", "Choose at least one unit.")
    if particulars.priority not in codes.load("offer-priorities"):
        raise FieldError("priority", "Choose from the list.")
    _check_attributes(particulars.attributes)
    values = asdict(particulars)
    for name, value in values.items():
        setattr(row, name, list(value) if name == "attributes" else value)
    said = values | {"code": row.code}
    if is_new:
        tx.move(ITEM, "add", row, item=said)
        _settle(tx)
    else:
        tx.move(ITEM, "change", row, item=said)
    return row


def _settle(tx: Tx) -> None:
    """Let the database refuse the second of two that came at the same moment."""
    try:
        tx.session.flush()
    except IntegrityError as error:
        raise ConflictError("Somebody else stated this item at the same moment.") from error


def _check_attributes(attributes: tuple[str, ...]) -> None:
    if len(attributes) > MOST_ATTRIBUTES:
        raise FieldError("attributes", f"Ask {MOST_ATTRIBUTES} things at most.")
    names = [read_attribute(text).name for text in attributes]
    if any(not 1 <= len(name) <= 60 for name in names):
        raise FieldError("attributes", "Each line begins with a name of 60 signs at most.")
    if len(set(names)) < len(names):
        raise FieldError("attributes", "Each is asked once.")

"""Photos and data sheets that go with an offer."""

import hashlib
from dataclasses import dataclass

from sqlalchemy import delete, select

from portal.core.errors import FieldError, StateGoneError
from portal.journal.transaction import Tx
from portal.offers.models import Offer, Sheet
from portal.offers.states import OFFER

#: Files with one offer.
MOST_SHEETS = 4


@dataclass(frozen=True, slots=True)
class Document:
    """A file as it is kept: a picture made anew (JPEG), or a data sheet (PDF)."""

    name: str
    mimetype: str
    data: bytes


def attach(tx: Tx, offer: Offer, document: Document) -> Sheet:
    """Put a file with an offer; raises FieldError when it has enough of them."""
    tx.check(OFFER, "attach", offer)
    numbers = tx.session.scalars(select(Sheet.number).where(Sheet.offer_id == offer.id)).all()
    if len(numbers) >= MOST_SHEETS:
        raise FieldError("document", f"An offer has {MOST_SHEETS} files at most.")
    digest = hashlib.sha256(document.data).hexdigest()
    sheet = Sheet(
        offer_id=offer.id,
        number=max(numbers, default=0) + 1,
        name=document.name,
        mimetype=document.mimetype,
        data=document.data,
    )
    tx.session.add(sheet)
    tx.move(OFFER, "attach", offer, file=document.name, digest=digest)
    return sheet


def detach(tx: Tx, offer: Offer, number: int) -> None:
    """Take a file away from an offer; raises StateGoneError when it is gone already."""
    tx.check(OFFER, "detach", offer)
    gone = tx.session.execute(
        delete(Sheet)
        .where(Sheet.offer_id == offer.id, Sheet.number == number)
        .returning(Sheet.number),
        execution_options={"synchronize_session": False},
    )
    if gone.first() is None:
        raise StateGoneError("This file is no longer there.")
    tx.move(OFFER, "detach", offer, number=number)

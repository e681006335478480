"""A real server writes down by itself what its pages note."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sqlalchemy import select

from portal.journal.models import Entry
from portal.journal.notes import QUIET
from portal.journal.verify import verify
from tests import factories as make
from tests.live.server import Server, visiting

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

#: Much longer than it takes, and no claim about it.
_PATIENCE_S = 20.0


def moves_noted(session: Session, count: int) -> list[str]:
    """Return the moves of the notes as soon as there are so many."""
    until = time.monotonic() + _PATIENCE_S
    query = select(Entry.move).where(Entry.move.in_(QUIET)).order_by(Entry.seq)
    while time.monotonic() < until:
        session.rollback()
        if len(found := list(session.scalars(query))) >= count:
            return found
        time.sleep(0.05)
    raise AssertionError("nothing is written down")


def test_what_is_noted_is_written_without_another_request(
    database_url, tmp_path, session, world
):
    offer = make.make_offer(session, world.actor("alpha"), world.incident)
    session.rollback()
    with (
        Server(database_url, tmp_path) as server,
        visiting(server, world.people["erac"].email) as person,
    ):
        person.open(f"/incidents/EX27/offers/{offer.reference}")
        assert moves_noted(session, 1) == ["look"]
        person.open("/incidents/EX27/erac/offers.csv")
        assert moves_noted(session, 2) == ["look", "export"]
    session.rollback()
    assert verify(session) == []

"""Which entries of the journal somebody is told of, and what is needed to tell them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from portal.core.moves import Machine
from portal.feed import queries as feed
from portal.feed.states import POST
from portal.offers import queries as offers
from portal.offers.states import OFFER


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of row whose person is told of some of its moves.

    moves    : the moves told of; each has a template `notify/<subject>.<move>.txt`.
    load     : reads rows by their ids, whoever may see them.
    whole    : what people of some rooms may know of a row, None when it is not theirs.
    reasons  : code list of the row's `reason`.
    endpoint : the row's own page.
    """

    machine: Machine
    moves: frozenset[str]
    load: Callable[[Session, Iterable[int]], Mapping[int, Any]]
    whole: Callable[[Any, Iterable[str]], Any]
    reasons: str
    endpoint: str

    def state_after(self, move: str) -> StrEnum | None:
        """Return the state to which a move leads: while a row is in it, the notice is true."""
        return self.machine.moves[move].to


KINDS = {
    kind.machine.subject: kind
    for kind in (
        Kind(
            POST,
            frozenset({"publish", "reject", "retract"}),
            feed.posts_by_id,
            feed.whole,
            "post-reasons",
            "feed.show",
        ),
        Kind(
            OFFER,
            frozenset({"list", "decline"}),
            offers.offers_by_id,
            offers.whole,
            "offer-reasons",
            "offers.show",
        ),
    )
}

"""References: what people say on the telephone and what URLs carry."""

import secrets
from collections.abc import Callable
from functools import cache
from itertools import count
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

#: Crockford's base 32: no I, L, O or U, so that it survives the telephone.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

#: Picks one sign of a text.
Chooser = Callable[[str], str]

_choose: Chooser = secrets.choice


def use(choose: Chooser | None) -> None:
    """Let `choose` pick the signs from now on; None returns to what nobody can foretell."""
    global _choose  # noqa: PLW0603 - the demo wants the same references at each load
    _choose = choose or secrets.choice


def new_reference(prefix: str = "", length: int = 4) -> str:
    """Return a random reference such as OZ27-K7F3: no counter, so that nobody can count.

    Without a prefix it is longer, as it must be unique without an incident's code.
    """
    if not prefix:
        return "".join(_choose(ALPHABET) for _ in range(length + 4))
    return f"{prefix}-" + "".join(_choose(ALPHABET) for _ in range(length))


def unused_reference(session: Session, column: Any, prefix: str = "") -> str:
    """Return a new reference that no row bears in this column.

    Four letters are few: among 1,200 of one incident two would probably be the same. Where
    ten tries in a row are taken, the next have one letter more.
    """
    session.flush()  # those that are not written yet are looked at, too
    for tried in count():
        reference = new_reference(prefix, 4 + tried // 10)
        found = session.connection().execute(_bearing(column), {"sought": reference})
        if found.first() is None:
            return reference
    raise AssertionError


@cache
def _bearing(column: Any) -> Select[Any]:
    """Return the question for the row of a reference, made once; no object is made of it."""
    (stored,) = column.property.columns
    return select(stored).where(stored == bindparam("sought"))

"""How often a person may ask for what costs much; live pages, which ask by themselves, may.

Counted in this process. Somebody who is held up is told for how long, and loses nothing typed.
"""

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from flask import Flask, current_app, request
from flask_login import current_user

from portal.core.errors import BusyError, TooFastError
from portal.core.rates import Paces, Rate

#: Reports of a person: sixty at once and then one a minute, so never more than 120 in an hour.
REPORTS = Rate(burst=60, every=timedelta(minutes=1))

#: Files made of many rows, for one session: never more than 300 in five minutes.
EXPORTS = Rate(burst=150, every=timedelta(seconds=2))

_EXPORTS = (".csv", ".xlsx")


def wait_of(rate: Rate, key: Hashable) -> timedelta:
    """Count one more for a key and return zero; or how long it has to wait."""
    return _paces(rate).wait(key)


@contextmanager
def sparing(rate: Rate, key: Hashable) -> Iterator[None]:
    """Count what was counted for a key no longer if the portal was too busy to do it."""
    try:
        yield
    except BusyError:
        _paces(rate).give_back(key)
        raise


def _paces(rate: Rate) -> Paces:
    paces: dict[Rate, Paces] = current_app.extensions["paces"]
    return paces[rate]


def _limit_exports() -> None:
    if request.path.endswith(_EXPORTS) and current_user.is_authenticated:
        wait = wait_of(EXPORTS, current_user.get_id())
        if wait:
            raise TooFastError("You asked for many files in a short time.", wait)


def init_app(app: Flask) -> None:
    """Begin to count."""
    app.extensions["paces"] = {rate: Paces(rate) for rate in (REPORTS, EXPORTS)}
    app.before_request(_limit_exports)

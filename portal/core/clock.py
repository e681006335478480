"""The one place that reads the clock, so that a test can hold it still."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

type_of_source = Callable[[], datetime]


def _system() -> datetime:
    return datetime.now(UTC)


_source: type_of_source = _system

#: The smallest step by which two entries of one stream differ.
TICK = timedelta(microseconds=1)


def now() -> datetime:
    """Return the present instant, aware, in UTC."""
    return _source()


def use(source: type_of_source | None) -> None:
    """Read the time from `source` from now on; None returns to the system's clock."""
    global _source  # noqa: PLW0603 - the clock is the one thing a test must replace
    _source = source or _system

"""Times as people read them: the incident's local time, Zulu, age. Nowhere else is time worded.

Stored instants are UTC. The zone is set per request, or per rendered fragment.
"""

import re
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Flask

from portal.core import clock

DEFAULT_ZONE = "America/Chicago"

_zone: ContextVar[str] = ContextVar("zone", default=DEFAULT_ZONE)

_TYPED = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?", re.ASCII)

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


class SkippedTimeError(ValueError):
    """A time of the hour that is left out when the clocks go forward."""


def use_zone(name: str) -> None:
    """Show times in this IANA zone from now on, in this request."""
    _zone.set(name)


def zone() -> ZoneInfo:
    """Return the zone in which times are shown now."""
    return ZoneInfo(_zone.get())


def local(at: datetime) -> str:
    """Return such as "14:05 CDT"; with the day when it is not today's."""
    here, today = at.astimezone(zone()), clock.now().astimezone(zone()).date()
    if here.date() == today:
        return f"{here:%H:%M %Z}"
    year = "" if here.year == today.year else f" {here.year}"
    return f"{here.day} {here:%b}{year} {here:%H:%M %Z}"


def military(at: datetime) -> str:
    """Return such as "0700", in the incident's zone."""
    return f"{at.astimezone(zone()):%H%M}"


def zulu(at: datetime) -> str:
    """Return such as "1905Z"."""
    return f"{at.astimezone(UTC):%H%MZ}"


def iso(at: datetime) -> str:
    """Return RFC 3339 in UTC, whole seconds, for `datetime` attributes."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def exact(at: datetime) -> str:
    """Return the instant to the microsecond, in UTC: the key by which live lists are sorted."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def parse_exact(text: str) -> datetime | None:
    """Read `exact` back, as a link to what was before carries it; None for anything else."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None and 1 < at.year < 9999 else None


def day(at: datetime) -> str:
    """Return such as "Wednesday 21 April 2027"."""
    here = at.astimezone(zone())
    return f"{here:%A} {here.day} {here:%B %Y}"


def age(at: datetime) -> str:
    """Return such as "12 min ago"; never negative, whatever the clocks say."""
    seconds = max(int((clock.now() - at).total_seconds()), 0)
    if seconds < _MINUTE:
        return "just now"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min ago"
    if seconds < 2 * _DAY:
        return f"{seconds // _HOUR} h ago"
    return f"{seconds // _DAY} days ago"


def typed(at: datetime) -> str:
    """Return the form of `<input type="datetime-local">`, in the incident's zone."""
    return f"{at.astimezone(zone()):%Y-%m-%dT%H:%M}"


def parse_typed(text: str) -> datetime:
    """Read `typed` back as an instant in UTC; of an hour that comes twice, its first.

    Raises ValueError when it is no such time, SkippedTimeError when the zone leaves it out.
    """
    if not _TYPED.fullmatch(text.strip()):
        raise ValueError("not a date and a time")
    naive = datetime.fromisoformat(text.strip())
    at = naive.replace(tzinfo=zone()).astimezone(UTC)
    if at.astimezone(zone()).replace(tzinfo=None) != naive:
        raise SkippedTimeError("the clocks skip this time")
    return at


def next_hours(hours: int) -> datetime:
    """Return the full hour that lies at least so many hours ahead."""
    ahead = clock.now() + timedelta(hours=hours)
    return ahead.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


def minutes(length: timedelta) -> str:
    """Return a length of time in words, such as "6 minutes"; at least one."""
    number = max(1, round(length.total_seconds() / 60))
    return "1 minute" if number == 1 else f"{number} minutes"


def init_app(app: Flask) -> None:
    """Give templates the filters, and the present."""
    for word in (local, military, zulu, iso, exact, day, age, typed, minutes):
        app.add_template_filter(word, word.__name__)
    app.add_template_global(clock.now, "present")

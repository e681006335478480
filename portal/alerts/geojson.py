"""The reader of the National Weather Service's alerts: api.weather.gov/alerts, as GeoJSON.

Source: OASIS CAP 1.2, in the names that the service gives its elements. A file is read whole or
refused whole: half a set of alerts looks like all of it.
"""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn

from portal.core import codes

#: Largest file, in bytes: some thirty times what a bad day brings.
MAX_BYTES = 16 * 1024 * 1024

#: An alert's name in the world: sender, identifier, and when it was sent, in UTC.
Key = tuple[str, str, str]

STATUSES = frozenset({"Actual", "Exercise", "System", "Test", "Draft"})
MESSAGE_TYPES = frozenset({"Alert", "Update", "Cancel"})
SEVERITIES = frozenset({"Extreme", "Severe", "Moderate", "Minor", "Unknown"})
URGENCIES = frozenset({"Immediate", "Expected", "Future", "Past", "Unknown"})
CERTAINTIES = frozenset({"Observed", "Likely", "Possible", "Unlikely", "Unknown"})
CATEGORIES = frozenset(
    {
        *("Geo", "Met", "Safety", "Security", "Rescue", "Fire"),
        *("Health", "Env", "Transport", "Infra", "CBRNE", "Other"),
    }
)

#: RFC 3339 with a zone. Python alone would read weeks and bare dates, too.
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)

#: A part of the county (0: all of it), the state, the county (000: the whole state).
_SAME = re.compile(r"\d(\d{5})", re.ASCII)
_MISSOURI = "29000"

#: Neither can be stored: the end of a text to PostgreSQL, and half a character.
_NO_TEXT = re.compile("[\0\ud800-\udfff]")


class BrokenFileError(ValueError):
    """A file that is no set of alerts; says where and why, and nothing of it is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One message about a hazard. All instants are in UTC.

    message_type : "Alert" begins, "Update" replaces and "Cancel" ends its `references`.
    headline, description, instruction, sender_name : "" where the service gives none.
    severity, urgency, certainty, category : as in CAP; see the sets above.
    expires : when this message is no longer valid; the hazard itself lasts until `ends`.
    counties : FIPS codes of Missouri, sorted; () if only other states or zones are named.
    areas : where, in the service's words.
    """

    identifier: str
    sender: str
    sent: datetime
    status: str
    message_type: str
    event: str
    headline: str
    description: str
    instruction: str
    severity: str
    urgency: str
    certainty: str
    category: str
    sender_name: str
    effective: datetime
    onset: datetime | None
    expires: datetime
    ends: datetime | None
    counties: tuple[str, ...]
    areas: str
    references: tuple[Key, ...]

    @property
    def is_real(self) -> bool:
        """Return whether it is about the world: no exercise, test or draft."""
        return self.status == "Actual"

    @property
    def key(self) -> Key:
        """Return what it is known by, as others refer to it."""
        return self.sender, self.identifier, self.sent.isoformat()


def read_alerts(raw: bytes) -> tuple[Alert, ...]:
    """Read a file of alerts, in its order; one that is there twice comes once.

    Raises `BrokenFileError`.
    """
    data = _loaded(raw)
    features = data.get("features") if isinstance(data, dict) else None
    if not isinstance(features, list) or data.get("type") != "FeatureCollection":
        raise BrokenFileError("the file is not a FeatureCollection")
    alerts: dict[Key, Alert] = {}
    for place, feature in enumerate(features, 1):
        alert = _alert(place, feature)
        if alerts.setdefault(alert.key, alert) != alert:
            raise BrokenFileError(
                f"alert {place}: is there twice, and says something else the second time"
            )
    return tuple(alerts.values())


def _loaded(raw: bytes) -> Any:
    if len(raw) > MAX_BYTES:
        raise BrokenFileError(f"the file is larger than {MAX_BYTES // (1024 * 1024)} MB")
    try:
        return json.loads(
            raw.decode("utf-8-sig"), parse_constant=_refuse_number, object_pairs_hook=_once
        )
    except UnicodeDecodeError as error:
        raise BrokenFileError(f"the file is not UTF-8: byte {error.start}") from error
    except json.JSONDecodeError as error:
        raise BrokenFileError(f"the file is not JSON: line {error.lineno}") from error
    except RecursionError as error:
        raise BrokenFileError("the file is nested too deeply") from error
    except BrokenFileError:
        raise
    except ValueError as error:  # a number of thousands of digits
        raise BrokenFileError("the file holds a number that is none") from error


def _refuse_number(word: str) -> NoReturn:
    raise BrokenFileError(f"the file holds {word}, which is no number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object, if none of its names says two things."""
    made: dict[str, Any] = {}
    for name, value in pairs:
        if made.setdefault(name, value) != value:
            raise BrokenFileError(f"the name {name[:40]!r} is in one object twice")
    return made


def _alert(place: int, feature: Any) -> Alert:
    told = feature.get("properties") if isinstance(feature, dict) else None
    if not isinstance(told, dict) or feature.get("type") != "Feature":
        raise BrokenFileError(f"alert {place}: is not a Feature with properties")
    read = _Fields(f"alert {place}", told)
    return Alert(
        identifier=read.text("id"),
        sender=read.text("sender"),
        sent=read.time("sent"),
        status=read.one_of("status", STATUSES),
        message_type=read.one_of("messageType", MESSAGE_TYPES),
        event=read.text("event"),
        headline=read.text_or_none("headline"),
        description=read.text_or_none("description"),
        instruction=read.text_or_none("instruction"),
        severity=read.one_of("severity", SEVERITIES),
        urgency=read.one_of("urgency", URGENCIES),
        certainty=read.one_of("certainty", CERTAINTIES),
        category=read.one_of("category", CATEGORIES),
        sender_name=read.text_or_none("senderName"),
        effective=read.time("effective"),
        onset=read.time_or_none("onset"),
        expires=read.time("expires"),
        ends=read.time_or_none("ends"),
        counties=read.counties(),
        areas=read.text("areaDesc"),
        references=read.references(),
    )


@dataclass(frozen=True, slots=True)
class _Fields:
    """The properties of one alert; `where` begins the reason for which one is refused."""

    where: str
    told: dict[str, Any]

    def refuse(self, what: str) -> NoReturn:
        """Refuse the file for what one property is."""
        raise BrokenFileError(f"{self.where}: {what}")

    def text(self, name: str) -> str:
        """Return words that must be there."""
        value = self.text_or_none(name)
        if not value:
            self.refuse(f"{name} is missing")
        return value

    def text_or_none(self, name: str) -> str:
        """Return words; "" where there are none."""
        value = self.told.get(name)
        if value is None:
            return ""
        if not isinstance(value, str) or _NO_TEXT.search(value):
            self.refuse(f"{name} is not text")
        return value.strip()

    def one_of(self, name: str, known: Collection[str]) -> str:
        """Return a word of a list."""
        value = self.text(name)
        if value not in known:
            self.refuse(
                f"{name} is {value[:40]!r}, which is none of {', '.join(sorted(known))}"
            )
        return value

    def time(self, name: str) -> datetime:
        """Return an instant that must be there."""
        value = self.text(name)
        if not _TIME.fullmatch(value):
            self.refuse(f"{name} is not a time with its zone")
        try:
            return datetime.fromisoformat(value).astimezone(UTC)
        except (ValueError, OverflowError):
            self.refuse(f"{name} is not a time")

    def time_or_none(self, name: str) -> datetime | None:
        """Return an instant, or None where there is none."""
        return None if self.told.get(name) is None else self.time(name)

    def counties(self) -> tuple[str, ...]:
        """Return the counties of Missouri that the alert's SAME codes name."""
        geocode = self.told.get("geocode")
        same = geocode.get("SAME", []) if isinstance(geocode, dict) else None
        if not isinstance(same, list):
            self.refuse("geocode has no list of SAME codes")
        found: set[str] = set()
        known = codes.load("counties")
        for code in same:
            match = _SAME.fullmatch(code) if isinstance(code, str) else None
            if match is None:
                self.refuse("geocode has a SAME code that is not six digits")
            found |= set(known) if match[1] == _MISSOURI else {match[1]} & set(known)
        return tuple(sorted(found))

    def references(self) -> tuple[Key, ...]:
        """Return the keys of the alerts that this one replaces or ends."""
        told = self.told.get("references", [])
        if not isinstance(told, list):
            self.refuse("references is not a list")
        return tuple(self._reference(place, each) for place, each in enumerate(told, 1))

    def _reference(self, place: int, told: Any) -> Key:
        if not isinstance(told, dict):
            self.refuse(f"reference {place} is not an object")
        read = _Fields(f"{self.where}, reference {place}", told)
        return read.text("sender"), read.text("identifier"), read.time("sent").isoformat()

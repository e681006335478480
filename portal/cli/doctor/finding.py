"""What a check is handed, and what it says."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from portal.config import Settings
from portal.core.db import Database

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class Level(StrEnum):
    """How bad it is, as it is printed."""

    OK = "ok"
    WARN = "warn"
    WRONG = "WRONG"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found, in words that say what to do where it is not well."""

    level: Level
    words: str


def ok(words: str) -> Finding:
    """Return that all is well."""
    return Finding(Level.OK, words)


def warn(words: str) -> Finding:
    """Return that somebody should look at it."""
    return Finding(Level.WARN, words)


def wrong(words: str) -> Finding:
    """Return that it must not stay so."""
    return Finding(Level.WRONG, words)


@dataclass(frozen=True, slots=True)
class Patient:
    """The installation that is looked at."""

    settings: Settings
    database: Database

    @property
    def is_lone(self) -> bool:
        """True where the portal answers to nobody but its own machine."""
        base_url = self.settings.base_url
        return not base_url or urlsplit(base_url).hostname in _LOOPBACK


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the doctor's.

    wants_tables : whether it can only be looked at in a database of the present schema.
    """

    name: str
    look: Callable[[Patient], Finding]
    wants_tables: bool = False

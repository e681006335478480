"""What a page hands to a write: its single-use key, and the rows it showed."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class OnceKey:
    """A form's single-use key, and what it is bound to.

    route     : endpoint and arguments of the request.
    body_hash : SHA-256 of what was typed, without the key itself and the CSRF token.
    """

    token: str
    route: str
    body_hash: str


@dataclass(frozen=True, slots=True)
class Held:
    """A row that the write depends on, with the version the browser read (None: any).

    shared : others may depend on it at the same moment; nobody changes it meanwhile.
    """

    row: Any
    version: int | None = None
    shared: bool = False

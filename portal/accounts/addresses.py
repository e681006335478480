"""E-mail addresses as people paste them: one a line, or parted by commas and semicolons.

A name may stand before an address in angle brackets, as in `Doe, Jane <jane@company.com>`.
"""

import re
from collections.abc import Iterator

from email_validator import EmailNotValidError, validate_email

_BETWEEN = re.compile(r"[\n;]")
_IN_BRACKETS = re.compile(r"<([^<>]*)>")

#: The longest address that a row keeps (RFC 5321).
_LONGEST = 254


def split(text: str) -> list[str]:
    """Return what stands for one address each, in order."""
    return [typed for line in _BETWEEN.split(text) for typed in _of_line(line)]


def _of_line(line: str) -> Iterator[str]:
    """Yield the addresses of a line; a comma may also stand in a name."""
    name = ""
    for piece in line.split(","):
        typed = piece.strip()
        found = _IN_BRACKETS.search(typed)
        if found:
            name = ""
            yield found[1].strip()
        elif "@" in typed:
            if name:
                yield name
            name = ""
            yield typed
        elif typed:
            name = f"{name}, {typed}" if name else typed
    if name:
        yield name


def read(typed: str) -> str | None:
    """Return an address as it is kept, in lower case; None for what is none."""
    try:
        found = validate_email(typed, check_deliverability=False, allow_quoted_local=False)
    except EmailNotValidError:
        return None
    email = found.normalized.lower()
    return email if len(email) <= _LONGEST else None

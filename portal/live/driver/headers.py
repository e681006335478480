"""The headers of a request, read strictly: everybody must read the same end out of them.

What a proxy in front reads otherwise could hide a second request in the first one's body.
Source: RFC 9112, sections 5.1, 5.2 and 6.3; RFC 9110, sections 5.5 and 5.6.2.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

#: A header's name, a colon right after it, and a value without anything that steers.
_LINE = re.compile(rb"\A([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t\x20-\x7e\x80-\xff]*)\r?\n")
_DIGITS = re.compile("[0-9]{1,15}")
_ENDS = {"content-length", "transfer-encoding"}

#: Headers of a request at most, and bytes of one.
MOST, LONGEST = 100, 32_768


class Headers:
    """What the server asks of a request's headers; names have no case.

    status : always empty: what is wrong is an error at once.
    """

    __slots__ = ("_fields", "_first")

    status = ""

    def __init__(self, fields: list[tuple[str, str]]) -> None:
        """Take them in the order in which they came."""
        self._fields = fields
        self._first = {name.lower(): value for name, value in reversed(fields)}

    def get(self, name: str, default: str | None = None) -> str | None:
        """Return the first value of that name."""
        return self._first.get(name.lower(), default)

    getheader = get

    def __delitem__(self, name: str) -> None:
        wanted = name.lower()
        self._fields = [it for it in self._fields if it[0].lower() != wanted]
        self._first.pop(wanted, None)

    @property
    def headers(self) -> Iterator[str]:
        """Yield each as a line."""
        return (f"{name}: {value}\r\n" for name, value in self._fields)

    @property
    def typeheader(self) -> str | None:
        """Return the type of the body."""
        return self.get("content-type")


def read_headers(lines: BinaryIO) -> Headers:
    """Read them up to the empty line. Raises ValueError where it is not clear what is meant."""
    fields: list[tuple[str, str]] = []
    ends: list[tuple[str, str]] = []
    while (line := lines.readline(LONGEST + 1)) not in {b"\r\n", b"\n"}:
        found = _LINE.fullmatch(line)
        if found is None or len(fields) == MOST:
            raise ValueError("a header is none, or there are too many")
        field = found[1].decode("ascii"), found[2].strip(b" \t").decode("latin-1")
        fields.append(field)
        if field[0].lower() in _ENDS:
            ends.append(field)
    if len(ends) > 1 or not all(map(_is_clear, ends)):
        raise ValueError("it is not clear where this request ends")
    return Headers(fields)


def _is_clear(field: tuple[str, str]) -> bool:
    name, value = field
    if name.lower() == "content-length":
        return _DIGITS.fullmatch(value) is not None
    return value.lower() == "chunked"

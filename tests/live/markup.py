"""What a page shows live, and what a frame makes of it, compared as a browser reads them.

Python's own parser reads a page ten times as fast as html5lib, and asks for well-formed pages.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

#: (view, subject): what stands there.
Views = dict[tuple[str, str], str]

#: By the name of a list the states that it takes.
Lists = dict[str, frozenset[str]]

_VOID = {"br", "hr", "img", "input", "link", "meta", "wbr"}

#: A time of another day says which; whether it does depends on when it was written.
_DAY = re.compile(r"\b\d{1,2} [A-Z][a-z]{2} (?=\d\d:\d\d )")


class _Reader(HTMLParser):
    """Collects the rows of live lists, in words that do not depend on blanks or age.

    lists : by name the states in which a row belongs there; none for whatever state.
    rows  : by list and subject; a row outside of any list counts as one of the list "".
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.lists: Lists = {}
        self.rows: Views = {}
        self.states: dict[tuple[str, str], str] = {}
        self._path: list[tuple[str, str]] = [("", "")]  # tag, and the list that it is
        self._row: tuple[str, str] | None = None
        self._row_depth = self._age_depth = 0
        self._pieces: list[str] = []
        self.feed(html)
        self.close()
        assert len(self._path) == 1, f"not closed: {self._path}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        subject, view = known.get("data-subject"), known.get("data-view") or ""
        if self._row is None and subject and (self._path[-1][1] or len(self._path) == 1):
            self._row, self._row_depth = (self._path[-1][1], subject), len(self._path)
            self.states[self._row] = known.get("data-state") or ""
        self._say(f"<{tag} {sorted(known.items(), key=str)}>")
        if view:
            self.lists[view] = frozenset((known.get("data-takes") or "").split())
        if tag not in _VOID:
            self._path.append((tag, view))
            if "data-age" in known and not self._age_depth:
                self._age_depth = len(self._path)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._say(f"<{tag} {sorted(attrs, key=str)}>")

    def handle_endtag(self, tag: str) -> None:
        assert self._path[-1][0] == tag, f"</{tag}> in {self._path}"
        if self._age_depth == len(self._path):
            self._age_depth = 0
        self._path.pop()
        self._say(f"</{tag}>")
        if self._row is not None and len(self._path) == self._row_depth:
            self.rows[self._row] = "".join(self._pieces)
            self._row, self._pieces = None, []

    def handle_data(self, data: str) -> None:
        self._say(_DAY.sub("", " ".join(data.split())))

    def _say(self, piece: str) -> None:
        if self._row is not None and not self._age_depth:
            self._pieces.append(piece)


def belongs(state: str, takes: frozenset[str]) -> bool:
    """Return whether a list takes a row in this state.

    One that is there already stays in sight when it moves on, until the page is asked for anew;
    here it has gone then, from either side of a comparison.
    """
    return not takes or state in takes


def read_page(html: str) -> tuple[Views, Lists]:
    """Return what stands in a page's live lists, and what the lists take."""
    reader = _Reader(html)
    views = {
        key: row
        for key, row in reader.rows.items()
        if key[0] and belongs(reader.states[key], reader.lists[key[0]])
    }
    return views, reader.lists


def read_fragment(html: str) -> tuple[str, str]:
    """Return the one element of a frame, as `read_page` words it, and its state."""
    reader = _Reader(html)
    assert len(reader.rows) == 1, f"not one row: {html}"
    key, row = reader.rows.popitem()
    return row, reader.states[key]

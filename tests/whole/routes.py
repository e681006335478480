"""The portal's routes, and a path for each: with this to fill in what stands in brackets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flask import Flask
    from werkzeug.routing import Rule

#: One of several words in a path, each of which is a route of its own to those who ask.
_CHOICE = re.compile(r"<any\(([^)]*)\):[^<>]+>")

_ARGUMENT = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")

#: A reference, link or number that nobody has.
UNKNOWN: Mapping[str, str] = {
    "code": "EX27",
    "reference": "EX27-0000",
    "sign_in_id": "999999",
    "party": "EX27-0000",
    "token": "x" * 43,
    "name": "nobody",
    "filename": "ui/portal.css",
    "number": "1",
    "item": "NONE",
}


@dataclass(frozen=True, slots=True, order=True)
class Route:
    """One path of one method.

    rule : as the map of routes has it, without the edition of the static files.
    """

    rule: str
    method: str
    endpoint: str
    template: str

    def path(self, **known: str) -> str:
        """Return the path with every argument filled in; made up where it is not known."""
        filled = {**UNKNOWN, **known}
        return _ARGUMENT.sub(lambda found: filled[found[1]], self.template)


def routes_of(app: Flask) -> list[Route]:
    """Return every route but those that Flask answers by itself."""
    return sorted(
        Route(
            path.replace(app.static_url_path or "/static", "/static"), method, it.endpoint, path
        )
        for it in app.url_map.iter_rules()
        for path in _choices(it)
        for method in (it.methods or set()) - {"HEAD", "OPTIONS"}
    )


def _choices(rule: Rule) -> list[str]:
    found = _CHOICE.search(rule.rule)
    if found is None:
        return [rule.rule]
    return [_CHOICE.sub(word.strip(), rule.rule) for word in found[1].split(",")]


def pages_of(app: Flask) -> Iterator[Route]:
    """Yield what can be opened with GET, but static files."""
    return (it for it in routes_of(app) if it.method == "GET" and it.endpoint != "static")

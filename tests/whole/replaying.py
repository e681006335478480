"""Two mirror organizations: what a reader of each is handed, and what comes of sending it back.

A `Told` is what an answer said; two are the same if they differ in nothing but what was sent.
"""

from __future__ import annotations

import re
import secrets
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from portal.core.references import ALPHABET
from tests.pages import Page
from tests.whole.answers import handed_out, parts_of, read
from tests.whole.routes import Route, pages_of

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

    from tests.pages import PageClient
    from tests.whole.mirrored import Side
    from tests.whole.scene import Scene

_ARGUMENT = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")

#: Arguments that say nothing of a side.
_COMMON = {"code", "filename", "name"}

#: What a reader follows, and how many of the links that differ in what they ask alone.
_IS_PAGE = re.compile(r"/(?!static/)")
_MOST_ALIKE = 3


@dataclass(frozen=True)
class Told:
    """What came of something that was sent: status, what the answer says, where it leads."""

    status: int
    text: str
    location: str
    sent: str

    def without(self, values: list[str]) -> tuple[int, str, str]:
        """Return it with nothing in the place of some values, however they are written."""
        text, location = self.text, self.location
        for value in values:
            for it in (value, quote(value), quote(value, safe="")):
                text, location = text.replace(it, "□"), location.replace(it, "□")
        return self.status, text, location


@dataclass
class Reader:
    """Somebody who has opened every page that any page leads to."""

    client: PageClient
    pages: dict[str, Page] = field(default_factory=dict)
    values: set[str] = field(default_factory=set)
    texts: dict[str, str] = field(default_factory=dict)

    def read(self, starts: list[str]) -> Reader:
        """Open the starts, and all that they lead to."""
        waiting, seen = [*starts], Counter(starts)
        while waiting:
            path = waiting.pop(0)
            for link in self._open(path):
                target = link.partition("#")[0]
                alike = f"{target.partition('?')[0]} asked"
                if _IS_PAGE.match(target) and not seen[target] and seen[alike] < _MOST_ALIKE:
                    seen[target] += 1
                    seen[alike] += 1
                    waiting.append(target)
        return self

    def _open(self, path: str) -> list[str]:
        answer = self.client.get(path)
        status, self.texts[path] = read(answer)
        self.values |= handed_out(answer)
        self.values |= set(parts_of(path))
        if answer.mimetype != "text/html" or status != 200:
            return []
        page = Page(path, status, answer.text, 0, answer)
        self.pages[path] = page
        return page.links + [it.get("src", "") for it in page.all("img[@src]")]


@dataclass
class Mirror:
    """The portal with both sides in it, read by two people of each."""

    scene: Scene
    east: Side
    west: Side

    @cache  # noqa: B019 - as long as the module
    def reader(self, name: str) -> Reader:
        paths = [it.path() for it in pages_of(self.scene.app) if not arguments_of(it)]
        return Reader(self.scene.client(name)).read(paths)

    def readers(self, side: Side) -> list[Reader]:
        return [self.reader(name) for name in side.people]

    @property
    def attacker(self) -> PageClient:
        """West's administrator, who may ask for more than its liaison."""
        return self.scene.client(self.west.people[1])

    def is_public(self, handle: str) -> bool:
        """Whether West's own pages lead there."""
        return any(handle in it.values for it in self.readers(self.west))

    def leaks_in(self, answer: Told) -> list[str]:
        """Return which of East's canaries an answer holds beside what was sent."""
        _, text, location = answer.without([answer.sent] if answer.sent else [])
        return self.east.leaks_in(text + location)

    def __hash__(self) -> int:
        return id(self)


def arguments_of(route: Route) -> list[str]:
    """Return the arguments of a route that can say something of a side."""
    return [it for it in _ARGUMENT.findall(route.template) if it not in _COMMON]


def shape(value: str) -> str:
    """Return the value that stands for all of one shape."""
    return re.sub(r"[A-Z]", "A", re.sub(r"[a-z]", "a", re.sub(r"\\d(?!\\d*-)", "0", value)))


def twin(value: str) -> str:
    """Return a value of the same shape that leads nowhere."""
    if value.isdigit():
        return str(7_000_000 + secrets.randbelow(1_000_000))
    prefix, dash, rest = value.rpartition("-") if value.startswith("EX27-") else ("", "", value)
    if rest.isupper() or rest.isdigit():
        return prefix + dash + "".join(secrets.choice(ALPHABET) for _ in rest)
    return "".join(secrets.choice("abcdefgh") if it.isalpha() else it for it in rest)


def told(answer: TestResponse, sent: str = "") -> Told:
    """Return what an answer to something says."""
    status, text = read(answer)
    return Told(status, text, answer.headers.get("Location", ""), sent)


def expect_same(found: Told, wanted: Told, *about: object) -> None:
    """Fail unless two answers are the same but for what was sent; say briefly what differs."""
    sent = sorted({found.sent, wanted.sent} - {""}, key=len, reverse=True)
    one, other = found.without(sent), wanted.without(sent)
    if one != other:
        pairs = zip(one[1].splitlines(), other[1].splitlines(), strict=False)
        apart = [pair for pair in pairs if pair[0] != pair[1]]
        pytest.fail(f"{about}: {one[0], one[2]} not {other[0], other[2]}: {apart[:3]}")

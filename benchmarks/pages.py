"""What pages weigh on the wire when nothing is cached, and how long they take to come."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin

from benchmarks import world
from benchmarks.report import Report, say
from benchmarks.server import instance, serving
from benchmarks.visitor import Visitor
from benchmarks.world import opened

_KB = 1000
_WARM = 10

_IN_CSS = re.compile(r"""url\(["']?([^"')]+)|@import\s+["']([^"']+)""")
_IN_JS = re.compile(r"""(?:import|from)\s*["']([./][^"']+)["']""")
_BELOW = f"/incidents/{world.CODE}"


@dataclass(frozen=True, slots=True)
class Page:
    """A page, who opens it ("" for a stranger), and what it may weigh, in KB."""

    name: str
    path: str
    reader: str
    budget: int


PAGES = (
    Page("sign-in", "/sign-in", "", 35),
    Page("feed of 30 posts", f"{_BELOW}/feed", world.AUTHOR, 65),
    Page("form for a report", f"{_BELOW}/feed/new", world.AUTHOR, 50),
    Page("choice of what to offer", f"{_BELOW}/offers/new", world.AUTHOR, 50),
    Page("form for an offer", f"{_BELOW}/offers/new?item=FUEL", world.AUTHOR, 50),
    Page("queue of 30 reports", f"{_BELOW}/feed/queue", world.MODERATOR, 95),
    Page("ERAC's desk, 30 offers", f"{_BELOW}/erac", world.ERAC, 95),
)


class _Links(HTMLParser):
    """Collects what a browser loads with a page."""

    _SOURCES = {"link": "href", "script": "src", "img": "src", "use": "href"}  # noqa: RUF012

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        source = dict(attrs).get(self._SOURCES.get(tag, ""))
        if source and not source.startswith(("#", "data:")):
            self.found.append(source)


def _wanted_by(path: str, text: str) -> Iterator[str]:
    """Yield the paths of what a page, a style sheet or a module loads."""
    name = path.partition("?")[0]
    if name.endswith(".css"):
        links = [first or second for first, second in _IN_CSS.findall(text)]
    elif name.endswith((".js", ".mjs")):
        links = _IN_JS.findall(text)
    elif name.endswith(".svg"):
        links = []
    else:
        links = _Links(text).found
    for link in links:
        if not link.startswith("data:"):
            yield urldefrag(urljoin(path, link)).url


def weigh(visitor: Visitor, path: str) -> tuple[int, int]:
    """Return the bytes on the wire of a page with all it loads, and how many requests it took.

    Raises LookupError if a part of it is not there.
    """
    waiting, seen, weight = [path], {path}, 0
    while waiting:
        at = waiting.pop()
        answer = visitor.get(at)
        if answer.status != 200:
            message = f"{at} answered {answer.status}"
            raise LookupError(message)
        weight += answer.wire
        for link in _wanted_by(at, answer.text):
            if link not in seen:
                seen.add(link)
                waiting.append(link)
    return weight, len(seen)


def measure_sizes(report: Report) -> None:
    """Weigh the pages against their budgets."""
    say("Weighing pages …")
    with instance() as at:
        with opened(at.url) as session:
            world.add_posts(session, range(30))
            world.add_waiting(session, 30)
            world.add_offers(session, 30)
            readers = sorted({page.reader for page in PAGES} - {""})
            visas = world.sign_in(session, readers, at.secret_key)
            cookies = {visa.email: visa.cookie for visa in visas}
        with serving(at) as server:
            for page in PAGES:
                visitor = Visitor(server.port, cookies.get(page.reader, ""))
                weight, requests = weigh(visitor, page.path)
                visitor.close()
                name = f"cold page: {page.name}, {requests} requests"
                report.add(name, "KB", weight / _KB, bar=page.budget)

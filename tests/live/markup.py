"""What a page shows live, and what a frame makes of it, compared as a browser reads them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import html5lib

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from tests.pages import Page

#: (view, subject): what stands there.
Views = dict[tuple[str, str], str]

#: A time of another day says which; whether it does depends on when it was written.
_DAY = re.compile(r"\b\d{1,2} [A-Z][a-z]{2} (?=\d\d:\d\d )")


def views_of(page: Page) -> Views:
    """Return what stands in the page's live lists, by view and subject."""
    return {
        (view.get("data-view", ""), row.get("data-subject", "")): canonical(row)
        for view in page.all("*[@data-view]")
        for row in view
        if row.get("data-subject")
    }


def lists_of(page: Page) -> set[str]:
    """Return the names of the page's live lists."""
    return {view.get("data-view", "") for view in page.all("*[@data-view]")}


def read_fragment(html: str) -> str:
    """Return a frame's element as `canonical` words it."""
    container = "tbody" if html.lstrip().startswith("<tr") else "div"
    fragment = html5lib.parseFragment(html.strip(), container, namespaceHTMLElements=False)
    first, *others = [it for it in fragment if isinstance(it.tag, str)]
    assert not others, f"more than one element in a frame: {html}"
    return canonical(first)


def canonical(element: Element) -> str:
    """Return an element in words that do not depend on blanks, or on the age of things."""
    return "".join(_pieces(element))


def _pieces(element: Element) -> Iterator[str]:
    attributes = "".join(f" {k}={v!r}" for k, v in sorted(element.attrib.items()))
    yield f"<{element.tag}{attributes}>"
    if "data-age" not in element.attrib:
        yield _words(element.text)
        for child in element:
            if isinstance(child.tag, str):
                yield from _pieces(child)
            yield _words(child.tail)
    yield f"</{element.tag}>"


def _words(text: str | None) -> str:
    return _DAY.sub("", " ".join((text or "").split()))

"""What an answer says: without what differs each time, and every value that it hands out."""

from __future__ import annotations

import html
import io
import json
import re
import zipfile
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import html5lib

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from werkzeug.test import TestResponse

#: What changes with every answer: single-use values, what a passkey is asked, recovery codes.
_TOKENS = re.compile(
    r'((?:name="(?:csrf[-_]token|once)"[^>]*?(?:value|content)|nonce)="|"challenge": "|<code>)'
    r'(?:(?<!>)[^"]*|[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3})'
)
_NONCES = re.compile(r"'nonce-[^']*'")
#: Files write numbers without it.
_IN_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3})")

_LED_TO = ("href", "action", "formaction", "src")
_HELD = ("id", "value", "for", "headers", "aria-describedby")


def read(answer: TestResponse) -> tuple[int, str]:
    """Return what an answer says, without what differs each time."""
    body = answer.data
    if body.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(body)) as book:
            text = "".join(book.read(it).decode() for it in book.namelist())
    else:
        is_binary = body.startswith(b"%PDF") or answer.mimetype.startswith("image/")
        text = body.decode("latin-1" if is_binary else "utf-8")
    return answer.status_code, _TOKENS.sub(r"\1", in_plain(text))


def headers_of(answer: TestResponse) -> list[tuple[str, str]]:
    """Return the headers of an answer, without what differs each time."""
    return [(name, _NONCES.sub("", value)) for name, value in answer.headers.items()]


def in_plain(text: str) -> str:
    """Return a text without what markup and the grouping of digits do to words and numbers."""
    return _IN_THOUSANDS.sub("", html.unescape(text))


def handed_out(answer: TestResponse) -> set[str]:
    """Return every value of an answer that could be sent back: in links, forms, data, headers.

    Of a file that is each of its words; of a page also the parts of its paths.
    """
    headers = ("ETag", "Content-Disposition", "Location", "X-Request-Id")
    found = {it for name in headers for it in answer.headers.getlist(name)}
    if answer.mimetype == "text/html":
        tree = html5lib.parse(answer.text, namespaceHTMLElements=False)
        for element in tree.iter():
            found.update(_of(element))
    elif answer.mimetype == "text/csv":
        found.update(re.split(r"[,\s\"]+", answer.text))
    return {it.strip() for it in found if it.strip()}


def _of(element: Element) -> Iterator[str]:
    for name, value in element.items():
        if name in _LED_TO:
            yield from parts_of(value)
        elif name.startswith("data-"):
            yield from _in_json(value)
        elif name in _HELD:
            yield value


def parts_of(url: str) -> Iterator[str]:
    """Yield what a path is made of, and what it asks."""
    split = urlsplit(url)
    yield from (it for it in split.path.split("/") if it)
    yield from (value for _, value in parse_qsl(split.query))


def _in_json(text: str) -> Iterator[str]:
    try:
        yield from _leaves(json.loads(text))
    except ValueError:
        yield text


def _leaves(data: Any) -> Iterator[str]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield str(key)
            yield from _leaves(value)
    elif isinstance(data, list):
        for value in data:
            yield from _leaves(value)
    else:
        yield str(data)

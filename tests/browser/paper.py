"""Reads the words of each sheet of a PDF as Chromium writes it, with nothing else installed."""

from __future__ import annotations

import re
import zlib
from itertools import pairwise

_OBJECT = re.compile(rb"(\d+) 0 obj\s(.*?)endobj", re.DOTALL)
_STREAM = re.compile(rb"stream\n(.*?)\nendstream", re.DOTALL)
_SHOWN = re.compile(rb"/(F\d+) [\d.]+ Tf|<([0-9A-F]+)> Tj|(ET)")
_LETTERS = re.compile(rb"beginbf(char|range)\n(.*?)endbf", re.DOTALL)
_HEX = re.compile(rb"<([0-9A-F]+)>")

Letters = dict[int, str]


def sheets(pdf: bytes) -> list[str]:
    """Return the words of each sheet, in the order in which they were drawn."""
    objects = {int(number): body for number, body in _OBJECT.findall(pdf)}
    pages = [body for body in objects.values() if b"/Type /Page\n" in body]
    return [_words(page, objects) for page in pages]


def _words(page: bytes, objects: dict[int, bytes]) -> str:
    fonts = {
        name: _letters(objects[int(number)], objects)
        for name, number in re.findall(rb"/(F\d+) (\d+) 0 R", page)
    }
    words, letters = "", Letters()
    for font, shown, end in _SHOWN.findall(_stream(_named(rb"Contents", page, objects))):
        if font:
            letters = fonts[font]
        words += "".join(letters.get(glyph, "?") for glyph in _pairs(shown))
        words += " " if end else ""
    return " ".join(words.split())


def _letters(font: bytes, objects: dict[int, bytes]) -> Letters:
    """Return which letter each glyph of a font stands for."""
    letters = Letters()
    for kind, lines in _LETTERS.findall(_stream(_named(rb"ToUnicode", font, objects))):
        for line in lines.splitlines():
            *glyphs, code = (int(it, 16) for it in _HEX.findall(line) if len(it) == 4)
            first, last = (glyphs * 2)[:2] if kind == b"char" else glyphs
            letters.update({it: chr(code + it - first) for it in range(first, last + 1)})
    return letters


def _named(name: bytes, body: bytes, objects: dict[int, bytes]) -> bytes:
    found = re.search(rb"/%s (\d+) 0 R" % name, body)
    assert found, name
    return objects[int(found[1])]


def _stream(body: bytes) -> bytes:
    found = _STREAM.search(body)
    assert found
    return zlib.decompress(found[1]) if b"/FlateDecode" in body else found[1]


def _pairs(shown: bytes) -> list[int]:
    ends = range(0, len(shown) + 1, 4)
    return [int(shown[start:end], 16) for start, end in pairwise(ends)]

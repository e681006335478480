"""Two wordings beside each other: what was changed, and how alike they are."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Literal

Kind = Literal["same", "out", "in"]

#: Words keep what joins them inside, as in MO-37 or 1,000; all else stands for itself.
_WORD = re.compile(r"\w+(?:[^\w\s]\w+)*|\s+|[^\w\s]")

_LETTERS = re.compile(r"[^\W_]+")

#: Comparing costs at most this many pairs of equal words; past it the change is shown whole.
_MOST_PAIRS = 100_000


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of two wordings: in both, only in the old ("out"), only in the new ("in")."""

    kind: Kind
    text: str


def differences(old: str, new: str) -> tuple[Piece, ...]:
    """Return how the old wording becomes the new one, word by word.

    Pieces of "same" and "out" joined are the old text, of "same" and "in" the new one. No two
    neighbours are of one kind, and none is empty.
    """
    before, after = _WORD.findall(old), _WORD.findall(new)
    start = _count_equal(before, after)
    end = _count_equal(before[start:][::-1], after[start:][::-1])
    middle = _compared(
        before[start : len(before) - end],
        after[start : len(after) - end],
    )
    tail = before[len(before) - end :]
    return tuple(_joined([("same", before[:start]), *middle, ("same", tail)]))


def likeness(a: str, b: str) -> float:
    """Return how alike two texts are, from 0.0 to 1.0 for equal ones, whichever comes first.

    Shares of three letters or digits in a row that both have; case and marks do not count.
    """
    if a == b:
        return 1.0
    in_a, in_b = trigrams(a), trigrams(b)
    shared = len(in_a & in_b)
    every = len(in_a) + len(in_b) - shared
    return shared / every if every else 0.0


def _count_equal(one: Sequence[str], other: Sequence[str]) -> int:
    """Return how many words both begin with."""
    for place, (mine, yours) in enumerate(zip(one, other, strict=False)):
        if mine != yours:
            return place
    return min(len(one), len(other))


def _compared(old: list[str], new: list[str]) -> Iterator[tuple[Kind, Sequence[str]]]:
    if _pairs(old, new) > _MOST_PAIRS:
        yield "out", old
        yield "in", new
        return
    # Blanks are found beside equal words only: by themselves they make no two texts alike.
    matcher = SequenceMatcher(str.isspace, old, new, autojunk=False)
    for what, i, j, k, m in matcher.get_opcodes():
        if what == "equal":
            yield "same", old[i:j]
        else:
            yield "out", old[i:j]
            yield "in", new[k:m]


def _pairs(old: list[str], new: list[str]) -> int:
    """Return how many pairs of equal words there are: what a comparison costs."""
    counted: dict[str, int] = {}
    for word in new:
        if not word.isspace():
            counted[word] = counted.get(word, 0) + 1
    return sum(counted.get(word, 0) for word in old)


def _joined(parts: list[tuple[Kind, Sequence[str]]]) -> Iterator[Piece]:
    """Join neighbours of one kind, and leave out what is empty."""
    kind: Kind = "same"
    text = ""
    for next_kind, words in parts:
        if not words:
            continue
        if next_kind != kind and text:
            yield Piece(kind, text)
            text = ""
        kind, text = next_kind, text + "".join(words)
    if text:
        yield Piece(kind, text)


@lru_cache(maxsize=512)
def trigrams(text: str) -> frozenset[tuple[str, str, str]]:
    """Return the letters and digits of a text by threes; kept, since candidates come again."""
    letters = _LETTERS.findall(text.lower())
    plain = f"  {' '.join(letters)} " if letters else ""
    return frozenset(zip(plain, plain[1:], plain[2:], strict=False))

"""Wordings beside each other: what was changed, and how alike they are."""

from __future__ import annotations

import random
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.wording import differences, likeness, trigrams

WORDS = st.sampled_from(
    ["road", "closed", "MO-37", "1,000", " ", "  ", "\n", ".", ",", "é", ""]
)
TEXTS = st.one_of(st.lists(WORDS, max_size=30).map("".join), st.text(max_size=40))

MARKS = {"same": "{}", "out": "[-{}-]", "in": "{{+{}+}}"}


def shown(old, new):
    return "".join(MARKS[piece.kind].format(piece.text) for piece in differences(old, new))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("Road closed", "Road closed at MO-37", "Road closed{+ at MO-37+}"),
        ("MO-37 is closed.", "MO-39 is closed.", "[-MO-37-]{+MO-39+} is closed."),
        ("Open until 14:05", "Open until 15:05", "Open until [-14:05-]{+15:05+}"),
        ("about 1,000 gal", "about 1,500 gal", "about [-1,000-]{+1,500+} gal"),
        ("Power is out.", "Power is back.", "Power is [-out-]{+back+}."),
        ("one\ntwo", "one\n\ntwo", "one[-\n-]{+\n\n+}two"),
        ("gone", "", "[-gone-]"),
        ("", "new", "{+new+}"),
        ("", "", ""),
    ],
)
def test_a_change_is_shown_word_by_word(old, new, expected):
    assert shown(old, new) == expected


@given(TEXTS, TEXTS)
def test_both_wordings_can_be_read_off_the_pieces(old, new):
    pieces = differences(old, new)
    assert "".join(it.text for it in pieces if it.kind != "in") == old
    assert "".join(it.text for it in pieces if it.kind != "out") == new
    assert all(it.text for it in pieces)
    kinds = [it.kind for it in pieces]
    assert all(kind != after for kind, after in pairwise(kinds))


@given(TEXTS)
def test_an_unchanged_text_is_one_piece(text):
    assert [(it.kind, it.text) for it in differences(text, text)] == (
        [("same", text)] if text else []
    )


@pytest.mark.parametrize("vocabulary", [1, 2, 10, 30, 1000])
def test_long_texts_of_few_words_take_no_time_either(vocabulary):
    chance = random.Random(vocabulary)  # noqa: S311 - texts, no secrets
    old, new = (
        " ".join(f"w{chance.randrange(vocabulary)}" for _ in range(2_000)) for _ in "on"
    )
    began = time.perf_counter()
    pieces = differences(old, "first " + new)
    assert time.perf_counter() - began < 2
    assert "".join(it.text for it in pieces if it.kind != "in") == old


# ---------------------------------------------------------------- likeness


def test_the_same_news_in_other_words_is_likelier_than_other_news():
    told = "MO-37 is closed north of Monett: water over the road."
    again = "Water over the road, MO-37 closed north of Monett"
    other = "Our store in Branson has power from its generator."
    assert likeness(told, again) > 0.6
    assert likeness(told, other) < 0.2


def test_case_and_marks_do_not_count():
    assert likeness("Road CLOSED, at mile 12!", "road closed at mile 12") == 1.0


@pytest.mark.parametrize(
    ("a", "b", "expected"), [("", "", 1.0), ("!", "!", 1.0), ("!", "?", 0.0), ("", "a", 0.0)]
)
def test_texts_without_letters_are_alike_only_if_equal(a, b, expected):
    assert likeness(a, b) == expected


@given(TEXTS, TEXTS)
def test_likeness_is_a_share_whichever_comes_first(a, b):
    assert 0.0 <= likeness(a, b) <= 1.0
    assert likeness(a, b) == likeness(b, a)
    assert likeness(a, a) == 1.0


def test_sixty_candidates_are_taken_apart_once_however_often_they_are_compared():
    told, candidates = "Road closed at MO-37", [f"Power out in county {n}" for n in range(60)]
    taken_apart = trigrams.cache_info
    trigrams.cache_clear()
    for _ in range(3):
        assert max(likeness(told, candidate) for candidate in candidates) < 1.0
        assert taken_apart().misses == 61

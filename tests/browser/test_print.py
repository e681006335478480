"""Paper: every sheet says which it is of how many, and that all this is an exercise."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from tests.browser.paper import sheets
from tests.browser.people import Person

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.conftest import DemoServer

MARK = "EXERCISE — NOT REAL"


def printed(person: Person, **options: str) -> list[str]:
    """Return the words of each sheet, with letters that were drawn as one taken apart."""
    found = sheets(person.page.pdf(**{"format": "Letter"} | options))
    return [unicodedata.normalize("NFKC", words) for words in found]


def test_every_sheet_of_the_feed_is_marked_and_nothing_is_left_out(
    server: DemoServer, meet: Callable[..., Person]
):
    liaison = meet(server.url, "liaison")
    liaison.open("feed")
    liaison.is_live()
    said = liaison.page.locator("[data-view=feed] h3").all_inner_texts()
    paper = printed(liaison, format="A5")
    assert len(paper) > 1
    for number, words in enumerate(paper, 1):
        assert MARK in words
        assert f"Page {number} of {len(paper)}" in words
        assert words.replace(" ", "").count("EXERCISE") >= 2, "the mark behind the words, too"
    whole = " ".join(paper)
    assert [words for words in said if " ".join(words.split()) not in whole] == []
    assert "Dana Brandt" in paper[0], "who printed it"
    assert "SW Missouri Tornado and Flood" in paper[0]
    assert "Op period 6" in paper[0]
    for word in ("Sign out", "Our reports", "Live", "More"):
        assert word not in whole


def test_a_page_of_one_thing_is_printed_with_its_story(
    server: DemoServer, meet: Callable[..., Person]
):
    erac = meet(server.url, "erac")
    erac.open("erac")
    erac.page.locator("[data-view=erac] a").first.click()
    erac.page.wait_for_url("**/offers/*")
    paper = printed(erac)
    assert all(MARK in words for words in paper)
    assert "What happened, what is next" in " ".join(paper)
    assert "Take it" not in " ".join(paper), "a button is of no use on paper"


def test_what_is_no_exercise_is_not_marked_as_one(
    server: DemoServer, meet: Callable[..., Person]
):
    liaison = meet(server.url, "liaison")
    liaison.page.goto(f"{server.url}/incidents/daily/feed")
    assert "EXERCISE" not in " ".join(printed(liaison))

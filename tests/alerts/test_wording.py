"""The words of a draft: a heading, what is the matter, what to do."""

from __future__ import annotations

import pytest

from portal.alerts.geojson import read_alerts
from portal.alerts.wording import (
    LONGEST,
    LONGEST_HEADLINE,
    LONGEST_INSTRUCTION,
    words_of,
)
from portal.core.contacts import hide_contacts
from portal.core.web.prose import body, headline
from portal.feed.models import MAX_SAID
from tests.alerts.stories import REAL, file, told


def alert(**more):
    (made,) = read_alerts(file(told("it", 0, **more)))
    return made


def test_the_heading_comes_first_then_what_is_the_matter_then_what_to_do():
    words = words_of(alert(description="Water over roads.", instruction="Turn around."))
    assert words == "Flash Flood Warning it\n\nWater over roads.\n\nTurn around."
    assert headline(words) == "Flash Flood Warning it"
    assert body(words) == "Water over roads.\n\nTurn around."


def test_where_there_is_no_headline_the_event_is_said():
    told_of = alert(headline=None, description=None, instruction=None)
    assert words_of(told_of) == "Flash Flood Warning"


def test_a_headline_of_two_lines_is_one():
    assert words_of(alert(headline="Flood\n Warning")).startswith("Flood Warning\n\n")


@pytest.mark.parametrize(
    ("status", "message_type", "begins"),
    [
        ("Actual", "Update", "Flash"),
        ("Actual", "Cancel", "Cancelled: Flash"),
        ("Exercise", "Alert", "Exercise: Flash"),
        ("Test", "Cancel", "Test: Cancelled: Flash"),
    ],
)
def test_what_is_cancelled_or_an_exercise_says_so_first(status, message_type, begins):
    assert words_of(alert(status=status, messageType=message_type)).startswith(begins)


def test_lines_broken_at_the_papers_edge_are_joined_and_lists_and_tables_are_not():
    description = (
        "At 153 PM PST, county dispatch reported a breach on the Desimone\n"
        "Levee on the Green River near S Todd Blvd failed causing flash\n"
        "flooding of immediately surrounding areas.\n"
        "\n"
        "* WHAT...Flooding caused by excessive rainfall continues to be\n"
        "* possible, and this line begins with a star all the same, too.\n"
        "\u2022 Short line\n"
        "Kansas City     23 feet    24 feet    on Monday at 6 in the morning\n"
        "Boonville       21 feet    22 feet    on Monday at 9 in the morning\n"
    )
    _, joined, rest = words_of(alert(description=description, instruction=None)).split("\n\n")
    assert joined == (
        "At 153 PM PST, county dispatch reported a breach on the Desimone Levee on the Green "
        "River near S Todd Blvd failed causing flash flooding of immediately surrounding areas."
    )
    assert rest.split("\n") == description.strip().split("\n")[4:]


def test_what_is_too_long_is_cut_at_a_word_and_what_to_do_is_kept():
    words = words_of(alert(description="many words " * 999, instruction="Turn around."))
    assert LONGEST - 20 < len(words) <= LONGEST
    assert words.endswith((" words…\n\nTurn around.", " many…\n\nTurn around."))


def test_each_part_is_bounded():
    made = alert(headline="x" * 9999, description="y" * 9999, instruction="z" * 9999)
    heading, description, instruction = words_of(made).split("\n\n")
    assert len(heading) == LONGEST_HEADLINE
    assert len(instruction) == LONGEST_INSTRUCTION
    assert len(words_of(made)) == LONGEST
    assert {heading[-1], description[-1], instruction[-1]} == {"…"}


def test_every_real_alert_is_told_whole():
    for each in read_alerts(REAL):
        words = words_of(each)
        said = f"{each.headline or each.event} {each.description} {each.instruction}"
        assert words.split() == said.split()
        assert len(hide_contacts(words)) <= MAX_SAID

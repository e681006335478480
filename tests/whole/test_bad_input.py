"""Bad input gets a clear message at its field, keeps what was typed and writes nothing.

Reports, and bodies that no form of ours sends.
"""

from __future__ import annotations

import html
import io
from typing import TYPE_CHECKING

import pytest

from portal.feed.models import Post
from tests.whole.refused import (
    GOOD_REPORT,
    REPORT,
    assert_bad,
    assert_kept,
    assert_refused_at,
    newest,
    written,
)
from tests.whole.scene import csrf_of

if TYPE_CHECKING:
    from tests.pages import PageClient

pytestmark = pytest.mark.xdist_group("bad input")

LISTED = "Choose from the list"

# ---------------------------------------------------------------- reports

BLANK = " \t\r\n "
UNSEEN = "\0\u202e\u2066"

BAD_REPORTS = {
    "words": [
        (None, "Say what you see"),
        ("", "Say what you see"),
        ("x" * 1001, "1,000 characters at most"),
        ("x" * 200_000, "1,000 characters at most"),
    ],
    "county": [
        (None, "Choose the county"),
        ("", "Choose the county"),
        ("00000", LISTED),
        ("29097 ", LISTED),
        ("Jasper", LISTED),
        ("TRANS", LISTED),
    ],
    "lifeline": [
        (None, "Choose the lifeline"),
        ("MONEY", LISTED),
        ("trans", LISTED),
    ],
    "standing": [
        (None, "Say how it stands"),
        ("exploded", LISTED),
        ("CLOSED", LISTED),
    ],
    "asked_for": [
        (None, "Say who may see this"),
        ("everyone", LISTED),
        ("org:3", LISTED),
        ("cell:erac", LISTED),
        ("sector:ENER", LISTED),
    ],
}

CASES = [(field, *case) for field, cases in BAD_REPORTS.items() for case in cases]


@pytest.mark.parametrize(("field", "value", "says"), CASES, ids=lambda it: ascii(it)[:40])
def test_a_bad_report_is_refused_at_its_field(scene, field, value, says):
    assert_bad(scene, "alpha", REPORT, {**GOOD_REPORT, field: value}, (field, says))


@pytest.mark.parametrize("blank", [BLANK, UNSEEN, f" {UNSEEN}\n"], ids=ascii)
def test_words_that_nobody_could_read_are_no_report(scene, blank):
    before = written(scene)
    client = scene.client("alpha")
    page = client.read(client.send(REPORT, None, **{**GOOD_REPORT, "words": blank}), 422)
    assert_refused_at(page, "words", "Say what you see")
    assert_kept(page, GOOD_REPORT, but="words")
    assert written(scene) == before


def test_all_that_is_wrong_is_said_at_once_and_in_the_order_of_the_form(scene):
    before = written(scene)
    client = scene.client("alpha")
    answer = client.send(REPORT, None, **dict.fromkeys(GOOD_REPORT))
    page = client.read(answer, 422)
    (summary,) = page.with_class("errsum")
    targets = [(it.get("href") or "").removesuffix("-0") for it in summary.iter("a")]
    assert targets == [f"#{name}" for name in GOOD_REPORT]
    assert written(scene) == before


def test_a_report_at_its_cap_is_taken_word_for_word(scene):
    words = "".join(chr(0x1F300 + number % 500) for number in range(1000))
    client = scene.client("alpha")
    answer = client.send(REPORT, None, **{**GOOD_REPORT, "words": f"  {words}\r\n"})
    assert answer.status_code == 303
    assert newest(scene, Post).words == words
    assert words in html.unescape(client.page(answer.headers["Location"]).main)


def test_signs_that_nobody_sees_are_taken_out_and_others_stay(scene):
    hebrew = "\u05e9\u05dc\u05d5\u05dd \u200f"
    words = f"Stor\0e\u202e 14\x07: \u2067<b>closed</b>\u2069\r\n{hebrew}A&B \U0001f6d2\tend"
    answer = scene.client("alpha").send(REPORT, None, **{**GOOD_REPORT, "words": words})
    assert answer.status_code == 303
    stored = newest(scene, Post).words
    assert (
        stored == "Store 14: <b>closed</b>\n\u05e9\u05dc\u05d5\u05dd \u200fA&B \U0001f6d2\tend"
    )
    page = scene.client("alpha").page(answer.headers["Location"])
    assert page.all("b") == []
    assert "<b>closed</b>" in page.main


# ---------------------------------------------------------------- bodies of another shape


def token(client: PageClient) -> dict[str, str]:
    return {"csrf_token": csrf_of(client), "once": "of another shape"}


SHAPES = {
    "JSON": lambda good: {"json": {**good, "words": 5, "county": ["29097"], "lifeline": {}}},
    "JSON list": lambda _good: {"json": [1, 2]},
    "no JSON": lambda _good: {"data": b"{", "content_type": "application/json"},
    "a file for the words": lambda good: {
        "data": {**good, "words": (io.BytesIO(b"x"), "words.txt")}
    },
    "a file for the county": lambda good: {"data": {**good, "county": (io.BytesIO(b"x"), "c")}},
    "brackets": lambda good: {"data": {**good, "words": None, "words[]": "x", "words[0]": "x"}},
    "no known type": lambda _good: {"data": b"words=x", "content_type": "text/plain"},
    "nothing": lambda _good: {"data": b"", "content_type": "multipart/form-data; boundary=x"},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_body_of_another_shape_is_a_form_that_was_not_filled_in(scene, shape):
    before = written(scene)
    client = scene.client("alpha")
    sent = SHAPES[shape](GOOD_REPORT)
    if isinstance(sent.get("data"), dict):
        sent["data"] = {k: v for k, v in sent["data"].items() if v is not None}
    answer = client.post(REPORT, headers={"X-CSRFToken": csrf_of(client)}, **sent)
    client.read(answer, 422)
    assert written(scene) == before


def test_bytes_that_are_no_text_do_no_harm(scene):
    client = scene.client("alpha")
    body = "&".join(f"{k}={v}" for k, v in {**token(client), **GOOD_REPORT}.items())
    body = body.replace("Joplin", "%ff%ED%A0%80%C0%AF").replace(" ", "+")
    answer = client.post(REPORT, data=body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 303
    assert newest(scene, Post).words.startswith("The bridge at ")
    scene.client("alpha").page(answer.headers["Location"])


def test_of_a_field_sent_twice_the_first_counts(scene):
    client = scene.client("alpha")
    sent = {**token(client), "once": "twice", **GOOD_REPORT}
    sent |= {"words": ["First.", "Second."], "county": ["29097", "00000"]}
    assert client.post(REPORT, data=sent).status_code == 303
    assert newest(scene, Post).words == "First."


@pytest.mark.parametrize("kind", ["urlencoded", "multipart"])
def test_a_body_over_the_limit_gets_a_plain_answer(scene, kind):
    before = written(scene)
    client = scene.client("alpha")
    big = {**token(client), **GOOD_REPORT, "words": "x" * 300_000}
    if kind == "multipart":
        big["file"] = (io.BytesIO(b"x"), "x.txt")
    answer = client.post(REPORT, data=big)
    assert (answer.status_code, answer.mimetype) == (413, "text/plain")
    assert len(answer.text) < 200
    assert "too large" in answer.text
    assert written(scene) == before


def test_very_many_fields_are_too_much(scene):
    before = written(scene)
    client = scene.client("alpha")
    many = {f"f{number}": "x" for number in range(2000)}
    many["file"] = (io.BytesIO(b"x"), "x.txt")
    answer = client.post(REPORT, data={**token(client), **many})
    assert (answer.status_code, answer.mimetype) == (413, "text/plain")
    assert written(scene) == before

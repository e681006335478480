"""Bad moves of offers, items and views: a message at the field, words kept, nothing written."""

from __future__ import annotations

import io

import pytest
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import encode_multipart

from portal.offers.models import CatalogueItem
from portal.offers.operations import offering
from tests import factories as make
from tests.feed.stage import below
from tests.offers.making import PDF, asked, begun, draft, with_sheet
from tests.offers.stage import PARTICULARS, item
from tests.whole.refused import (
    assert_bad,
    assert_refused_at,
    at,
    newest,
    written,
)

pytestmark = pytest.mark.xdist_group("bad input")

LISTED, LONG = "Choose from the list", "x" * 301

#: By move: who makes it, what is typed, and what is refused of it.
BAD_MOVES = {
    "list": (
        {"checks": ["caller", "duplicates"], "note": "Thank you."},
        {
            "checks": [
                (None, "Check first: Caller known, No duplicate"),
                (["caller"], "Check first: No duplicate"),
                (["item", "terms", "liability"], "Check first"),
                (["caller", "luck"], LISTED),
            ],
            "note": [(LONG, "300 characters")],
        },
    ),
    "decline": (
        {"reason": "not_needed", "note": "Enough now."},
        {
            "reason": [(None, "Choose a reason"), ("", "Choose a reason"), ("luck", LISTED)],
            "note": [(LONG, "300 characters")],
        },
    ),
    "ask": (
        {"question": "Since when?"},
        {
            "question": [
                (None, "Write the question"),
                ("", "Write the question"),
                (LONG, "300 characters"),
            ]
        },
    ),
    "note": (
        {"note": "They call back."},
        {
            "note": [
                (None, "Write the note"),
                ("", "Write the note"),
                (LONG, "300 characters"),
            ]
        },
    ),
    "vet": ({"checks": ["caller"]}, {"checks": [(["luck"], LISTED), (["caller", ""], LISTED)]}),
    "assign": (
        {"person": ""},
        {
            "person": [
                (None, "Choose somebody"),
                ("", "Choose somebody"),
                ("0", LISTED),
                ("999999", LISTED),
                ("Erac Person", LISTED),
            ]
        },
    ),
    "prioritize": (
        {"priority": "low"},
        {"priority": [("now", LISTED), ("", LISTED), ("x" * 5000, LISTED)]},
    ),
}

BAD_OWN = {
    "withdraw": ({"note": "Sold."}, {"note": [(LONG, "300 characters")]}),
    "renew": (
        {"available_until": at(days=5)},
        {
            "available_until": [
                (None, "Write until when"),
                ("", "Write until when"),
                ("later", "Write a date and a time"),
                (at(hours=-1), "has passed"),
                (at(minutes=30), "Leave at least an hour"),
                (at(hours=3), "stands until then already"),
                (at(days=3650), "a year at most"),
                ("2027-03-14T02:30", "skip this time"),
            ]
        },
    ),
}

BAD_REPLIES = [
    (None, "Write the answer"),
    ("", "Write the answer"),
    (LONG, "300 characters"),
]


def cases(bad):
    return [
        pytest.param(move, {**good, field: value}, (field, says), id=f"{move} {field} {number}")
        for move, (good, fields) in bad.items()
        for field, of_field in fields.items()
        for number, (value, says) in enumerate(of_field)
    ]


@pytest.fixture(scope="module")
def offers(scene):
    """Return the page of an offer that waits, and of one with a question."""
    session, world = scene.session, scene.world
    waiting = make.make_offer(session, world.actor("alpha"))
    question = make.make_offer(session, world.actor("alpha"))
    asked(session, world.actor("erac"), question)
    return below(waiting, "offers"), below(question, "offers")


@pytest.mark.parametrize(("move", "typed", "wrong"), cases(BAD_MOVES))
def test_the_desk_is_told_at_the_field(scene, offers, move, typed, wrong):
    assert_bad(scene, "erac", offers[0], typed, wrong, move=f"offer.{move}")


@pytest.mark.parametrize(("move", "typed", "wrong"), cases(BAD_OWN))
def test_the_owner_is_told_at_the_field(scene, offers, move, typed, wrong):
    assert_bad(scene, "alpha", offers[0], typed, wrong, move=f"offer.{move}")


@pytest.mark.parametrize("name", ["alpha", "erac"])
@pytest.mark.parametrize(("value", "says"), BAD_REPLIES)
def test_a_reply_is_refused_at_its_field(scene, offers, name, value, says):
    typed, wrong = {"reply": value}, ("reply", says)
    assert_bad(scene, name, offers[1], typed, wrong, move="offer.reply")


def test_an_offer_for_members_is_sent_with_their_word_alone(scene):
    guild = scene.world.actor("guild")
    member = scene.world.organizations["bravo"].reference
    url = below(draft(scene.session, guild, member=member), "offers")
    for value, says in ((None, "take out what is offered for members"), ("x", LISTED)):
        typed, wrong = {"on_behalf": value}, ("on_behalf", says)
        assert_bad(scene, "guild", url, typed, wrong, move="offer.submit")
    client = scene.client("guild")
    assert client.send(url, "offer.submit", on_behalf="y").status_code == 303


def test_what_is_not_ready_cannot_be_sent(scene):
    """The page has no button for it; whoever makes the form up is told what is missing."""
    session, client = scene.session, scene.client("alpha")
    made = begun(session, scene.world.actor("alpha"))
    page, before = client.page(below(made, "offers")), written(scene)
    assert "offer.submit" not in page.moves
    form = page.form("offer.discard")
    answer = client.submit(form, to=below(made, "offers", "submit"))
    assert "Say where, when and on what terms first." in client.read(answer, 422).main
    assert written(scene) == before


# ---------------------------------------------------------------- lines


def test_an_offer_keeps_one_line_and_takes_so_many(scene, monkeypatch):
    session, client = scene.session, scene.client("alpha")
    made = draft(session, scene.world.actor("alpha"))
    form = client.page(below(made, "offers")).form("offer.discard")
    before = written(scene)
    answer = client.submit(form, to=below(made, "offers", "lines/1/remove"))
    assert "at least one item" in client.read(answer, 422).main
    answer = client.submit(form, to=below(made, "offers", "lines/9/remove"))
    assert answer.status_code == 422
    monkeypatch.setattr(offering, "MOST_LINES", 1)
    url = below(made, "offers", "lines/new?item=FUEL")
    page = client.read(client.send(url, None, amount="1", unit="GAL", price="3"), 422)
    assert "1 lines at most" in page.main
    assert written(scene) == before
    assert client.get(below(made, "offers", "lines/9")).status_code == 404


# ---------------------------------------------------------------- files

BAD_FILES = {
    "nothing": (b"", "nothing.jpg", "Choose a photo or a PDF"),
    "words": (b"Dear all, we have pumps.", "pumps.txt", ""),
    "a page": (b"<html><script>alert(1)</script></html>", "pump.pdf", ""),
    "half a picture": (b"\xff\xd8\xff\xe0\0\x10JFIF", "pump.jpg", ""),
    "a drawing": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "pump.svg", ""),
    "a program": (b"MZ\x90\0" * 99, "pump.jpg", ""),
    "a letter late": (b" " + PDF, "pump.pdf", ""),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_file_that_is_neither_picture_nor_pdf_is_refused(scene, offers, name):
    data, filename, says = BAD_FILES[name]
    client, before = scene.client("alpha"), written(scene)
    sent = {"document": (io.BytesIO(data), filename)}
    page = client.read(client.send(offers[0], "offer.attach", **sent), 422)
    assert_refused_at(page, "document", says, "offer.attach")
    assert written(scene) == before


def test_no_more_than_four_files_go_with_an_offer(scene):
    session, alpha, client = scene.session, scene.world.actor("alpha"), scene.client("alpha")
    made = make.make_offer(session, alpha)
    for number in range(4):
        with_sheet(session, alpha, made, name=f"{number}.pdf")
    before = written(scene)
    sent = {"document": (io.BytesIO(PDF), "fifth.pdf")}
    page = client.read(client.send(below(made, "offers"), "offer.attach", **sent), 422)
    assert_refused_at(page, "document", "4 files at most", "offer.attach")
    assert written(scene) == before


def test_a_file_over_8_mb_is_refused_and_a_far_larger_one_not_even_read(scene, offers):
    client, before = scene.client("alpha"), written(scene)
    for size, status in ((8 * 1024**2 + 1, 422), (9 * 1024**2, 413)):
        form = client.page(offers[0]).form("offer.attach")
        data = PDF + b"\0" * (size - len(PDF))
        answer = upload(client, form, data)
        assert answer.status_code == status
        if status == 422:
            page = client.read(answer, 422)
            assert_refused_at(page, "document", "8 MB at most", "offer.attach")
    assert written(scene) == before


def upload(client, form, data):
    """Send a large file without keeping it in a file of the test's own."""
    document = FileStorage(io.BytesIO(data), "pump.pdf")
    boundary, body = encode_multipart(MultiDict({**form.filled, "document": document}))
    kind = f'multipart/form-data; boundary="{boundary}"'
    return client.post(form.action, data=body, content_type=kind)


# ---------------------------------------------------------------- the catalogue and views

BAD_ITEMS = {
    "code": [
        (None, "Write a code"),
        ("", "Write a code"),
        ("X", "2 to 12 capital letters"),
        ("pump", "2 to 12 capital letters"),
        ("PUMP 2", "2 to 12 capital letters"),
        ("PÜMP", "2 to 12 capital letters"),
        ("X" * 13, "12 characters"),
        ("FUEL", "There is an item with this code"),
    ],
    "label": [(None, "Write the name"), ("", "Write the name"), ("x" * 121, "120 characters")],
    "kind": [(None, "Write the kind"), ("", "Write the kind"), ("x" * 41, "40 characters")],
    "priority": [("now", LISTED), ("", LISTED)],
    "units": [(None, "at least one unit"), (["BARREL"], LISTED), (["EA", ""], LISTED)],
    "attributes": [
        ("x" * 2001, "2,000 characters"),
        ("x" * 61, "60 signs at most"),
        (": red | blue", "60 signs at most"),
        ("power, kW\npower, kW: 1 | 2", "Each is asked once"),
        ("\n".join(f"thing {number}" for number in range(21)), "20 things at most"),
    ],
}
ITEM_CASES = [
    pytest.param(field, *case, id=f"{field} {number}")
    for field, of_field in BAD_ITEMS.items()
    for number, case in enumerate(of_field)
]


@pytest.mark.parametrize(("field", "value", "says"), ITEM_CASES)
def test_a_bad_item_is_refused_at_its_field(scene, field, value, says):
    typed = {**PARTICULARS, "code": "PUMPX", field: value}
    assert_bad(scene, "erac", "/catalogue/new", typed, (field, says), move="item.add")


@pytest.mark.parametrize(
    ("field", "value", "says"), [it for it in ITEM_CASES if "code" not in str(it.id)]
)
def test_an_item_is_changed_by_the_same_rules(scene, field, value, says):
    url = f"/catalogue/{_known(scene)}"
    typed = {**PARTICULARS, field: value}
    assert_bad(scene, "erac", url, typed, (field, says), move="item.change")


def _known(scene):
    return (newest(scene, CatalogueItem) or item(scene.world)).code


BAD_NAMES = [(None, "Write a name"), ("", "Write a name"), ("x" * 41, "40 characters")]


@pytest.mark.parametrize(("value", "says"), BAD_NAMES)
def test_a_view_needs_a_name(scene, value, says):
    url = "/incidents/EX27/erac?show=late"
    assert_bad(scene, "erac", url, {"name": value}, ("name", says), move="view.save")


def test_a_refused_view_is_still_the_view_that_was_shown(scene):
    client = scene.client("erac")
    url = "/incidents/EX27/erac?show=listed&item=FUEL"
    page = client.read(client.send(url, "view.save", name=""), 422)
    assert page.form("view.save").action.endswith("?show=listed&item=FUEL")

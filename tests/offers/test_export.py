"""Files of the desk for spreadsheets: a row for each line, in which no cell is a formula."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from xml.etree import ElementTree as ET

import pytest

from portal.incidents.models import Incident
from portal.offers import operations as offers
from portal.offers.views import desk
from tests.factories import list_offer, make_offer, offer_line, open_incident
from tests.offers.making import do, draft, entered

BASE = "/incidents/EX27"
SPREADSHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
FORMULAS = ("=1+1", "+1", "-1", "@SUM(1)", " =1", "＝1+1", "\t=1")  # noqa: RUF001


def csv_of(answer):
    assert answer.mimetype == "text/csv"
    assert answer.data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))


def xlsx_of(answer):
    """Read a workbook as a spreadsheet does: shared strings, then cells by their places."""
    with zipfile.ZipFile(io.BytesIO(answer.data)) as book:
        shared = ET.fromstring(book.read("xl/sharedStrings.xml"))  # noqa: S314 - ours
        sheet = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))  # noqa: S314
    words = ["".join(it.itertext()) for it in shared.iter(f"{SPREADSHEET}si")]
    assert not list(sheet.iter(f"{SPREADSHEET}f")), "a formula"
    rows = []
    for row in sheet.iter(f"{SPREADSHEET}row"):
        cells = {}
        for cell in row.iter(f"{SPREADSHEET}c"):
            value = cell.findtext(f"{SPREADSHEET}v") or ""
            is_word = cell.get("t") == "s"
            place = re.sub(r"\d", "", cell.get("r", ""))
            cells[place] = words[int(value)] if is_word else float(value or 0)
        rows.append(list(cells.values()))
    return rows


def name_of(answer):
    return answer.headers["Content-Disposition"]


def test_a_row_for_each_line_in_either_file(client_for, session, world):
    member = world.organizations["bravo"].reference
    guild, erac = world.actor("guild"), world.actor("erac")
    offer = make_offer(
        session, guild, member=member, about={"product": "propane"}, smallest=500
    )
    do(session, guild, offers.add_line, offer, offer_line(item="GEN", unit="EA", amount=2_000))
    list_offer(session, erac, make_offer(session, world.actor("alpha")))
    draft(session, world.actor("alpha"))
    entered(session, world)
    client = client_for("erac")
    header, *rows = csv_of(client.get(f"{BASE}/erac/offers.csv?show=all"))
    told = [dict(zip(header, row, strict=True)) for row in rows]
    assert [it["Item"] for it in told] == ["Bulk fuel", "Bulk fuel", "Generator"]
    first = told[1]
    assert (first["Reference"], first["Organization"]) == (
        offer.reference,
        "Fuel Haulers Guild",
    )
    assert (first["Member"], told[2]["Member"]) == ("Bravo Petroleum", "")
    assert first["What exactly"] == "Diesel, delivered.; product: propane"
    assert (first["Amount"], first["Smallest"], first["Price, USD"]) == (
        "1000.0",
        "0.5",
        "3.89",
    )
    assert (first["County"], first["Telephone"]) == ("Jasper", "417-555-0142")
    assert [it["State"] for it in told] == ["listed", "submitted", "submitted"]
    book_header, *book = xlsx_of(client.get(f"{BASE}/erac/offers.xlsx?show=all"))
    assert book_header == header
    amount = header.index("Amount")
    assert [row[amount] for row in book] == [1000.0, 1000.0, 2.0]
    assert [row[0] for row in book] == [row[0] for row in rows]


def test_a_file_holds_what_the_filters_show(client_for, session, world, monkeypatch):
    for changes in ({}, {"county": "29189"}, {"item": "GEN", "unit": "EA", "amount": 1_000}):
        make_offer(session, world.actor("alpha"), **changes)
    client = client_for("erac")
    for query, count in (
        ("", 3),
        ("item=FUEL", 2),
        ("item=FUEL&region=C", 1),
        ("show=late", 0),
    ):
        assert len(csv_of(client.get(f"{BASE}/erac/offers.csv?{query}"))) == 1 + count
        assert len(xlsx_of(client.get(f"{BASE}/erac/offers.xlsx?{query}"))) == 1 + count
    monkeypatch.setattr(desk, "MOST_ROWS", 2)
    assert len(csv_of(client.get(f"{BASE}/erac/offers.csv"))) == 3


@pytest.mark.parametrize("words", FORMULAS)
def test_no_cell_is_a_formula_whatever_somebody_wrote(client_for, session, world, words):
    texts = {"description": words, "place": words, "contact": words, "telephone": words}
    make_offer(session, world.actor("alpha"), **texts)
    client = client_for("erac")
    header, row = csv_of(client.get(f"{BASE}/erac/offers.csv"))
    told = dict(zip(header, row, strict=True))
    for column in ("What exactly", "Place", "Contact", "Telephone"):
        assert told[column] == f"'{words}", column
    header, row = xlsx_of(client.get(f"{BASE}/erac/offers.xlsx"))
    told = dict(zip(header, row, strict=False))
    assert told["What exactly"] == words, "as text it does nothing"


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_name_of_a_file_says_that_it_is_an_exercise(client_for, session, world, kind):
    open_incident(session, world.actor("admin"), code="REAL27", is_exercise=False)
    client = client_for("erac")
    exercise = name_of(client.get(f"{BASE}/erac/offers.{kind}"))
    real = name_of(client.get(f"/incidents/REAL27/erac/offers.{kind}"))
    assert exercise.startswith('attachment; filename="EXERCISE-offers-EX27-')
    assert real.startswith('attachment; filename="offers-REAL27-')
    assert exercise.endswith(f'.{kind}"')
    assert session.query(Incident).filter_by(code="REAL27").one().is_exercise is False


def test_the_files_are_the_cells_alone(client_for, session, world):
    make_offer(session, world.actor("alpha"))
    for name in ("alpha", "guild", "moderator", "logistics", "records", "admin", "observer"):
        for kind in ("csv", "xlsx"):
            assert client_for(name).get(f"{BASE}/erac/offers.{kind}").status_code == 403, name

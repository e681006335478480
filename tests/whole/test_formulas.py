"""What people type is text in every file for spreadsheets, whatever it begins with."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from portal.core.web.sheets import plain
from tests.browser.hostile import Hostile
from tests.whole.routes import pages_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.whole.scene import Scene

pytestmark = pytest.mark.slow

SIGNS = ["=", "+", "-", "@", "\t=", "\r=", "\n=",
         "\uff1d", "\uff0b", "\uff0d", "\uff20", "\ufe66", "\ufe62", "\ufe63", "\ufe6b",
         " =", "\u00a0=", "\u3000=", "\u200b=", "\ufeff=", "\u2212"]  # fmt: skip
FORMULAS = [f"{sign}1+cmd|' /C calc'!A0" for sign in SIGNS]

#: What a cell may not begin with, once blanks are passed over.
_STARTS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212")
_SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@pytest.fixture(scope="module")
def files(scene: Scene) -> dict[str, bytes]:
    """Fill in every form, and return every file that there is, for all who may ask for it."""
    hostile = Hostile(FORMULAS)
    hostile.fill_every_form(scene)
    hostile.plant(scene.fresh(), scene.world, len(FORMULAS))
    hostile.rename_everything(scene.fresh())
    found = {}
    for route in pages_of(scene.app):
        if not route.rule.endswith((".csv", ".xlsx")):
            continue
        for name in ("alpha", "moderator", "erac", "admin"):
            answer = scene.client(name).get(route.path())
            if answer.status_code == 200:
                found[f"{name} {route.rule}"] = answer.data
    return found


def cells_of(data: bytes) -> Iterator[str]:
    """Yield the words of a table, as a spreadsheet would read them."""
    for row in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")):
        yield from row


def test_every_file_that_people_can_ask_for_is_looked_at(files, scene):
    asked = {name.partition(" ")[2] for name in files}
    rules = {it.rule for it in pages_of(scene.app) if it.rule.endswith((".csv", ".xlsx"))}
    assert asked == rules
    assert len(rules) >= 6


def test_no_cell_of_a_table_is_a_formula(files):
    kept = 0
    for name, data in files.items():
        for cell in cells_of(data) if name.endswith(".csv") else ():
            seen = cell.lstrip(" \u00a0\u3000\u200b\ufeff")
            assert not seen.startswith(_STARTS) or is_number(cell), (name, cell)
            kept += cell.startswith("'") and "calc" in cell
    assert kept > 100, "hardly any of the words came into a file"


def is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def test_no_cell_of_a_workbook_is_a_formula(files):
    books = [data for name, data in files.items() if name.endswith(".xlsx")]
    assert books
    for data in books:
        with zipfile.ZipFile(io.BytesIO(data)) as book:
            assert not [it for it in book.namelist() if "external" in it.lower()]
            for name in (it for it in book.namelist() if it.startswith("xl/worksheets/sheet")):
                tree = ET.fromstring(book.read(name))  # noqa: S314 - a file of our own making
                cells = list(tree.iter(f"{_SHEET}c"))
                assert {it.get("t") for it in cells} <= {"s", None}
                assert not list(tree.iter(f"{_SHEET}f"))
            words = book.read("xl/sharedStrings.xml").decode()
            assert "calc" in words


@pytest.mark.parametrize("sign", SIGNS, ids=ascii)
def test_each_sign_is_taken_for_text(sign):
    assert plain(f"{sign}1") == f"'{sign}1"


@pytest.mark.parametrize("text", ["", "x=1", "a-b", "1-2", "'=1", "Öl", "\u200bx", "(=1)"])
def test_what_is_no_formula_stays_as_it_is(text):
    assert plain(text) == text

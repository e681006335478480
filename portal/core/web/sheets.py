"""Files for spreadsheets, in which no cell is a formula."""

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence

import xlsxwriter
from flask import Response

from portal.core.hub import off_hub
from portal.core.web.uploads import named

#: What makes a spreadsheet read a cell as a formula; wider and smaller forms are folded to it.
_FORMULA = frozenset("=+-@\t\r\n\u2212")

#: Words, or a number to reckon with.
Cell = str | int | float


def plain(text: str) -> str:
    """Return the text as a cell that is taken for text, whatever somebody typed."""
    return f"'{text}" if _first_seen(text) in _FORMULA else text


def _first_seen(text: str) -> str:
    """Return the first sign behind blanks and what nobody sees, as spreadsheets fold it."""
    for sign in text:
        if sign in _FORMULA or unicodedata.category(sign) not in {"Zs", "Cf", "Mn"}:
            return unicodedata.normalize("NFKC", sign)
    return ""


def csv_answer(name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Response:
    """Return rows as a file to keep; with a mark by which spreadsheets know UTF-8."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerows(
        [plain(cell) if isinstance(cell, str) else cell for cell in row]
        for row in [header, *rows]
    )
    answer = Response("\ufeff" + file.getvalue(), mimetype="text/csv")
    return named(answer, name)


def xlsx_answer(name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Response:
    """Return rows as a workbook to keep; words are text, whatever they begin with."""
    known = [list(row) for row in rows]  # here, since they may still read the database
    mimetype = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    answer = Response(off_hub(lambda: _workbook(header, known)), mimetype=mimetype)
    return named(answer, name)


def _workbook(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet, bold = book.add_worksheet(), book.add_format({"bold": True})
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, 0, len(header) - 1)
        for column, title in enumerate(header):
            sheet.write_string(0, column, title, bold)
        for number, row in enumerate(rows, 1):
            for column, cell in enumerate(row):
                if isinstance(cell, str):
                    sheet.write_string(number, column, cell)
                else:
                    sheet.write_number(number, column, cell)
        sheet.autofit()
    return file.getvalue()

"""Files for spreadsheets, in which no cell is a formula."""

import csv
import io
from collections.abc import Iterable, Sequence

import xlsxwriter
from flask import Response

from portal.core.hub import off_hub

#: What makes a spreadsheet read a cell as a formula, also in full width.
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # noqa: RUF001 - these are the very signs

#: Words, or a number to reckon with.
Cell = str | int | float


def plain(text: str) -> str:
    """Return the text as a cell that is taken for text, whatever somebody typed."""
    return f"'{text}" if text.lstrip(" \u00a0\u3000").startswith(_FORMULA) else text


def csv_answer(name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Response:
    """Return rows as a file to keep; with a mark by which spreadsheets know UTF-8."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerows(
        [plain(cell) if isinstance(cell, str) else cell for cell in row]
        for row in [header, *rows]
    )
    answer = Response("\ufeff" + file.getvalue(), mimetype="text/csv")
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


def xlsx_answer(name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Response:
    """Return rows as a workbook to keep; words are text, whatever they begin with."""
    known = [list(row) for row in rows]  # here, since they may still read the database
    mimetype = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    answer = Response(off_hub(lambda: _workbook(header, known)), mimetype=mimetype)
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


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

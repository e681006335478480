"""Files for spreadsheets, in which no cell is a formula."""

import csv
import io
from collections.abc import Iterable, Sequence

from flask import Response

#: What makes a spreadsheet read a cell as a formula, also in full width.
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # noqa: RUF001 - these are the very signs


def plain(text: str) -> str:
    """Return the text as a cell that is taken for text, whatever somebody typed."""
    return f"'{text}" if text.lstrip(" \u00a0\u3000").startswith(_FORMULA) else text


def csv_answer(name: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> Response:
    """Return rows as a file to keep; with a mark by which spreadsheets know UTF-8."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerows([plain(cell) for cell in row] for row in [header, *rows])
    answer = Response("\ufeff" + file.getvalue(), mimetype="text/csv")
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer

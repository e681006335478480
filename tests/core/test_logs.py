"""The log: one line for one thing, whatever was typed or answered, with its time in UTC."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
from datetime import datetime, timedelta

import pytest

from portal.config import ROOT
from portal.core import clock
from portal.core.logs import OneLine

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z [A-Z]+ portal\.test ")


def written(message: str, *more: object, error: BaseException | None = None) -> str:
    record = logging.LogRecord(
        "portal.test",
        logging.WARNING,
        __file__,
        1,
        message,
        more,
        (type(error), error, None) if error else None,
    )
    return OneLine().format(record)


@pytest.mark.parametrize(
    "typed",
    [
        "x\n2026-01-01T00:00:00.000Z INFO portal.test forged",
        "x\r\nforged",
        "x\rforged",
        "x\x0bforged\x0c",
        "x\x85forged",
        "x\u2028forged\u2029",
        "\x1b[2J\x1b[31mred",
        "\x9b31mred",
        "\x07\x08\x7f\0",
        "\u202egnp.exe",
    ],
    ids=ascii,
)
def test_nothing_that_was_typed_begins_a_line_or_paints_a_terminal(typed: str):
    line = written("delivery %s bounced: %s", "D-1", typed)
    assert line.splitlines() == [line]
    assert line.isprintable()
    assert LINE.match(line)
    assert "forged" not in typed or "forged" in line, "nothing is lost"


def test_letters_of_all_languages_stay():
    assert written("%s", "Überschwemmung 🌪 北").endswith("Überschwemmung 🌪 北")


def test_an_error_that_carries_lines_begins_none():
    lines = written(
        "it broke", error=ValueError("x\n2026-01-01T00:00:00.000Z INFO portal.test forged")
    ).splitlines()
    assert [it for it in lines if LINE.match(it)] == lines[:1]
    assert all(it.startswith("  ") for it in lines[1:])


def test_a_process_logs_in_this_form_and_tells_its_time_in_utc():
    said = (
        "import logging; from portal.core import logs; logs.to_stderr();"
        "logging.getLogger('portal.test').warning('a\\nb')"
    )
    done = subprocess.run(
        [sys.executable, "-c", said],
        cwd=ROOT,
        env={"TZ": "Asia/Tokyo"},
        capture_output=True,
        text=True,
        check=True,
    )
    (line,) = done.stderr.splitlines()
    assert LINE.match(line)
    assert line.endswith("a\\nb")
    told = datetime.fromisoformat(line.partition(" ")[0])
    assert abs(clock.now() - told) < timedelta(hours=1)

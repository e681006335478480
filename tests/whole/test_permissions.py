"""Every route and socket event × every kind of actor × method, as docs/permissions.csv says.

`PORTAL_WRITE_PERMISSIONS=1 pytest tests/whole/test_permissions.py` writes the file anew; what
changed in it is then to be looked at, and meant.
"""

from __future__ import annotations

import os

import pytest

from portal.journal.models import Entry, Once
from tests.whole.permissions import FILE, KINDS, read, table_of, written

LEAST_CELLS = 1_500


@pytest.fixture(scope="module")
def table(scene):
    rows = table_of(scene)
    if os.environ.get("PORTAL_WRITE_PERMISSIONS"):
        FILE.write_text(written(rows), "utf-8")
    return {
        (method, route): dict(zip(KINDS, cells, strict=True)) for method, route, *cells in rows
    }


def test_every_cell_is_as_the_file_says(table):
    said = read()
    assert said.keys() - table.keys() == set(), "these are gone"
    assert table.keys() - said.keys() == set(), "these are not in the file"
    wrong = {
        (*key, kind): f"{said[key][kind]} became {word}"
        for key, row in table.items()
        for kind, word in row.items()
        if said[key][kind] != word
    }
    assert wrong == {}
    assert sum(map(len, table.values())) >= LEAST_CELLS


def test_whoever_is_not_in_gets_nothing_but_what_is_public(table):
    public = {key for key, row in table.items() if row["anonymous"] != "sign in"}
    for key, row in table.items():
        for kind in ("password only", "signed out", "suspended", "removed"):
            assert key in public or row[kind] == "sign in", (key, kind)


def test_a_desks_own_pages_are_nobody_elses(table):
    """Read from the file, so that who loosens it by a slip sees it here."""
    outside = ("owner", "competitor", "other sector", "association", "ERAC advisor", "observer")
    for (method, route), row in table.items():
        if route.startswith(("/admin", "/catalogue")) or "/feed/queue" in route:
            assert {row[kind] for kind in outside} <= {"403", "404"}, (method, route)


def test_a_competitor_gets_no_further_than_a_stranger_to_the_row(table):
    for (method, route), row in table.items():
        if "/offers/<reference>" in route:
            assert row["competitor"] in {"404", "403"}, (method, route)
            assert row["ERAC advisor"] in {"404", "403"}, (method, route)


def test_asking_wrote_nothing(scene, table):
    assert table
    entries = scene.count(Entry)
    assert entries == scene.count(Entry)
    assert scene.count(Once) == 0

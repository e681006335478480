"""The list of what the ASVS asks: whole, and every test that it names is there."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tools.asvs import CHAPTERS, LEAST_PROVED, ROOT, ROWS, examine, main, problem_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def rows() -> list[dict[str, Any]]:
    read: list[dict[str, Any]] = yaml.safe_load(ROWS.read_text("utf-8"))
    return read


def named(rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(it for it in rows if it["id"] == name)


def test_every_requirement_has_its_row_and_every_test_is_there(rows):
    found = examine(rows)
    assert found.problems == []
    assert len(rows) == sum(CHAPTERS.values()) == 253
    assert found.counts["proved by a command"] >= LEAST_PROVED


def test_a_row_that_goes_is_missed(rows):
    found = examine([it for it in rows if it["id"] != "V3.5.1"])
    assert found.problems == ["V3 has 18 rows, not 19"]


def test_a_row_that_comes_twice_hides_none(rows):
    rows[0] = copy.deepcopy(rows[1])
    assert examine(rows).problems == ["V1.1.2 is there twice", "V1 has 26 rows, not 27"]


@pytest.mark.parametrize(
    ("proof", "says"),
    [
        ("tests/whole/test_routes.py::test_that_nobody_wrote", "which is not there"),
        ("tests/whole/test_gone.py::test_only_these_are_public", "which is not there"),
        ("tests/whole/test_gone.py", "which is not there"),
        ("tests/whole/routes.py", "tests nothing"),
        ("tools/asvs.py::main", "which is not there"),
        ("file: tests/whole/test_gone.py", "which is not there"),
        ("file: ", "which is not there"),
        ("command: make nothing", "a command that is not there"),
        ("command: make check: nothing at all", "which make check does not run"),
        ("record: somebody looked", "without its date"),
        ("record: 2026-05-04", "without its date"),
        ("open: ", "nobody says why"),
        ("", "which is not there"),
    ],
)
def test_a_proof_that_is_none_is_found(rows, proof, says):
    named(rows, "V3.5.1")["proof"] = [proof]
    (problem,) = examine(rows).problems
    assert problem.startswith("V3.5.1 ")
    assert says in problem


@pytest.mark.parametrize(
    "proof",
    [
        "tests/whole/test_routes.py",
        "tests/whole/test_routes.py::test_only_these_are_public",
        "tests/whole/test_routes.py::test_only_these_are_public[whatever]",
        "command: make check",
        "command: make check: bandit",
        "command: make test",
        "file: tests/live/",
        "record: 2026-05-04, by hand, the words of the sign-in page",
        "open: nobody has had the time",
    ],
)
def test_a_proof_that_is_one_passes(proof):
    assert problem_of(proof, ROOT) == ""


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"proof": []}, "neither proved nor explained"),
        ({"applies": "no"}, "why it does not apply"),
        (
            {"applies": "no, because", "proof": ["tests/whole/test_routes.py"]},
            "why it does not",
        ),
        ({"level": 3}, "as the standard has them"),
        ({"what": ""}, "does not say what it asks"),
        ({"what": "x" * 91}, "does not say what it asks"),
    ],
)
def test_a_row_that_explains_nothing_is_found(rows, change, says):
    named(rows, "V3.5.1").update(change)
    assert says in " ".join(examine(rows).problems)


def test_too_few_proofs_are_too_few(rows):
    for row in rows:
        if "applies" not in row:
            row["proof"] = ["open: for the test"]
    assert examine(rows).problems == ["only 0 rows are proved by a command"]


def test_it_says_what_is_wrong_and_exits_with_1(rows, tmp_path: Path, capsys):
    named(rows, "V3.5.1")["proof"] = ["tests/whole/test_routes.py::test_gone"]
    file = tmp_path / "asvs.yml"
    file.write_text(yaml.safe_dump(rows), "utf-8")
    assert main(["--check", "--file", str(file)]) == 1
    told = capsys.readouterr()
    assert "V3.5.1 names" in told.err
    assert "253 rows" in told.out
    assert main(["--file", str(file)]) == 0

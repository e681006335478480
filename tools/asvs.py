"""What the OWASP ASVS asks, and what proves it here: `python -m tools.asvs --check`.

Reads docs/asvs.yml; says each row that is missing, unexplained, or names a test that is not
there, then how many are proved. Exits with 1 if anything is wrong.
"""  # noqa: INP001 - a script, not a package

import argparse
import ast
import re
import sys
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
ROWS = ROOT / "docs" / "asvs.yml"

#: So many requirements of levels 1 and 2 has each chapter of 5.0.0: none may go unseen.
CHAPTERS = {
    "V1": 27, "V2": 11, "V3": 19, "V4": 10, "V5": 9, "V6": 35, "V7": 18, "V8": 7, "V9": 7,
    "V10": 29, "V11": 14, "V12": 9, "V13": 13, "V14": 9, "V15": 13, "V16": 16, "V17": 7,
}  # fmt: skip

#: At least so many rows are proved by something that a machine runs.
LEAST_PROVED = 130

#: A requirement's gist fits on a line.
LONGEST_GIST = 90

_ID = re.compile(r"V\d{1,2}\.\d{1,2}\.\d{1,2}")
_RECORD = re.compile(r"\d{4}-\d\d-\d\d, by hand, \S.+")
_COMMAND = re.compile(r"make (\w+)(?:: (.+))?")


@dataclass(frozen=True)
class Findings:
    """What was found: how many rows of each fate, and what is wrong with some."""

    counts: Counter[str]
    problems: list[str]


@cache
def tests_of(path: Path) -> frozenset[str]:
    """Return the names of a file's tests, those of its classes too, as Class::test."""
    found = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.ClassDef):
            found |= {f"{node.name}::{it.name}" for it in node.body if hasattr(it, "name")}
    return frozenset(found)


def problem_of(proof: str, root: Path) -> str:
    """Return what is wrong with one proof; "" for nothing."""
    kind, _, words = proof.partition(": ")
    words = words.strip()
    if kind == "open":
        return "" if words else "is open, and nobody says why"
    if kind == "record":
        return "" if _RECORD.fullmatch(words) else f"has a record without its date: {words}"
    if kind == "command":
        return _problem_of_command(words, root)
    if kind == "file":
        return "" if words and (root / words).exists() else f"names {words}, which is not there"
    return _problem_of_test(proof, root)


def _problem_of_command(words: str, root: Path) -> str:
    found = _COMMAND.match(words)
    targets = re.findall(r"^(\w+):", (root / "Makefile").read_text("utf-8"), re.MULTILINE)
    if found is None or found[1] not in targets:
        return f"names a command that is not there: {words}"
    tool = (found[2] or "").partition(" ")[0]
    known = (root / "tools" / "check").read_text("utf-8").split()
    return "" if not tool or tool in known else f"names {tool}, which make check does not run"


def _problem_of_test(proof: str, root: Path) -> str:
    name, _, test = proof.partition("::")
    path = root / name
    if not (name.startswith("tests/") and path.is_file()):
        return f"names {name}, which is not there"
    test = test.partition("[")[0]
    found = tests_of(path)
    if test and test not in found:
        return f"names {proof}, which is not there"
    return "" if any("test_" in it for it in found) else f"names {name}, which tests nothing"


def fate_of(row: dict[str, Any]) -> str:
    """Return what became of a row: proved, by hand, open, or not applicable."""
    proofs = [str(it) for it in row.get("proof") or ()]
    if "applies" in row:
        return "not applicable"
    if any(it.startswith("open:") for it in proofs):
        return "open"
    by_hand = all(it.startswith("record:") for it in proofs)
    return "by hand" if by_hand else "proved by a command"


def problems_of(row: dict[str, Any], root: Path) -> list[str]:
    """Return what is wrong with a row, in words."""
    found = []
    if not _ID.fullmatch(str(row.get("id"))) or row.get("level") not in {1, 2}:
        found.append("has no id or level as the standard has them")
    if not 0 < len(str(row.get("what") or "")) <= LONGEST_GIST:
        found.append(f"does not say what it asks in {LONGEST_GIST} characters")
    proofs = [str(it) for it in row.get("proof") or ()]
    if "applies" in row:
        is_explained = re.fullmatch(r"no, \S.+", str(row["applies"])) and not proofs
        return found if is_explained else [*found, "does not say why it does not apply"]
    if not proofs:
        found.append("is neither proved nor explained")
    return [*found, *filter(None, (problem_of(it, root) for it in proofs))]


def examine(rows: list[dict[str, Any]], root: Path = ROOT) -> Findings:
    """Compare the rows with the standard's chapters, and their proofs with what is there."""
    problems = [f"{row.get('id')} {it}" for row in rows for it in problems_of(row, root)]
    ids = [str(row.get("id")) for row in rows]
    problems += [f"{it} is there twice" for it, times in Counter(ids).items() if times > 1]
    there = Counter(it.partition(".")[0] for it in set(ids))
    problems += [
        f"{chapter} has {there[chapter]} rows, not {wanted}"
        for chapter, wanted in CHAPTERS.items()
        if there[chapter] != wanted
    ]
    counts = Counter(map(fate_of, rows))
    if counts["proved by a command"] < LEAST_PROVED:
        problems.append(f"only {counts['proved by a command']} rows are proved by a command")
    return Findings(counts, problems)


def main(arguments: list[str] | None = None) -> int:
    """Print what is wrong and the counts; return 1 if something is wrong and was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit with 1 on anything wrong")
    parser.add_argument("--file", type=Path, default=ROWS, help="another list of rows")
    told = parser.parse_args(arguments)
    found = examine(yaml.safe_load(told.file.read_text("utf-8")))
    for problem in found.problems:
        print(problem, file=sys.stderr)  # noqa: T201 - what it is for
    words = ", ".join(f"{count} {fate}" for fate, count in found.counts.most_common())
    print(f"ASVS 5.0.0, levels 1 and 2: {found.counts.total()} rows: {words}")  # noqa: T201
    return 1 if told.check and found.problems else 0


if __name__ == "__main__":
    sys.exit(main())

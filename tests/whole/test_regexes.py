"""No pattern of ours takes long, whatever it is given: 50 KB made to send it back and forth."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import resource
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import portal
from portal.config import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: What a child may take for all of it, ten times what it needs; back and forth takes hours.
CPU_S = 120

LONG = 50_000

PARTS = [
    "a", "A", "0", "1", " ", "\n", "\t", ".", ",", "-", "_", "*", "(", ")", "[", "]", "@", "+",
    "/", ":", "#", ">", "\\", "'", '"', "\0", "\u202e", "é", "北", "🌪", "a.", "a@", "a@b.",
    "1,", "1,111", "1-", "573-", "(573) ", "+1 ", "x1", "T:", "2027-01-01T", "St. ", "a. ",
    "*a", "_a_", "[a](", "call ", "ext ", "%0d", "&#", "\r\n",
]  # fmt: skip

#: An end that fits nothing lets a pattern try every way to divide what comes before.
ENDS = ["", "!", "\0", "@", "\n", "x"]


def patterns() -> dict[str, re.Pattern[Any]]:
    """Return every pattern that stands in a module of the portal, by its name."""
    found = {}
    for module in pkgutil.walk_packages(portal.__path__, "portal."):
        if ".migrations" in module.name:
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, re.Pattern):
                found[f"{module.name}.{name}"] = value
    return found


PATTERNS = patterns()


def texts() -> list[str]:
    return [(part * LONG)[:LONG] + end for part in PARTS for end in ENDS]


def try_all() -> None:
    """Search, match and compare each pattern with each text; runs in a child that may end."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    for name, pattern in PATTERNS.items():
        print(name, flush=True)  # noqa: T201 - the last one is to blame
        is_bytes = isinstance(pattern.pattern, bytes)
        for it in texts():
            text = it.encode() if is_bytes else it
            for found in (pattern.search(text), pattern.match(text), pattern.fullmatch(text)):
                assert found is None or len(found[0]) <= len(text)


@pytest.mark.slow
def test_no_text_sends_a_pattern_back_and_forth():
    said = "from tests.whole.test_regexes import try_all; try_all()"
    command = [sys.executable, "-c", said]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    tried = done.stdout.split()
    assert done.returncode == 0, f"{tried[-1:]} did not come to an end: {done.stderr[-500:]}"
    assert tried == list(PATTERNS)


def test_every_pattern_is_among_them():
    """One within a function or a form would escape; those that are there are told by hand."""
    assert len(PATTERNS) > 20
    paths = sorted((ROOT / "portal").rglob("*.py"))
    assert sorted(found for path in paths for found in inner(path)) == KNOWN


def inner(path: Path) -> Iterator[str]:
    """Yield the patterns of a file that have no name of their own in it."""
    tree = ast.parse(path.read_text("utf-8"))
    values = [it.value for it in tree.body if isinstance(it, ast.Assign | ast.AnnAssign)]
    several = [each for it in values if isinstance(it, ast.Tuple) for each in it.elts]
    named = {id(it) for it in [*values, *several]}
    for it in ast.walk(tree):
        if (
            isinstance(it, ast.Call)
            and isinstance(it.func, ast.Attribute)
            and isinstance(it.func.value, ast.Name)
            and (it.func.value.id, it.func.attr != "escape") == ("re", True)
            and id(it) not in named
        ):
            yield f"{path.relative_to(ROOT)}: {ast.unparse(it.args[0])}"


#: Plain ones, by no more than a class of signs or a choice of words.
KNOWN = [
    "portal/accounts/forms/passwords.py: '[@.]'",
    "portal/core/sheets.py: '[/\\\\\\\\]'",
    "portal/core/web/prose.py: '(?<!\\\\\\\\)\\\\['",
    "portal/core/web/prose.py: '\\\\r\\\\n|\\\\r|\\\\n'",
    "portal/core/web/uploads.py: '[\\\\x00-\\\\x1f\"%\\\\\\\\/\\\\x7f]'",
    "portal/incidents/forms.py: '(?=.*[A-Z])[A-Z0-9][A-Z0-9-]{0,10}[A-Z0-9]\\\\Z'",
]

"""What outgrows these sizes is cut by noun, so that a newcomer can take it in at once."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

TOP = Path(__file__).parents[2]

MODULE_LINES = 300
TEST_MODULE_LINES = 400
FUNCTION_LINES = 40
ARGUMENTS = 6
TEMPLATE_LINES = 150

# What a function stands in rather than is told.
CONTEXT = {"self", "cls", "tx", "session"}


def modules(folder: str) -> list[Path]:
    """Return the modules below `folder`, but for migrations: they are never edited."""
    found = sorted((TOP / folder).rglob("*.py"))
    return [path for path in found if "migrations" not in path.parts]


CODE = [*modules("portal"), *modules("benchmarks")]
TESTS = modules("tests")
TEMPLATES = sorted((TOP / "templates").rglob("*.html"))


def named(path: Path) -> str:
    return str(path.relative_to(TOP))


def lines(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


def functions(source: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count a function's lines from its `def`: decorators are its address, not its body."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def arguments(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    told = function.args
    every = [*told.posonlyargs, *told.args, *told.kwonlyargs]
    return len([one for one in every if one.arg not in CONTEXT])


def oversized(source: str) -> list[str]:
    """Return what is too large about the functions of a module, in words."""
    found = []
    for function in functions(source):
        where = f"line {function.lineno}: {function.name}()"
        if length(function) > FUNCTION_LINES:
            found.append(f"{where} has {length(function)} lines, over {FUNCTION_LINES}")
        if arguments(function) > ARGUMENTS:
            found.append(f"{where} takes {arguments(function)} arguments, over {ARGUMENTS}")
    return found


def test_there_is_something_to_measure():
    assert CODE
    assert TESTS
    assert TEMPLATES


@pytest.mark.parametrize("path", CODE, ids=named)
def test_a_module_can_be_read_in_one_go(path):
    assert lines(path) <= MODULE_LINES


@pytest.mark.parametrize("path", CODE, ids=named)
def test_a_function_fits_on_a_screen_and_asks_for_little(path):
    assert not oversized(path.read_text("utf-8"))


@pytest.mark.parametrize("path", TESTS, ids=named)
def test_a_module_of_tests_stays_with_its_subject(path):
    assert lines(path) <= TEST_MODULE_LINES


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_a_template_shows_one_thing(path):
    assert lines(path) <= TEMPLATE_LINES


def test_what_is_too_large_is_found():
    long = "def f():\n" + "    pass\n" * FUNCTION_LINES
    wide = "def g(self, tx, session, a, b, c, *, d, e, f, g): ..."
    fits = "def h(self, tx, session, a, b, c, *, d, e, f, **rest): ..."
    assert oversized(long) == [f"line 1: f() has {FUNCTION_LINES + 1} lines, over 40"]
    assert oversized(wide) == ["line 1: g() takes 7 arguments, over 6"]
    assert oversized(fits) == []

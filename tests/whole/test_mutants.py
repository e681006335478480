"""The seeded defects still fit the program, and the tests they name are there.

That the tests find them is what `make mutants` shows.
"""

from __future__ import annotations

import ast

import pytest

from tests.mutants.catalogue import TOP, read_mutants

MUTANTS = read_mutants()


def by_name(mutant):
    return mutant.name


def functions_of(file: str) -> set[str]:
    tree = ast.parse((TOP / file).read_text("utf-8"))
    return {it.name for it in tree.body if isinstance(it, ast.FunctionDef)}


def test_there_are_forty_each_of_its_own():
    assert len(MUTANTS) == 40
    assert len({it.name for it in MUTANTS}) == 40
    assert len({(it.file, it.old, it.new) for it in MUTANTS}) == 40


@pytest.mark.parametrize("mutant", MUTANTS, ids=by_name)
def test_it_changes_one_line_and_leaves_a_program(mutant):
    before = (TOP / mutant.file).read_text("utf-8")
    after = mutant.put_into(before)
    pairs = zip(before.splitlines(), after.splitlines(), strict=True)
    assert len([1 for was, now in pairs if was != now]) == 1
    compile(after, mutant.file, "exec")


@pytest.mark.parametrize("mutant", MUTANTS, ids=by_name)
def test_the_tests_it_names_are_there(mutant):
    assert mutant.tests
    for test in mutant.tests:
        file, _, name = test.partition("::")
        assert name.partition("[")[0] in functions_of(file), test

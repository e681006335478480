"""`python -m tests.mutants [NAME …]`: does each seeded defect make the tests it names fail?

The tree is copied, once for each of two workers. There the named tests first have to pass as it
is; then one defect after the other is put in, the tests it names run, and it is taken out. The
tree itself is never touched. Exit status 1 if a defect is not caught.
"""

from __future__ import annotations

import os
import queue
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tests.mutants.catalogue import TOP, Mutant, read_mutants

if TYPE_CHECKING:
    from collections.abc import Sequence

WORKERS = 2

#: Longest that the tests of one defect, or all tests without one, may take, in seconds.
PATIENCE_S = 120
PATIENCE_WITHOUT_S = 600

#: How a test fails when a defect is no defect but a broken program; that proves nothing.
_BROKEN = re.compile(r"- (Syntax|Indentation|Import|ModuleNotFound|Name|UnboundLocal)Error")

#: A line of pytest's summary.
_IS_BAD = re.compile("(FAILED|ERROR) tests/")


def say(words: str) -> None:
    """Tell the person at the terminal."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the tests said of a defect. trouble : why it does not count as caught, or ""."""

    mutant: Mutant
    seconds: float
    trouble: str


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of the tree, and a folder for what its tests write."""

    root: Path
    scratch: Path

    def python(self, *words: str, patience_s: float) -> subprocess.CompletedProcess[str]:
        """Run this environment's Python on the copy, and return what it said."""
        env = {k: v for k, v in os.environ.items() if not k.startswith("PORTAL_")}
        env |= {"PYTHONPATH": str(self.root), "COLUMNS": "400"}
        return subprocess.run(
            [sys.executable, *words],
            cwd=self.root,
            env=env,
            capture_output=True,
            text=True,
            timeout=patience_s,
            check=False,
        )

    def test(self, tests: Sequence[str], patience_s: float) -> tuple[int, str]:
        """Run tests; return pytest's exit status and what it said."""
        options = ("-q", "-n", "0", "-p", "no:cacheprovider", "--tb=short", "-rfE")
        base = f"--basetemp={self.scratch}"
        ran = self.python("-m", "pytest", *options, base, *tests, patience_s=patience_s)
        return ran.returncode, ran.stdout + ran.stderr

    def check_import(self) -> None:
        """Make sure that it is the copy that is tested, not what is installed."""
        code = "import portal, tests.world; print(portal.__file__, tests.world.__file__)"
        found = self.python("-c", code, patience_s=PATIENCE_S).stdout.split()
        if len(found) != 2 or not all(Path(it).is_relative_to(self.root) for it in found):
            raise RuntimeError(f"not the copy is imported but {found}")

    def try_out(self, mutant: Mutant, number: int) -> Outcome:
        """Put a defect in, run the tests it names, and take it out again.

        number : makes the file's time another for each, so that none is taken for compiled.
        """
        path = self.root / mutant.file
        text, stat = path.read_text("utf-8"), path.stat()
        began = time.monotonic()
        try:
            path.write_text(mutant.put_into(text), "utf-8")
            os.utime(path, (stat.st_atime, stat.st_mtime + 10 * (number + 1)))
            trouble = _judged(mutant, *self.test(mutant.tests, PATIENCE_S))
        except subprocess.TimeoutExpired:
            trouble = f"its tests took more than {PATIENCE_S} s"
        finally:
            path.write_text(text, "utf-8")
            os.utime(path, (stat.st_atime, stat.st_mtime))
        return Outcome(mutant, time.monotonic() - began, trouble)


def _judged(mutant: Mutant, status: int, said: str) -> str:
    """Return why a defect does not count as caught; "" if every test it names failed."""
    bad = [line for line in said.splitlines() if _IS_BAD.match(line)]
    failed = [line for line in bad if line.startswith("FAILED")]
    if status == 0:
        return "it survived: all tests passed"
    if status != 1 or failed != bad:
        return f"the tests did not run:\n{said[-2000:]}"
    if broken := [line for line in failed if _BROKEN.search(line)]:
        return f"the program is broken: {broken[0]}"
    return "" if len(failed) >= len(mutant.tests) else "some of its tests passed"


def copies_of(folder: Path) -> list[Copy]:
    """Return copies of all files that are kept, as they now stand."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=TOP,
        capture_output=True,
        text=True,
        check=True,
    )
    names = [it for it in listed.stdout.split("\0") if it and (TOP / it).is_file()]
    copies = []
    for number in range(WORKERS):
        copy = Copy(folder / f"tree-{number}", folder / f"scratch-{number}")
        for name in names:
            to = copy.root / name
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(TOP / name, to)
        copy.check_import()
        copies.append(copy)
    return copies


def failing_without(copies: Sequence[Copy], mutants: Sequence[Mutant]) -> set[str]:
    """Return the tests that fail while there is no defect: they prove nothing of one."""
    tests = sorted({test for mutant in mutants for test in mutant.tests})
    say(f"{len(tests)} tests without a defect …")
    half = (len(tests) + 1) // len(copies)
    parts = [part for part in (tests[:half], tests[half:]) if part]
    with ThreadPoolExecutor(len(copies)) as pool:
        answers = list(pool.map(lambda c, t: c.test(t, PATIENCE_WITHOUT_S), copies, parts))
    for status, said in answers:
        if status not in {0, 1}:
            raise RuntimeError(f"the tests did not run:\n{said[-4000:]}")
    lines = [it for _, said in answers for it in said.splitlines() if _IS_BAD.match(it)]
    return {it for it in tests if any(line.split(" ", 1)[1].startswith(it) for line in lines)}


def try_all(copies: Sequence[Copy], mutants: Sequence[Mutant]) -> list[Outcome]:
    """Try the defects, as many at once as there are copies; a line for each."""
    free: queue.Queue[Copy] = queue.Queue()
    for copy in copies:
        free.put(copy)
    done = 0

    def try_one(number: int) -> Outcome:
        nonlocal done
        copy = free.get()
        try:
            outcome = copy.try_out(mutants[number], number)
        finally:
            free.put(copy)
        done += 1
        word = "NOT CAUGHT" if outcome.trouble else "caught"
        name = outcome.mutant.name
        say(f"{done:>3}/{len(mutants)}  {word:<10}  {outcome.seconds:5.1f} s  {name}")
        return outcome

    with ThreadPoolExecutor(len(copies)) as pool:
        return list(pool.map(try_one, range(len(mutants))))


def main(names: Sequence[str]) -> int:
    """Try the defects of these names, or all; return the exit status."""
    mutants = [it for it in read_mutants() if not names or it.name in names]
    began = time.monotonic()
    with TemporaryDirectory(prefix="mutants-") as folder:
        copies = copies_of(Path(folder))
        failing = failing_without(copies, mutants)
        tried = try_all(copies, mutants)
    outcomes = [
        replace(it, trouble="its tests fail without it, too")
        if failing.intersection(it.mutant.tests)
        else it
        for it in tried
    ]
    missed = [it for it in outcomes if it.trouble]
    for it in missed:
        say(f"\n{it.mutant.name} ({it.mutant.why}): {it.trouble}")
    minutes, seconds = divmod(round(time.monotonic() - began), 60)
    caught = len(outcomes) - len(missed)
    say(f"\n{caught} of {len(outcomes)} caught, in {minutes} min {seconds} s")
    return 1 if missed or not outcomes else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

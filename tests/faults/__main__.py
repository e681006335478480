"""`python -m tests.faults`: every fault at its full figures; writes docs/PROOF.md by itself.

What is not proved is not written: if one of the tests fails, the page says so, and the command
ends with 1.
"""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil

TOP = Path(__file__).parents[2]
PAGE = TOP / "docs/PROOF.md"
COMMAND = "make faults"

_HEAD = """\
# Proof: what the portal acknowledged, under faults

Written by `{command}` on {date}; nothing in it is typed by hand. The machine: {machine}.

Real processes are killed, stopped and cut off; while that happens people send reports and posts
over HTTP, each with a single-use key, and send again what was in doubt, and clients follow by
sockets as [protocol.md](protocol.md) says. Afterwards the **ledger** is drawn up: what was
acknowledged to whom (a file that only grows), what is in the database (each key once, the chain
intact, each room's numbers without a gap), and what each client took in, entry by entry. Words
that mark whose they are show what reaches somebody whom it is not for.

**lost** was acknowledged and is not there, or was not shown to somebody entitled · **doubled**
has more than one effect, or was shown twice · **reordered** stands before what was acknowledged
earlier · **wrong person** saw words that are not for them · **journal** is not intact. What was
sent again is acknowledged again, with the first answer: so there may be more acknowledgements
than rows in the database.

| fault | acknowledged | in the database | lost | doubled | reordered | wrong person | journal |
|---|--:|--:|--:|--:|--:|--:|--:|
"""

_COLUMNS = ("acknowledged", "written", "lost", "doubled", "reordered", "shown", "broken")


def main() -> int:
    with TemporaryDirectory() as folder:
        out = Path(folder, "proofs.jsonl")
        out.touch()
        environment = os.environ | {"PORTAL_FAULTS": "full", "PORTAL_FAULTS_OUT": str(out)}
        began = time.monotonic()
        # What kills has a worker of its own, and so has what waits for ten minutes, twice.
        four = ["-n", "4", "--dist", "loadgroup"]
        patient = ["--timeout=1800"]
        command = [sys.executable, "-m", "pytest", *four, *patient, "-rs", "tests/faults"]
        run = subprocess.Popen(
            [*command, *sys.argv[1:]],
            cwd=TOP,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert run.stdout is not None
        said = [line for line in run.stdout if not print(line, end="", flush=True)]  # noqa: T201
        status = run.wait()
        proofs = [json.loads(line) for line in out.read_text().splitlines()]
    PAGE.write_text(page_of(proofs, said, time.monotonic() - began))
    print(f"{PAGE.relative_to(TOP)}: {len(proofs)} proofs")  # noqa: T201
    return 1 if status else 0


def page_of(proofs: list[dict[str, Any]], said: list[str], took_s: float) -> str:
    """Return the page for what was proved, and what pytest said."""
    proofs = sorted(proofs, key=lambda it: int(re.sub(r"\D", "", it["fault"])))
    text = _HEAD.format(
        command=COMMAND,
        date=time.strftime("%d %B %Y, %H:%M UTC", time.gmtime()),
        machine=machine(),
    )
    for number, proof in enumerate(proofs, start=1):
        cells = [str(proof["ledger"][name]) for name in _COLUMNS]
        text += f"| {number}. {proof['fault']} | {' | '.join(cells)} |\n"
    for number, proof in enumerate(proofs, start=1):
        text += f"\n## {number}. {proof['fault']}\n\n{_sentence(proof['done'])}\n\n"
        text += "".join(f"- {name}: {value}\n" for name, value in proof["figures"].items())
        text += f"\n    PORTAL_FAULTS=full python -m pytest -n 0 '{proof['test']}'\n"
    text += f"\n## The run\n\nIt took {took_s / 60:.0f} minutes. What pytest said:\n\n"
    return text + "".join(f"    {line}" for line in said if _counts(line))


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."


def _counts(line: str) -> bool:
    """Return whether a line of pytest's says what was skipped, failed, or how many passed."""
    return line.startswith(("SKIPPED", "FAILED", "ERROR")) or " passed" in line


def machine() -> str:
    """Return what figures depend on; no name of the machine."""
    gigabytes = psutil.virtual_memory().total / 2**30
    return (
        f"{os.cpu_count()} cores, {gigabytes:.0f} GB of memory, {platform.system()} "
        f"{platform.release().partition('-')[0]}, Python {platform.python_version()}"
    )


if __name__ == "__main__":
    sys.exit(main())

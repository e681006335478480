"""The load client's process: told by a line, answers by a line; see client.c."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.server import CORES

_PATIENCE_S = 60.0

Answer = Mapping[str, Any]


class Crowd:
    """Sockets of one server, in a process on a core of its own.

    bad : deliveries doubled, missing, out of order, not what was sent, or uncalled for.
    """

    def __init__(
        self,
        program: Path,
        port: int,
        seats: int,
        *,
        offers_deflate: bool = False,
        buffer: int = 0,
        tickets: Path | None = None,
    ) -> None:
        """Start it; nobody has come in yet. With tickets they are seated as in the portal."""
        space = "/live" if tickets else "/"
        words = [
            port,
            space,
            int(offers_deflate),
            buffer,
            seats,
            *([tickets] if tickets else []),
        ]
        self._process = subprocess.Popen(
            [str(program), *map(str, words)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        os.sched_setaffinity(self._process.pid, CORES[1:] or CORES)
        self.bad = 0

    def dial(self, count: int, *, at_once: int = 256, patience_s: float = 120) -> Answer:
        """Let so many come in; who is turned away comes back, as a browser does.

        Raises RuntimeError if not all are in after so long.
        """
        ready = int(self.look()["ready"])
        answer = self._ask(f"dial {count} {at_once} {patience_s * 1000:.0f}")
        if answer["ready"] != ready + count:
            raise RuntimeError(f"not all came in: {answer}")
        return answer

    def expect(self, first: int, count: int = 1, *, patience_s: float = _PATIENCE_S) -> None:
        """Be ready for these numbers; `heard` says how they came."""
        self._say(f"await {first} {count} {patience_s * 1000:.0f}")
        self._read()

    def heard(self) -> Answer:
        """Wait until all have heard what is expected; return what came and when."""
        return self._read()

    def look(self) -> Answer:
        """Return how things stand."""
        return self._ask("status")

    def listen(self, seconds: float) -> Answer:
        """Listen for what nobody sent."""
        return self._ask(f"linger {seconds * 1000:.0f}")

    def stop_reading(self, count: int) -> None:
        """Let the first so many read no longer."""
        self._ask(f"stop {count}")

    def read_again(self, patience_s: float) -> Answer:
        """Let them read what has waited."""
        return self._ask(f"resume {patience_s * 1000:.0f}")

    def begin_storm(self, patience_s: float, *, first_s: float = 1, most_s: float = 30) -> None:
        """From now on whoever is cut off comes back; `heard` says when all have."""
        self._say(f"storm {first_s * 1e3:.0f} {most_s * 1e3:.0f} {patience_s * 1e3:.0f}")

    def hang_up(self) -> None:
        """Let all go."""
        self._ask("hangup")

    def end(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()

    def _ask(self, line: str) -> Answer:
        self._say(line)
        return self._read()

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None  # noqa: S101 - it was asked for
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def _read(self) -> Answer:
        assert self._process.stdout is not None  # noqa: S101 - it was asked for
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the load client ended: {self._process.wait()}")
        answer: Answer = json.loads(line)
        wrong = ("doubled", "gaps", "wrong", "strays", "corrupt", "missing", "caught_wrong")
        self.bad += sum(int(answer.get(name, 0)) for name in wrong)
        return answer

"""What clients were told and showed, in files that only grow: nothing is taken back later."""

from __future__ import annotations

import json
import os
import re
import threading
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

#: A word that stands nowhere by chance: whose it is, and the single-use key it was sent with.
_CANARY = re.compile(r"canary-([a-z]+)-([0-9a-f]{32})")


def canary(whose: str, key: str) -> str:
    """Return the word that marks what somebody sends with a key."""
    return f"canary-{whose}-{key}"


def canaries_in(said: Any) -> list[tuple[str, str]]:
    """Return whose words, and sent with which key, stand in something."""
    text = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)
    return sorted(set(_CANARY.findall(text)))


@dataclass(frozen=True, slots=True)
class Ack:
    """The portal has acknowledged something.

    answer : the path it was answered with.
    began  : when it was sent for the first time, `at` when the answer was there; monotonic.
    tries  : how many times it was sent.
    """

    key: str
    who: str
    answer: str
    began: float
    at: float
    tries: int = 1


@dataclass(frozen=True, slots=True)
class Seen:
    """Something that a follower took in.

    how      : "page" loaded, "answer" to `follow`, "frame" applied; "noise" is anything else.
    heads    : by room where it stood afterwards (page, answer).
    frames   : (room, number, subject or ""), in order.
    canaries : whose words, and of which key, were in it.
    """

    how: str
    heads: Mapping[str, int] = field(default_factory=dict)
    frames: Iterable[tuple[str, int, str]] = ()
    canaries: Iterable[tuple[str, str]] = ()


class Log:
    """A file to which is added; each line is there at once or not at all."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._turn = threading.Lock()

    def add(self, what: Any) -> None:
        with self._turn:
            os.write(self._file, json.dumps(asdict(what)).encode() + b"\n")

    def read(self, kind: type[Any]) -> list[Any]:
        return [kind(**json.loads(line)) for line in self.path.read_text().splitlines()]

    def close(self) -> None:
        """Add no more; may be said twice."""
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)

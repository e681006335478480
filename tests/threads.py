"""Doing things at the same moment."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PATIENCE_S = 60

#: What a database that very many ask at the same moment may answer; then nothing was written.
BUSY = 503


def together(jobs: Sequence[Callable[[], Any]]) -> list[Any]:
    """Do all jobs at once, each in a thread; return what each returned or raised, in order."""
    start = threading.Barrier(len(jobs))

    def do(job: Callable[[], Any]) -> Any:
        start.wait(PATIENCE_S)
        try:
            return job()
        except Exception as error:  # noqa: BLE001 - the test judges it
            return error

    with ThreadPoolExecutor(len(jobs)) as pool:
        return [future.result(PATIENCE_S) for future in [pool.submit(do, it) for it in jobs]]


def sorted_out(
    results: Sequence[Any], *expected: type[Exception]
) -> tuple[list[Any], list[Any]]:
    """Return what succeeded and what was refused; anything unexpected is raised."""
    done, refused = [], []
    for result in results:
        if isinstance(result, expected):
            refused.append(result)
        elif isinstance(result, BaseException):
            raise result
        else:
            done.append(result)
    return done, refused

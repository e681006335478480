"""Work that only computes, done where it stops nobody else."""

from collections.abc import Callable
from typing import TypeVar

import gevent
from gevent import monkey

T = TypeVar("T")


def off_hub(work: Callable[[], T]) -> T:
    """Do work that only computes in a real thread, so that the gevent hub goes on meanwhile."""
    if not monkey.is_module_patched("threading"):
        return work()
    outcome: T | Exception = gevent.get_hub().threadpool.apply(_outcome, (work,))
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def _outcome(work: Callable[[], T]) -> T | Exception:
    """Return what became of it: gevent would print what is raised in its pool."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - it is raised again where it is waited for
        return error

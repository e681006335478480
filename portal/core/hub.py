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
    result: T = gevent.get_hub().threadpool.apply(work)
    return result

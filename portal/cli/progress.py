"""How far long work is, for who sits at a terminal; nothing is said into files and pipes."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click


@contextmanager
def shown(label: str, length: int) -> Iterator[Callable[[int], None]]:
    """Lend a function that is told how much was done; it need not add up to `length`."""
    with click.progressbar(
        length=max(length, 1), label=label, file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as bar:
        yield bar.update

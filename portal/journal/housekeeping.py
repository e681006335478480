"""The other door: touches that are no acts (last seen, leases, read marks, sweeps)."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from portal.core.db import writing


@contextmanager
def housekeeping(session: Session) -> Iterator[Session]:
    """Open a write that leaves no entry; commit at the end, or leave no trace."""
    with writing(session, "housekeeping"):
        yield session
        session.commit()

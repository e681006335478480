"""No stray write: refuses what would reach the database outside the journal's two doors."""

from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, Session

from portal.core.errors import StrayWriteError

#: Key of `session.info` that `transaction` and `housekeeping` hold while they are open.
WRITER = "writer"


@event.listens_for(Session, "before_flush")
def _refuse_stray_flush(session: Session, *_: Any) -> None:
    if WRITER not in session.info and (session.new or session.dirty or session.deleted):
        raise StrayWriteError("a flush outside `transaction` and `housekeeping`")


@event.listens_for(Session, "do_orm_execute")
def _refuse_stray_statement(state: ORMExecuteState) -> None:
    writes = state.is_insert or state.is_update or state.is_delete
    if writes and WRITER not in state.session.info:
        raise StrayWriteError(
            "a statement that writes, outside `transaction` and `housekeeping`"
        )


@event.listens_for(Session, "before_commit")
def _refuse_stray_commit(session: Session) -> None:
    """Refuse what the other two cannot see: legacy bulk methods, statements on a connection."""
    if WRITER not in session.info:
        raise StrayWriteError("a commit outside `transaction` and `housekeeping`")

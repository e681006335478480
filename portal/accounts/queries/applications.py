"""Reading applications: those who vet read them all, who applied reads the own one."""

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.accounts.models import Application
from portal.accounts.queries.actors import hash_token
from portal.accounts.states import ApplicationState
from portal.core import clock

#: Those that wait for an answer of the vetters or of who applied.
OPEN = (ApplicationState.WAITING, ApplicationState.ASKED)

#: How many answered ones the overview shows, and how many open ones at most.
ANSWERED = 20
MOST_OPEN = 200


def applications_by_id(session: Session, ids: Iterable[int]) -> dict[int, Application]:
    """Return applications by id."""
    rows = session.scalars(select(Application).where(Application.id.in_(sorted(ids))))
    return {application.id: application for application in rows}


def get_application(session: Session, reference: str) -> Application | None:
    """Return one application, for those who vet."""
    return session.scalar(select(Application).where(Application.reference == reference))


def get_application_by_token(session: Session, token: str) -> Application | None:
    """Return the application whose page somebody has the link to."""
    return session.scalar(
        select(Application).where(Application.token_hash == hash_token(token))
    )


def list_open_applications(session: Session) -> list[Application]:
    """Return the applications without an answer, oldest first; those asked about last."""
    rows = session.scalars(
        select(Application)
        .where(Application.state.in_(OPEN))
        .order_by(Application.state.desc(), Application.applied_at)  # "waiting" after "asked"
        .limit(MOST_OPEN)
    )
    return list(rows)


def list_answered_applications(session: Session) -> list[Application]:
    """Return the latest answered applications, the last one first."""
    rows = session.scalars(
        select(Application)
        .where(Application.state.not_in(OPEN))
        .order_by(Application.moved_at.desc())
        .limit(ANSWERED)
    )
    return list(rows)


def count_applications(session: Session, *, hours: int) -> int:
    """Return how many were made within the last hours."""
    since = clock.now() - timedelta(hours=hours)
    count = select(func.count()).select_from(Application).where(Application.applied_at > since)
    return session.scalar(count) or 0

"""The outbox: which deliveries are due, who has taken one up, and what became of it.

The table is the truth. Whoever sends holds a delivery for a while; if the process dies
meanwhile, the delivery is due again when that time is over.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from portal.core import clock
from portal.journal.housekeeping import housekeeping
from portal.notify.models import Delivery
from portal.notify.smtp import SERVER
from portal.notify.states import PENDING, DeliveryState

#: From the first pause to the longest, each three times the one before.
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=15)

#: How long a delivery is tried.
GIVE_UP = timedelta(hours=24)

#: How long somebody who took a delivery up may need, and how many are taken up at once.
HELD = timedelta(minutes=3)
IN_FLIGHT = 20


def pause_after(tries: int) -> timedelta:
    """Return how long to wait after so many tries."""
    longest = LONGEST_PAUSE / FIRST_PAUSE
    return FIRST_PAUSE * min(3.0 ** min(tries - 1, 9), longest)


def _is_due(now: datetime) -> ColumnElement[bool]:
    return Delivery.state.in_(PENDING) & (Delivery.next_try_at <= now)


def take_due(session: Session) -> list[tuple[int, int]]:
    """Take up what is due; return ids with the number of the try, in the order to send them.

    What a duty address is told comes first, then the oldest. At most `IN_FLIGHT` are on their
    way at once, so that a server that hangs does not let them pile up.
    """
    now = clock.now()
    due = session.scalars(
        select(Delivery.id)
        .where(_is_due(now))
        .order_by(Delivery.person_id.is_not(None), Delivery.made_at, Delivery.id)
        .limit(IN_FLIGHT)
    ).all()
    if not due:
        return []
    on_the_way = (Delivery.state == DeliveryState.SENDING) & (Delivery.next_try_at > now)
    free = IN_FLIGHT - (session.scalar(select(func.count()).where(on_the_way)) or 0)
    if free <= 0:
        return []
    with housekeeping(session):
        taken = session.execute(
            update(Delivery)
            .where(Delivery.id.in_(due[:free]), _is_due(now))
            .values(
                state=DeliveryState.SENDING,
                tries=Delivery.tries + 1,
                next_try_at=now + HELD,
            )
            .returning(Delivery.id, Delivery.tries),
            execution_options={"synchronize_session": False},
        )
        tries = {row.id: row.tries for row in taken}
    return [(id_, tries[id_]) for id_ in due if id_ in tries]


def is_more_due(session: Session) -> bool:
    """Return whether anything is still to be taken up now."""
    due = select(Delivery.id).where(_is_due(clock.now())).limit(1)
    return session.scalar(due) is not None


def settle(session: Session, delivery_id: int, tries: int, **values: Any) -> bool:
    """Write down what became of a try; False when a newer one has taken over."""
    with housekeeping(session):
        settled = session.execute(
            update(Delivery)
            .where(
                Delivery.id == delivery_id,
                Delivery.tries == tries,
                Delivery.state == DeliveryState.SENDING,
            )
            .values(**values)
            .returning(Delivery.id),
            execution_options={"synchronize_session": False},
        ).first()
    return settled is not None


def ended(state: DeliveryState, error: str) -> dict[str, Any]:
    """Return what to write down when there is nothing more to try."""
    return {"state": state, "next_try_at": None, "last_error": error}


def put_off(delivery: Delivery, error: str) -> dict[str, Any]:
    """Return what to write down when a try failed and another may succeed."""
    again_at = clock.now() + pause_after(delivery.tries)
    if again_at > delivery.give_up_at:
        return ended(DeliveryState.FAILED, error)
    return {"state": DeliveryState.WAITING, "next_try_at": again_at, "last_error": error}


def is_spoken_for(session: Session, delivery: Delivery) -> bool:
    """Return whether a later one of the same row to the same address is due as well."""
    later = select(Delivery.id).where(
        Delivery.kind == delivery.kind,
        Delivery.subject_id == delivery.subject_id,
        Delivery.person_id.is_not_distinct_from(delivery.person_id),
        Delivery.id > delivery.id,
        Delivery.give_up_at <= clock.now() + GIVE_UP,
    )
    return session.scalar(later.limit(1)) is not None


def hurry(session: Session) -> None:
    """Let all go at once that waited for the mail server, now that it answers again."""
    with housekeeping(session):
        session.execute(
            update(Delivery)
            .where(
                Delivery.state == DeliveryState.WAITING,
                Delivery.last_error.startswith(SERVER),
            )
            .values(next_try_at=clock.now()),
            execution_options={"synchronize_session": False},
        )

"""What can be done with check-ins."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.accounts.models import Membership, Person
from portal.core.errors import FieldError, StateGoneError
from portal.core.references import unused_reference
from portal.incidents.models import Incident
from portal.journal.transaction import Tx
from portal.presence.models import CheckIn
from portal.presence.states import CHECK_IN, CheckInState

#: A shift ends within this: who says more is forgotten on the roster.
LONGEST = timedelta(hours=24)

TWICE = "This person is checked in already: one check-in for each person and incident."


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A shift as it is typed; see `CheckIn` for the codes."""

    assignment: str
    link: str
    until: datetime
    telephone: str = ""
    decides: tuple[str, ...] = ()
    decides_up_to: str = ""


def check_in(tx: Tx, incident: Incident, shift: Shift) -> CheckIn:
    """Check the actor in, in the name of the actor's organization.

    Raises FieldError for an impossible end or a limit of nothing, StateGoneError when the
    incident is closed or the person is checked in already.
    """
    own = {"person_id": tx.actor.person_id, "organization_id": tx.actor.organization_id}
    row = _arrival(tx, incident, shift, own)
    tx.move(CHECK_IN, "check_in", row, **_said(shift))
    return _settled(tx, row)


def check_in_for(tx: Tx, incident: Incident, caller: Membership, shift: Shift) -> CheckIn:
    """Check in somebody who called, wrote or came by; raises as `check_in` does.

    caller : for which membership they are here.
    """
    whose = {"person_id": caller.person_id, "organization_id": caller.organization_id}
    row = _arrival(tx, incident, shift, whose | {"entered_by_id": tx.actor.person_id})
    person = tx.session.get_one(Person, caller.person_id)
    tx.move(CHECK_IN, "check_in_for", row, person=person.reference, **_said(shift))
    return _settled(tx, row)


def extend(tx: Tx, row: CheckIn, *, until: datetime) -> None:
    """Stay longer, or come back after the clock has ended the shift.

    Raises FieldError for an impossible end.
    """
    _check_until(until, tx.now)
    tx.move(CHECK_IN, "extend", row, until=until.isoformat())
    row.until = until


def check_out(tx: Tx, row: CheckIn, *, hand_over: str = "") -> None:
    """Leave; the next shift of the organization reads the note."""
    tx.move(CHECK_IN, "check_out", row, hand_over=hand_over)
    row.hand_over = hand_over


def _arrival(
    tx: Tx, incident: Incident, shift: Shift, whose: Mapping[str, int | None]
) -> CheckIn:
    """Return a row for somebody who is not checked in yet."""
    _check_until(shift.until, tx.now)
    if shift.decides_up_to and not shift.decides:
        raise FieldError("decides", "Choose what the limit is for.")
    there = select(CheckIn.id).where(
        CheckIn.incident_id == incident.id,
        CheckIn.person_id == whose["person_id"],
        CheckIn.state == CheckInState.IN,
    )
    if tx.session.scalar(there) is not None:
        raise StateGoneError(TWICE)
    return CheckIn(
        reference=unused_reference(tx.session, CheckIn.reference, incident.code),
        incident=incident,
        incident_id=incident.id,
        **whose,
        **asdict(shift),
    )


def _said(shift: Shift) -> dict[str, Any]:
    """Return what the entry says: not the telephone number."""
    said = asdict(shift) | {"until": shift.until.isoformat(), "decides": list(shift.decides)}
    del said["telephone"]
    return said


def _settled(tx: Tx, row: CheckIn) -> CheckIn:
    """Let the database refuse the second of two that came at the same moment."""
    try:
        tx.session.flush()
    except IntegrityError as error:
        raise StateGoneError(TWICE) from error
    return row


def _check_until(until: datetime, now: datetime) -> None:
    if until <= now:
        raise FieldError("until", "This time has passed.")
    if until > now + LONGEST:
        hours = LONGEST // timedelta(hours=1)
        raise FieldError("until", f"A shift ends within {hours} hours; stay longer then.")

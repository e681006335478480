"""What can be done with posts."""

from dataclasses import asdict, dataclass

from portal.core.errors import FieldError
from portal.core.references import unused_reference
from portal.feed.models import Post
from portal.feed.states import POST
from portal.incidents.models import Incident
from portal.journal.audience import PARTNERS, STAFF
from portal.journal.transaction import Tx

#: The reason for which the author must be told more than its label.
OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a partner sees, as typed; see `Post` for the codes."""

    words: str
    county: str
    lifeline: str
    standing: str
    asked_for: tuple[str, ...]


def submit(tx: Tx, incident: Incident, report: Report) -> Post:
    """Hand a report to the desk in the name of the actor's organization.

    Raises StateGoneError when the incident is closed.
    """
    post = Post(
        reference=unused_reference(tx.session, Post.reference, incident.code),
        incident=incident,
        incident_id=incident.id,
        organization_id=tx.actor.organization_id,
        person_id=tx.actor.person_id,
        **asdict(report),
    )
    tx.move(POST, "submit", post, **asdict(report))
    return post


def publish(tx: Tx, post: Post, *, seen_by: tuple[str, ...]) -> None:
    """Let a report out to the rooms chosen; an audience never narrows afterwards.

    Raises FieldError for rooms that are neither partners, staff, sectors nor regions.
    """
    if not seen_by or any(not is_reading_room(room) for room in seen_by):
        raise FieldError("seen_by", "Choose who may see it.")
    tx.move(POST, "publish", post, seen_by=list(seen_by))
    post.seen_by = seen_by


def reject(tx: Tx, post: Post, *, reason: str, note: str) -> None:
    """Do not publish; the author reads why.

    Raises FieldError when the reason alone would tell the author nothing.
    """
    if reason == OTHER and not note:
        raise FieldError("note", "Say why in a few words; the author reads it.")
    tx.move(POST, "reject", post, reason=reason, note=note)
    post.reason, post.note = reason, note


def withdraw(tx: Tx, post: Post) -> None:
    """Take an own report back before the desk has decided."""
    tx.move(POST, "withdraw", post)


def retract(tx: Tx, post: Post, *, note: str) -> None:
    """Take a published post back: its words leave every reader's screen, the reason stays."""
    tx.move(POST, "retract", post, note=note)
    post.note = note


def is_reading_room(room: str) -> bool:
    """Return whether a post can be let out to this room."""
    return room in {PARTNERS, STAFF} or room.startswith(("sector:", "region:"))

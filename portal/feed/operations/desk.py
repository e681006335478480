"""What the desk decides about reports."""

from contextlib import suppress
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from portal.core import clock
from portal.core.actor import SYSTEM
from portal.core.errors import ConflictError, FieldError
from portal.core.writes import Held
from portal.feed.models import Post
from portal.feed.operations.claims import let_go
from portal.feed.operations.inputs import Letting, check_times, said_of, tag, words_let_out
from portal.feed.operations.posts import supersede
from portal.feed.states import POST, UNDECIDED, PostState
from portal.incidents.models import Incident
from portal.incidents.states import IncidentState
from portal.journal.transaction import Tx, transaction

#: The reason for which the author must be told more than its label.
OTHER = "other"

_MOST_AT_ONCE = 100
_NOT_OUT = (PostState.REJECTED, PostState.WITHDRAWN)


def publish(tx: Tx, post: Post, letting: Letting) -> None:
    """Let a report out; an audience never narrows afterwards.

    Where it updates an alert that is out, it takes that one's place. Raises FieldError for
    readers that are none and for times that have passed, StateGoneError while another has it.
    """
    tx.check(POST, "publish", post)
    columns = words_let_out(post, letting)
    check_times(tx, letting)
    let_go(tx, post)
    tx.move(POST, "publish", post, **said_of(letting) | {"said": columns["said"]})
    for name, value in columns.items():
        setattr(post, name, value)
    tag(tx, post)
    replaced = tx.session.get(Post, post.replaces_id) if post.replaces_id else None
    if replaced is not None and replaced.state is PostState.PUBLISHED:
        supersede(tx, replaced, by=post)


def reject(tx: Tx, post: Post, *, reason: str, note: str) -> None:
    """Do not publish; the author reads why.

    Raises FieldError when the reason alone would tell the author nothing.
    """
    tx.check(POST, "reject", post)
    if reason == OTHER and not note:
        raise FieldError("note", "Say why in a few words; the author reads it.")
    let_go(tx, post)
    tx.move(POST, "reject", post, reason=reason, note=note)
    post.reason, post.note = reason, note


def merge(tx: Tx, post: Post, *, into: Post) -> None:
    """Put a report together with another of the same thing, which speaks for both.

    Both have to be held. Raises FieldError for itself, and for one that readers will not see.
    """
    tx.check(POST, "merge", post)
    is_there = into.state in UNDECIDED | {PostState.PUBLISHED}
    if into.id == post.id or into.incident_id != post.incident_id or not is_there:
        raise FieldError("into", "Choose another report that waits or is published.")
    let_go(tx, post)
    tx.move(POST, "merge", post, into=into.reference)
    post.successor_id = into.id


def reopen(tx: Tx, post: Post) -> None:
    """Put a report before the desk again: the one it was merged into will not speak for it."""
    tx.move(POST, "reopen", post)
    post.successor_id, post.reminded_at = None, None


def reopen_merged(session: Session) -> None:
    """Put back what was merged into a report that did not go out: a job of the timer."""
    other = aliased(Post)
    stranded = session.scalars(
        select(Post)
        .join(other, other.id == Post.successor_id)
        .where(Post.state == PostState.MERGED, other.state.in_(_NOT_OUT))
        .limit(_MOST_AT_ONCE)
    ).all()
    for post in stranded:
        with (
            suppress(ConflictError),
            transaction(session, SYSTEM, held=[Held(post, post.version)]) as tx,
        ):
            reopen(tx, post)


def ask(tx: Tx, post: Post, *, question: str) -> None:
    """Ask the author; the report waits for the answer, and then for the desk again."""
    tx.check(POST, "ask", post)
    let_go(tx, post)
    tx.move(POST, "ask", post, question=question)
    post.question, post.reply = question, ""


def remind(tx: Tx, post: Post, *, minutes: int) -> None:
    """Say that a report waits longer than it should."""
    tx.move(POST, "remind", post, minutes=minutes)


def remind_late(session: Session) -> None:
    """Say once of each report that it waits too long: a job of the timer."""
    incidents = select(Incident).where(Incident.state == IncidentState.OPEN)
    for incident in session.scalars(incidents).all():
        limit = timedelta(minutes=incident.review_minutes)
        late = session.scalars(
            select(Post)
            .where(
                Post.incident_id == incident.id,
                Post.state == PostState.WAITING,
                Post.waiting_since <= clock.now() - limit,
                Post.reminded_at.is_(None),
            )
            .order_by(Post.waiting_since)
            .limit(_MOST_AT_ONCE)
        ).all()
        for post in late:
            with (
                suppress(ConflictError),  # decided in this moment
                transaction(session, SYSTEM, held=[Held(post, post.version)]) as tx,
            ):
                remind(tx, post, minutes=incident.review_minutes)

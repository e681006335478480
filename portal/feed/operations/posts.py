"""The SEOC's own posts, and what becomes of what is out."""

from datetime import datetime

from sqlalchemy import func, select

from portal.core.errors import FieldError, StateGoneError
from portal.core.references import unused_reference
from portal.core.writes import Held
from portal.feed.models import Post
from portal.feed.operations.inputs import Posting, check_times, said_of, tag, words_let_out
from portal.feed.queries.acknowledgements import missing
from portal.feed.states import POST, PostState
from portal.incidents.models import Incident
from portal.journal.audience import PARTNERS
from portal.journal.transaction import Tx

#: Posts that can be pinned at one time.
MOST_PINNED = 3


def post(tx: Tx, incident: Incident, posting: Posting) -> Post:
    """Publish the SEOC's own words, or propose them to a second person where that is the rule.

    Instructions to all partners need a second person if their incident says so. Raises
    FieldError for readers that are none and for times that have passed, StateGoneError when
    the incident is closed.
    """
    made = Post(
        reference=unused_reference(tx.session, Post.reference, incident.code),
        incident=incident,
        incident_id=incident.id,
        organization_id=tx.actor.organization_id,
        person_id=tx.actor.person_id,
        source="official",
        words=posting.said,
        asked_for=posting.seen_by,
        kind=posting.kind,
        counties=posting.counties,
        lifeline=posting.lifeline,
        is_urgent=posting.is_urgent,
    )
    for name, value in words_let_out(made, posting).items():
        setattr(made, name, value)
    check_times(tx, posting)
    if needs_second(incident, posting):
        tx.move(POST, "propose", made, **said_of(posting))
    else:
        tx.move(POST, "post", made, **said_of(posting))
        tag(tx, made)
    return made


def needs_second(incident: Incident, posting: Posting) -> bool:
    """Return whether a second person has to agree before these words go out."""
    return (
        incident.needs_second and posting.kind == "instruction" and PARTNERS in posting.seen_by
    )


def second(tx: Tx, post: Post) -> None:
    """Agree to what another has proposed: it goes out.

    Raises FieldError when a time of it has passed meanwhile.
    """
    tx.check(POST, "second", post)
    check_times(tx, post)
    tx.move(POST, "second", post)
    tag(tx, post)


def drop(tx: Tx, post: Post) -> None:
    """Do not let a proposal out."""
    tx.move(POST, "drop", post)


def correct(tx: Tx, post: Post, *, said: str, why: str) -> None:
    """Put right what readers read; the words before stay beside it, with the reason.

    Raises FieldError when nothing is changed.
    """
    tx.check(POST, "correct", post)
    if said == post.said:
        raise FieldError("said", "Change the text, or retract the post.")
    tx.move(POST, "correct", post, said=said, why=why)
    post.said_before, post.said, post.correction = post.said, said, why
    post.doubted_at = None


def confirm(tx: Tx, post: Post, *, review_by: datetime | None) -> None:
    """Say that it is still true, and until when that holds.

    Raises FieldError for a time that has passed.
    """
    tx.check(POST, "confirm", post)
    if review_by is not None and review_by <= tx.now:
        raise FieldError("review_by", "Choose a time that is still to come.")
    said = review_by.isoformat() if review_by else None
    tx.move(POST, "confirm", post, review_by=said)
    post.review_by, post.doubted_at = review_by, None


def pin(tx: Tx, post: Post, *, until: datetime) -> None:
    """Keep a post among what is true now.

    Raises FieldError for a time that has passed, and when three are pinned already.
    """
    tx.check(POST, "pin", post)
    if until <= tx.now:
        raise FieldError("until", "Choose a time that is still to come.")
    tx.hold([Held(post.incident)])  # two who pin at once count one after the other
    pinned = tx.session.scalar(
        select(func.count()).where(
            Post.incident_id == post.incident_id,
            Post.pinned_until > tx.now,
            Post.state == PostState.PUBLISHED,
            Post.id != post.id,
        )
    )
    if (pinned or 0) >= MOST_PINNED:
        raise FieldError("until", f"{MOST_PINNED} posts are pinned already. Unpin one first.")
    tx.move(POST, "pin", post, until=until.isoformat())
    post.pinned_until = until


def unpin(tx: Tx, post: Post) -> None:
    """Take a post from among what is true now; it stays in the feed."""
    tx.move(POST, "unpin", post)
    post.pinned_until = None


def nudge(tx: Tx, post: Post) -> None:
    """Remind every organization that has not acknowledged a post.

    Raises StateGoneError when all have.
    """
    tx.check(POST, "nudge", post)
    late = missing(tx.session, post)
    if not late:
        raise StateGoneError("Everybody has acknowledged it.")
    tx.move(POST, "nudge", post, organizations=[it.id for it in late])


def supersede(tx: Tx, post: Post, *, by: Post) -> None:
    """Mark a post as overtaken by a later one, which readers are led to.

    Both have to be held, or the later one just let out. Raises FieldError unless the later
    one is out, too.
    """
    tx.check(POST, "supersede", post)
    if (
        by.id == post.id
        or by.incident_id != post.incident_id
        or by.state is not PostState.PUBLISHED
    ):
        raise FieldError("by", "Name another post that is published.")
    tx.move(POST, "supersede", post, by=by.reference)
    post.successor_id = by.id


def retract(tx: Tx, post: Post, *, note: str) -> None:
    """Take a published post back: its words leave every reader's screen, the reason stays."""
    tx.move(POST, "retract", post, note=note)
    post.note = note

"""What authors do with reports, and how others' words come in."""

import hashlib
from collections.abc import Sequence
from typing import Any

from portal.core.errors import FieldError
from portal.core.references import unused_reference
from portal.feed.models import Photo, Post
from portal.feed.operations.inputs import Outside, Report, Snapshot, said_of
from portal.feed.states import POST
from portal.incidents.models import Incident
from portal.journal.audience import STAFF
from portal.journal.transaction import Tx
from portal.organizations.models import Organization

#: Pictures with one report.
MOST_PHOTOS = 4


def submit(tx: Tx, incident: Incident, report: Report, photos: Sequence[Snapshot] = ()) -> Post:
    """Hand a report to the desk in the name of the actor's organization.

    Raises StateGoneError when the incident is closed, FieldError for too many pictures.
    """
    said = said_of(report)
    post = _new(tx, incident, organization_id=tx.actor.organization_id, **said)
    digests = _attach(post, photos)
    tx.move(POST, "submit", post, **said, photos=digests)
    return post


def enter(
    tx: Tx,
    incident: Incident,
    report: Report,
    *,
    organization: Organization,
    spoken_by: str,
    link: str,
) -> Post:
    """Enter a report for somebody who called or wrote; their organization sees it as its own.

    Raises StateGoneError when the incident is closed.
    """
    caller = {"spoken_by": spoken_by, "link": link}
    post = _new(tx, incident, organization_id=organization.id, **caller, **said_of(report))
    tx.move(POST, "enter", post, **said_of(report), **caller, photos=[])
    return post


def bring_in(tx: Tx, incident: Incident, outside: Outside) -> Post:
    """Put an outside alert before the desk as a draft."""
    post = _new(
        tx,
        incident,
        organization_id=None,
        kind="alert",
        source="automated",
        link="portal",
        asked_for=(STAFF,),
        words=outside.words,
        spoken_by=outside.spoken_by,
        counties=outside.counties,
        is_urgent=outside.is_urgent,
        confidence=outside.confidence,
        ends_at=outside.ends_at,
        replaces_id=outside.replaces.id if outside.replaces else None,
    )
    replaces = outside.replaces.reference if outside.replaces else None
    tx.move(POST, "bring_in", post, words=outside.words, key=outside.key, replaces=replaces)
    return post


def overtake(tx: Tx, post: Post, *, by: Post) -> None:
    """Take a draft off the desk whose place a newer alert has taken before anybody decided."""
    tx.session.flush()
    tx.move(POST, "overtake", post, by=by.reference)
    post.successor_id = by.id


def reply(tx: Tx, post: Post, *, reply: str) -> None:
    """Answer the desk's question; the report waits for the desk again."""
    tx.move(POST, "reply", post, reply=reply)
    post.reply, post.reminded_at = reply, None


def withdraw(tx: Tx, post: Post) -> None:
    """Take an own report back before the desk has decided."""
    tx.move(POST, "withdraw", post)


def _new(tx: Tx, incident: Incident, **columns: Any) -> Post:
    return Post(
        reference=unused_reference(tx.session, Post.reference, incident.code),
        incident=incident,
        incident_id=incident.id,
        person_id=tx.actor.person_id,
        **columns,
    )


def _attach(post: Post, photos: Sequence[Snapshot]) -> list[str]:
    """Keep the pictures with the post, and return their SHA-256 digests for the record."""
    if len(photos) > MOST_PHOTOS:
        raise FieldError("photos", f"Send {MOST_PHOTOS} pictures at most.")
    post.pictures = tuple(f"{it.width}x{it.height}" for it in photos)
    post.photos = [
        Photo(
            number=number,
            width=photo.width,
            height=photo.height,
            jpeg=photo.jpeg,
            small=photo.small,
        )
        for number, photo in enumerate(photos, 1)
    ]
    return [hashlib.sha256(photo.jpeg).hexdigest() for photo in photos]

"""What the operations of the feed are given, and the rules that several of them share."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from portal.core.contacts import hide_contacts
from portal.core.errors import FieldError
from portal.feed.models import Post, PostTag
from portal.journal.audience import PARTNERS, STAFF
from portal.journal.transaction import Tx
from portal.organizations.models import Organization
from portal.organizations.queries import regions_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A picture made anew; see `Photo`."""

    jpeg: bytes
    small: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a partner sees, as typed; see `Post` for the codes."""

    words: str
    counties: tuple[str, ...]
    lifeline: str
    standing: str
    asked_for: tuple[str, ...]
    place: str = ""
    is_urgent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Letting:
    """How the desk lets words out; see `Post` for the meanings.

    said : what readers read; "" takes the author's words without telephone numbers and e-mail
           addresses.
    """

    seen_by: tuple[str, ...]
    said: str = ""
    tlp: str = "GREEN"
    confidence: str = ""
    review_by: datetime | None = None
    ends_at: datetime | None = None
    acknowledge_by: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting(Letting):
    """A post of the SEOC's own."""

    kind: str
    counties: tuple[str, ...] = ()
    lifeline: str = ""
    is_urgent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """An alert from outside, as a draft for the desk.

    key      : what tells it from every other alert, for the record.
    replaces : the post that this one updates or cancels, if it is here.
    """

    key: str
    words: str
    spoken_by: str
    counties: tuple[str, ...]
    is_urgent: bool
    confidence: str
    ends_at: datetime | None
    replaces: Post | None


def said_of(given: Any) -> dict[str, Any]:
    """Return the fields of an input as an entry can hold them."""
    values = ((it.name, getattr(given, it.name)) for it in fields(given))
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in values
    }


def words_let_out(post: Post, letting: Letting) -> Mapping[str, Any]:
    """Return the columns of a post that is let out so.

    Raises FieldError for rooms that are neither partners, staff, sectors nor regions, and for
    times that have passed.
    """
    if not letting.seen_by or any(not is_reading_room(room) for room in letting.seen_by):
        raise FieldError("seen_by", "Choose who may see it.")
    columns = {name: getattr(letting, name) for name in Letting.__dataclass_fields__}
    return columns | {"said": letting.said or hide_contacts(post.words)}


def check_times(tx: Tx, letting: Letting | Post) -> None:
    """Raise FieldError for a time that has passed."""
    for name in ("review_by", "ends_at", "acknowledge_by"):
        at = getattr(letting, name)
        if at is not None and at <= tx.now:
            raise FieldError(name, "Choose a time that is still to come.")


def is_reading_room(room: str) -> bool:
    """Return whether a post can be let out to this room."""
    return room in {PARTNERS, STAFF} or room.startswith(("sector:", "region:"))


def tag(tx: Tx, post: Post) -> None:
    """Give a post that is let out the tags by which the feed's filters find it."""
    sectors = {room for room in post.seen_by if room.startswith("sector:")}
    if post.organization_id is not None:
        organization = tx.session.get_one(Organization, post.organization_id)
        sectors |= {f"sector:{code}" for code in organization.sectors}
    tags = {f"kind:{post.kind}", *sectors}
    tags |= {f"county:{fips}" for fips in post.counties}
    tags |= {f"region:{letter}" for letter in regions_of(post.counties)}
    if post.lifeline:
        tags.add(f"lifeline:{post.lifeline}")
    tx.session.flush()
    tx.session.add_all(
        PostTag(incident_id=post.incident_id, tag=each, post_id=post.id)
        for each in sorted(tags)
    )

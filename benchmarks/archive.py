"""Very many published posts, written straight into the tables: what is measured is reading."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from benchmarks.world import AUTHOR, CODE, actor_named, incident_of
from portal.core import clock
from portal.core.db import database_of
from portal.feed.models import Post, PostTag
from portal.feed.states import PostState
from portal.journal.audience import DESK, PARTNERS, org
from portal.journal.models import Audience
from portal.organizations.queries import regions_of

#: A word of every post, one of each thirtieth, and one of three posts in all.
COMMON, SELDOM, RARE = "diesel", "culvert", "quarry"
#: Counties that posts speak of in turn; the last of them seldom.
COUNTIES = ("29097", "29109", "29119", "29145", "29009")
_LIFELINES = ("ENERGY", "TRANS", "WATER", "COMMS", "FHS")
_KINDS = ("status", "road", "power", "fuel")

_BATCH = 5_000

POST: Any = Post.__table__
TAG: Any = PostTag.__table__
AUDIENCE: Any = Audience.__table__


def fill(session: Session, numbers: range) -> None:
    """Write a published post for each number, a second apart, the last of them just now."""
    incident, author = incident_of(session), actor_named(session, AUTHOR)
    began = clock.now() - timedelta(seconds=numbers.stop)
    rooms = (PARTNERS, DESK, org(author.organization_id or 0))
    with connected(session) as connection:
        for batch in batches(numbers):
            posts = [_post(it, began, incident.id, author) for it in batch]
            connection.execute(insert(POST), posts)
            connection.execute(
                insert(AUDIENCE),
                [
                    {"subject": "post", "subject_id": post["id"], "room": room}
                    for post in posts
                    for room in rooms
                ],
            )
            tags = [row for post in posts for row in _tags(post)]
            connection.execute(insert(TAG), tags)


def empty(session: Session) -> None:
    """Take away the posts that the demo brought: the figures are of ours alone."""
    forget(session, "post")


def forget(session: Session, subject: str) -> None:
    """Let nobody see the rows of this kind that are there."""
    with connected(session) as connection:
        connection.execute(delete(AUDIENCE).where(AUDIENCE.c.subject == subject))


def connected(session: Session) -> Any:
    """Return a connection with an open transaction, past the portal's own guard."""
    engine = database_of(session).engine
    return engine.begin()


def batches(numbers: range) -> Iterator[Sequence[int]]:
    """Yield the numbers in portions."""
    left = iter(numbers)
    while batch := list(islice(left, _BATCH)):
        yield batch


def _post(number: int, began: datetime, incident_id: int, author: Any) -> dict[str, Any]:
    at = began + timedelta(seconds=number)
    extra = f" {SELDOM}" if number % 30 == 0 else ""
    extra += f" {RARE}" if number in {10, 500, 900} else ""
    words = (
        f"Report {number}: the {COMMON} rack at terminal {number % 53} loads, one is down."
        f" The queue at the gate is {number % 40} trucks; next word at the full hour.{extra}"
    )
    return {
        "id": 1_000_000 + number,
        "version": 2,
        "reference": f"{CODE}-{number:07}",
        "incident_id": incident_id,
        "organization_id": author.organization_id,
        "person_id": author.person_id,
        "words": words,
        "said": words,
        "counties": (COUNTIES[number % len(COUNTIES)],),
        "lifeline": _LIFELINES[number % 7 % len(_LIFELINES)],
        "kind": _KINDS[number % 11 % len(_KINDS)],
        "standing": "limited",
        "asked_for": (PARTNERS,),
        "seen_by": (PARTNERS,),
        "state": PostState.PUBLISHED,
        "submitted_at": at,
        "waiting_since": at,
        "published_at": at,
        "moved_at": at,
        **dict.fromkeys(("spoken_by", "place", "said_before", "correction"), ""),
        **dict.fromkeys(("confidence", "question", "reply", "reason", "note"), ""),
        "link": "portal",
        "source": "partner_verified",
        "tlp": "GREEN",
        "pictures": (),
        "is_urgent": False,
    }


def _tags(post: dict[str, Any]) -> Iterator[dict[str, Any]]:
    of = (f"county:{fips}" for fips in post["counties"])
    regions = (f"region:{letter}" for letter in regions_of(post["counties"]))
    for tag in (*of, *regions, f"lifeline:{post['lifeline']}", f"kind:{post['kind']}"):
        yield {
            "incident_id": post["incident_id"],
            "tag": tag,
            "post_id": post["id"],
            "published_at": post["published_at"],
        }

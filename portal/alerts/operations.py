"""What becomes of alerts from outside: drafts before the desk, each once, joined in threads."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select

from portal.alerts.geojson import Alert, Key
from portal.alerts.models import OutsideAlert
from portal.alerts.wording import words_of
from portal.core import codes
from portal.core.errors import StateGoneError
from portal.core.writes import Held
from portal.feed import operations as feed
from portal.feed.models import Post
from portal.feed.states import UNDECIDED, PostState
from portal.incidents.models import Incident
from portal.journal.transaction import Tx

_REAL = frozenset({"Actual"})
_IN_EXERCISES = _REAL | {"Exercise", "Test"}

_URGENT = frozenset({"Extreme", "Severe"})

#: A sender's name is at most so long: see `Post.spoken_by`.
_LONGEST_NAME = 120


class Fate(StrEnum):
    """What becomes of one alert: the first two are put before the desk, the others left out."""

    NEW = "new"
    JOINED = "joined"
    KNOWN = "known"
    OVERTAKEN = "overtaken"
    UNREAL = "unreal"
    ELSEWHERE = "elsewhere"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Imported:
    """How many alerts of a file met each fate; every alert met one."""

    fates: Counter[Fate]

    @property
    def accepted(self) -> int:
        """How many were put before the desk."""
        return self.fates[Fate.NEW] + self.fates[Fate.JOINED]

    @property
    def left_out(self) -> int:
        """How many were not."""
        return self.fates.total() - self.accepted


def import_alerts(tx: Tx, incident: Incident, alerts: Sequence[Alert]) -> Imported:
    """Put before the desk what is new, real, about the incident's counties and not over yet.

    Whoever imports at the same moment waits for the incident, and then finds these alerts.
    Raises StateGoneError when the incident is closed.
    """
    tx.hold([Held(incident)])
    if not incident.is_open:
        raise StateGoneError(f"Incident {incident.code} is closed.")
    in_time = sorted(alerts, key=lambda it: (it.sent, it.identifier))
    return Imported(Counter(_take(tx, incident, alert) for alert in in_time))


def _take(tx: Tx, incident: Incident, alert: Alert) -> Fate:
    if alert.status not in (_IN_EXERCISES if incident.is_exercise else _REAL):
        return Fate.UNREAL
    if not _concerns(alert, incident):
        return Fate.ELSEWHERE
    known = _known(tx, incident, alert.key)
    if known is None:
        return _bring_in(tx, incident, alert)
    if known.post_id is not None:
        return Fate.KNOWN
    _overtake_older(tx, alert, known)
    return Fate.OVERTAKEN


def _concerns(alert: Alert, incident: Incident) -> bool:
    mine = set(incident.counties)
    return bool(alert.counties) and (not mine or not mine.isdisjoint(alert.counties))


def _bring_in(tx: Tx, incident: Incident, alert: Alert) -> Fate:
    """Make a draft of an alert that nothing here names.

    One that is over is left out, unless it updates or cancels what still stands here: then
    the desk has to hear of it, however late.
    """
    posts = _replaced_posts(tx, incident, alert)
    ends_at = _lasts_until(alert, tx.now)
    stands = [it for it in posts if it.state in UNDECIDED or it.state is PostState.PUBLISHED]
    if ends_at <= tx.now and not stands:
        return Fate.OVER
    replaces = _to_replace(tx, posts)
    post = feed.bring_in(
        tx,
        incident,
        feed.Outside(
            key=",".join(alert.key),
            words=words_of(alert),
            spoken_by=(alert.sender_name or alert.sender)[:_LONGEST_NAME],
            counties=_counties_of(alert),
            is_urgent=alert.severity in _URGENT and alert.urgency == "Immediate",
            confidence=_confidence_of(alert),
            ends_at=ends_at if ends_at > tx.now else None,
            replaces=replaces,
        ),
    )
    tx.session.flush()
    row = _remember(tx, incident, alert.key, post_id=post.id)
    _overtake_older(tx, alert, row)
    return Fate.JOINED if replaces else Fate.NEW


def _lasts_until(alert: Alert, now: datetime) -> datetime:
    """Return until when it holds: while its hazard lasts, else while the message is good."""
    if alert.message_type != "Cancel" and alert.ends is not None and alert.ends > now:
        return alert.ends
    return alert.expires


def _counties_of(alert: Alert) -> tuple[str, ...]:
    """Return the counties as a post names them, where none stands for the whole State."""
    return () if set(alert.counties) == set(codes.load("counties")) else alert.counties


def _confidence_of(alert: Alert) -> str:
    """Return the code of its certainty; "" where the State's own list has none."""
    code = alert.certainty.lower()
    return code if code in codes.load("certainties") else ""


# ---------------------------------------------------------------- threads


def _older(alert: Alert) -> Iterator[Key]:
    """Give the keys of the alerts that it updates or cancels.

    Only what was sent before can be: so no thread comes back to where it began.
    """
    for key in dict.fromkeys(alert.references):
        if datetime.fromisoformat(key[2]) < alert.sent:
            yield key


def _replaced_posts(tx: Tx, incident: Incident, alert: Alert) -> list[Post]:
    """Return the posts of the alerts that it names and that are here, the newest first.

    Those undecided are held: a moderator who decides in this moment is waited for.
    """
    rows = [row for key in _older(alert) if (row := _known(tx, incident, key))]
    rows = sorted((row for row in rows if row.post_id), key=lambda it: it.sent, reverse=True)
    mine = Post.id.in_([row.post_id for row in rows])
    undecided = select(Post).where(mine, Post.state.in_(UNDECIDED))
    tx.hold([Held(post) for post in tx.session.scalars(undecided)])
    read_anew = select(Post).where(mine).execution_options(populate_existing=True)
    posts = {post.id: post for post in tx.session.scalars(read_anew)}
    return [posts[row.post_id] for row in rows if row.post_id]


def _to_replace(tx: Tx, posts: Sequence[Post]) -> Post | None:
    """Return whose place it takes once it is published: of these and those before them.

    What is published comes first: a draft that nobody let out leaves nothing to replace, but
    what that draft was to replace is out still.
    """
    for post in posts:
        before: Post | None = post
        while before is not None and before.state is not PostState.PUBLISHED:
            before = tx.session.get(Post, before.replaces_id) if before.replaces_id else None
        if before is not None:
            return before
    return posts[0] if posts else None


def _overtake_older(tx: Tx, alert: Alert, row: OutsideAlert) -> None:
    """Take what it updates or cancels off the desk, and remember what is not here yet."""
    incident = tx.session.get_one(Incident, row.incident_id)
    for post in _replaced_posts(tx, incident, alert):
        if post.state in UNDECIDED:
            feed.overtake(tx, post, by=_newest(tx, row))
    for key in _older(alert):
        known = _known(tx, incident, key)
        if known is None:
            _remember(tx, incident, key, overtaken_by_id=row.id)
        elif known.overtaken_by_id is None:
            known.overtaken_by_id = row.id


def _newest(tx: Tx, row: OutsideAlert) -> Post:
    """Return the post at the end of a thread: what nothing overtakes was brought in."""
    while row.overtaken_by_id is not None:
        row = tx.session.get_one(OutsideAlert, row.overtaken_by_id)
    return tx.session.get_one(Post, row.post_id)


def _known(tx: Tx, incident: Incident, key: Key) -> OutsideAlert | None:
    return tx.session.scalar(
        select(OutsideAlert).where(
            OutsideAlert.incident_id == incident.id, OutsideAlert.key == _digest(key)
        )
    )


def _remember(
    tx: Tx,
    incident: Incident,
    key: Key,
    *,
    post_id: int | None = None,
    overtaken_by_id: int | None = None,
) -> OutsideAlert:
    sender, identifier, sent = key
    row = OutsideAlert(
        incident_id=incident.id,
        key=_digest(key),
        sender=sender,
        identifier=identifier,
        sent=datetime.fromisoformat(sent),
        post_id=post_id,
        overtaken_by_id=overtaken_by_id,
    )
    tx.session.add(row)
    tx.session.flush()
    return row


def _digest(key: Key) -> str:
    return hashlib.sha256(json.dumps(key).encode()).hexdigest()

"""Who may see which words up to when: told by what was done, not by what was sent."""

from __future__ import annotations

import json
import math
import re
import time
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from portal.feed.states import PostState
from portal.journal.audience import DESK, ERAC, PARTNERS, STAFF, org
from portal.journal.models import Entry, EntryRoom

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

    from portal.feed.models import Post
    from portal.offers.models import Offer
    from tests.live.follower import Heard
    from tests.live.markup import Views

#: Words that stand nowhere by chance: canaries in texts, prices in cents.
_CANARY = re.compile(r"canary\w+|\$[\d,]+\.\d\d")


def rooms_of_words(post: Post) -> set[str]:
    """Return the rooms that may read a report's words now."""
    rooms = {org(post.organization_id)}
    if post.state is PostState.WAITING:
        rooms.add(DESK)
    if post.state is PostState.PUBLISHED:
        rooms |= _readers(post)
    return rooms


def rooms_of_note(post: Post) -> set[str]:
    """Return the rooms that may read what the desk told the author."""
    own = {org(post.organization_id)}
    return own | _readers(post) if post.state is PostState.RETRACTED else own


def rooms_of_price(offer: Offer) -> set[str]:
    """Return the rooms that may read a price."""
    return {org(offer.organization_id), ERAC}


def _readers(post: Post) -> set[str]:
    return {*post.seen_by, *(() if PARTNERS in post.seen_by else (STAFF,))}


class Ledger:
    """For each canary the rooms that may hear it, up to which number of the room.

    now  : {canary: {room: the number from which on it may no longer come}}
    born : when each canary was first spoken, as the test's clock has it.
    """

    def __init__(self, generation: str) -> None:
        self.now: dict[str, dict[str, float]] = {}
        self.born: dict[str, float] = {}
        self._names = [generation]
        self._past: list[dict[str, dict[str, float]]] = []

    def note(self, canary: str, rooms: set[str], entry: dict[str, int]) -> None:
        """Note who may hear a canary since an entry, whose numbers by room are given."""
        self.born.setdefault(canary, time.monotonic())
        known = self.now.setdefault(canary, {})
        for room in rooms - known.keys():
            known[room] = math.inf
        for room in known.keys() - rooms:
            known[room] = min(known[room], entry.get(room, math.inf))

    def copied(self) -> dict[str, dict[str, float]]:
        """Return how it stands, as a copy of the database would."""
        return deepcopy(self.now)

    def restore(self, copy: dict[str, dict[str, float]], generation: str) -> None:
        """Go back to how it stood, under the database's new name."""
        self._past.append(self.now)
        self._names.append(generation)
        self.now = deepcopy(copy)

    def stray_words(self, heard: Heard) -> list[str]:
        """Return the canaries that something heard should not have carried."""
        strays = [
            f"{canary} in {frame['room']} {frame['n']}: {frame}"
            for frame in heard.frames
            for canary in spoken_in(frame)
            if not self._may_carry(heard.generation, canary, frame)
        ]
        if heard.event == "entry":
            return strays
        return strays + spoken_in(
            {k: v for k, v in (heard.data or {}).items() if k != "frames"}
        )

    def _may_carry(self, generation: str, canary: str, frame: dict[str, Any]) -> bool:
        """Whether it may in the life that the client knows or, after a restore, the next."""
        known = self._names.index(generation) if generation in self._names else 0
        lives = [*self._past, self.now][known : known + 2]
        return any(frame["n"] < life.get(canary, {}).get(frame["room"], 0) for life in lives)

    def strays(self, shown: Views, rooms: Iterable[str]) -> list[str]:
        """Return the canaries on pages that people of these rooms should not see now."""
        may = {c for c, it in self.now.items() if any(it.get(r) == math.inf for r in rooms)}
        return [canary for canary in spoken_in(list(shown.values())) if canary not in may]

    def was_born_after(self, at: float, frame: dict[str, Any]) -> bool:
        """Return whether a frame carries a canary that was first spoken after a moment."""
        return any(self.born.get(canary, 0) > at for canary in spoken_in(frame))


def spoken_in(said: Any) -> list[str]:
    """Return the canaries in something that was sent."""
    found: list[str] = _CANARY.findall(json.dumps(said, ensure_ascii=False))
    return found


def numbers_of_last_entry(session: Session, subject: str, subject_id: int) -> dict[str, int]:
    """Return the numbers by room of the last entry about a row."""
    last = (
        select(Entry.incident_id, Entry.seq)
        .where(Entry.subject == subject, Entry.subject_id == subject_id)
        .order_by(Entry.seq.desc())
        .limit(1)
        .subquery()
    )
    rows = session.execute(
        select(EntryRoom.room, EntryRoom.n).join(
            last,
            (EntryRoom.incident_id == last.c.incident_id) & (EntryRoom.seq == last.c.seq),
        )
    )
    return {row.room: row.n for row in rows}


def broken_counts(heard: Iterable[Heard]) -> list[str]:
    """Return where a room's numbers were not contiguous on one connection.

    After a reload or purge was said, the client is on its way to a new start.
    """
    found: list[str] = []
    life, next_n, counts = 0, {}, False
    for it in heard:
        if it.life != life:
            life, next_n, counts = it.life, {}, False
        if it.event == "answer" and "heads" in it.data:
            next_n, counts = {room: n + 1 for room, n in it.data["heads"].items()}, True
        elif it.event in {"reload", "purge", "closing"}:
            counts = False
        elif it.event == "entry" and counts:
            room, n = it.data["room"], it.data["n"]
            due = next_n.get(room, 0)
            if n > due:
                found.append(f"{room}: {n} came where {due} was due")
            next_n[room] = max(due, n + 1)
    return found

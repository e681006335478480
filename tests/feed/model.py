"""What the feed and its desk promise, said once more and far simpler: without a database.

`Model` believes what was acknowledged, foretells what a step will be refused for, and knows who
reads what. It shares no rule with the portal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from portal.core.errors import (
    AbsentError,
    EpochGoneError,
    FieldError,
    NotAllowedError,
    StateGoneError,
)
from tests.world import ORGANIZATIONS, PEOPLE

SYSTEM = "the portal"
DESK = ("moderator", "moderator2", "mop3")
PARTNERS = ("alpha", "bravo", "charlie", "guild")
#: Who looks at the feed: of each kind of room somebody.
READERS = (*PARTNERS, "alpha_admin", "moderator", "mop3", "cikr", "erac", "observer")

UNDECIDED = {"waiting", "question"}
OUT = {"published", "superseded"}
LAST_WORDS = {"publish", "reject", "merge", "withdraw", "overtake", "second", "drop", "post"}

LEASE = timedelta(minutes=5)
LATE = timedelta(minutes=15)
MOST_PINNED = 3

REGIONS = {"29097": "D", "29145": "D", "29189": "C", "29095": "A"}

_CONSONANTS = "bcdfghjkmnpqtvxz"
_CANARY = re.compile(r"qx[bcdfghjkmnpqtvxz]{4}")


def canary(number: int) -> str:
    """Return a word that nobody writes and no language shortens."""
    letters = [_CONSONANTS[number // 16**place % 16] for place in range(4)]
    return "qx" + "".join(letters)


def canaries(text: str) -> set[str]:
    """Return the canaries that sing in a text."""
    return set(_CANARY.findall(text))


@dataclass(frozen=True, slots=True)
class Step:
    """One person's one write.

    case, other : ids of the posts it is about.
    way         : which of several ways it is done.
    word        : a canary for the words it brings.
    is_bulk     : with others in one go: as asked, in the author's words.
    """

    kind: str
    who: str
    case: int | None = None
    other: int | None = None
    way: int = 0
    word: str = ""
    is_bulk: bool = False


@dataclass(slots=True)
class Lease:
    """A claim: whose, by which session, until when; is_held is what its row says."""

    holder: str
    session: int | None
    until: datetime
    is_held: bool = True


@dataclass(slots=True)
class Case:
    """One post as it should be; see `Post` for the meanings."""

    id: int
    reference: str
    author: str
    owner: str | None
    words: str
    kind: str
    counties: tuple[str, ...]
    lifeline: str
    is_urgent: bool
    asked_for: tuple[str, ...]
    state: str = "waiting"
    said: str = ""
    said_before: str = ""
    seen_by: tuple[str, ...] = ()
    question: str = ""
    reply: str = ""
    reason: str = ""
    note: str = ""
    successor: int | None = None
    replaces: int | None = None
    is_to_acknowledge: bool = False
    given: set[str] = field(default_factory=set)
    is_doubted: bool = False
    is_reminded: bool = False
    pinned_until: datetime | None = None
    waiting_since: datetime | None = None
    published: int = 0
    claim: Lease | None = None
    moves: list[str] = field(default_factory=list)

    @property
    def tags(self) -> set[str]:
        """By what the feed's filters find it."""
        sectors = {room for room in self.seen_by if room.startswith("sector:")}
        if self.owner in PARTNERS:
            sectors |= {f"sector:{code}" for code in ORGANIZATIONS[self.owner][2]}
        counties = {f"county:{fips}" for fips in self.counties}
        regions = {f"region:{REGIONS[fips]}" for fips in self.counties}
        lifelines = {f"lifeline:{self.lifeline}"} if self.lifeline else set()
        return {f"kind:{self.kind}"} | sectors | counties | regions | lifelines

    @property
    def sung(self) -> set[str]:
        """The canaries that its readers may hear: nothing of what was taken back."""
        return canaries(self.said + self.said_before) if self.state in OUT else set()

    def is_left_to_another(self, who: str, now: datetime, ended: set[int]) -> bool:
        """Whether somebody else has it before them."""
        return self.holder(now, ended) not in {None, who}

    def holder(self, now: datetime, ended: set[int]) -> str | None:
        """Who has it before them: the clock ends it, and the end of a session."""
        claim = self.claim
        if claim is None or not claim.is_held or claim.until <= now or claim.session in ended:
            return None
        return claim.holder


def rooms_of_organization(key: str) -> set[str]:
    """The rooms in which the people of an organization read the feed."""
    _name, _kind, sectors, counties = ORGANIZATIONS[key]
    rooms = {"partners", *(f"sector:{code}" for code in sectors)}
    return rooms | {f"region:{REGIONS[fips]}" for fips in counties}


def organization_of(who: str) -> str:
    """The organization of a person."""
    return PEOPLE[who][0]


def is_partner(who: str) -> bool:
    """Whether somebody acts for a private organization."""
    return who != SYSTEM and organization_of(who) in PARTNERS


class Model:
    """All cases, and who is in.

    gone      : people who may not act; ended: ids of sessions that have ended.
    marks     : how far each has read, by the order of publication.
    suspended : organizations that are kept out.
    """

    def __init__(self) -> None:
        """Begin empty."""
        self.cases: dict[int, Case] = {}
        self.gone: set[str] = set()
        self.ended: set[int] = set()
        self.sessions: dict[str, int] = {}
        self.marks: dict[str, int] = {}
        self.suspended: set[str] = set()
        self.published = 0
        self.needs_second = False

    # ------------------------------------------------------------ who sees what

    def reads(self, who: str, case: Case) -> bool:
        """Whether somebody finds it in the feed."""
        if not case.published:
            return False
        if is_partner(who):
            return not rooms_of_organization(organization_of(who)).isdisjoint(case.seen_by)
        return who != "observer" or "partners" in case.seen_by

    def sees(self, who: str, case: Case) -> bool:
        """Whether somebody may open it at all."""
        is_own = is_partner(who) and organization_of(who) == case.owner
        is_handling = who in {*DESK, "cikr", SYSTEM}
        return is_own or is_handling or self.reads(who, case)

    def feed(self, who: str) -> list[Case]:
        """What somebody reads, oldest first."""
        read = [it for it in self.cases.values() if self.reads(who, it)]
        return sorted(read, key=lambda it: it.published)

    def unread(self, who: str) -> list[Case]:
        """What of it is new to them."""
        return [it for it in self.feed(who) if it.published > self.marks.get(who, 0)]

    def missing(self, case: Case) -> set[str]:
        """The organizations that read it and have not acknowledged it."""
        wanted = set(PARTNERS) - self.suspended - case.given
        return {it for it in wanted if self.reads(it, case)}

    def pinned(self, now: datetime) -> list[Case]:
        """What stands among what is true now."""
        return [
            it
            for it in sorted(self.cases.values(), key=lambda it: it.published)
            if it.state == "published" and it.pinned_until is not None and it.pinned_until > now
        ]

    def at_desk(self) -> list[Case]:
        """What is the desk's turn, in its order."""
        waiting = [it for it in self.cases.values() if it.state in {"waiting", "proposed"}]
        return sorted(waiting, key=lambda it: (not it.is_urgent, it.waiting_since))

    # ------------------------------------------------------------ what is refused

    def refusal(self, step: Step, now: datetime) -> type[Exception] | None:
        """Return with what a step is refused, or None."""
        case = self.cases.get(step.case or 0)
        if case is not None and not self.sees(step.who, case):
            return AbsentError
        if step.who in self.gone:
            return EpochGoneError
        if case is None:
            return None if self._may_begin(step) else NotAllowedError
        special = {"take": self._take, "release": self._release, "acknowledge": self._give}
        if step.kind in special:
            return special[step.kind](step, case)
        return self._move(step, case, now)

    @staticmethod
    def _may_begin(step: Step) -> bool:
        if step.kind == "submit":
            return is_partner(step.who)
        return step.who == SYSTEM if step.kind == "alert" else step.who in DESK

    @staticmethod
    def _take(step: Step, case: Case) -> type[Exception] | None:
        if step.who not in DESK:
            return NotAllowedError
        return None if case.state in UNDECIDED else StateGoneError

    @staticmethod
    def _release(step: Step, case: Case) -> type[Exception] | None:
        if case.claim is None:
            return AbsentError
        if case.claim.holder != step.who:
            return NotAllowedError
        return None if case.claim.is_held else StateGoneError

    def _give(self, step: Step, case: Case) -> type[Exception] | None:
        if not is_partner(step.who):
            return NotAllowedError
        if case.state != "published" or not case.is_to_acknowledge:
            return StateGoneError
        if not self.reads(organization_of(step.who), case):
            return NotAllowedError
        return StateGoneError if organization_of(step.who) in case.given else None

    def _move(self, step: Step, case: Case, now: datetime) -> type[Exception] | None:
        origins, by = EDGES[step.kind]
        if not _is_for(by, step.who, case):
            return NotAllowedError
        is_fit: dict[str, Any] = {
            "ask": lambda: case.owner is not None,
            "doubt": lambda: not case.is_doubted,
            "unpin": lambda: case.pinned_until is not None and case.pinned_until > now,
            "nudge": lambda: case.is_to_acknowledge and self.missing(case),
        }
        if case.state not in origins or not is_fit.get(step.kind, lambda: True)():
            return StateGoneError
        if self._is_ill_filled(step, case, now):
            return FieldError
        is_decision = step.kind in {"publish", "reject", "merge", "ask"}
        if is_decision and case.is_left_to_another(step.who, now, self.ended):
            return StateGoneError
        return None

    def _is_ill_filled(self, step: Step, case: Case, now: datetime) -> bool:
        other = self.cases.get(step.other or 0)
        if step.kind == "reject":
            return step.way % 4 == 0
        if step.kind == "correct":
            return step.way % 4 == 0
        if step.kind == "merge":
            return (
                other is None or other is case or other.state not in {*UNDECIDED, "published"}
            )
        if step.kind == "supersede":
            return other is None or other is case or other.state != "published"
        if step.kind == "pin":
            return sum(it is not case for it in self.pinned(now)) >= MOST_PINNED
        return False


#: Of each move: the states it starts from, and who makes it.
EDGES: dict[str, tuple[set[str], str]] = {
    **dict.fromkeys(("publish", "reject", "merge"), (UNDECIDED, "desk")),
    "ask": ({"waiting"}, "desk"),
    "reply": ({"question"}, "owner"),
    "withdraw": (UNDECIDED, "owner"),
    "overtake": (UNDECIDED, "system"),
    "second": ({"proposed"}, "second"),
    "drop": ({"proposed"}, "desk"),
    **dict.fromkeys(
        ("correct", "confirm", "pin", "unpin", "nudge", "supersede"), ({"published"}, "desk")
    ),
    "doubt": ({"published"}, "reader"),
    "retract": (OUT, "desk"),
}


def _is_for(by: str, who: str, case: Case) -> bool:
    if by == "system":
        return who == SYSTEM
    if by == "owner":
        return is_partner(who) and organization_of(who) == case.owner
    if by == "reader":
        return who not in {*DESK, SYSTEM}
    return who in DESK and (by == "desk" or who != case.author)

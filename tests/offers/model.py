"""What offers promise, said once more and far simpler: without a database.

`Model` believes what was acknowledged, foretells what a step will be refused for and what the
timer does, and knows who sees what. It shares no rule with the portal.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

SYSTEM = "the portal"
CELL = ("erac", "erac2")
RECORD = ("admin",)
#: Who acts for a private organization, and for which: two people of one, a competitor, two
#: associations.
PARTNERS = {
    "alpha": "alpha",
    "alpha_admin": "alpha",
    "bravo": "bravo",
    "guild": "guild",
    "league": "league",
}
MEMBERS = {"guild": {"alpha", "bravo"}, "league": {"charlie"}}
ANYBODY = (*PARTNERS, *CELL, *RECORD, "moderator")

WAITING = {"submitted", "in_review"}
UNSETTLED = {*WAITING, "question"}
SENT = {*UNSETTLED, "listed"}
UNSENT = {"draft", "discarded"}

#: By item: how pressing it is, and its unit.
ITEMS = {
    "FUEL": ("urgent", "GAL"),
    "TARP": ("routine", "EA"),
    "YARD": ("low", "ACRE"),
    "GEN": ("urgent", "EA"),
}
#: Minutes until ERAC answers, and until the owner does.
MINUTES = {"urgent": (30, 60), "routine": (60, 120), "low": (240, 480)}
REGIONS = {"29097": "D", "29189": "C", "29095": "A"}
REQUIRED = {"caller", "duplicates"}

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
#: The timer does its jobs so often.
PERIOD = timedelta(seconds=10)
#: With less than this before the end no new time is promised.
TOO_LATE = timedelta(minutes=1)

#: Of each move: the states from which it leads, who makes it, whether an incident must be open.
EDGES: dict[str, tuple[set[str], str, bool]] = {
    "edit": ({"draft"}, "maker", True),
    "discard": ({"draft"}, "maker", False),
    "submit": ({"draft"}, "maker", True),
    "revise": (SENT, "maker", True),
    "attach": ({"draft"} | SENT, "maker", True),
    "detach": ({"draft"} | SENT, "maker", True),
    "renew": (SENT, "maker", True),
    "withdraw": (SENT, "maker", True),
    "review": ({"submitted"}, "cell", True),
    "assign": (SENT, "cell", True),
    "prioritize": (WAITING, "cell", True),
    "note": (SENT, "cell", True),
    "vet": (SENT, "cell", True),
    "ask": (WAITING, "cell", True),
    "reply": ({"question"}, "answers", True),
    "list": (WAITING, "cell", True),
    "decline": (UNSETTLED, "cell", True),
    "escalate": (UNSETTLED, "timer", True),
    "warn": (SENT, "timer", True),
}
CHANGES = {"add_line", "change_line", "remove_line", "settle"}


@dataclass(frozen=True, slots=True)
class Step:
    """One person's one write. case: id of the offer it is about; way: how it is done."""

    kind: str
    who: str
    case: int | None = None
    way: int = 0


@dataclass(frozen=True, slots=True)
class Ware:
    """One line; member: the key of whom it is offered for, or ""."""

    number: int
    item: str
    county: str
    has_price: bool
    member: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """The terms of an offer. compensation is "" until they were settled."""

    since: datetime
    until: datetime
    compensation: str = ""
    has_contact: bool = False
    where: str = ""

    def is_unfit(self, wares: list[Ware], now: datetime) -> bool:
        """Whether it could not be sent like this."""
        is_unpriced = self.compensation == "quoted_price" and not all(
            it.has_price for it in wares
        )
        is_short = self.until < now + HOUR
        return not self.compensation or is_unpriced or not self.has_contact or is_short


@dataclass(slots=True)
class Case:
    """One offer as it should be; see `Offer` for the meanings.

    owner   : key of an organization; is_entered: the cell began it, for a caller.
    told_of : the ends of which the owner was told, in order.
    """

    id: int
    reference: str
    owner: str
    is_entered: bool
    said: Said
    wares: list[Ware]
    state: str = "draft"
    edition: int = 1
    version: int = 0
    priority: str = "routine"
    submitted_at: datetime | None = None
    answer_by: datetime | None = None
    escalate_at: datetime | None = None
    is_escalated: bool = False
    is_warned: bool = False
    told_of: list[datetime] = field(default_factory=list)
    assignee: str = ""
    checks: set[str] = field(default_factory=set)
    question: str = ""
    reply: str = ""
    reason: str = ""
    note: str = ""
    moves: list[str] = field(default_factory=list)

    @property
    def tags(self) -> set[str]:
        """By what the desk's filters find it, once it is sent."""
        if self.state in UNSENT:
            return set()
        counties = {it.county for it in self.wares}
        return (
            {f"item:{it.item}" for it in self.wares}
            | {f"county:{it}" for it in counties}
            | {f"region:{REGIONS[it]}" for it in counties}
        )

    def wait(self, since: datetime, *, for_owner: bool = False) -> None:
        """Let somebody owe an answer from now on."""
        if self.said.until - since < TOO_LATE:
            return
        minutes = MINUTES[self.priority][1 if for_owner else 0]
        self.answer_by = min(since + timedelta(minutes=minutes), self.said.until)
        self.escalate_at = self.answer_by - (self.answer_by - since) / 4
        self.is_escalated = False

    def is_to_escalate(self, now: datetime) -> bool:
        """Whether the timer tells a deputy of it now."""
        is_open = self.state in UNSETTLED and not self.is_escalated
        return is_open and self.escalate_at is not None and self.escalate_at <= now

    def is_to_warn(self, now: datetime) -> bool:
        """Whether the timer tells its owner of its end now."""
        if self.state not in SENT - WAITING or self.is_warned or self.submitted_at is None:
            return False
        return now < self.said.until <= now + DAY and self.submitted_at <= now - DAY


class Model:
    """All offers, who is in, and whether the incident goes on.

    gone : people who may not act, because they or their organization are kept out.
    """

    def __init__(self) -> None:
        """Begin empty."""
        self.cases: dict[int, Case] = {}
        self.gone: set[str] = set()
        self.is_open = True

    # ------------------------------------------------------------ who sees what

    def sees(self, who: str, case: Case) -> bool:
        """Whether somebody may know that it is there."""
        is_own = PARTNERS.get(who) == case.owner
        if case.state in UNSENT:
            return who in CELL if case.is_entered else is_own
        return is_own or who in {*CELL, *RECORD}

    def open_to(self, who: str, case: Case) -> set[str]:
        """The moves that somebody can make now, if they know of it."""
        return {it for it in EDGES if self.is_for(it, who, case) and self.leads(it, case)}

    def leads(self, move: str, case: Case) -> bool:
        """Whether a move leads from where it stands."""
        origins, _by, needs_open = EDGES[move]
        return case.state in origins and (self.is_open or not needs_open)

    @staticmethod
    def is_for(move: str, who: str, case: Case) -> bool:
        """Whether a move is somebody's to make."""
        is_hidden = case.is_entered and case.state in UNSENT
        is_own = PARTNERS.get(who) == case.owner and not is_hidden
        return {
            "maker": is_own or (case.is_entered and who in CELL),
            "cell": who in CELL,
            "answers": is_own or who in CELL,
            "timer": who == SYSTEM,
        }[EDGES[move][1]]

    # ------------------------------------------------------------ what the desk counts

    def going(self, now: datetime, states: set[str] = SENT) -> list[Case]:
        """The offers in these states that have not ended, by when they are due."""
        found = [it for it in self.cases.values() if it.state in states and it.said.until > now]
        return sorted(found, key=lambda it: (it.answer_by, it.id))

    def next_after(self, case: Case, now: datetime) -> str | None:
        """The reference of what is to be answered next, beside this one."""
        others = (it.reference for it in self.going(now, WAITING) if it is not case)
        return next(others, None)

    def tally(self, who: str, now: datetime) -> dict[str, int]:
        """How much there is to do at the desk; nothing once the incident is closed."""
        if not self.is_open:
            return dict.fromkeys(("unanswered", "late", "soon", "mine", "ending"), 0)
        waiting = self.going(now, WAITING)
        soon = now + timedelta(minutes=30)
        return {
            "unanswered": len(waiting),
            "late": sum(it.answer_by <= now for it in self.going(now, UNSETTLED)),
            "soon": sum(now < it.answer_by <= soon for it in waiting),
            "mine": sum(it.assignee == who for it in self.going(now)),
            "ending": sum(it.said.until <= now + 6 * HOUR for it in self.going(now)),
        }

    # ------------------------------------------------------------ what the timer does

    def next_due(self, now: datetime) -> datetime | None:
        """When the timer next has something to do; perhaps a time that has passed."""
        if not self.is_open:
            return None
        due = [
            it.escalate_at
            for it in self.cases.values()
            if it.state in UNSETTLED and not it.is_escalated and it.escalate_at is not None
        ]
        for it in self.cases.values():
            if it.state in SENT - WAITING and not it.is_warned and it.submitted_at is not None:
                at = max(it.said.until - DAY, it.submitted_at + DAY)
                due += [at] if max(at, now) < it.said.until else []
        return min(due, default=None)

    def is_answered_in_time(self, case: Case, now: datetime) -> bool:
        """Whether an offer is settled, or its time has not come, or a deputy was told."""
        is_settled = case.state not in UNSETTLED or not self.is_open
        return is_settled or case.is_escalated or case.answer_by > now

"""What the demo's desk reads and lets out: what a report is, and the steps it takes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from portal.cli.demo.organizations import by_code
from portal.cli.demo.people import MODERATOR, list_everybody
from portal.cli.demo.steps import Scene, Step
from portal.feed import operations as feed
from portal.feed.models import Post
from portal.journal.audience import PARTNERS
from portal.journal.transaction import Tx
from portal.organizations.models import Organization

#: Minutes from one step of a report to the next where nothing else is said.
_SOON = 4

#: Minutes after which the desk is reminded of a report.
_LATE = 15.5


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPost:
    """A report, `minute` minutes after the start, and what became of it.

    waits    : minutes until the desk, at which `desk` sits, decides.
    is_taken : whether the desk takes it before itself first.
    link     : how it came; what comes otherwise than by the portal the desk enters.
    then     : what becomes of it. The desk: publish, reject, merge, ask, None while it waits;
               the author: withdraw; both: answer (asked, answered, published); and once it
               is out: retract, correct, supersede, doubt, confirm.
    later    : minutes from the publication to that.
    note     : why it was not published or taken back, what was asked, what was corrected.
    said     : what a correction says, or what is answered.
    by       : the name of the post that takes its place, or speaks for it.
    lasts    : for how many hours it is to count as true; 0 without end.
    ends     : after how many hours it is over; 0 never.
    """

    minute: float
    author: str
    words: str
    county: str
    lifeline: str
    standing: str
    asked_for: tuple[str, ...] = (PARTNERS,)
    place: str = ""
    is_urgent: bool = False
    link: str = "portal"
    waits: float = 0
    desk: str = MODERATOR
    is_taken: bool = False
    then: str | None = "publish"
    later: float = _SOON
    reason: str = "already_published"
    note: str = ""
    said: str = ""
    by: str = ""
    tlp: str = "GREEN"
    confidence: str = ""
    lasts: int = 0
    ends: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPosting:
    """A post of the SEOC's own, `minute` minutes after the start; times in hours from then."""

    minute: float
    kind: str
    said: str
    lifeline: str = ""
    counties: tuple[str, ...] = ()
    seen_by: tuple[str, ...] = (PARTNERS,)
    desk: str = MODERATOR
    tlp: str = "GREEN"
    confidence: str = ""
    is_urgent: bool = False
    acknowledge_h: int = 0
    review_h: int = 0
    ends_h: int = 0
    pinned_h: int = 0


def later(tx: Tx, hours: float) -> datetime | None:
    """Return the time so many hours from now; None for no hours."""
    return tx.now + timedelta(hours=hours) if hours else None


# ---------------------------------------------------------------- reports


def report_steps(name: str, it: DemoPost) -> Iterator[Step]:
    """Give the steps of a report, which the scene knows by this name."""

    def hand_in(tx: Tx, scene: Scene) -> None:
        post = _handed_in(tx, scene, it)
        tx.session.flush()
        scene.posts[name] = post.id

    yield Step(it.minute, it.desk if it.link != "portal" else it.author, hand_in)
    decided = it.minute + it.waits
    if it.waits > _LATE:
        yield Step(it.minute + _LATE, "", lambda tx, at: _remind(tx, at, name))
    if it.is_taken:
        yield Step(decided - 1, it.desk, lambda tx, at: feed.take(tx, at.post(tx, name)))
    if it.then == "withdraw":
        yield Step(decided, it.author, lambda tx, at: feed.withdraw(tx, at.post(tx, name)))
        return
    if it.then == "answer":
        yield from _asked(name, it, decided)
        decided += 3 * _SOON
    if it.then is not None:
        yield Step(decided, it.desk, lambda tx, at: _decide(tx, at, name, it))
    if it.then in _AFTERWARDS:
        who, what = _AFTERWARDS[it.then]
        yield Step(decided + it.later, who or it.desk, lambda tx, at: what(tx, at, name, it))


def _handed_in(tx: Tx, scene: Scene, it: DemoPost) -> Post:
    report = feed.Report(
        words=it.words,
        counties=(it.county,),
        lifeline=it.lifeline,
        standing=it.standing,
        asked_for=it.asked_for,
        place=it.place,
        is_urgent=it.is_urgent,
    )
    if it.link == "portal":
        return feed.submit(tx, scene.incident(tx), report)
    caller = next(person for person in list_everybody() if person.email == it.author)
    organization = tx.session.scalars(
        select(Organization).where(Organization.name == by_code()[caller.organization].name)
    ).one()
    return feed.enter(
        tx,
        scene.incident(tx),
        report,
        organization=organization,
        spoken_by=caller.name,
        link=it.link,
    )


def _remind(tx: Tx, scene: Scene, name: str) -> None:
    feed.remind(tx, scene.post(tx, name), minutes=15)


def _asked(name: str, it: DemoPost, at: float) -> Iterator[Step]:
    def ask(tx: Tx, scene: Scene) -> None:
        feed.ask(tx, scene.post(tx, name), question=it.note)

    def reply(tx: Tx, scene: Scene) -> None:
        feed.reply(tx, scene.post(tx, name), reply=it.said)

    yield Step(at, it.desk, ask)
    yield Step(at + 2 * _SOON, it.author, reply)


def _decide(tx: Tx, scene: Scene, name: str, it: DemoPost) -> None:
    post = scene.post(tx, name)
    if it.then == "reject":
        feed.reject(tx, post, reason=it.reason, note=it.note)
    elif it.then == "ask":
        feed.ask(tx, post, question=it.note)
    elif it.then == "merge":
        feed.merge(tx, post, into=scene.post(tx, it.by))
    else:
        letting = feed.Letting(
            seen_by=it.asked_for,
            tlp=it.tlp,
            confidence=it.confidence,
            review_by=later(tx, it.lasts),
            ends_at=later(tx, it.ends),
        )
        feed.publish(tx, post, letting)


def _retract(tx: Tx, scene: Scene, name: str, it: DemoPost) -> None:
    feed.retract(tx, scene.post(tx, name), note=it.note)


def _correct(tx: Tx, scene: Scene, name: str, it: DemoPost) -> None:
    feed.correct(tx, scene.post(tx, name), said=it.said, why=it.note)


def _supersede(tx: Tx, scene: Scene, name: str, it: DemoPost) -> None:
    feed.supersede(tx, scene.post(tx, name), by=scene.post(tx, it.by))


def _doubt(tx: Tx, scene: Scene, name: str, it: DemoPost) -> None:
    del it
    feed.doubt(tx, scene.post(tx, name))


def _confirm(tx: Tx, scene: Scene, name: str, it: DemoPost) -> None:
    feed.confirm(tx, scene.post(tx, name), review_by=later(tx, it.lasts))


#: By whom, where it is not the desk, and what is done once a report is out.
_AFTERWARDS = {
    "retract": ("", _retract),
    "correct": ("", _correct),
    "supersede": ("", _supersede),
    "doubt": ("liaison@demo.example", _doubt),
    "confirm": ("", _confirm),
}


# ---------------------------------------------------------------- the SEOC's own


def posting_steps(name: str, it: DemoPosting, readers: tuple[str, ...] = ()) -> Iterator[Step]:
    """Give the steps of a post of the SEOC's own; `readers` acknowledge it one by one."""

    def post(tx: Tx, scene: Scene) -> None:
        posting = feed.Posting(
            kind=it.kind,
            said=it.said,
            seen_by=it.seen_by,
            lifeline=it.lifeline,
            counties=it.counties,
            tlp=it.tlp,
            confidence=it.confidence,
            is_urgent=it.is_urgent,
            acknowledge_by=later(tx, it.acknowledge_h),
            review_by=later(tx, it.review_h),
            ends_at=later(tx, it.ends_h),
        )
        made = feed.post(tx, scene.incident(tx), posting)
        tx.session.flush()
        scene.posts[name] = made.id
        until = later(tx, it.pinned_h)
        if until is not None:
            feed.pin(tx, made, until=until)

    yield Step(it.minute, it.desk, post)
    for number, reader in enumerate(readers, 1):
        at = it.minute + number * 40 * max(1, it.acknowledge_h) / len(readers)
        yield Step(at, reader, lambda tx, scene: feed.acknowledge(tx, scene.post(tx, name)))


def nudge_step(name: str, minute: float, desk: str) -> Step:
    """Return the step that reminds those who still owe their word on a post."""
    return Step(minute, desk, lambda tx, scene: feed.nudge(tx, scene.post(tx, name)))

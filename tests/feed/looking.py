"""Looking at the feed and its desk through every query, beside what the model believes."""

from __future__ import annotations

from dataclasses import fields
from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from portal.core import clock
from portal.feed import queries
from portal.feed.models import Claim, Post
from portal.feed.queries import Filters
from portal.journal.audience import org
from portal.journal.queries import story
from portal.live.fragments import render
from portal.live.frames import enter_incident
from tests.feed.model import (
    DESK,
    LAST_WORDS,
    OUT,
    PARTNERS,
    UNDECIDED,
    Case,
    canaries,
    is_partner,
    organization_of,
)
from tests.world import ORGANIZATIONS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flask import Flask
    from sqlalchemy.orm import Session

    from portal.core.actor import Actor
    from portal.feed.queries import PostView
    from tests.feed.model import Model
    from tests.world import World

#: Rooms of every class, whether somebody sits in them or not.
ROOMS = (
    *("partners", "staff", "audit", "cell:moderator", "cell:mop3", "cell:erac"),
    *("sector:ENER", "sector:FOOD", "sector:TRAN", "region:A", "region:C", "region:D"),
)


def names(views: Iterable[PostView | Case]) -> list[str]:
    return [it.reference for it in views]


def sung_in(view: PostView) -> set[str]:
    """Return the canaries in any word of a view."""
    return canaries(" ".join(str(getattr(view, it.name)) for it in fields(view)))


# ---------------------------------------------------------------- rows and the journal


def check_rows(session: Session, model: Model) -> None:
    """Every report that was acknowledged is there, in one state, in its author's words."""
    rows = {it.id: it for it in session.scalars(select(Post))}
    assert rows.keys() == model.cases.keys()
    for case in model.cases.values():
        row = rows[case.id]
        columns = ("state", "words", "said", "said_before", "seen_by", "reason", "note")
        columns += ("question", "reply", "kind", "counties", "lifeline", "pinned_until")
        for name in columns:
            assert getattr(row, name) == getattr(case, name), (case, name)
        assert (row.successor_id, row.replaces_id) == (case.successor, case.replaces)
        assert (row.doubted_at is not None) == case.is_doubted
        assert (row.reminded_at is not None) == case.is_reminded
        assert (row.published_at is not None) == bool(case.published)


def check_story(session: Session, model: Model, ids: Iterable[int]) -> None:
    """The journal tells what was acknowledged, the author's words, and one last word."""
    for case in (model.cases[it] for it in ids):
        told = story(session, "post", case.id)
        assert [it.move for it in told] == case.moves, case
        first = told[0].words
        assert first.get("words", first.get("said")) == case.words
        assert sum(it.move in LAST_WORDS for it in told) <= 1, case.moves
        assert (case.state in UNDECIDED | {"proposed"}) == LAST_WORDS.isdisjoint(case.moves)


# ---------------------------------------------------------------- authors


def check_mine(
    session: Session, model: Model, incident_id: int, actor: Actor, key: str
) -> None:
    """Each author finds each report once, with its state and what goes with it."""
    found: list[PostView] = []
    page = queries.list_mine(session, incident_id, actor)
    while True:
        found += page.posts
        if not page.has_earlier:
            break
        page = queries.list_mine(session, incident_id, actor, before=page.posts[-1].sort)
    own = {it.reference: it for it in model.cases.values() if it.owner == key}
    assert sorted(names(found)) == sorted(own)
    for view in found:
        case = own[view.reference]
        assert (view.state, view.words) == (case.state, case.words)
        assert (view.reason, view.note) == (case.reason, case.note)
        assert (view.question, view.reply) == (case.question, case.reply)
        led_to = model.cases[case.successor].reference if case.successor else None
        assert view.successor == led_to
        assert view.said == (case.said if case.state in OUT and case.published else "")


# ---------------------------------------------------------------- the desk


def check_desk(
    session: Session, model: Model, incident_id: int, actors: dict[str, Any]
) -> None:
    """The queue holds what is the desk's turn, in its order, and says who has it."""
    at_desk, now = model.at_desk(), clock.now()
    queue = queries.list_queue(session, incident_id)
    assert names(queue) == names(at_desk)
    assert queries.count_waiting(session, incident_id) == len(at_desk)
    urgent = queries.list_queue(session, incident_id, show="urgent")
    assert names(urgent) == names(it for it in at_desk if it.is_urgent)
    asked = queries.list_queue(session, incident_id, show="asked")
    assert set(names(asked)) == set(
        names(it for it in model.cases.values() if it.state == "question")
    )
    for view, case in zip(queue, at_desk, strict=True):
        holder = model.sessions and case.holder(
            now, set()
        )  # a session's end comes by the timer
        name = actors[holder].name if holder else None
        assert (view.holder and view.holder.name) == name, case
    for who in DESK:
        yours = queries.list_queue(session, incident_id, actors[who], "yours")
        assert names(yours) == names(it for it in at_desk if it.holder(now, set()) == who)
    doubted = queries.list_doubted(session, incident_id)
    assert set(names(doubted)) == {
        it.reference for it in model.cases.values() if it.is_doubted and it.state == "published"
    }


def check_claims(session: Session, model: Model) -> None:
    """A report is before one person at most, never for longer than a claim lasts."""
    claims = {it.post_id: it for it in session.scalars(select(Claim))}
    assert session.scalar(select(func.count()).select_from(Claim)) == len(claims)
    wanted = {it.id: it.claim for it in model.cases.values() if it.claim is not None}
    assert claims.keys() == wanted.keys()
    for post_id, claim in claims.items():
        lease = wanted[post_id]
        assert (claim.until, claim.sign_in_id) == (lease.until, lease.session)
        assert (claim.state == "held") == lease.is_held, lease
        assert claim.is_held == (lease.is_held and lease.until > clock.now())


# ---------------------------------------------------------------- readers


def pages(session: Session, incident_id: int, actor: Actor, filters: Filters) -> list[PostView]:
    """Page backwards through the feed, and forwards again; both must show the same."""
    page = queries.list_feed(session, incident_id, actor, filters)
    assert not page.has_later
    found = page.posts
    while page.has_earlier:
        assert len(page.posts) == queries.feed.FEED_PAGE
        page = queries.list_feed(
            session, incident_id, actor, filters, before=_row(session, page.posts[0])
        )
        assert page.has_later
        found = page.posts + found
    ahead = found[:1]
    while ahead and names(ahead) != names(found):
        page = queries.list_feed(
            session, incident_id, actor, filters, after=_row(session, ahead[-1])
        )
        assert page.posts, "what was seen paging back is lost paging on"
        ahead = ahead + page.posts
        assert page.has_later == (len(ahead) < len(found))
    return found


def _row(session: Session, view: PostView) -> Post:
    return session.scalars(select(Post).where(Post.reference == view.reference)).one()


def check_feed(
    session: Session, model: Model, incident_id: int, actor: Actor, who: str
) -> None:
    """Somebody reads what they are entitled to, opening at what is new."""
    feed, unread, now = model.feed(who), model.unread(who), clock.now()
    found = pages(session, incident_id, actor, Filters())
    assert names(found) == names(feed)
    assert names(pages(session, incident_id, actor, Filters(unread=True))) == names(unread)
    mark = queries.read_until(session, incident_id, actor)
    assert queries.count_unread(session, incident_id, actor, mark) == len(unread)
    opened = queries.first_unread(session, incident_id, actor, mark)
    if who in model.marks and unread:
        assert unread[0].reference in names(opened.posts)
        assert opened.has_later == (names(opened.posts)[-1] != feed[-1].reference)
    else:
        assert names(opened.posts) == names(feed[-queries.feed.FEED_PAGE :])
    pinned = queries.list_pinned(session, incident_id, actor)
    assert names(pinned) == names(it for it in model.pinned(now) if it in feed)
    changed = queries.list_changed(session, incident_id, actor, mark) if mark else []
    rows = queries.list_for_file(session, incident_id, actor, Filters(), limit=1000)
    assert names(rows) == names(feed)
    by_name = {it.reference: it for it in feed}
    for view in [*found, *opened.posts, *pinned, *changed, *rows]:
        assert sung_in(view) == by_name[view.reference].sung, view


def check_filters(
    session: Session, model: Model, incident_id: int, actor: Actor, who: str, turn: int
) -> None:
    """Each filter shows what brute force finds; two show what both find."""
    feed = model.feed(who)
    tags = sorted({tag for it in model.cases.values() for tag in it.tags} | {"kind:rfi"})
    pairs = [
        (one, other)
        for one in tags
        for other in tags
        if one.partition(":")[0] < other.partition(":")[0]
    ]
    some = pairs[turn % 7 :: 7] if pairs else []
    for wanted in [*((it,) for it in tags[turn % 3 :: 3]), *islice(some, 5)]:
        found = pages(session, incident_id, actor, Filters(tags=wanted))
        assert names(found) == names(it for it in feed if it.tags >= set(wanted)), wanted
    mine = Filters(mine=True)
    own = [it for it in feed if it.owner == organization_of(who)]
    assert names(pages(session, incident_id, actor, mine)) == names(own)


def check_search(
    session: Session, model: Model, incident_id: int, actor: Actor, who: str, words: list[str]
) -> None:
    """A word is found iff it stands in what somebody reads now."""
    feed = model.feed(who)
    for word in words:
        found = pages(session, incident_id, actor, Filters(words=word.title()))
        wanted = [it for it in feed if it.state in OUT and word in it.said]
        assert names(found) == names(sorted(wanted, key=lambda it: it.id)), word


def check_acknowledging(
    session: Session, model: Model, incident_id: int, actor: Actor, who: str
) -> None:
    """What waits for an organization's word is what it reads and has not answered."""
    asked = set(names(queries.list_to_acknowledge(session, incident_id, actor)))
    wanted = {
        it.reference
        for it in model.feed(who)
        if it.state == "published"
        and it.is_to_acknowledge
        and is_partner(who)
        and organization_of(who) not in it.given
    }
    assert asked == wanted
    found = pages(session, incident_id, actor, Filters(to_acknowledge=True))
    assert set(names(found)) == wanted


def check_missing(session: Session, model: Model, ids: Iterable[int]) -> None:
    """Who has acknowledged a post and who has not are together those who read it."""
    for case in (model.cases[it] for it in ids):
        if not case.is_to_acknowledge or not case.published:
            continue
        post = session.get_one(Post, case.id)
        missing = {it.name for it in queries.missing(session, post)}
        given = {it.organization.name for it in queries.acknowledgements_of(session, post)}
        assert len(missing) + len(given) == len(missing | given)
        assert given == {_named(it) for it in case.given}
        assert missing == {_named(it) for it in model.missing(case)}
        readers = {_named(it) for it in PARTNERS if model.reads(it, case)}
        out = {_named(it) for it in model.suspended}
        assert (missing | given) - out <= readers | {_named(case.owner or "agency")}
        assert readers - out <= missing | given


def _named(key: str) -> str:
    return ORGANIZATIONS[key][0]


# ---------------------------------------------------------------- frames


def check_frames(
    app: Flask, session: Session, world: World, model: Model, ids: Iterable[int]
) -> None:
    """What goes out to a room is what its people may read, on no other."""
    own = {org(party.id): key for key, party in world.organizations.items()}
    rows = queries.posts_by_id(session, ids)
    with app.test_request_context("/"):
        enter_incident(world.within(session).incident)
        for post_id, post in rows.items():
            case = model.cases[post_id]
            for room in (*ROOMS, *own):
                fragment = render(app, "post", post, room)
                html = fragment.html if fragment else None
                assert _heard(case, room, own) == (
                    None if html is None else canaries(html.lower())
                ), (room, case)


def _heard(case: Case, room: str, own: dict[str, str]) -> set[str] | None:
    """Return the canaries that a room hears of a case, or None where it is shown nothing."""
    if room in own:
        is_theirs = own[room] == case.owner
        asked = canaries(case.question) if case.state == "question" else set()
        return canaries(case.words) | asked if is_theirs else None
    if room == "cell:moderator":
        at_desk = case.state in {"waiting", "proposed"}
        return canaries(case.words) if at_desk else None
    reads = bool(case.published) and (
        room in case.seen_by or (room == "staff" and "partners" not in case.seen_by)
    )
    return case.sung if reads else None

"""Looking at offers through rows, queries and pages, beside what the model believes."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from portal.core import clock
from portal.core.web.times import iso
from portal.journal.queries import story
from portal.offers import queries
from portal.offers.models import Offer, OfferTag
from portal.offers.states import OFFER
from tests.offers.model import ANYBODY, CELL, REQUIRED, SYSTEM, UNSENT, UNSETTLED, WAITING
from tests.pages import Page

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy.orm import Session

    from portal.core.actor import Actor
    from tests.offers.model import Case, Model
    from tests.pages import PageClient
    from tests.world import World

_AS_BELIEVED = ("state", "edition", "priority", "question", "reply", "reason", "note")


# ---------------------------------------------------------------- the promise


def check_promise(session: Session, model: Model) -> None:
    """Whatever was sent is settled, or its time has not come, or a deputy knew before that."""
    now = clock.now()
    for row in session.scalars(select(Offer).where(Offer.state.in_(UNSETTLED))):
        case = model.cases[row.id]
        assert row.answer_by is not None
        assert row.escalate_at is not None
        assert row.escalate_at < row.answer_by <= row.available_until, case
        if row.escalated_at is None and model.is_open:
            assert now < row.answer_by, case
        assert row.escalated_at is None or row.escalated_at < row.answer_by, case


# ---------------------------------------------------------------- rows, moves, the journal


def check_rows(session: Session, world: World, model: Model) -> None:
    """Every offer that was acknowledged is there, as it was acknowledged."""
    cell = {world.people[name].id: name for name in CELL}
    keys = {it.id: key for key, it in world.organizations.items()}
    rows = {it.id: it for it in session.scalars(select(Offer))}
    assert rows.keys() == model.cases.keys()
    for case in model.cases.values():
        row = rows[case.id]
        _check_row(row, case)
        assert cell.get(row.assignee_id or 0, "") == case.assignee, case
        assert [
            (it.number, it.item, it.county, bool(it.price_cents), keys.get(it.member_id or 0))
            for it in row.lines
        ] == [
            (it.number, it.item, it.county, it.has_price, it.member or None)
            for it in case.wares
        ]
        assert row.version >= case.version
        case.version = row.version


def _check_row(row: Offer, case: Case) -> None:
    for name in _AS_BELIEVED:
        assert getattr(row, name) == getattr(case, name), (name, case)
    assert set(row.checks) == case.checks, case
    assert row.state != "listed" or set(row.checks) >= REQUIRED
    assert (row.available_until, row.compensation) == (case.said.until, case.said.compensation)
    assert row.answer_by == case.answer_by, case
    if row.escalate_at is not None and case.escalate_at is not None:
        assert abs(row.escalate_at - case.escalate_at) < timedelta(milliseconds=1), case
    assert (row.escalated_at is not None) == case.is_escalated, case
    assert (row.warned_at is not None) == case.is_warned, case


def check_moves(session: Session, model: Model, actors: Mapping[str, Actor]) -> None:
    """Each move is open to those whose move it is, where it leads from, and to nobody else."""
    for case in model.cases.values():
        row = session.get_one(Offer, case.id)
        for who in (*ANYBODY, SYSTEM):
            assert OFFER.names_open_to(actors[who], row) == model.open_to(who, case), (
                who,
                case,
            )


def check_story(session: Session, model: Model, ids: Iterable[int]) -> None:
    """The journal tells each move once, in order; of one end the owner was told once."""
    for case in (model.cases[it] for it in ids):
        told = story(session, "offer", case.id)
        assert [it.move for it in told] == case.moves, case
        ends = [it.words["until"] for it in told if it.move == "warn"]
        assert ends == [it.isoformat() for it in case.told_of]
        assert len(set(ends)) == len(ends), case
        changes = [it.move for it in told].count("revise")
        assert case.state in UNSENT or case.edition == 1 + changes, case


# ---------------------------------------------------------------- the desk


def check_desk(
    session: Session, model: Model, incident_id: int, actors: Mapping[str, Actor]
) -> None:
    """The desk shows and counts what is to be answered, in the order in which it is due."""
    now = clock.now()
    for who in CELL:
        counted = queries.tally(session, incident_id, actors[who])
        assert asdict(counted) == model.tally(who, now)
    waiting = [it.reference for it in model.going(now, WAITING)]
    desk = queries.list_desk(session, incident_id, actors["erac"])
    assert [it.reference for it in desk] == waiting[: queries.PAGE]
    for case in model.cases.values():
        following = queries.next_after(session, incident_id, case.reference)
        assert following == model.next_after(case, now), case


def check_tags(session: Session, model: Model) -> None:
    """What was sent is found by what its lines are and where, and nothing else is."""
    found: dict[int, set[str]] = {it: set() for it in model.cases}
    for it in session.scalars(select(OfferTag)):
        found[it.offer_id].add(it.tag)
        assert it.submitted_at == model.cases[it.offer_id].submitted_at
    assert found == {it.id: it.tags for it in model.cases.values()}


def check_limit(desk: PageClient, own: PageClient, case: Case, code: str) -> None:
    """The owner's pages and the desk's show the same limit, the model's own."""
    base = f"/incidents/{code}"
    show = "asked" if case.state == "question" else ""
    read = {
        own: (f"{base}/offers", f"{base}/offers/{case.reference}"),
        desk: (f"{base}/erac?show={show}", f"{base}/offers/{case.reference}"),
    }
    assert case.answer_by is not None
    for client, urls in read.items():
        for url in urls:
            assert _limits(client.get(url), case.reference) == {iso(case.answer_by)}, url


def _limits(answer: Any, reference: str) -> set[str]:
    """Return the limits that a page shows of an offer: in its row, or all over its own page."""
    assert answer.status_code == 200
    page = Page(answer.request.path, answer.status_code, answer.text, 0, answer)
    rows = [it for it in page.tree.iter() if it.get("data-subject") == reference]
    nodes = [node for it in rows or [page.one("main")] for node in it.iter()]
    return {it.get("data-due", "") for it in nodes} - {""}

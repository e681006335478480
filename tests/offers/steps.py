"""Steps of the model, done as pages do them: what is refused, and what is believed then."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from portal.accounts.models import Person
from portal.core import clock
from portal.core.errors import (
    AbsentError,
    EpochGoneError,
    FieldError,
    NotAllowedError,
    StateGoneError,
)
from portal.core.writes import Held
from portal.journal.transaction import transaction
from portal.offers import operations as offers
from portal.offers import queries
from portal.offers.models import Offer
from portal.offers.operations import Caller, Line, Terms
from tests.offers.model import (
    CELL,
    CHANGES,
    HOUR,
    ITEMS,
    MEMBERS,
    PARTNERS,
    REQUIRED,
    Case,
    Model,
    Said,
    Step,
    Ware,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.core.actor import Actor
    from portal.journal.transaction import Tx
    from tests.world import World

COUNTIES = ("29097", "29189", "29095")
CALLERS = ("alpha", "bravo", "guild", "league")
#: Hours for which it stands; the first is refused, since nobody could answer in it.
LASTS = (0.5, 1, 2, 26, 30, 49, 200)
TERMS = ("donation", "quoted_price", "state_contract", "quoted_price")
TICKED = (("caller", "duplicates"), ("caller",), ("item", "duplicates", "caller"))
PRIORITIES = ("urgent", "routine", "low", "none of these")
BEGINNINGS = ("begin", "enter")


def ware_of(step: Step, number: int) -> Ware:
    """Return the line that a step states; now and then for a member."""
    keys = ("", "alpha", "", "charlie", "", "")
    return Ware(
        number,
        list(ITEMS)[step.way % 4],
        COUNTIES[step.way % 3],
        has_price=step.way % 5 > 0,
        member=keys[step.way % 6] if step.who in MEMBERS or step.way % 7 == 0 else "",
    )


def said_of(step: Step, now: datetime) -> Said:
    """Return the terms that a step settles."""
    return Said(
        now,
        now + timedelta(hours=LASTS[step.way % 7]),
        TERMS[step.way % 4],
        has_contact=step.way % 11 > 0,
        where=COUNTIES[step.way % 3] if step.way % 2 else "",
    )


def caller_of(step: Step) -> str:
    return CALLERS[step.way % 4]


def longer(step: Step, now: datetime) -> datetime:
    """Return until when a step renews; sometimes too soon."""
    return now + timedelta(hours=LASTS[(step.way + 1) % 7])


def words(step: Step) -> str:
    return f"{step.kind} {step.way}"


# ---------------------------------------------------------------- doing it


def do(session: Session, world: World, actor: Actor, step: Step) -> int:
    """Do a step as a page would, and return the offer's id; raises what is refused."""
    if step.kind in BEGINNINGS:
        with transaction(session, actor) as tx:
            made = _begin(tx, world.within(session), step)
            tx.session.flush()
        return made.id
    row = session.get_one(Offer, step.case)
    offer = queries.get_offer(session, world.incident_id, row.reference, actor)
    if offer is None:
        raise AbsentError("hidden")
    with transaction(session, actor, held=[Held(offer)]) as tx:
        if step.kind == "again":
            offer = offers.again(tx, offer)
            tx.session.flush()
        else:
            DOING[step.kind](tx, offer, step, world.within(session))
    return offer.id


def _begin(tx: Tx, world: World, step: Step) -> Offer:
    line = _line(ware_of(step, 1), world)
    if step.kind == "begin":
        return offers.begin(tx, world.incident, line)
    caller = Caller(world.organization(caller_of(step)), "Pat Caller")
    return offers.enter(tx, world.incident, line, caller=caller)


def _line(ware: Ware, world: World) -> Line:
    return Line(
        item=ware.item,
        amount=7000,
        unit=ITEMS[ware.item][1],
        county=ware.county,
        price_cents=389 if ware.has_price else None,
        member=world.organizations[ware.member].reference if ware.member else "",
    )


def _settle(tx: Tx, offer: Offer, step: Step, _world: World) -> None:
    said = said_of(step, tx.now)
    terms = Terms(
        available_from=tx.now,
        available_until=said.until,
        compensation=said.compensation,
        contract="C-1" if said.compensation == "state_contract" else "",
        vouched=True,
        contact="Dispatch" if said.has_contact else "",
        telephone="417-555-0142",
        where=(said.where, "Yard") if said.where else None,
    )
    offers.settle(tx, offer, terms)


def _plain(name: str) -> Callable[..., object]:
    return lambda tx, offer, _step, _world: getattr(offers, name)(tx, offer)


def _worded(name: str, key: str) -> Callable[..., object]:
    return lambda tx, offer, step, _world: getattr(offers, name)(
        tx, offer, **{key: words(step)}
    )


def _assign(tx: Tx, offer: Offer, step: Step, world: World) -> None:
    person = world.people[CELL[step.way % 2]]
    offers.assign(tx, offer, tx.session.get_one(Person, person.id))


DOING: dict[str, Callable[..., object]] = {
    "add_line": lambda tx, offer, step, world: offers.add_line(
        tx, offer, _line(ware_of(step, 0), world)
    ),
    "change_line": lambda tx, offer, step, world: offers.change_line(
        tx, offer, offer.lines[0].number, _line(ware_of(step, 0), world)
    ),
    "remove_line": lambda tx, offer, *_: offers.remove_line(tx, offer, offer.lines[-1].number),
    "settle": _settle,
    "submit": lambda tx, offer, step, _: offers.submit(tx, offer, on_behalf=step.way % 4 > 0),
    "renew": lambda tx, offer, step, _: offers.renew(tx, offer, until=longer(step, tx.now)),
    "discard": _plain("discard"),
    "review": _plain("review"),
    "withdraw": _worded("withdraw", "note"),
    "ask": _worded("ask", "question"),
    "reply": _worded("reply", "reply"),
    "note": _worded("note", "words"),
    "assign": _assign,
    "vet": lambda tx, offer, step, _: offers.vet(tx, offer, checks=ticked(step)),
    "list": lambda tx, offer, step, _: offers.list_(
        tx, offer, note=words(step), checks=TICKED[step.way % 3]
    ),
    "decline": lambda tx, offer, step, _: offers.decline(
        tx, offer, reason="not_needed", note=words(step)
    ),
    "prioritize": lambda tx, offer, step, _: offers.prioritize(
        tx, offer, priority=PRIORITIES[step.way % 4]
    ),
}


def ticked(step: Step) -> tuple[str, ...]:
    return ("no such check",) if step.way % 9 == 0 else TICKED[step.way % 3]


# ---------------------------------------------------------------- what it is refused for


def refusal(model: Model, step: Step, now: datetime) -> type[Exception] | None:
    """Return with what a step is refused, or None."""
    case = model.cases.get(step.case or 0)
    if case is not None and not model.sees(step.who, case):
        return AbsentError
    if step.who in model.gone:
        return EpochGoneError
    if case is None or step.kind == "again":
        return _beginning_refused(model, step)
    move = move_of(case, step)
    if not model.is_for(move, step.who, case):
        return NotAllowedError
    if not model.leads(move, case):
        return StateGoneError
    return FieldError if _is_ill_filled(case, step, now) else None


def _beginning_refused(model: Model, step: Step) -> type[Exception] | None:
    if step.who not in (CELL if step.kind == "enter" else PARTNERS):
        return NotAllowedError
    if not model.is_open:
        return StateGoneError
    is_new = step.kind in BEGINNINGS
    return FieldError if is_new and _is_for_no_member(step, owner_of(step)) else None


def move_of(case: Case, step: Step) -> str:
    """Return the machine's name for a step."""
    if step.kind in CHANGES:
        return "edit" if case.state == "draft" else "revise"
    return step.kind


def owner_of(step: Step) -> str:
    return caller_of(step) if step.kind == "enter" else PARTNERS[step.who]


def _is_for_no_member(step: Step, owner: str) -> bool:
    member = ware_of(step, 0).member
    return bool(member) and member not in MEMBERS.get(owner, ())


def _is_ill_filled(case: Case, step: Step, now: datetime) -> bool:
    if step.kind in CHANGES:
        return _is_ill_changed(case, step, now)
    is_wrong = {
        "submit": step.way % 4 == 0 and any(it.member for it in case.wares),
        "renew": longer(step, now) < max(now + HOUR, case.said.until + timedelta(seconds=1)),
        "list": bool(REQUIRED - case.checks - set(TICKED[step.way % 3])),
        "vet": step.way % 9 == 0
        or (case.state == "listed" and bool(REQUIRED - set(ticked(step)))),
        "prioritize": step.way % 4 == 3,
    }
    if step.kind == "submit" and case.said.is_unfit(case.wares, now):
        return True
    return is_wrong.get(step.kind, False)


def _is_ill_changed(case: Case, step: Step, now: datetime) -> bool:
    if step.kind in {"add_line", "change_line"}:
        is_unpriced = (
            case.said.compensation == "quoted_price" and not ware_of(step, 0).has_price
        )
        if is_unpriced or _is_for_no_member(step, case.owner):
            return True
    if step.kind == "remove_line" and len(case.wares) == 1:
        return True
    said = said_of(step, now) if step.kind == "settle" else case.said
    is_checked = step.kind == "settle" or case.state != "draft"
    return is_checked and said.is_unfit(changed(case, step), now)


# ---------------------------------------------------------------- believing it


def changed(case: Case, step: Step) -> list[Ware]:
    """Return the lines after a change."""
    first, *_others = wares = list(case.wares)
    if step.kind == "add_line":
        return [*wares, ware_of(step, max(it.number for it in wares) + 1)]
    if step.kind == "change_line":
        return [ware_of(step, first.number), *wares[1:]]
    if step.kind == "remove_line":
        return wares[:-1]
    where = said_of(step, clock.now()).where
    return [replace(it, county=where or it.county) for it in wares]


def believe(model: Model, step: Step, offer_id: int, reference: str) -> Case:
    """Let the model believe a step that was acknowledged; times are the clock's."""
    now = clock.now()
    if step.kind in {*BEGINNINGS, "again"}:
        case = _begun(model, step, offer_id, reference, now)
        model.cases[offer_id] = case
        return case
    case = model.cases[offer_id]
    case.moves.append(move_of(case, step))
    if step.kind in CHANGES:
        _change(case, step, now)
    elif step.kind == "submit":
        case.state, case.edition = "submitted", 1
        _before_cell(case, now)
    else:
        for name, value in _turned(step, case).items():
            setattr(case, name, value)
        if step.kind in {"prioritize", "ask", "reply"}:
            case.wait(now, for_owner=step.kind == "ask")
        if step.kind == "renew":
            case.said, case.is_warned = replace(case.said, until=longer(step, now)), False
    return case


def _begun(model: Model, step: Step, offer_id: int, reference: str, now: datetime) -> Case:
    before = model.cases.get(step.case or 0)
    case = Case(
        offer_id,
        reference,
        PARTNERS[step.who] if before else owner_of(step),
        step.kind == "enter",
        Said(now, now + timedelta(hours=48)),
        [ware_of(step, 1)],
        moves=["enter" if step.kind == "enter" else "begin"],
    )
    if before is not None:
        case.wares = list(before.wares)
        lasted = before.said.until - before.said.since
        case.said = replace(before.said, since=now, until=now + lasted)
    return case


def _change(case: Case, step: Step, now: datetime) -> None:
    case.wares, case.edition = changed(case, step), case.edition + 1
    if step.kind == "settle":
        said = said_of(step, now)
        case.is_warned = case.is_warned and said.until == case.said.until
        case.said = said
    if (step.kind == "settle" or case.state != "draft") and (
        case.said.compensation != "quoted_price"
    ):
        case.wares = [replace(it, has_price=False) for it in case.wares]
    if case.state != "draft":
        case.state = "submitted"
        _before_cell(case, now)


def _before_cell(case: Case, now: datetime) -> None:
    """Let it be read anew: nothing of what the cell found out before holds any more."""
    order = ("urgent", "routine", "low")
    case.priority = min((ITEMS[it.item][0] for it in case.wares), key=order.index)
    case.checks, case.question, case.reply, case.reason, case.note = set(), "", "", "", ""
    case.wait(now)


def _turned(step: Step, case: Case) -> dict[str, Any]:
    """Return what a move sets, by field."""
    said = words(step)
    return {
        "discard": {"state": "discarded"},
        "withdraw": {"state": "withdrawn"},
        "review": {"state": "in_review", "assignee": step.who},
        "assign": {"assignee": CELL[step.way % 2]},
        "prioritize": {"priority": PRIORITIES[step.way % 4]},
        "vet": {"checks": set(ticked(step))},
        "ask": {"state": "question", "question": said, "reply": ""},
        "reply": {"state": "in_review", "reply": said},
        "list": {
            "state": "listed",
            "note": said,
            "checks": case.checks | set(TICKED[step.way % 3]),
        },
        "decline": {"state": "declined", "reason": "not_needed", "note": said},
    }.get(step.kind, {})

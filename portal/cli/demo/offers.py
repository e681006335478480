"""What partners offer in the demo: what an offer is, and the steps it takes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from portal.cli.demo.organizations import by_code
from portal.cli.demo.people import ERAC, list_everybody
from portal.cli.demo.steps import Act, Scene, Step
from portal.journal.transaction import Tx
from portal.offers import operations as offers
from portal.offers.models import Offer
from portal.organizations.models import Organization

#: What ERAC checks before it lists an offer, and what it may check besides.
CHECKS = ("caller", "duplicates")
MORE_CHECKS = (*CHECKS, "item", "terms", "liability")


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoLine:
    """One line; `amount` in whole units, `member` by its name in the demo."""

    item: str
    amount: int
    unit: str
    county: str
    description: str
    about: tuple[tuple[str, str], ...] = ()
    may_split: bool = True
    smallest: int | None = None
    place: str = ""
    price_cents: int | None = None
    member: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOffer:
    """An offer, `minute` minutes after the start, and what became of it.

    hours  : for how long it stands.
    erac   : who of the ERAC cell answers it, `waits` minutes after it came.
    then   : draft or discard; None while nobody has looked at it, review while somebody does;
             ask and answer (asked, and answered by the owner); list, decline; and after it was
             listed: withdraw, renew.
    later  : minutes from the answer to that.
    warned : minutes until the deputy is told that it waits; 0 where that is not needed.
    """

    minute: float
    author: str
    lines: tuple[DemoLine, ...]
    hours: float
    compensation: str
    contract: str = ""
    transport: str = "either"
    reach_miles: int | None = None
    lead_hours: int = 2
    operator: str = "not_needed"
    restrictions: str = ""
    insurance: str = ""
    support: str = ""
    is_called_in: bool = False
    erac: str = ERAC
    waits: float = 0
    warned: float = 0
    priority: str = ""
    then: str | None = "list"
    later: float = 60
    checks: tuple[str, ...] = CHECKS
    reason: str = "not_needed"
    note: str = ""
    question: str = ""
    reply: str = ""
    remark: str = ""


def offer_steps(name: str, it: DemoOffer) -> Iterator[Step]:
    """Give the steps of an offer, which the scene knows by this name."""
    maker = it.erac if it.is_called_in else it.author
    yield Step(it.minute, maker, _made(name, it))
    if it.then == "discard":
        yield Step(it.minute + it.later, it.author, _done(name, offers.discard))
    if it.then in {None, "draft", "discard"}:
        return
    if it.warned:
        yield Step(it.minute + it.warned, "", _done(name, offers.escalate))
    yield Step(it.minute + it.waits * 0.4, it.erac, _reviewed(name, it))
    answered = it.minute + it.waits
    if it.question:
        ask = _done(name, offers.ask, question=it.question)
        yield Step(answered, it.erac, ask)
    if it.question and it.then != "ask":
        answered += 25
        yield Step(answered - 12, it.author, _done(name, offers.reply, reply=it.reply))
    if it.then == "decline":
        decline = _done(name, offers.decline, reason=it.reason, note=it.note)
        yield Step(answered, it.erac, decline)
    elif it.then not in {"review", "ask"}:
        list_ = _done(name, offers.list_, note=it.note, checks=it.checks)
        yield Step(answered, it.erac, list_)
    if it.then in {"withdraw", "renew"}:
        yield Step(answered + it.later, it.author, _afterwards(name, it))


def _made(name: str, it: DemoOffer) -> Act:
    def do(tx: Tx, scene: Scene) -> None:
        first, *others = [_line(tx, each) for each in it.lines]
        incident = scene.incident(tx)
        if it.is_called_in:
            caller = next(each for each in list_everybody() if each.email == it.author)
            organization = _organization(tx, caller.organization)
            by = offers.Caller(organization, caller.name)
            offer = offers.enter(tx, incident, first, caller=by)
        else:
            offer = offers.begin(tx, incident, first)
        for line in others:
            offers.add_line(tx, offer, line)
        if it.compensation:
            offers.settle(tx, offer, _terms(tx, it))
        if it.then not in {"draft", "discard"}:
            offers.submit(tx, offer, on_behalf=True)
        tx.session.flush()
        scene.offers[name] = offer.id

    return do


def _reviewed(name: str, it: DemoOffer) -> Act:
    def do(tx: Tx, scene: Scene) -> None:
        offer = _offer(tx, scene, name)
        offers.review(tx, offer)
        if it.priority:
            offers.prioritize(tx, offer, priority=it.priority)
        if it.remark:
            offers.vet(tx, offer, checks=it.checks[:1])
            offers.note(tx, offer, it.remark)

    return do


def _afterwards(name: str, it: DemoOffer) -> Act:
    def do(tx: Tx, scene: Scene) -> None:
        offer = _offer(tx, scene, name)
        if it.then == "withdraw":
            offers.withdraw(tx, offer, note="We need it ourselves now.")
        else:
            offers.renew(tx, offer, until=offer.available_until + timedelta(hours=24))

    return do


def _done(name: str, operation: Callable[..., object], **words: object) -> Act:
    """Return an act that does one operation of the offer."""
    return lambda tx, scene: operation(tx, _offer(tx, scene, name), **words)


def _offer(tx: Tx, scene: Scene, name: str) -> Offer:
    return tx.session.get_one(Offer, scene.offers[name])


def _line(tx: Tx, it: DemoLine) -> offers.Line:
    member = _organization(tx, it.member).reference if it.member else ""
    return offers.Line(
        item=it.item,
        amount=it.amount * 1000,
        unit=it.unit,
        county=it.county,
        description=it.description,
        about=dict(it.about),
        may_split=it.may_split,
        smallest=it.smallest * 1000 if it.smallest else None,
        place=it.place,
        price_cents=it.price_cents,
        member=member,
    )


def _terms(tx: Tx, it: DemoOffer) -> offers.Terms:
    who = next(each for each in list_everybody() if each.email == it.author)
    return offers.Terms(
        available_from=tx.now,
        available_until=tx.now + timedelta(hours=it.hours),
        compensation=it.compensation,
        contract=it.contract,
        lead_hours=it.lead_hours,
        transport=it.transport,
        reach_miles=it.reach_miles,
        operator=it.operator,
        restrictions=it.restrictions,
        insurance=it.insurance,
        support=it.support,
        contact=who.name,
        telephone=by_code()[who.organization].telephone,
        vouched=True,
    )


def _organization(tx: Tx, code: str) -> Organization:
    name = by_code()[code].name
    return tx.session.scalars(select(Organization).where(Organization.name == name)).one()

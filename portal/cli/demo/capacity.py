"""Some 120 offers, made of what sectors have and chance; four of them written by hand."""

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from portal.cli.demo.goods import Good, goods_of
from portal.cli.demo.offers import CHECKS, MORE_CHECKS, DemoLine, DemoOffer
from portal.cli.demo.organizations import MEMBERS, ORGANIZATIONS, DemoOrganization, by_code
from portal.cli.demo.people import (
    ASSOCIATION,
    ERAC,
    ERAC_2,
    LIAISON,
    LIAISON2,
    list_liaisons,
)
from portal.cli.demo.places import PLACES
from portal.cli.demo.shifts import is_day
from portal.cli.demo.steps import NOW
from portal.core import codes

#: What becomes of an offer of the past; a question comes before some of the answers.
_OUTCOMES = {"list": 62, "decline": 20, "withdraw": 8, "renew": 7, "discard": 3}

_THANKS = (
    "Thank you. ERAC calls before anything moves.",
    "Listed for the shelters; the staging area calls you.",
    "Thank you. Keep it where it is until we call.",
    "",
)
_DECLINES = (
    ("not_needed", "Enough of it is on the site now. Please offer again if it stays free."),
    ("unsuitable", "The sites ask for three phases; this is single-phase."),
    ("price", "The counties get it for less under the State contract."),
    ("duplicate", "Your association offered the same yesterday."),
    ("unverified", "We could not reach anybody under the number."),
    ("liability", "Without insurance for the operator we cannot take it."),
    ("used_goods", "Used bedding is not taken."),
)
_QUESTIONS = (
    ("Does an operator come with it?", "Yes, two of them, in shifts."),
    ("How far do you deliver?", "Within 60 miles, farther for a full load."),
    ("Is it on a trailer?", "Yes, with a pintle hitch and lights."),
    ("Until when does the price hold?", "Until the end of the week."),
)
_REMARKS = (
    "Called back; the dispatcher is known from last year.",
    "Would suit the lift station at Galena.",
    "Ask again tomorrow if the shelter in Neosho still needs it.",
)
#: At which minute which association offers what its members have.
_UMBRELLAS = (
    (760, "guild"), (1490, "grocers"), (2230, "builders"), (2980, "grocers"), (3450, "guild"),
)  # fmt: skip

_TRANSPORTS = (("delivers", 60), ("delivers", 120), ("pickup", None), ("either", 40))


def make_offers(chance: Random) -> dict[str, DemoOffer]:
    """Return the offers by name: of the past, of the last hours, and those by hand."""
    minutes = sorted(chance.uniform(90, NOW - 260) for _ in range(88))
    made = [_past(chance, minute) for minute in minutes]
    made += [_umbrella(chance, minute, code) for minute, code in _UMBRELLAS]
    made += _of_today(chance)
    return {f"offer {number}": it for number, it in enumerate(made)}


def erac_at(minute: float) -> str:
    """Return who of the ERAC cell is there."""
    return ERAC if is_day(minute) else ERAC_2


# ---------------------------------------------------------------- one offer


def _offered(chance: Random, minute: float, code: str = "") -> DemoOffer:
    """Return an offer of one line, or of a few, by some organization."""
    liaisons = list_liaisons()
    able = [it for it in ORGANIZATIONS if it.code in liaisons and goods_of(it)]
    who = by_code()[code] if code else chance.choice(able)
    goods = goods_of(who)
    some = chance.sample(goods, min(len(goods), chance.choice((1, 1, 1, 1, 2, 3))))
    terms = _terms(chance, who, some[0])
    transport, miles = chance.choice(_TRANSPORTS)
    return DemoOffer(
        minute=round(minute, 1),
        author=chance.choice(liaisons[who.code]),
        lines=tuple(_line(chance, who, it, terms) for it in some),
        hours=chance.choice((18, 30, 48, 72, 96)),
        compensation=terms,
        contract=f"MO-EX-{chance.randint(1000, 9999)}" if terms == "state_contract" else "",
        transport=transport,
        reach_miles=miles,
        lead_hours=chance.choice((1, 2, 4, 8, 24)),
        operator="included" if "operator" in some[0].words else "not_needed",
        restrictions=chance.choice(("", "", "", "By daylight only.", "Paved roads only.")),
        insurance=chance.choice(("", "", "Certificate on request.")),
        support=chance.choice(("", "", "", "Fuel and a guard at night.")),
        erac=erac_at(minute),
    )


def _terms(chance: Random, who: DemoOrganization, good: Good) -> str:
    if who.kind == "ngo":
        return chance.choice(("donation", "donation", "cost_only"))
    if who.kind == "contractor":
        return chance.choice(("state_contract", "quoted_price", "gsa_rate"))
    is_lent = codes.load("catalogue")[good.item]["kind"] == "Equipment"
    given = "loan_no_charge" if is_lent else "donation"
    return chance.choice((given, given, "cost_only", "quoted_price", "quoted_price"))


def _line(
    chance: Random, who: DemoOrganization, good: Good, terms: str, member: str = ""
) -> DemoLine:
    county = chance.choice(who.counties)
    amount = chance.randrange(good.least, good.most + 1, good.step)
    price = round(chance.uniform(good.low, good.high) * 100)
    may_split = amount > good.least and chance.random() < 0.8
    return DemoLine(
        item=good.item,
        amount=amount,
        unit=good.unit,
        county=county,
        description=good.words,
        about=tuple(_about(chance, good.item)),
        may_split=may_split,
        smallest=good.least if may_split and chance.random() < 0.3 else None,
        place=f"Our yard in {chance.choice(PLACES[county].towns)}",
        price_cents=price if terms == "quoted_price" else None,
        member=member,
    )


def _about(chance: Random, item: str) -> Iterator[tuple[str, str]]:
    """Give what the catalogue lets choose about an item."""
    for attribute in codes.load("catalogue")[item]["attributes"]:
        name, _, choices = attribute.partition(": ")
        if choices and chance.random() < 0.8:
            yield name, chance.choice(choices.split(" | "))


# ---------------------------------------------------------------- what becomes of it


def _past(chance: Random, minute: float) -> DemoOffer:
    it = _offered(chance, minute)
    then = chance.choices(list(_OUTCOMES), list(_OUTCOMES.values()))[0]
    is_late = chance.random() < 0.06
    limit = _limit(it)
    it = replace(
        it,
        waits=round(
            limit * (chance.uniform(1.1, 1.6) if is_late else chance.uniform(0.1, 0.8)), 1
        ),
        warned=limit * 0.76 if is_late else 0,
        is_called_in=chance.random() < 0.08,
        then=then,
        later=round(chance.uniform(60, 240), 1),
        checks=chance.choice((CHECKS, MORE_CHECKS)),
        note=chance.choice(_THANKS),
        remark=chance.choice(_REMARKS) if chance.random() < 0.15 else "",
    )
    if then == "discard":
        return replace(it, is_called_in=False)
    if then == "decline":
        reason, note = chance.choice(_DECLINES)
        it = replace(it, reason=reason, note=note)
    if not is_late and not it.is_called_in and chance.random() < 0.12:
        question, reply = chance.choice(_QUESTIONS)
        it = replace(it, question=question, reply=reply)
    return it


def _limit(it: DemoOffer) -> int:
    """Return within how many minutes ERAC promises to answer."""
    known = codes.load("offer-priorities")
    items = codes.load("catalogue")
    return min(int(known[items[line.item]["priority"]]["answer_minutes"]) for line in it.lines)


def _umbrella(chance: Random, minute: float, code: str) -> DemoOffer:
    """Return an association's offer for several of its members."""
    members = [by_code()[member] for association, member in MEMBERS if association == code]
    able = [it for it in members if goods_of(it)]
    lines = tuple(
        _line(chance, who, chance.choice(goods_of(who)), "cost_only", who.code) for who in able
    )
    it = replace(
        _offered(chance, minute, code),
        author=list_liaisons()[code][0],
        lines=lines,
        hours=96,
        compensation="cost_only",
        contract="",
    )
    return replace(it, waits=round(_limit(it) * 0.6, 1), checks=MORE_CHECKS)


def _of_today(chance: Random) -> Iterator[DemoOffer]:
    """Give the offers of the last hours: most are answered, some wait, some are drafts."""
    for ago in (250, 236, 221, 204, 190, 176, 158, 141, 127, 109, 92):
        it = _offered(chance, NOW - ago)
        limit = min(_limit(it), ago)
        hours = chance.choice((6, 9, 14, 20, 48))
        yield replace(
            it, waits=round(limit * 0.5, 1), hours=hours, erac=erac_at(NOW - ago + 30)
        )
    for code, ago, then in (
        ("hedgerow", 21, None), ("poorwill", 14, None), ("wayside", 9, None),
        ("plain", 38, "review"), ("coldroom", 17, "review"), ("switch", 52, "ask"),
        ("saws", 44, "ask"), ("kettle", 30, "draft"),
    ):  # fmt: skip
        it = replace(_offered(chance, NOW - ago, code), then=then, waits=8, erac=ERAC)
        yield replace(it, question=_QUESTIONS[0][0] if then == "ask" else "", hours=72)
    yield replace(_offered(chance, NOW - 66, "ozark"), author=LIAISON, then="draft")
    yield replace(_umbrella(chance, NOW - 34, "guild"), author=ASSOCIATION, then="draft")


# ---------------------------------------------------------------- by hand


def _written(item: str, amount: int, unit: str, county: str, words: str) -> DemoLine:
    price = 389 if item == "FUEL" else None
    return DemoLine(
        item=item, amount=amount, unit=unit, county=county, description=words, price_cents=price
    )


#: Minutes count from the last hours; see `steps.HAND_WRITTEN`.
WRITTEN = (
    DemoOffer(
        minute=35, author=LIAISON, hours=30, compensation="quoted_price", waits=14,
        lines=(
            _written(
                "FUEL", 1000, "GAL", "29009",
                "Ultra-low sulfur diesel, delivered with pump and meter.",
            ),
        ),
        note="Thank you. ERAC calls before anything moves.",
    ),
    DemoOffer(
        minute=70, author=LIAISON2, hours=72, compensation="loan_no_charge", waits=10,
        lines=(
            _written(
                "GEN", 2, "EA", "29077",
                "56 kW, 120/208 three-phase, trailer-mounted, with cables.",
            ),
        ),
        then="review",
    ),
    DemoOffer(
        minute=95, author=ASSOCIATION, hours=48, compensation="donation", waits=19,
        lines=(_written("LIGHT", 12, "EA", "29077", "Diesel light towers."),),
        then="decline", note="Enough towers are on site now.",
    ),
    DemoOffer(
        minute=160, author=ASSOCIATION, hours=36, compensation="cost_only",
        lines=(
            _written(
                "FTNK", 4, "EA", "29097", "Fuel tenders of 2,800 gallons, driver included."
            ),
        ),
        then=None,
    ),
)  # fmt: skip

"""Who is present when: the SEOC's two teams, and the partners around the clock."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from sqlalchemy import select

from portal.accounts.models import Membership, Person
from portal.cli.demo.organizations import by_code
from portal.cli.demo.people import (
    ASSOCIATION,
    CIKR_2,
    ERAC,
    ERAC_2,
    LIAISON,
    LIAISON2,
    LOGISTICS,
    MODERATOR,
    MODERATOR_2,
    MOP3,
    MOP3_2,
    RECORDS,
    ROADS,
    list_liaisons,
)
from portal.cli.demo.steps import HAND_WRITTEN, NOW, Act, Scene, Step
from portal.journal.transaction import Tx
from portal.presence import operations as presence
from portal.presence.models import CheckIn
from portal.presence.queries import roster

_DAY, _NIGHT = (MODERATOR, MOP3), (MODERATOR_2, MOP3_2)

#: Minutes of half a day: how long a period and a shift of the SEOC last.
HALF_DAY = 720


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoShift:
    """A check-in, `minute` minutes after the start; entered by the desk where `by` says so.

    leaves : when the person checks out; None for those who are there still, or forgot it.
    stays  : for how many hours longer than they had said.
    """

    minute: float
    who: str
    assignment: str = "company"
    link: str = "portal"
    hours: float = 12
    telephone: str = ""
    decides: tuple[str, ...] = ()
    decides_up_to: str = ""
    by: str = ""
    stays: float = 0
    leaves: float | None = None
    hand_over: str = ""


_SEOC = {
    MODERATOR: "moderator", MODERATOR_2: "moderator", MOP3: "mop3", MOP3_2: "mop3",
    ERAC: "erac", ERAC_2: "erac", CIKR_2: "cikr", LOGISTICS: "logistics", RECORDS: "seoc",
}  # fmt: skip

_NOTES = (
    "Nothing open. The next report from the field comes at the full hour.",
    "Two crews are out; their leader calls in every two hours.",
    "Fuel for the generator is ordered; the driver has the gate code.",
    "The county asked for a list of open stores. It is half done and in the shared folder.",
    "ERAC has our offer and may call at any time.",
    "The night crew sleeps on the site; wake them only for the substation.",
    "Three questions of the desk are answered; one waits for our lawyer.",
    "Road passes are with the guard at the main gate.",
    "All shelters have food until tomorrow evening. Ask them again at noon.",
    "The pump at the lift station is watched by camera.",
    "Nobody is missing any more. The list is closed.",
    "Read the instruction on re-entry before you send anybody.",
    "",
    "",
)

_DECISIONS = {
    "ENER": ("fuel", "power"), "TRAN": ("access", "resources"), "FOOD": ("opening",),
    "RETAIL": ("opening",), "CONS": ("resources",), "WWS": ("resources", "power"),
    "NGO": ("resources", "opening"), "LODG": ("opening",), "COMM": ("resources",),
    "HPH": ("opening", "resources"),
}  # fmt: skip
_LIMITS = ("", "", "up to $25,000", "up to 5,000 gallons", "2 crews", "what is on the site")

#: The shifts of the last hours, counted from then, as they are printed and tested.
WRITTEN = (
    DemoShift(minute=1, who=MODERATOR, assignment="moderator", link="seoc"),
    DemoShift(minute=2, who=MOP3, assignment="mop3", link="seoc"),
    DemoShift(
        minute=4, who=ERAC, assignment="erac", link="seoc",
        decides=("resources",), decides_up_to="up to $50,000",
    ),
    DemoShift(
        minute=7, who=LIAISON, telephone="417-555-0142",
        decides=("fuel", "opening"), decides_up_to="up to 5,000 gallons",
    ),
    DemoShift(
        minute=22, who=LIAISON2, link="telephone", hours=2, telephone="417-555-0171",
        decides=("fuel",), decides_up_to="up to 2,000 gallons", by=MODERATOR,
    ),
    DemoShift(
        minute=31, who=ASSOCIATION, assignment="erac", link="email", hours=8,
        telephone="573-555-0188", leaves=140,
        hand_over="Four tenders stand by in Sarcoxie; ERAC has not answered yet.",
    ),
    DemoShift(
        minute=142, who=ASSOCIATION, assignment="erac", link="email", hours=8,
        telephone="573-555-0188", decides=("resources",), decides_up_to="4 tenders",
    ),
)  # fmt: skip


def is_day(minute: float) -> bool:
    """Return whether the first team sits at the desk; the exercise begins in the evening."""
    return minute // HALF_DAY % 2 == 1 if minute < HALF_DAY * 5 else minute >= HAND_WRITTEN + 3


def desk_at(minute: float, chance: Random) -> str:
    """Return who of the desk decides at this minute."""
    return chance.choices(_DAY if is_day(minute) else _NIGHT, (3, 1))[0]


def make_shifts(chance: Random) -> Iterator[DemoShift]:
    """Give all shifts but those written by hand; some 25 people are there at the end."""
    yield from _teams(chance)
    spoken = {LIAISON, LIAISON2, ASSOCIATION}
    companies = list_liaisons()
    present = set(chance.sample(sorted(companies.keys() - {"ozark", "bluestem", "guild"}), 18))
    for code, emails in companies.items():
        for email in emails:
            last = HAND_WRITTEN - 60 if email in spoken else NOW
            yield from _of_company(chance, code, email, until=last)
        if code in present:
            yield _there_now(chance, code, emails[0])


def _teams(chance: Random) -> Iterator[DemoShift]:
    for half in range(5):
        minute = half * HALF_DAY + 2
        team = (MODERATOR, MOP3, ERAC) if half % 2 else (MODERATOR_2, MOP3_2, ERAC_2, CIKR_2)
        team = (*team, LOGISTICS) if half % 2 else (*team, RECORDS)
        is_last = half == 4
        for place, who in enumerate(team):
            yield DemoShift(
                minute=minute + place * 2,
                who=who,
                assignment=_SEOC[who],
                link="seoc",
                decides=("resources",) if who in {ERAC, ERAC_2, LOGISTICS} else (),
                stays=4 if is_last else 0.5,
                leaves=HAND_WRITTEN + 12 + place if is_last else minute + HALF_DAY + 10 + place,
                hand_over=chance.choice(_NOTES),
            )
    for place, who in enumerate((LOGISTICS, ROADS)):
        minute = HAND_WRITTEN + 15 + place
        yield DemoShift(minute=minute, who=who, assignment="logistics", link="seoc", hours=10)


def _of_company(chance: Random, code: str, email: str, *, until: float) -> Iterator[DemoShift]:
    """Give the shifts of a liaison that have ended; what is to come later begins after them."""
    minute = chance.uniform(20, 18 * 60)
    while minute + 11 * 60 < until - 300:
        shift = _shift(chance, code, email, minute)
        end = minute + shift.hours * 60 - chance.uniform(3, 40)
        yield _with_end(chance, shift, end)
        minute = end + chance.uniform(8, 30) * 60


def _there_now(chance: Random, code: str, email: str) -> DemoShift:
    """Return a shift that goes on."""
    minute = NOW - chance.uniform(20, 200)
    shift = _shift(chance, code, email, minute)
    return _with_end(chance, shift, None)


def _with_end(chance: Random, it: DemoShift, leaves: float | None) -> DemoShift:
    return DemoShift(
        minute=round(it.minute, 1),
        who=it.who,
        link=it.link,
        hours=it.hours,
        telephone=it.telephone,
        decides=it.decides,
        decides_up_to=it.decides_up_to,
        by=it.by,
        leaves=leaves,
        hand_over=chance.choice(_NOTES),
    )


def _shift(chance: Random, code: str, email: str, minute: float) -> DemoShift:
    organization = by_code()[code]
    link = chance.choices(("portal", "telephone", "email", "seoc"), (58, 20, 13, 9))[0]
    decides = _DECISIONS.get(organization.sectors[0], ()) if chance.random() < 0.7 else ()
    return DemoShift(
        minute=minute,
        who=email,
        link=link,
        hours=chance.choice((4, 6, 8, 10)),
        telephone=organization.telephone,
        decides=decides,
        decides_up_to=chance.choice(_LIMITS) if decides else "",
        by=desk_at(minute, chance) if link in {"telephone", "email"} else "",
    )


# ---------------------------------------------------------------- the steps


def shift_steps(shifts: Iterable[DemoShift]) -> Iterator[Step]:
    """Give the steps of shifts: in, longer, out."""
    for it in shifts:
        yield Step(it.minute, it.by or it.who, _arrive(it))
        if it.stays:
            yield Step(it.minute + it.hours * 60 - 5, it.who, _stay(it))
        if it.leaves is not None:
            yield Step(it.leaves, it.who, _leave(it))


def _arrive(it: DemoShift) -> Act:
    def do(tx: Tx, scene: Scene) -> None:
        shift = presence.Shift(
            assignment=it.assignment,
            link=it.link,
            until=tx.now + timedelta(hours=it.hours),
            telephone=it.telephone,
            decides=it.decides,
            decides_up_to=it.decides_up_to,
        )
        if not it.by:
            presence.check_in(tx, scene.incident(tx), shift)
            return
        caller = tx.session.scalars(
            select(Membership).join(Membership.person).where(Person.email == it.who)
        ).one()
        presence.check_in_for(tx, scene.incident(tx), caller, shift)

    return do


def _stay(it: DemoShift) -> Act:
    def do(tx: Tx, scene: Scene) -> None:
        row = _row(tx, scene, it)
        presence.extend(tx, row, until=row.until + timedelta(hours=it.stays))

    return do


def _leave(it: DemoShift) -> Act:
    def do(tx: Tx, scene: Scene) -> None:
        presence.check_out(tx, _row(tx, scene, it), hand_over=it.hand_over)

    return do


def _row(tx: Tx, scene: Scene, it: DemoShift) -> CheckIn:
    row = roster.get_own(tx.session, scene.incident_id, scene.actor(it.who))
    if row is None:
        message = f"{it.who} is not checked in"
        raise LookupError(message)
    return row

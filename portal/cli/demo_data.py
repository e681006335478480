"""What the demo holds. An exercise: companies, people and events are invented."""

from dataclasses import dataclass
from datetime import timedelta

from portal.incidents.operations import IncidentParticulars

PASSWORD = "demo-only-password"  # noqa: S105 - public on purpose, works over loopback only

#: How long the exercise has been going on when it is loaded, and how long a period lasts.
LASTS = timedelta(minutes=185)
PERIOD = timedelta(hours=12)

INCIDENT = IncidentParticulars(
    name="SW Missouri Tornado and Flood",
    types=("T", "F"),
    counties=("29097", "29109", "29119", "29145", "29009"),
    level="partial",
    time_zone="America/Chicago",
    telephone="573-555-0100",
    email="beoc@demo.example",
    bridge="573-555-0102, code 4471",
)


@dataclass(frozen=True, slots=True)
class DemoOrganization:
    """An organization; `code` only names it here."""

    code: str
    name: str
    kind: str
    sectors: tuple[str, ...]
    counties: tuple[str, ...]
    contact: str
    telephone: str


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody who can sign in, and what for."""

    email: str
    name: str
    organization: str
    role: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOffer:
    """An offer, `minute` minutes after the start, and what ERAC did with it."""

    minute: int
    author: str
    item: str
    description: str
    amount: int
    unit: str
    county: str
    hours: int
    compensation: str
    price_cents: int | None = None
    then: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoShift:
    """A check-in, `minute` minutes after the start; entered by the desk where `by` says so."""

    minute: int
    who: str
    assignment: str
    link: str = "portal"
    hours: int = 12
    telephone: str = ""
    decides: tuple[str, ...] = ()
    decides_up_to: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class DemoLeave:
    """A check-out, `minute` minutes after the start."""

    minute: int
    who: str
    hand_over: str


ORGANIZATIONS = (
    DemoOrganization(
        "sema", "State Emergency Management Agency", "agency", (), (),
        "Watch Center", "573-555-0100",
    ),
    DemoOrganization(
        "ozark", "Ozark Fuel & Supply", "company", ("ENER", "RETAIL"),
        ("29009", "29109", "29145"), "Dana Brandt", "417-555-0142",
    ),
    DemoOrganization(
        "bluestem", "Bluestem Petroleum", "company", ("ENER",),
        ("29097", "29077"), "Lee Ortega", "417-555-0171",
    ),
    DemoOrganization(
        "guild", "Show-Me Fuel Haulers Guild", "association", ("ENER", "TRAN", "ASSOC"),
        ("29077", "29097", "29109"), "Robin Vance", "573-555-0188",
    ),
    DemoOrganization(
        "prairie", "Prairie Grove Grocers", "company", ("FOOD", "RETAIL"),
        ("29109",), "Casey Holt", "417-555-0113",
    ),
)  # fmt: skip

MEMBERS = (("guild", "ozark"), ("guild", "bluestem"))

LIAISON, LIAISON2 = "liaison@demo.example", "liaison2@demo.example"
ASSOCIATION, MODERATOR = "association@demo.example", "moderator@demo.example"

PEOPLE = (
    DemoPerson(LIAISON, "Dana Brandt", "ozark", "liaison", "liaison of a company"),
    DemoPerson(LIAISON2, "Lee Ortega", "bluestem", "liaison", "liaison of a competitor"),
    DemoPerson(ASSOCIATION, "Robin Vance", "guild", "liaison", "trade association"),
    DemoPerson(MODERATOR, "Alex Moreno", "sema", "moderator", "SEOC moderator"),
    DemoPerson("erac@demo.example", "Priya Nolan", "sema", "erac", "ERAC cell"),
    DemoPerson("mop3@demo.example", "Sam Reyes", "sema", "mop3", "MOP3 cell"),
    DemoPerson("cikr@demo.example", "Jo Whitfield", "sema", "cikr", "CI/KR cell"),
    DemoPerson("admin@demo.example", "Kit Larsen", "sema", "admin", "administrator"),
)

SHIFTS: tuple[DemoShift | DemoLeave, ...] = (
    DemoShift(minute=1, who=MODERATOR, assignment="moderator", link="seoc"),
    DemoShift(minute=2, who="mop3@demo.example", assignment="mop3", link="seoc"),
    DemoShift(
        minute=4, who="erac@demo.example", assignment="erac", link="seoc",
        decides=("resources",), decides_up_to="up to $50,000",
    ),
    DemoShift(
        minute=7, who=LIAISON, assignment="company", telephone="417-555-0142",
        decides=("fuel", "opening"), decides_up_to="up to 5,000 gallons",
    ),
    DemoShift(
        minute=22, who=LIAISON2, assignment="company", link="telephone", hours=2,
        telephone="417-555-0171", decides=("fuel",), decides_up_to="up to 2,000 gallons",
        by=MODERATOR,
    ),
    DemoShift(
        minute=31, who=ASSOCIATION, assignment="erac", link="email", hours=8,
        telephone="573-555-0188",
    ),
    DemoLeave(
        140, ASSOCIATION, "Four tenders stand by in Sarcoxie; ERAC has not answered yet."
    ),
    DemoShift(
        minute=142, who=ASSOCIATION, assignment="erac", link="email", hours=8,
        telephone="573-555-0188", decides=("resources",), decides_up_to="4 tenders",
    ),
)  # fmt: skip

OFFERS = (
    DemoOffer(
        minute=35, author=LIAISON, item="FUEL", amount=1000, unit="GAL",
        county="29009", hours=30,
        description="Ultra-low sulfur diesel, delivered with pump and meter.",
        compensation="quoted_price", price_cents=389, then="list",
        note="Thank you. ERAC calls before anything moves.",
    ),
    DemoOffer(
        minute=70, author=LIAISON2, item="GEN", amount=2, unit="EA",
        county="29077", hours=72,
        description="56 kW, 120/208 three-phase, trailer-mounted, with cables.",
        compensation="loan_no_charge", then="review",
    ),
    DemoOffer(
        minute=95, author=ASSOCIATION, item="LIGHT", amount=12, unit="EA",
        county="29077", hours=48,
        description="Diesel light towers.", compensation="donation", then="decline",
        note="Enough towers are on site now.",
    ),
    DemoOffer(
        minute=160, author=ASSOCIATION, item="FTNK", amount=4, unit="EA",
        county="29097", hours=36,
        description="Fuel tenders of 2,800 gallons, driver included.",
        compensation="cost_only",
    ),
)  # fmt: skip


def name_of(code: str) -> str:
    """Return the name of the organization of this code."""
    return next(it.name for it in ORGANIZATIONS if it.code == code)

"""Who takes part in the demo: eight who sign in, and their colleagues. All are invented."""

from collections.abc import Iterator
from dataclasses import dataclass

from portal.cli.demo.organizations import ORGANIZATIONS

PASSWORD = "demo-only-password"  # noqa: S105 - public on purpose, works over loopback only  # nosec B105

LIAISON, LIAISON2 = "liaison@demo.example", "liaison2@demo.example"
ASSOCIATION, MODERATOR = "association@demo.example", "moderator@demo.example"
ERAC, MOP3 = "erac@demo.example", "mop3@demo.example"
CIKR, ADMIN = "cikr@demo.example", "admin@demo.example"

#: The night shift of the SEOC, and who keeps its stores and its record.
MODERATOR_2, ERAC_2 = "toni.okafor@sema.example", "marcus.lind@sema.example"
MOP3_2, CIKR_2 = "ines.haddad@sema.example", "bo.jensen@sema.example"
LOGISTICS, RECORDS = "walt.greer@sema.example", "june.park@sema.example"
ROADS = "nadia.frost@roads.example"


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody of an organization; `what` says what for, where the sign-in is printed."""

    email: str
    name: str
    organization: str
    role: str
    what: str = ""


#: The sign-ins that are printed, in this order.
PEOPLE = (
    DemoPerson(LIAISON, "Dana Brandt", "ozark", "liaison", "liaison of a company"),
    DemoPerson(LIAISON2, "Lee Ortega", "bluestem", "liaison", "liaison of a competitor"),
    DemoPerson(ASSOCIATION, "Robin Vance", "guild", "liaison", "trade association"),
    DemoPerson(MODERATOR, "Alex Moreno", "sema", "moderator", "SEOC moderator"),
    DemoPerson(ERAC, "Priya Nolan", "sema", "erac", "ERAC cell"),
    DemoPerson(MOP3, "Sam Reyes", "sema", "mop3", "MOP3 cell"),
    DemoPerson(CIKR, "Jo Whitfield", "sema", "cikr", "CI/KR cell"),
    DemoPerson(ADMIN, "Kit Larsen", "sema", "admin", "administrator"),
)

STAFF = (
    DemoPerson(MODERATOR_2, "Toni Okafor", "sema", "moderator"),
    DemoPerson(ERAC_2, "Marcus Lind", "sema", "erac"),
    DemoPerson(MOP3_2, "Ines Haddad", "sema", "mop3"),
    DemoPerson(CIKR_2, "Bo Jensen", "sema", "cikr"),
    DemoPerson(LOGISTICS, "Walt Greer", "sema", "logistics"),
    DemoPerson(RECORDS, "June Park", "sema", "records"),
    DemoPerson("ray.castell@sema.example", "Ray Castell", "sema", "observer"),
    DemoPerson(ROADS, "Nadia Frost", "roads", "logistics"),
)

#: Second liaisons of those who work in shifts.
NIGHT = (
    DemoPerson("cory.pratt@ozark.example", "Cory Pratt", "ozark", "org_admin"),
    DemoPerson("gail.ames@bluestem.example", "Gail Ames", "bluestem", "liaison"),
    DemoPerson("theo.ruiz@redbud.example", "Theo Ruiz", "redbud", "liaison"),
    DemoPerson("joan.ek@lantern.example", "Joan Ek", "lantern", "org_admin"),
    DemoPerson("amir.vos@clearfork.example", "Amir Vos", "clearfork", "liaison"),
    DemoPerson("lena.crow@heronline.example", "Lena Crow", "heronline", "liaison"),
    DemoPerson("pete.sand@odile.example", "Pete Sand", "odile", "liaison"),
    DemoPerson("ruth.oakes@kettle.example", "Ruth Oakes", "kettle", "liaison"),
    DemoPerson("ivo.marsh@hedgerow.example", "Ivo Marsh", "hedgerow", "liaison"),
    DemoPerson("dee.walsh@pantry.example", "Dee Walsh", "pantry", "liaison"),
)


def list_everybody() -> tuple[DemoPerson, ...]:
    """Return all people of the demo, those who sign in first."""
    return (*PEOPLE, *STAFF, *_contacts(), *NIGHT)


def list_liaisons() -> dict[str, list[str]]:
    """Return the addresses of those who speak for each private organization, by its code."""
    found: dict[str, list[str]] = {}
    for it in list_everybody():
        if it.role in {"liaison", "org_admin"}:
            found.setdefault(it.organization, []).append(it.email)
    return found


def names() -> dict[str, str]:
    """Return everybody's name by address."""
    return {it.email: it.name for it in list_everybody()}


def _contacts() -> Iterator[DemoPerson]:
    """Give the 24-hour contact of each organization that nobody above speaks for."""
    spoken_for = {it.organization for it in (*PEOPLE, *STAFF)}
    for it in ORGANIZATIONS:
        if it.code not in spoken_for:
            email = f"{it.contact.lower().replace(' ', '.')}@{it.code}.example"
            yield DemoPerson(email, it.contact, it.code, "liaison")

"""What speaks for and against an application, beside what it claims."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from portal.accounts.models import Application, Membership, Person
from portal.accounts.states import MembershipState
from portal.core import codes
from portal.core.wording import likeness
from portal.organizations.models import Organization

#: From here on two names are alike.
ALIKE = 0.4

#: So many of each are shown, and so many organizations are compared.
MOST_SHOWN = 5
MOST_COMPARED = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known of an application beside its own words.

    domain, website : the hosts of the e-mail address and of the website, "" for none.
    is_own_domain   : whether they are of one domain.
    is_free_mail    : whether anybody gets an address there; its domain then says nothing.
    alike           : organizations with a like name, the most alike first.
    people          : those with the same address or domain, with an organization of theirs.
    applications    : other ones of the same address or domain, latest first.
    """

    domain: str
    website: str
    is_own_domain: bool
    is_free_mail: bool
    alike: list[Organization]
    people: list[tuple[Person, Organization]]
    applications: list[Application]


def evidence_of(session: Session, application: Application) -> Evidence:
    """Return what speaks for and against an application, for those who vet."""
    domain, website = _domain(application.email), _host(application.website)
    is_free_mail = domain in codes.load("free-mail")
    return Evidence(
        domain=domain,
        website=website,
        is_own_domain=not is_free_mail and _are_one(domain, website),
        is_free_mail=is_free_mail,
        alike=_alike(session, application),
        people=_people(session, application.email, "" if is_free_mail else domain),
        applications=_applications(session, application, "" if is_free_mail else domain),
    )


def _domain(email: str) -> str:
    return email.rpartition("@")[2].lower()


def _host(website: str) -> str:
    try:
        host = urlsplit(website).hostname or ""
    except ValueError:
        return ""
    return host.lower().removeprefix("www.")


def _are_one(domain: str, website: str) -> bool:
    """Return whether both are one domain, or one is a part of the other."""
    if "." not in domain or "." not in website:
        return False
    one, other = f".{domain}", f".{website}"
    return one.endswith(other) or other.endswith(one)


def _alike(session: Session, application: Application) -> list[Organization]:
    rows = session.scalars(
        select(Organization)
        .where(Organization.id != (application.organization_id or 0))
        .order_by(Organization.id.desc())
        .limit(MOST_COMPARED)
    )
    ranked = [(likeness(it.name, application.name), it) for it in rows]
    found = sorted((it for it in ranked if it[0] >= ALIKE), key=lambda it: -it[0])
    return [it for _, it in found[:MOST_SHOWN]]


def _is_there(column: ColumnElement[str], email: str, domain: str) -> ColumnElement[bool]:
    """Return the condition that an address is this one, or of a domain where one is given."""
    same = column == email
    return or_(same, column.endswith(f"@{domain}", autoescape=True)) if domain else same


def _people(session: Session, email: str, domain: str) -> list[tuple[Person, Organization]]:
    rows = session.execute(
        select(Person, Organization)
        .join(Membership, Membership.person_id == Person.id)
        .join(Organization, Organization.id == Membership.organization_id)
        .where(
            _is_there(Person.__table__.c.email, email, domain),
            Membership.state == MembershipState.ACTIVE,
        )
        .order_by((Person.email == email).desc(), Person.id)
        .limit(MOST_SHOWN)
    )
    return [(person, organization) for person, organization in rows]


def _applications(session: Session, application: Application, domain: str) -> list[Application]:
    rows = session.scalars(
        select(Application)
        .where(
            Application.id != application.id,
            _is_there(Application.__table__.c.email, application.email, domain),
        )
        .order_by(Application.applied_at.desc())
        .limit(MOST_SHOWN)
    )
    return list(rows)

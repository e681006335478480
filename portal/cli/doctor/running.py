"""Checks of what the portal holds: its people, its incidents, what stands still."""

from datetime import timedelta

from sqlalchemy import func, select

from portal.accounts.models import Membership, Person
from portal.accounts.states import MembershipState, PersonState
from portal.cli.doctor.finding import Finding, Patient, ok, warn, wrong
from portal.core import clock
from portal.core.actor import Role
from portal.feed.models import Post
from portal.feed.states import PostState
from portal.incidents.models import Incident
from portal.incidents.states import IncidentState
from portal.notify.models import Delivery
from portal.notify.outbox import GIVE_UP
from portal.notify.states import PENDING
from portal.offers.models import Offer
from portal.offers.states import UNSETTLED
from portal.organizations.models import Organization
from portal.organizations.states import OrganizationState

#: An e-mail that was due so long ago and is not sent yet means that something stands still.
LONGEST_UNSENT = timedelta(minutes=15)

#: The timer looks every half minute; so long after a limit it has stopped.
TIMER_PATIENCE = timedelta(minutes=2)


def demo_people(patient: Patient) -> Finding:
    """Look whether people with a public password are where others can come."""
    with patient.database.sessions() as session:
        count = session.scalar(select(func.count()).where(Person.is_demo)) or 0
    if not count:
        return ok("none")
    if not patient.is_lone:
        return wrong(f"{count} in a portal that others reach: `portal demo --remove`")
    if not patient.settings.is_demo:
        return wrong(f"{count}, and the demo is off: PORTAL_DEMO=1, or `portal demo --remove`")
    return ok(f"{count}, on this machine only")


def administrator(patient: Patient) -> Finding:
    """Look whether somebody can let people in, and can be written to."""
    with patient.database.sessions() as session:
        rows = session.execute(
            select(Person.email, Membership.roles)
            .join(Membership, Membership.person_id == Person.id)
            .join(Organization, Organization.id == Membership.organization_id)
            .where(
                Person.state == PersonState.ACTIVE,
                Membership.state == MembershipState.ACTIVE,
                Organization.state == OrganizationState.ACTIVE,
                Person.email != "",
            )
        )
        count = sum(Role.ADMIN in roles for _, roles in rows)
    if not count:
        return wrong("nobody can administer: `portal invite` somebody in the role admin")
    return ok(f"{count} active")


def incident_contacts(patient: Patient) -> Finding:
    """Look whether every open incident says how to reach the SEOC without the portal."""
    with patient.database.sessions() as session:
        incidents = session.scalars(
            select(Incident).where(Incident.id != 0, Incident.state == IncidentState.OPEN)
        ).all()
        missing = [
            f"{it.code} has no {' and no '.join(names)}"
            for it in incidents
            if (names := [n for n in ("telephone", "email", "bridge") if not getattr(it, n)])
        ]
    if missing:
        return warn(f"{'; '.join(missing)}: people need it when the portal is away")
    return ok(f"complete, {len(incidents)} open")


def unsent_notices(patient: Patient) -> Finding:
    """Look whether e-mails lie there that should have gone."""
    due_before = clock.now() - LONGEST_UNSENT
    with patient.database.sessions() as session:
        count = session.scalar(
            select(func.count()).where(
                Delivery.state.in_(PENDING), Delivery.give_up_at <= due_before + GIVE_UP
            )
        )
    if count:
        minutes = LONGEST_UNSENT // timedelta(minutes=1)
        return wrong(
            f"{count} wait longer than {minutes} minutes: look whether `portal serve` or "
            "`portal worker` runs, and at /admin/deliveries"
        )
    return ok("none waits long")


def timer(patient: Patient) -> Finding:
    """Look whether somebody is reminded of what waits too long."""
    now = clock.now() - TIMER_PATIENCE
    with patient.database.sessions() as session:
        waiting = session.execute(
            select(Post.waiting_since, Incident.review_minutes)
            .join(Incident, Incident.id == Post.incident_id)
            .where(
                Incident.state == IncidentState.OPEN,
                Post.state == PostState.WAITING,
                Post.reminded_at.is_(None),
                Post.waiting_since <= now,
            )
        )
        reports = sum(
            since is not None and since + timedelta(minutes=limit) <= now
            for since, limit in waiting
        )
        offers = session.scalar(
            select(func.count(Offer.id))
            .join(Incident, Incident.id == Offer.incident_id)
            .where(
                Incident.state == IncidentState.OPEN,
                Offer.state.in_(UNSETTLED),
                Offer.escalated_at.is_(None),
                Offer.escalate_at <= now,
            )
        )
    if reports or offers:
        return wrong(
            f"does not run: nobody was reminded of {reports} reports and {offers or 0} offers "
            "past their limit. Look whether `portal serve` runs."
        )
    return ok("nothing past its limit is without a reminder")


def required_providers(patient: Patient) -> Finding:
    """Look whether organizations want a provider that is not set up: nobody of them gets in."""
    known = [it.name for it in patient.settings.providers]
    query = select(Organization.name).where(
        Organization.provider != "", Organization.provider.not_in(known)
    )
    with patient.database.sessions() as session:
        names = session.scalars(query.order_by(Organization.name)).all()
    if names:
        return wrong(f"nobody gets in of {', '.join(names)}: their provider is not set up here")
    return ok("every provider that is wanted is set up")

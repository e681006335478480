"""Who is told of an entry of the journal: ids of people, and None for the duty address."""

import json
from collections.abc import Callable, Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounts.models import Application, Membership, Person, Ticket
from portal.accounts.states import MembershipState, PersonState, TicketPurpose
from portal.core import clock
from portal.core.actor import PRIVATE_ROLES
from portal.feed.models import Post
from portal.feed.queries import missing
from portal.feed.states import PostState, asks_for_acknowledgement
from portal.incidents.models import Incident
from portal.journal.models import Entry, Words
from portal.offers.models import Offer
from portal.offers.queries import list_cell
from portal.offers.states import OfferState
from portal.presence.models import CheckIn
from portal.presence.states import CheckInState

Recipients = set[int] | set[None]

#: Who is written to with a link for this: those who joined already need no invitation.
REACHED = {
    TicketPurpose.INVITE: PersonState.INVITED,
    TicketPurpose.RESET: PersonState.ACTIVE,
}


def owner(session: Session, entry: Entry, offer: Offer) -> set[int]:
    """Return the person who offered; of what ERAC entered for a caller the caller's people."""
    del entry
    return (
        _people_of(session, {offer.organization_id}) if offer.spoken_by else {offer.person_id}
    )


def deputies(session: Session, entry: Entry, offer: Offer) -> Recipients:
    """Return who else of the ERAC cell can answer in time, and whom a question waits for.

    Those who are here, beside the one who works on it; all others of the cell if nobody is;
    and where there are no others, the one who works on it: somebody has to hear of it.
    """
    cell = {person.id for person in list_cell(session)}
    others = cell - {offer.assignee_id or 0}
    present = select(CheckIn.person_id).where(
        CheckIn.incident_id == offer.incident_id,
        CheckIn.state == CheckInState.IN,
        CheckIn.until > clock.now(),
    )
    here = others.intersection(session.scalars(present))
    asked = owner(session, entry, offer) if offer.state is OfferState.QUESTION else set()
    return {*(here or others or cell), *asked}


def author(session: Session, entry: Entry, post: Post) -> Recipients:
    """Return the person who reported.

    Nobody for the SEOC's own words and for outside alerts, nor where the desk wrote down what
    a caller said: it is not the desk that waits for an answer.
    """
    del session, entry
    is_own_report = not post.spoken_by and post.source != "official"
    return {post.person_id} if is_own_report and post.person_id is not None else set()


def those_to_acknowledge(session: Session, entry: Entry, post: Post) -> Recipients:
    """Return the people of each organization whose word on a post is still missing."""
    del entry
    return _people_of(session, _missing(session, post))


def those_nudged(session: Session, entry: Entry, post: Post) -> Recipients:
    """Return those of whom the desk has reminded, as the entry says, and who still owe it."""
    words = session.get(Words, (entry.incident_id, entry.seq))
    named = json.loads(words.data)["organizations"] if words is not None else []
    return _people_of(session, _missing(session, post).intersection(named))


def duty(session: Session, entry: Entry, incident: Incident) -> Recipients:
    """Return the incident's duty address, where it has one."""
    del session, entry
    return {None} if incident.email else set()


def by_link(purpose: TicketPurpose) -> Callable[[Session, Entry, Person], Recipients]:
    """Return who gets a link for a purpose by letter: the person it is for.

    Nobody where somebody was shown a link for it, to pass on: there is one already then.
    """

    def to(session: Session, entry: Entry, person: Person) -> Recipients:
        del entry
        shown = select(Ticket.id).where(
            Ticket.person_id == person.id,
            Ticket.purpose == purpose,
            Ticket.used_at.is_(None),
            Ticket.ends_at > clock.now(),
        )
        is_wanted = person.state is REACHED[purpose]
        return {person.id} if is_wanted and session.scalar(shown.limit(1)) is None else set()

    return to


def applicant(session: Session, entry: Entry, application: Application) -> Recipients:
    """Return who asked that an organization be taken in: an address, no person."""
    del session, entry, application
    return {None}


def _missing(session: Session, post: Post) -> set[int]:
    if post.state is not PostState.PUBLISHED or not asks_for_acknowledgement(post):
        return set()
    return {it.id for it in missing(session, post)}


def _people_of(session: Session, organization_ids: Iterable[int]) -> set[int]:
    """Return the people who speak for these organizations now."""
    rows = session.execute(
        select(Membership.person_id, Membership.roles)
        .join(Membership.person)
        .where(
            Membership.organization_id.in_(sorted(organization_ids)),
            Membership.state == MembershipState.ACTIVE,
            Person.state == PersonState.ACTIVE,
        )
    )
    return {person_id for person_id, roles in rows if PRIVATE_ROLES.intersection(roles)}

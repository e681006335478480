"""What people are told: which entries make a notice, to whom it goes, while it is true."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from operator import attrgetter
from typing import Any

from sqlalchemy.orm import Session

from portal.accounts import queries as accounts
from portal.accounts.states import (
    APPLICATION,
    PersonState,
    TicketPurpose,
    has_password,
)
from portal.core.actor import Actor
from portal.core.moves import Machine
from portal.feed import queries as feed
from portal.feed.states import POST
from portal.incidents.queries import incidents_by_id
from portal.journal.models import Entry
from portal.notify import facts, recipients
from portal.notify.facts import Facts
from portal.notify.recipients import Recipients
from portal.offers import queries as offers
from portal.offers.states import OFFER


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A kind of row that notices are about.

    id_in    : reads from an entry the id of the row that the notice is about.
    load     : reads rows by their ids, whoever may see them.
    whole    : what people of some rooms may know of a row, None when it is not theirs.
    facts    : what a letter may say of a row.
    endpoint : the page to which the letter leads; a single-use link has its own.
    """

    id_in: Callable[[Entry], int]
    load: Callable[[Session, Iterable[int]], Mapping[int, Any]]
    whole: Callable[[Any, Iterable[str]], Any]
    facts: Callable[[Session, Any], Facts]
    endpoint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that people are told.

    name  : such as post.reject; the template `notify/<name>.txt` words it.
    moves : subject and move of the entries that make it.
    to    : who is told of an entry.
    holds : whether a row and its reader are still as the letter says.
    pause : at least this lies between two letters of one row to the same address; what comes
            sooner waits, and speaks for all that comes until then.
    link  : for what the letter carries a single-use link, made when it goes; None for none.
    """

    name: str
    topic: Topic
    moves: frozenset[tuple[str, str]]
    to: Callable[[Session, Entry, Any], Recipients]
    holds: Callable[[Session, Any, Actor | None], bool]
    pause: timedelta = timedelta(0)
    link: TicketPurpose | None = None


POSTS = Topic(
    id_in=attrgetter("subject_id"),
    load=feed.posts_by_id,
    whole=feed.whole,
    facts=facts.of_post,
    endpoint="feed.show",
)
OFFERS = Topic(
    id_in=attrgetter("subject_id"),
    load=offers.offers_by_id,
    whole=offers.whole,
    facts=facts.of_offer,
    endpoint="offers.show",
)
QUEUE = Topic(
    id_in=attrgetter("incident_id"),
    load=incidents_by_id,
    whole=lambda _incident, _rooms: None,  # it goes to an address, to no person
    facts=facts.of_queue,
    endpoint="feed.queue",
)
#: What goes to the person whom it is about; who else may see that is no matter here.
PEOPLE = Topic(
    id_in=attrgetter("subject_id"),
    load=accounts.people_by_id,
    whole=lambda person, _rooms: person,
    facts=facts.of_person,
    endpoint="accounts.sign_in",
)
#: What goes to somebody who has no sign-in, at the address that they gave.
APPLICATIONS = Topic(
    id_in=attrgetter("subject_id"),
    load=accounts.applications_by_id,
    whole=lambda _application, _rooms: None,
    facts=facts.of_application,
    endpoint="registering.show",
)


def _became(
    topic: Topic, machine: Machine, move: str, to: Callable[[Session, Entry, Any], Recipients]
) -> Notice:
    """Return the notice of what became of a row: true while it is where the move led."""
    state = machine.moves[move].to
    return Notice(
        name=f"{machine.subject}.{move}",
        topic=topic,
        moves=frozenset({(machine.subject, move)}),
        to=to,
        holds=lambda _session, row, _actor: row.state is state,
    )


#: What those who sent something are told of it: these stand in its story, too.
OF_ONES_OWN = (
    _became(POSTS, POST, "ask", recipients.author),
    _became(POSTS, POST, "publish", recipients.author),
    _became(POSTS, POST, "reject", recipients.author),
    _became(POSTS, POST, "merge", recipients.author),
    _became(POSTS, POST, "retract", recipients.author),
    _became(OFFERS, OFFER, "ask", recipients.owner),
    _became(OFFERS, OFFER, "list", recipients.owner),
    _became(OFFERS, OFFER, "decline", recipients.owner),
)

_NOT_TOO_OFTEN = timedelta(minutes=10)

_OTHERS = (
    Notice(
        name="post.acknowledge",
        topic=POSTS,
        moves=frozenset({("post", "publish"), ("post", "post"), ("post", "second")}),
        to=recipients.those_to_acknowledge,
        holds=facts.is_awaited,
    ),
    Notice(
        name="post.nudge",
        topic=POSTS,
        moves=frozenset({("post", "nudge")}),
        to=recipients.those_nudged,
        holds=facts.is_awaited,
        pause=_NOT_TOO_OFTEN,
    ),
    Notice(
        name="offer.escalate",
        topic=OFFERS,
        moves=frozenset({("offer", "escalate")}),
        to=recipients.deputies,
        holds=facts.is_unsettled,
    ),
    Notice(
        name="offer.warn",
        topic=OFFERS,
        moves=frozenset({("offer", "warn")}),
        to=recipients.owner,
        holds=facts.is_ending,
    ),
    Notice(
        name="post.remind",
        topic=QUEUE,
        moves=frozenset({("post", "remind")}),
        to=recipients.duty,
        holds=facts.is_late,
        pause=_NOT_TOO_OFTEN,
    ),
)

#: The moves of an application that who applied is told of.
ANSWERS = ("ask", "approve", "refuse")

#: What those are told who cannot look into the portal yet, or not any more.
TO_OUTSIDERS = (
    Notice(
        name="person.invite",
        topic=PEOPLE,
        moves=frozenset({("person", it) for it in ("invite", "invite_again", "readmit")}),
        to=recipients.by_link(TicketPurpose.INVITE),
        holds=lambda _session, row, _actor: row.state is PersonState.INVITED,
        link=TicketPurpose.INVITE,
    ),
    Notice(
        name="person.reset",
        topic=PEOPLE,
        moves=frozenset({("person", "reset")}),
        to=recipients.by_link(TicketPurpose.RESET),
        holds=lambda _session, row, _actor: (
            row.state is PersonState.ACTIVE and has_password(row)
        ),
        link=TicketPurpose.RESET,
    ),
    *(_became(APPLICATIONS, APPLICATION, it, recipients.applicant) for it in ANSWERS),
)

NOTICES = {notice.name: notice for notice in (*OF_ONES_OWN, *_OTHERS, *TO_OUTSIDERS)}

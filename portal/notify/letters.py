"""Letters: what is written in an e-mail, from the row as it stands when it goes.

Templates are handed the facts of `portal.notify.facts` and a link, never the row.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

from flask import Flask, g, render_template, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounts.models import Person
from portal.accounts.queries import actor_of
from portal.accounts.states import PersonState, TicketPurpose
from portal.core import clock
from portal.core.actor import Actor
from portal.core.sealing import token_for
from portal.core.web import times
from portal.incidents.models import Incident
from portal.incidents.queries import current_incident
from portal.journal.audience import rooms_of
from portal.journal.models import Entry
from portal.notify import operations, outbox
from portal.notify.facts import Facts
from portal.notify.kinds import APPLICATIONS, NOTICES, QUEUE, TO_OUTSIDERS, Notice
from portal.notify.models import Delivery
from portal.notify.recipients import REACHED
from portal.notify.states import Withheld

#: Said before everything else in an exercise.
EXERCISE = "EXERCISE: "

#: The pages behind single-use links.
LINKS = {TicketPurpose.INVITE: "joining.accept", TicketPurpose.RESET: "joining.recover"}

_BETWEEN_PARAGRAPHS = re.compile(r"\n\s*\n")


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes letters in the name of one portal.

    base_url : what links begin with.
    sender   : the address that letters come from, perhaps with a name.
    """

    app: Flask
    base_url: str
    sender: str

    def write(self, session: Session, delivery: Delivery) -> EmailMessage | Withheld:
        """Return the letter as things now stand, or why none is to be sent."""
        notice = NOTICES[delivery.kind]
        rows = notice.topic.load(session, [delivery.subject_id])
        row: Any = rows.get(delivery.subject_id)
        incident = session.get_one(Incident, delivery.incident_id)
        if delivery.person_id is None:
            actor, to, why = None, row.email if row else "", Withheld.NO_ADDRESS
        else:
            actor = actor_of(session, delivery.person_id)
            to, why = _address(session, actor, notice, row), Withheld.NOT_ENTITLED
        if not to:
            return why
        is_told_again = notice.pause or notice.link or notice.topic is APPLICATIONS
        is_true = notice.holds(session, row, actor)
        if not is_true or (is_told_again and outbox.is_spoken_for(session, delivery)):
            return Withheld.OVERTAKEN
        facts = {"at": delivery.made_at} | dict(notice.topic.facts(session, row))
        if notice.link is not None:
            linked = self._link(session, delivery, notice.link, row)
            if linked is None:
                return Withheld.OVERTAKEN
            facts |= linked
        elif notice.topic is APPLICATIONS:
            facts["token"] = token_for(str(self.app.secret_key), f"application {row.key}")
        letter = self._envelope(delivery, to, incident)
        telephone = incident.telephone
        if notice in TO_OUTSIDERS and not telephone:
            telephone = current_incident(session).telephone
        self._fill(letter, notice, facts, incident, telephone)
        return letter

    def _link(
        self, session: Session, delivery: Delivery, purpose: TicketPurpose, person: Person
    ) -> dict[str, Any] | None:
        """Return the token of the letter's own link, who gave it and until when it is good.

        None where the link is used, over, or another took its place. The token is kept
        nowhere: it is worked out anew at each try, so that a repeat is the same letter.
        """
        token = token_for(str(self.app.secret_key), f"letter {delivery.message_id}")
        by = _done_by(session, delivery)
        ticket = operations.make_link(session, person, purpose, token, issued_by=by)
        return None if ticket is None else {"token": token, "by": by, "until": ticket.ends_at}

    def _fill(
        self,
        letter: EmailMessage,
        notice: Notice,
        facts: Facts,
        incident: Incident,
        telephone: str,
    ) -> None:
        """Put the words into a letter: its subject, as text, and as a page."""
        page = LINKS[notice.link] if notice.link else notice.topic.endpoint
        named = [
            it
            for it in ("reference", "token")
            if self.app.url_map.is_endpoint_expecting(page, it)
        ]
        with self._in(incident):
            words = render_template(f"notify/{notice.name}.txt", **facts)
            heading, *paragraphs = _paragraphs(words)
            told = {
                "heading": heading,
                "paragraphs": paragraphs,
                "url": url_for(page, **{it: facts[it] for it in named}, _external=True),
                "is_exercise": incident.is_exercise,
                "is_for_desk": notice.topic is QUEUE,
                "is_for_outsider": notice in TO_OUTSIDERS,
                "telephone": telephone,
            }
            text = "\n\n".join(_paragraphs(render_template("notify/letter.txt", **told)))
            html = render_template("notify/letter.html", **told)
        letter["Subject"] = (EXERCISE if incident.is_exercise else "") + heading
        letter.set_content(text + "\n")
        letter.add_alternative(html, subtype="html")

    def _envelope(self, delivery: Delivery, to: str, incident: Incident) -> EmailMessage:
        letter = EmailMessage(policy=SMTP)
        letter["From"] = self.sender
        # The bare address: what people call themselves never stands in a header.
        letter["To"] = address_of(to)
        if incident.email and incident.email != to:
            letter["Reply-To"] = address_of(incident.email)
        letter["Date"] = format_datetime(clock.now())
        letter["Message-ID"] = delivery.message_id
        letter["Auto-Submitted"] = "auto-generated"
        letter["X-Auto-Response-Suppress"] = "All"
        return letter

    @contextmanager
    def _in(self, incident: Incident) -> Iterator[None]:
        """Let links and times be those of the incident."""
        with self.app.test_request_context("/", base_url=self.base_url):
            g.incident = incident
            times.use_zone(incident.time_zone)
            yield


def _done_by(session: Session, delivery: Delivery) -> str:
    """Return the name of who did what the letter is about; "" for the portal itself."""
    name = session.scalar(
        select(Person.name)
        .join(Entry, Entry.person_id == Person.id)
        .where(Entry.incident_id == delivery.incident_id, Entry.seq == delivery.seq)
    )
    return name or ""


def _address(session: Session, actor: Actor | None, notice: Notice, row: Any) -> str:
    """Return where somebody is written to; "" when the row is no longer theirs to know of."""
    if row is None or actor is None or notice.topic.whole(row, rooms_of(actor)) is None:
        return ""
    person = session.get_one(Person, actor.person_id)
    reached = REACHED[notice.link] if notice.link else PersonState.ACTIVE
    return person.email if person.state is reached else ""


def address_of(spec: str) -> Address:
    """Return an address for a header; raises ValueError or a defect for what is none."""
    if spec.isascii():
        return Address(addr_spec=spec)
    name, _, host = spec.rpartition("@")  # a whole one is refused when it is not ASCII
    return Address(username=name, domain=host)


def _paragraphs(text: str) -> list[str]:
    """Return what stands between blank lines, each in one line."""
    pieces: list[Any] = [piece.split() for piece in _BETWEEN_PARAGRAPHS.split(text)]
    return [" ".join(piece) for piece in pieces if piece]

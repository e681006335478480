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
from sqlalchemy.orm import Session

from portal.accounts.models import Person
from portal.accounts.queries import actor_of
from portal.accounts.states import PersonState
from portal.core import clock
from portal.core.actor import Actor
from portal.core.web import times
from portal.incidents.models import Incident
from portal.journal.audience import rooms_of
from portal.notify import outbox
from portal.notify.facts import Facts
from portal.notify.kinds import NOTICES, QUEUE, Notice
from portal.notify.models import Delivery
from portal.notify.states import Withheld

#: Said before everything else in an exercise.
EXERCISE = "EXERCISE: "

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
        row = rows.get(delivery.subject_id)
        incident = session.get_one(Incident, delivery.incident_id)
        if delivery.person_id is None:
            actor, to, why = None, incident.email, Withheld.NO_ADDRESS
        else:
            actor = actor_of(session, delivery.person_id)
            to, why = _address(session, actor, notice, row), Withheld.NOT_ENTITLED
        if not to:
            return why
        is_true = notice.holds(session, row, actor)
        if not is_true or (notice.pause and outbox.is_spoken_for(session, delivery)):
            return Withheld.OVERTAKEN
        letter = self._envelope(delivery, to, incident)
        facts = {"at": delivery.made_at} | dict(notice.topic.facts(session, row))
        self._fill(letter, notice, facts, incident)
        return letter

    def _fill(
        self, letter: EmailMessage, notice: Notice, facts: Facts, incident: Incident
    ) -> None:
        """Put the words into a letter: its subject, as text, and as a page."""
        page = notice.topic.endpoint
        has_own_page = self.app.url_map.is_endpoint_expecting(page, "reference")
        with self._in(incident):
            words = render_template(f"notify/{notice.name}.txt", **facts)
            heading, *paragraphs = _paragraphs(words)
            row = {"reference": facts["reference"]} if has_own_page else {}
            told = {
                "heading": heading,
                "paragraphs": paragraphs,
                "url": url_for(page, **row, _external=True),
                "is_exercise": incident.is_exercise,
                "is_for_desk": notice.topic is QUEUE,
                "telephone": incident.telephone,
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


def _address(session: Session, actor: Actor | None, notice: Notice, row: Any) -> str:
    """Return where somebody is written to; "" when the row is no longer theirs to know of."""
    if row is None or actor is None or notice.topic.whole(row, rooms_of(actor)) is None:
        return ""
    person = session.get_one(Person, actor.person_id)
    return person.email if person.state is PersonState.ACTIVE else ""


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

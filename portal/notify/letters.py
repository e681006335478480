"""Letters: what is written in an e-mail, from the row as it stands when it goes.

Templates are handed a reference, a reason's label and a link, never the row: so no letter can
hold the words of a post, the amount of an offer, or what somebody wrote beside it.
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
from portal.core import clock, codes
from portal.core.web import times
from portal.feed.operations import OTHER
from portal.incidents.models import Incident
from portal.journal.audience import rooms_of
from portal.notify.kinds import KINDS
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
        subject, _, move = delivery.kind.partition(".")
        kind = KINDS[subject]
        person = session.get_one(Person, delivery.person_id)
        actor = actor_of(session, person.id)
        row = kind.load(session, [delivery.subject_id]).get(delivery.subject_id)
        if row is None or actor is None or person.state is not PersonState.ACTIVE:
            return Withheld.NOT_ENTITLED
        if kind.whole(row, rooms_of(actor)) is None:
            return Withheld.NOT_ENTITLED
        if row.state != kind.state_after(move):
            return Withheld.OVERTAKEN
        incident = session.get_one(Incident, delivery.incident_id)
        reason = row.reason if row.reason != OTHER else ""
        with self._in(incident):
            heading, *paragraphs = _paragraphs(
                render_template(
                    f"notify/{delivery.kind}.txt",
                    reference=row.reference,
                    at=delivery.made_at,
                    reason=codes.load(kind.reasons).label(reason) if reason else "",
                    has_note=bool(row.note),
                )
            )
            told = {
                "heading": heading,
                "paragraphs": paragraphs,
                "url": url_for(kind.endpoint, reference=row.reference, _external=True),
                "is_exercise": incident.is_exercise,
                "telephone": incident.telephone,
            }
            text = "\n\n".join(_paragraphs(render_template("notify/letter.txt", **told)))
            html = render_template("notify/letter.html", **told)
        letter = self._envelope(delivery, person.email, incident)
        letter["Subject"] = (EXERCISE if incident.is_exercise else "") + heading
        letter.set_content(text + "\n")
        letter.add_alternative(html, subtype="html")
        return letter

    def _envelope(self, delivery: Delivery, to: str, incident: Incident) -> EmailMessage:
        letter = EmailMessage(policy=SMTP)
        letter["From"] = self.sender
        # The bare address: what people call themselves never stands in a header.
        letter["To"] = address_of(to)
        if incident.email:
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

"""Forms of presence: shape only."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from wtforms import RadioField, SelectField, StringField, TelField, TextAreaField
from wtforms.validators import InputRequired, Optional

from portal.accounts.models import Membership
from portal.core import clock, codes
from portal.core.actor import Actor
from portal.core.web.forms import (
    CodesField,
    LocalTimeField,
    PortalForm,
    at_most,
    known,
    stripped,
)
from portal.core.web.shapes import all_known, telephone
from portal.core.web.times import local, next_hours
from portal.incidents.models import Incident
from portal.presence.models import MAX_HAND_OVER, MAX_UP_TO, CheckIn
from portal.presence.operations import LONGEST, Shift

#: How long a shift is where no operational period says so, in hours.
USUAL_HOURS = 8

#: How much longer somebody stays at least, as a proposal.
LEAST = timedelta(hours=2)


def usual_end(incident: Incident, after: datetime | None = None) -> datetime:
    """Return when a shift ends as a rule: with the period, if one can stay for that.

    after : the end that is known, past which somebody wants to stay.
    """
    now, end = clock.now(), incident.period_ends_at
    latest = max(now, after or now) + timedelta(minutes=1)  # what is typed has no seconds
    if end is not None and latest < end <= now + LONGEST:
        return end
    return min(max(next_hours(USUAL_HOURS), latest + LEAST), now + LONGEST)


def _time_now() -> str:
    return f"In the incident’s time: it is {local(clock.now())} now."


def usual_assignment(actor: Actor) -> str:
    """Return what somebody of the actor's roles is checked in to, until they say otherwise."""
    assignments = codes.load("assignments").values()
    mine = [it.code for it in assignments if actor.roles.intersection(it["roles"])]
    others = [it.code for it in assignments if not it["roles"]]
    return [*mine, *others, ""][0]


class CheckInForm(PortalForm):
    """A shift; all is filled in from the person's last one, so that it is one tap.

    last : that one, None the first time.
    """

    assignment = SelectField("Checked in to", validate_choice=False)
    link = RadioField("By which link?", validate_choice=False)
    until = LocalTimeField("Until", [InputRequired("Say when the shift ends.")])
    telephone = TelField(
        "Telephone",
        [Optional(), at_most(40, "The number"), telephone()],
        filters=[stripped],
    )
    decides = CodesField(
        "What may you decide yourself?",
        validate_choice=False,
        description="Tick nothing if you ask first.",
    )
    decides_up_to = StringField(
        "Up to what?",
        [Optional(), at_most(MAX_UP_TO, "The limit")],
        filters=[stripped],
        description="For example “up to 5,000 gallons”.",
    )

    def __init__(
        self, incident: Incident, *, assignment: str, last: CheckIn | None, link: str = "portal"
    ) -> None:
        """Offer the code lists; fill in the person's last shift."""
        usual = {
            "assignment": last.assignment if last else assignment,
            "link": link,
            "until": usual_end(incident),
            "telephone": last.telephone if last else "",
            "decides": list(last.decides) if last else [],
            "decides_up_to": last.decides_up_to if last else "",
        }
        super().__init__(data=usual)
        self.last = last
        self.until.description = _time_now()
        for field, name, message in (
            (self.assignment, "assignments", "Choose the cell or desk."),
            (self.link, "links", "Choose the link."),
            (self.decides, "decisions", "Choose from the list."),
        ):
            field.choices = codes.load(name).choices()
            check = all_known if isinstance(field, CodesField) else known
            field.validators = [*field.validators, check(field.choices, message)]

    def shift(self) -> Shift:
        """Return the validated fields in the operation's own words."""
        data = self.data
        return Shift(
            assignment=data["assignment"],
            link=data["link"],
            until=data["until"],
            telephone=data["telephone"] or "",
            decides=tuple(data["decides"] or ()),
            decides_up_to=data["decides_up_to"] or "",
        )


class CallerForm(CheckInForm):
    """A shift of somebody who called, wrote or came by."""

    caller = SelectField("Who?", validate_choice=False)

    def __init__(self, incident: Incident, callers: Sequence[Membership]) -> None:
        """Offer the people of the partnership, by organization."""
        super().__init__(incident, assignment="company", last=None, link="telephone")
        self.telephone.label.text = "Their telephone"
        self.decides.label.text = "What may they decide themselves?"
        self.decides.description = "Tick nothing if they ask first."
        self._callers = {str(it.id): it for it in callers}
        people = {
            key: f"{it.organization.name}: {it.person.name}"
            for key, it in self._callers.items()
        }
        self.caller.choices = {"": "Choose a person", **people}
        self.caller.validators = [known(people, "Choose the person.")]

    def membership(self) -> Membership:
        """Return for whom it is."""
        return self._callers[str(self.caller.data)]


class ExtendForm(PortalForm):
    """Until when somebody stays now."""

    until = LocalTimeField("Stay until", [InputRequired("Say when the shift ends.")])

    def __init__(self, incident: Incident, row: CheckIn) -> None:
        """Propose the usual end."""
        super().__init__(row=row, data={"until": usual_end(incident, row.until)})
        self.until.description = _time_now()


class CheckOutForm(PortalForm):
    """What the next shift should know."""

    hand_over = TextAreaField(
        "Note to the next shift",
        [Optional(), at_most(MAX_HAND_OVER, "The note")],
        filters=[stripped],
        description="What is open, who waits for an answer, whom to call. "
        "Your organization’s next shift and the SEOC read it.",
    )

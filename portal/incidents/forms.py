"""Forms of incidents: shape only."""

import re
from typing import Any

from wtforms import (
    EmailField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TelField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Optional, Regexp, ValidationError
from wtforms.widgets import TextInput

from portal.core import codes
from portal.core.web.forms import (
    BoxField,
    CodesField,
    LocalTimeField,
    PortalForm,
    at_most,
    known,
    stripped,
)
from portal.core.web.shapes import all_known, between, chosen, email_address, telephone
from portal.core.web.times import DEFAULT_ZONE, next_hours
from portal.incidents.models import Incident
from portal.incidents.operations import IncidentParticulars
from portal.organizations.queries import by_region

#: Longest reason for closing, in characters.
MAX_REASON = 300

#: So many types stand first in the list, as those that Missouri knows best.
USUAL_TYPES = 4

#: These would be taken for pages of the portal, or for day-to-day operations.
_RESERVED = {"DAILY", "NEW"}


def _upper(text: str | None) -> str | None:
    return text.upper() if text else text


class IncidentForm(PortalForm):
    """An incident as an administrator states it."""

    name = StringField(
        "Name",
        [InputRequired("Write the incident’s name."), at_most(120, "The name")],
        filters=[stripped],
        description="What and where, for example “SW Missouri Tornado and Flood”.",
    )
    types = CodesField(
        "What happened or may happen?",
        [InputRequired("Choose at least one.")],
        validate_choice=False,
    )
    counties = CodesField(
        "Counties concerned",
        validate_choice=False,
        description="Open a region to tick its counties. None stands for the whole State.",
    )
    level = SelectField("Activation level", validate_choice=False)
    time_zone = SelectField("Time zone of all its times", validate_choice=False)
    telephone = TelField(
        "Telephone of the SEOC",
        [
            InputRequired("Write the number to call when the portal cannot be reached."),
            at_most(40, "The number"),
            telephone(),
        ],
        filters=[stripped],
        description="It stands at the foot of every page, with the next two.",
    )
    email = EmailField(
        "E-mail of the SEOC",
        [Optional(), at_most(254, "The address"), email_address()],
        filters=[stripped],
    )
    bridge = StringField(
        "Conference bridge",
        [Optional(), at_most(120, "The bridge")],
        filters=[stripped],
        description="Number and code, for example 573-555-0102, code 4471.",
    )

    review_minutes = IntegerField(
        "Minutes in which a report should be decided",
        [
            InputRequired("Write the number of minutes."),
            between(1, 1440, "Write a number of minutes from 1 to 1,440."),
        ],
        widget=TextInput(),
        default=15,
        description="When one waits longer, the e-mail address above is told.",
    )
    needs_second = BoxField("Instructions to all partners need a second person at the desk")

    def __init__(self, incident: Incident | None = None) -> None:
        """Offer the code lists; show the incident as it stands."""
        super().__init__(row=incident, obj=incident, data={"time_zone": DEFAULT_ZONE})
        for field, name, message in (
            (self.types, "incident-types", "Choose from the list."),
            (self.counties, "counties", "Choose counties from the list."),
            (self.level, "activation-levels", "Choose the activation level."),
            (self.time_zone, "time-zones", "Choose the time zone."),
        ):
            field.choices = codes.load(name).choices()
            check = all_known if isinstance(field, CodesField) else known
            field.validators = [*field.validators, check(field.choices, message)]
        self._level = None
        if incident is not None:  # it has a move of its own
            self._level = incident.level
            del self.level

    def regions(self) -> dict[str, list[Any]]:
        """Return the counties' boxes by SEMA region, as a page shows them."""
        return by_region(self.counties, lambda box: str(box.data))

    def type_groups(self) -> dict[str, list[Any]]:
        """Return the types' boxes: the usual ones under "", then all others."""
        boxes = list(self.types)
        return {"": boxes[:USUAL_TYPES], "More types": boxes[USUAL_TYPES:]}

    def particulars(self) -> IncidentParticulars:
        """Return the validated fields in the operation's own words."""
        data = self.data
        return IncidentParticulars(
            name=data["name"],
            types=chosen(self.types),
            counties=chosen(self.counties),
            level=self._level or data["level"],
            time_zone=data["time_zone"],
            telephone=data["telephone"],
            email=data["email"] or "",
            bridge=data["bridge"] or "",
            review_minutes=data["review_minutes"],
            needs_second=data["needs_second"],
        )


class NewIncidentForm(IncidentForm):
    """A new incident: what never changes later, too."""

    code = StringField(
        "Code",
        [
            InputRequired("Write a code."),
            Regexp(
                re.compile(r"(?=.*[A-Z])[A-Z0-9][A-Z0-9-]{0,10}[A-Z0-9]\Z"),
                message="Write 2 to 12 letters, digits and hyphens, at least one letter.",
            ),
        ],
        filters=[stripped, _upper],
        description="Begins every reference, for example OZ27. It never changes.",
    )
    is_exercise = RadioField(
        "Is it real?",
        [InputRequired("Say whether it is real or an exercise.")],
        choices={"no": "It is real", "yes": "It is an exercise"},
        description="It never changes. An exercise is marked on every page.",
    )

    def validate_code(self, field: StringField) -> None:
        """Refuse what other pages are called."""
        if field.data in _RESERVED:
            raise ValidationError("This word is taken by the portal. Choose another code.")


class LevelForm(PortalForm):
    """How far the SEOC is activated."""

    level = RadioField("Activation level", validate_choice=False)

    def __init__(self, incident: Incident) -> None:
        """Offer the levels; the present one is chosen."""
        super().__init__(row=incident, obj=incident)
        self.level.choices = codes.load("activation-levels").choices()
        self.level.validators = [known(self.level.choices, "Choose the activation level.")]


class PeriodForm(PortalForm):
    """Until when the next operational period runs."""

    ends_at = LocalTimeField("It begins now and ends", [InputRequired("Say when it ends.")])

    def __init__(self, incident: Incident) -> None:
        """Propose the usual twelve hours."""
        super().__init__(row=incident, data={"ends_at": next_hours(12)})


class CloseForm(PortalForm):
    """Why an incident is closed."""

    reason = TextAreaField(
        "Why? It stands in the record.",
        [InputRequired("Say why it is closed."), at_most(MAX_REASON, "The reason")],
        filters=[stripped],
    )

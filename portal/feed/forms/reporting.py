"""Forms by which words come in: a partner's report, a caller's, the SEOC's own."""

from typing import Any

from wtforms import (
    MultipleFileField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, ValidationError

from portal.core import codes
from portal.core.actor import Actor
from portal.core.web.forms import BoxField, CodesField, PortalForm, at_most, stripped
from portal.core.web.shapes import all_known, chosen
from portal.feed.forms.deciding import HandlingForm
from portal.feed.models import MAX_PLACE, MAX_SAID, MAX_WORDS
from portal.feed.operations import Posting, Report
from portal.feed.queries import readers_label
from portal.incidents.models import Incident
from portal.journal.audience import PARTNERS, STAFF, region, sector
from portal.organizations.models import Organization
from portal.organizations.queries import by_region, regions_of

ASKED_FOR = {
    "staff": "The SEOC and its cells only",
    "sectors": "Partners of our sectors, after review",
    "region": "Partners of the region, after review",
    "partners": "All partners, after review",
}


def county_choices() -> dict[str, str]:
    """Return all counties, with an empty first choice that is no answer."""
    return {"": "Choose a county", **codes.load("counties").choices()}


class SightingForm(PortalForm):
    """What somebody sees, where, and how it stands: the same for a partner and a caller."""

    words = TextAreaField(
        "What do you see?",
        [
            InputRequired("Say what you see, for example “Store 14 has no power”."),
            at_most(MAX_WORDS, "The text"),
        ],
        filters=[stripped],
        description="What is open or shut, since when, what you need to know next.",
    )
    county = SelectField("Where?", [InputRequired("Choose the county.")])
    place = StringField(
        "Place or facility",
        [at_most(MAX_PLACE, "The place")],
        filters=[stripped],
        description="For example “Store 14, Carthage”.",
    )
    lifeline = RadioField(
        "Which lifeline?", [InputRequired("Choose the lifeline it is about.")]
    )
    standing = RadioField("How does it stand?", [InputRequired("Say how it stands.")])
    is_urgent = BoxField(
        "Urgent: lives or safety are at risk",
        description="Call 911 first. The desk sees urgent reports before all others.",
    )

    def __init__(self) -> None:
        """Offer the code lists."""
        super().__init__()
        self.county.choices = county_choices()
        self.lifeline.choices = codes.load("lifelines").choices()
        self.standing.choices = codes.load("standings").choices()

    def sighting(self, asked_for: tuple[str, ...]) -> Report:
        """Return the validated fields in the operation's own words."""
        data = self.data
        return Report(
            words=data["words"],
            counties=(data["county"],),
            place=data["place"] or "",
            lifeline=data["lifeline"],
            standing=data["standing"],
            is_urgent=data["is_urgent"],
            asked_for=asked_for,
        )


class ReportForm(SightingForm):
    """What a partner reports."""

    photos = MultipleFileField(
        "Pictures",
        description="Up to 4, each 8 MB at most. Where and when they were taken is removed.",
    )
    asked_for = RadioField(
        "Who may see this?",
        [InputRequired("Say who may see this.")],
        choices=ASKED_FOR,
        default="staff",
        description="A moderator reads every report first and can choose fewer readers.",
    )

    def __init__(self, actor: Actor, incident: Incident) -> None:
        """Offer the sectors of the actor's organization, too."""
        super().__init__()
        self._actor = actor
        self._incident = incident
        if not actor.sectors:
            self.asked_for.choices = {
                code: label for code, label in ASKED_FOR.items() if code != "sectors"
            }

    def validate_photos(self, field: MultipleFileField) -> None:
        """Refuse words where files belong; the files themselves the screen looks at."""
        if any(field.data or ()):
            raise ValidationError("Choose pictures from your device.")

    def report(self) -> Report:
        """Return the validated fields in the operation's own words."""
        return self.sighting(self._rooms(str(self.asked_for.data), str(self.county.data)))

    def _rooms(self, choice: str, county: str) -> tuple[str, ...]:
        if choice == "sectors":
            return tuple(sector(code) for code in self._actor.sectors)
        if choice == "region":
            return tuple(region(letter) for letter in regions_of((county,)))
        return (PARTNERS,) if choice == "partners" else (STAFF,)


class CallForm(SightingForm):
    """What somebody on the telephone sees; a moderator types."""

    organization = SelectField("Who is calling?", [InputRequired("Choose the organization.")])
    spoken_by = StringField(
        "Name of the caller",
        [InputRequired("Write the caller’s name."), at_most(120, "The name")],
        filters=[stripped],
    )
    link = RadioField(
        "How did it come?",
        choices={"telephone": "Telephone", "email": "E-mail"},
        default="telephone",
    )
    asked_for = RadioField(
        "Who may see this?",
        choices={"staff": "The SEOC and its cells only", "partners": "All partners"},
        default="staff",
    )

    def __init__(self, organizations: list[Organization]) -> None:
        """Offer the organizations that take part."""
        super().__init__()
        self._organizations = {it.reference: it for it in organizations}
        names = {reference: it.name for reference, it in self._organizations.items()}
        self.organization.choices = {"": "Choose the organization", **names}
        self.words.label.text = "What does the caller see?"

    def caller(self) -> dict[str, Any]:
        """Return who speaks, for the operation."""
        return {
            "organization": self._organizations[str(self.organization.data)],
            "spoken_by": self.spoken_by.data,
            "link": self.link.data,
        }

    def report(self) -> Report:
        """Return the validated fields in the operation's own words."""
        room = PARTNERS if self.asked_for.data == "partners" else STAFF
        return self.sighting((room,))


class PostingForm(HandlingForm):
    """A post of the SEOC's own."""

    said = TextAreaField(
        "What readers will read",
        [InputRequired("Write what partners should know."), at_most(MAX_SAID, "The text")],
        filters=[stripped],
        description="The first line, or the first sentence, is its heading. **bold**, - lists "
        "and [links](https://…) are possible.",
    )
    kind = SelectField("Kind", default="status")
    counties = CodesField(
        "Counties", description="None stands for the whole State.", validate_choice=False
    )
    lifeline = SelectField("Lifeline", default="")
    is_urgent = BoxField("Urgent", description="It is shown as urgent and read out at once.")

    def __init__(self, incident: Incident) -> None:
        """Offer the code lists, and as readers everybody, staff, each sector, each region."""
        super().__init__()
        self._incident = incident
        rooms = [PARTNERS, STAFF, *map(sector, codes.load("sectors"))]
        rooms += map(region, codes.load("regions"))
        self.seen_by.choices = {room: readers_label((room,)) for room in rooms}
        self.kind.choices = {
            code: it.label for code, it in codes.load("post-kinds").items() if it["by_desk"]
        }
        self.counties.choices = codes.load("counties").choices()
        self.counties.validators = [all_known(self.counties.choices, "Choose from the list.")]
        self.lifeline.choices = {"": "None", **codes.load("lifelines").choices()}
        self.offer_handling()

    def regions(self) -> dict[str, list[Any]]:
        """Return the counties' boxes: the incident's own under "", the others by region."""
        boxes, own = list(self.counties), self._incident.counties
        near = [box for box in boxes if box.data in own]
        far = by_region(
            (box for box in boxes if box.data not in own), lambda box: str(box.data)
        )
        return {"": near, **far} if near else far

    def posting(self) -> Posting:
        """Return the validated fields in the operation's own words."""
        data = self.data
        return Posting(
            kind=data["kind"],
            counties=chosen(self.counties),
            lifeline=data["lifeline"] or "",
            is_urgent=data["is_urgent"],
            **self.letting(),
        )

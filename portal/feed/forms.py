"""Forms of the feed: shape only."""

from wtforms import RadioField, SelectField, TextAreaField
from wtforms.validators import InputRequired

from portal.core import codes
from portal.core.actor import Actor
from portal.core.web.forms import PortalForm, at_most, stripped
from portal.feed.models import MAX_WORDS
from portal.feed.operations import Report
from portal.feed.queries import readers_label
from portal.incidents.models import Incident
from portal.journal.audience import PARTNERS, STAFF, region, sector
from portal.organizations.queries import regions_of

#: Longest note to an author, in characters.
MAX_NOTE = 300

ASKED_FOR = {
    "staff": "The SEOC and its cells only",
    "sectors": "Partners of our sectors, after review",
    "region": "Partners of the region, after review",
    "partners": "All partners, after review",
}


def county_choices() -> dict[str, str]:
    """Return all counties, with an empty first choice that is no answer."""
    return {"": "Choose a county", **codes.load("counties").choices()}


class ReportForm(PortalForm):
    """What a partner reports."""

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
    lifeline = RadioField(
        "Which lifeline?", [InputRequired("Choose the lifeline it is about.")]
    )
    standing = RadioField("How does it stand?", [InputRequired("Say how it stands.")])
    asked_for = RadioField(
        "Who may see this?",
        [InputRequired("Say who may see this.")],
        choices=ASKED_FOR,
        default="staff",
        description="A moderator reads every report first and can choose fewer readers.",
    )

    def __init__(self, actor: Actor, incident: Incident) -> None:
        """Offer the code lists, and the sectors of the actor's organization."""
        super().__init__()
        self._actor = actor
        self._incident = incident
        self.county.choices = county_choices()
        self.lifeline.choices = codes.load("lifelines").choices()
        self.standing.choices = codes.load("standings").choices()
        if not actor.sectors:
            self.asked_for.choices = {
                code: label for code, label in ASKED_FOR.items() if code != "sectors"
            }

    def report(self) -> Report:
        """Return the validated fields in the operation's own words."""
        data = self.data
        return Report(
            words=data["words"],
            county=data["county"],
            lifeline=data["lifeline"],
            standing=data["standing"],
            asked_for=self._rooms(data["asked_for"], data["county"]),
        )

    def _rooms(self, choice: str, county: str) -> tuple[str, ...]:
        if choice == "sectors":
            return tuple(sector(code) for code in self._actor.sectors)
        if choice == "region":
            return tuple(region(letter) for letter in regions_of((county,)))
        return (PARTNERS,) if choice == "partners" else (STAFF,)


class PublishForm(PortalForm):
    """The desk's choice of readers."""

    seen_by = SelectField("Who may see it", [InputRequired("Choose who may see it.")])

    def __init__(self, asked_for: tuple[str, ...], row: object = None) -> None:
        """Offer what the author asked for first, then everybody and staff."""
        super().__init__(row=row, prefix="")
        asked = " ".join(asked_for)
        self.seen_by.choices = {
            asked: f"{readers_label(asked_for)}, as asked",
            **{room: readers_label((room,)) for room in (PARTNERS, STAFF) if room != asked},
        }

    def rooms(self) -> tuple[str, ...]:
        """Return the rooms chosen."""
        return tuple(str(self.seen_by.data).split())


class RejectForm(PortalForm):
    """Why a report is not published."""

    reason = RadioField("Why? The author reads this.", [InputRequired("Choose a reason.")])
    note = TextAreaField(
        "Note to the author", [at_most(MAX_NOTE, "The note")], filters=[stripped]
    )

    def __init__(self, row: object = None) -> None:
        """Offer the code list."""
        super().__init__(row=row)
        self.reason.choices = codes.load("post-reasons").choices()


class RetractForm(PortalForm):
    """Why a post is taken back."""

    note = TextAreaField(
        "Why is it taken back? Every reader sees this instead of the text.",
        [InputRequired("Say why it is taken back."), at_most(MAX_NOTE, "The reason")],
        filters=[stripped],
    )

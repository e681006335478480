"""Where, when and on what terms; and longer."""

from typing import Any, Self

from wtforms import IntegerField, RadioField, StringField, TextAreaField
from wtforms.validators import InputRequired, Optional, ValidationError

from portal.core import clock, codes
from portal.core.web.forms import (
    BoxField,
    LocalTimeField,
    PortalForm,
    at_most,
    stripped,
)
from portal.core.web.times import next_hours
from portal.offers.forms.lines import (
    PriceField,
    county_choices,
    county_field,
    place_field,
    price_label,
)
from portal.offers.models import MAX_NAME, MAX_NOTE, Offer, OfferLine
from portal.offers.operations import Terms
from portal.organizations.models import Contact, Organization


class TermsForm(PortalForm):
    """Where it is, from when until when, how it gets away, and on what terms.

    Made by `for_offer`, since each line may have a price.
    """

    county = county_field()
    place = place_field()
    available_from = LocalTimeField("Ready from", [InputRequired("Write from when.")])
    available_until = LocalTimeField("Until", [InputRequired("Write until when.")])
    lead_hours = IntegerField(
        "Hours until it can leave, once ordered",
        [InputRequired("Write hours; 0 when it can leave at once.")],
        default=0,
    )
    transport = RadioField("How does it get there?", default="pickup")
    reach_miles = IntegerField(
        "How far do you deliver, miles?",
        [Optional()],
        description="Empty: anywhere in Missouri.",
    )
    operator = RadioField("Who works it?", default="not_needed")
    compensation = RadioField("On what terms?", [InputRequired("Choose the terms.")])
    price_until = LocalTimeField("Prices hold until", [Optional()])
    vouched = BoxField("A price quoted here is not above what we asked before the incident")
    contract = StringField(
        "Number of the State contract",
        [at_most(60, "The number"), Optional()],
        filters=[stripped],
        description="Only under a State contract.",
    )
    contact = StringField(
        "Who answers",
        [InputRequired("Write who answers."), at_most(MAX_NAME, "The name")],
        filters=[stripped],
    )
    telephone = StringField(
        "24-hour telephone",
        [
            InputRequired("Write a number that is answered day and night."),
            at_most(40, "The number"),
        ],
        filters=[stripped],
    )
    restrictions = TextAreaField(
        "Restrictions",
        [at_most(MAX_NOTE, "The text"), Optional()],
        filters=[stripped],
        description="What it must not be used for, how far it may go.",
    )
    insurance = TextAreaField(
        "Insurance",
        [at_most(MAX_NOTE, "The text"), Optional()],
        filters=[stripped],
        description="What is insured, and who pays for damage.",
    )
    support = TextAreaField(
        "What it needs there",
        [at_most(MAX_NOTE, "The text"), Optional()],
        filters=[stripped],
        description="Fuel, lodging, a guard.",
    )

    priced: tuple[OfferLine, ...] = ()

    @classmethod
    def for_offer(cls, offer: Offer, organization: Organization, contact: str) -> Self:
        """Return the form for an offer; contact: the name of who fills it in."""
        fields = {
            f"price_{line.number}": PriceField(price_label(line.label, line.unit), [Optional()])
            for line in offer.lines
        }
        made: Self = type(cls.__name__, (cls,), fields)(row=offer)
        made.priced = tuple(offer.lines)
        for name in ("transport", "operator", "compensation"):
            made[name].choices = codes.load(_LISTS[name]).choices()
        made.county.choices = county_choices()
        if any(line.member_id for line in offer.lines):
            del made.county, made.place
        if not made.was_sent:
            made.show(offer, organization, contact)
        return made

    def show(self, offer: Offer, organization: Organization, contact: str) -> None:
        """Fill in what is known, for who opens the page."""
        for name in _SAME:
            self[name].data = getattr(offer, name)
        if "county" in self:
            self.county.data, self.place.data = offer.lines[0].county, offer.lines[0].place
        for line in self.priced:
            self[f"price_{line.number}"].data = line.price_cents
        first: Contact | None = organization.contacts[0] if organization.contacts else None
        if not offer.compensation:  # nobody has been here yet
            self.available_from.data = max(clock.now(), offer.available_from)
            self.available_until.data = next_hours(48)
            self.contact.data = offer.spoken_by or contact
            self.telephone.data = first.telephone if first else ""

    @property
    def price_fields(self) -> list[Any]:
        """Return the price of each line."""
        return [self[f"price_{line.number}"] for line in self.priced]

    def terms(self) -> Terms:
        """Return the validated fields in the operation's own words."""
        data: dict[str, Any] = self.data
        said: dict[str, Any] = {name: data[name] for name in _SAME}
        said |= {name: data[name] or "" for name in _TEXTS}
        prices = {line.number: data[f"price_{line.number}"] for line in self.priced}
        where = (data["county"], data["place"] or "") if "county" in self else None
        return Terms(
            **said,
            vouched=data["vouched"],
            prices=prices,
            where=where,
        )


_LISTS = {
    "transport": "transports",
    "operator": "operators",
    "compensation": "compensation",
}
_TEXTS = ("contract", "contact", "telephone", "restrictions", "insurance", "support")
_SAME = (
    *("available_from", "available_until", "lead_hours", "transport", "reach_miles"),
    *("operator", "compensation", "price_until"),
    *_TEXTS,
)


class DocumentForm(PortalForm):
    """A photo or a data sheet."""

    document = StringField(
        "Photo or data sheet",
        description="JPEG, PNG or PDF, 8 MB at most. A photo’s place and time are removed.",
    )

    def validate_document(self, field: StringField) -> None:
        """Refuse words where a file belongs; the file itself the screen looks at."""
        if field.data:
            raise ValidationError("Choose a file from your device.")

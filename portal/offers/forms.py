"""Forms of offers: shape only."""

from typing import Any

from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Optional, ValidationError

from portal.core import clock, codes
from portal.core.web.forms import AmountField, LocalTimeField, PortalForm, at_most, stripped
from portal.core.web.times import next_hours
from portal.offers.models import MAX_DESCRIPTION
from portal.offers.operations import Particulars
from portal.organizations.models import Organization

MAX_NOTE = 300


class OfferForm(PortalForm):
    """A partner's offer of capacity."""

    item = SelectField("What can you offer?", [InputRequired("Choose what you offer.")])
    description = TextAreaField(
        "What exactly?",
        [at_most(MAX_DESCRIPTION, "The description"), Optional()],
        filters=[stripped],
        description="Size, type, what it needs, what comes with it.",
    )
    amount = AmountField("How much?", [InputRequired("Write how much you offer.")])
    unit = SelectField("Counted in", [InputRequired("Choose the unit.")])
    member = SelectField(
        "For which member?",
        [Optional()],
        description="Its name goes to the ERAC cell alone; no other partner learns it.",
    )
    county = SelectField("Where is it?", [InputRequired("Choose the county.")])
    available_from = LocalTimeField("Ready from", [InputRequired("Write from when.")])
    available_until = LocalTimeField("Until", [InputRequired("Write until when.")])
    compensation = SelectField("On what terms?", [InputRequired("Choose the terms.")])
    price = AmountField(
        "Price for one unit, in US dollars",
        [Optional()],
        description="Only for a price you quote. The ERAC cell alone sees it.",
    )
    contract = StringField(
        "Number of the State contract",
        [at_most(60, "The number"), Optional()],
        filters=[stripped],
        description="Only under a State contract.",
    )

    def __init__(self, counties: tuple[str, ...], members: list[Organization]) -> None:
        """Offer the code lists, the organization's counties and an association's members."""
        super().__init__()
        self.item.choices = {"": "Choose an item", **codes.load("catalogue").choices()}
        self.unit.choices = {"": "Choose a unit", **codes.load("units").choices()}
        self.county.choices = {"": "Choose a county", **codes.load("counties").choices()}
        self.compensation.choices = {
            "": "Choose the terms",
            **codes.load("compensation").choices(),
        }
        if members:
            self.member.choices = {
                "": "For the association itself",
                **{member.reference: member.name for member in members},
            }
        else:
            del self.member
        if not self.is_submitted():
            self.county.data = counties[0] if counties else ""
            self.available_from.data = clock.now()
            self.available_until.data = next_hours(48)

    def validate_price(self, field: AmountField) -> None:
        """Refuse parts of a cent rather than drop them."""
        if field.data and field.data % 10:
            raise ValidationError("Write the price in dollars and cents, for example 3.89.")

    def particulars(self) -> Particulars:
        """Return the validated fields in the operation's own words."""
        data: dict[str, Any] = self.data
        price = data["price"]
        return Particulars(
            item=data["item"],
            description=data["description"] or "",
            amount=data["amount"],
            unit=data["unit"],
            county=data["county"],
            available_from=data["available_from"],
            available_until=data["available_until"],
            compensation=data["compensation"],
            contract=data["contract"] or "",
            price_cents=price // 10 if price else None,
            member=data.get("member") or "",
        )


class ListForm(PortalForm):
    """What the ERAC cell tells the owner when it lists an offer."""

    note = TextAreaField(
        "Note to the owner",
        [at_most(MAX_NOTE, "The note"), Optional()],
        filters=[stripped],
        id="list-note",  # it stands on one page with the next
    )


class DeclineForm(PortalForm):
    """Why an offer is declined."""

    reason = SelectField("Why? The owner reads this.", [InputRequired("Choose a reason.")])
    note = TextAreaField(
        "Note to the owner",
        [at_most(MAX_NOTE, "The note"), Optional()],
        filters=[stripped],
        id="decline-note",
    )

    def __init__(self, row: object = None) -> None:
        """Offer the code list."""
        super().__init__(row=row)
        self.reason.choices = {
            "": "Choose a reason",
            **codes.load("offer-reasons").choices(),
        }

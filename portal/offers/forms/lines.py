"""What is offered, and how much of it: one line of an offer."""

from typing import Any, Self

from wtforms import RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Optional

from portal.core import codes
from portal.core.web.forms import AmountField, PortalForm, at_most, stripped
from portal.offers.models import MAX_DESCRIPTION, MAX_NAME, MAX_PLACE, Offer, OfferLine
from portal.offers.operations import Caller, Line
from portal.offers.queries import Item
from portal.organizations.models import Organization

_MAX_ANSWER = 80


def county_choices() -> dict[str, str]:
    """Return all counties, with an empty first choice that is no answer."""
    return {"": "Choose a county", **codes.load("counties").choices()}


class PriceField(AmountField):
    """US dollars for one unit; `data` is in cents."""

    def process_formdata(self, valuelist: Any) -> None:
        """Read "3.89"; parts of a cent are refused rather than dropped."""
        super().process_formdata(valuelist)
        if self.data is not None:
            if self.data % 10:
                self.data = None
                raise ValueError("Write the price in dollars and cents, for example 3.89.")
            self.data //= 10

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else f"{self.data / 100:.2f}"


def county_field() -> SelectField:
    """Return the field for the county where something is."""
    return SelectField("Where is it?", [InputRequired("Choose the county.")])


def place_field() -> StringField:
    """Return the field for where in the county it is."""
    return StringField(
        "Place",
        [at_most(MAX_PLACE, "The place"), Optional()],
        filters=[stripped],
        description="For example “Monett terminal”.",
    )


def price_label(label: str, unit: str = "") -> str:
    """Return what asks for the price of one unit of something; unit: "" where it is open."""
    known = codes.load("units").get(unit)
    one = known["singular"] if known is not None else unit or "unit"
    each = "" if one == "each" else f" of one {one}"
    return f"Price{each}, {label}, in US dollars"


class LineForm(PortalForm):
    """How much of one item, and what is asked about such an item.

    Made by `for_item`, since each item asks something else.
    """

    amount = AmountField("How much?", [InputRequired("Write how much you offer.")])
    unit = SelectField("Counted in", [InputRequired("Choose the unit.")])
    description = TextAreaField(
        "What exactly?",
        [at_most(MAX_DESCRIPTION, "The description"), Optional()],
        filters=[stripped],
        description="Size, type, what it needs, what comes with it.",
    )
    split = RadioField(
        "May ERAC take a part of it?",
        choices={"yes": "Yes, a part or all", "no": "No, all or nothing"},
        default="yes",
    )
    smallest = AmountField(
        "The least at a time", [Optional()], description="Empty where any part will do."
    )
    member = SelectField(
        "For which member?",
        [Optional()],
        description="Its name goes to the ERAC cell alone; no other partner learns it.",
    )
    county = county_field()
    place = place_field()
    price = PriceField("Price", [InputRequired("Write the price for one unit.")])

    item: Item
    asked: tuple[str, ...] = ()

    @classmethod
    def for_item(
        cls,
        item: Item,
        organization: Organization,
        members: list[Organization],
        *,
        is_priced: bool = False,
        row: Offer | None = None,
    ) -> Self:
        """Return the form that asks about such an item, for an offer that is there.

        members : of an association. is_priced : the terms ask for a price already.
        """
        fields = {
            f"about_{n}": _field_for(attribute.name, attribute.choices)
            for n, attribute in enumerate(item.asks)
        }
        made: Self = type(cls.__name__, (cls,), {**fields, "item": item})(row=row)
        if is_priced:
            unit = item.units[0] if len(item.units) == 1 else ""
            made.price.label.text = price_label(item.label, unit)
        else:
            del made.price
        made.asked = tuple(attribute.name for attribute in item.asks)
        made.offer(organization, members)
        return made

    def offer(self, organization: Organization, members: list[Organization]) -> None:
        """Offer the item's units, the counties, and an association's members.

        A company says once for all lines where they are, in the next step.
        """
        units = codes.load("units")
        self.unit.choices = {unit: units.label(unit) for unit in self.item.units}
        self.county.choices = county_choices()
        if members:
            self.member.choices = {
                "": "For the association itself",
                **{member.reference: member.name for member in members},
            }
            if not self.was_sent and organization.counties:
                self.county.data = organization.counties[0]
        else:
            del self.member, self.county, self.place
        self._counties = organization.counties

    @property
    def about_fields(self) -> list[Any]:
        """Return the fields of what is asked about the item, in its order."""
        return [self[f"about_{n}"] for n in range(len(self.asked))]

    def show(self, line: OfferLine) -> None:
        """Fill in a line as it stands, for who opens the page."""
        for name, field in zip(self.asked, self.about_fields, strict=True):
            _keep_choice(field, line.about.get(name, ""))
        if self.was_sent:
            return
        self.amount.data, self.unit.data = line.amount, line.unit
        self.description.data = line.description
        self.split.data = "yes" if line.may_split else "no"
        self.smallest.data = line.smallest
        for name, field in zip(self.asked, self.about_fields, strict=True):
            field.data = line.about.get(name, "")
        if "price" in self:
            self.price.data = line.price_cents
        if "member" in self:
            self.member.data = line.member.reference if line.member else ""
            self.county.data, self.place.data = line.county, line.place

    def line(self, before: OfferLine | None = None) -> Line:
        """Return the validated fields in the operation's own words."""
        own = self._counties[0] if self._counties else ""
        county, place = (before.county, before.place) if before else (own, "")
        if "county" in self:
            county, place = str(self.county.data), self.place.data or ""
        return Line(
            item=self.item.code,
            amount=self.amount.data,
            unit=str(self.unit.data),
            description=self.description.data or "",
            about={
                name: field.data or ""
                for name, field in zip(self.asked, self.about_fields, strict=True)
            },
            may_split=self.split.data != "no",
            smallest=self.smallest.data,
            county=county,
            place=place,
            price_cents=self.price.data if "price" in self else None,
            member=str(self.member.data or "") if "member" in self else "",
        )


def _keep_choice(field: Any, said: str) -> None:
    """Let an answer be kept that was given before ERAC offered choices, or others."""
    choices = getattr(field, "choices", None)
    if choices is not None and said not in choices:
        field.choices = {**choices, said: said}


def _field_for(name: str, choices: tuple[str, ...]) -> Any:
    label = name[:1].upper() + name[1:]
    if choices:
        known = {"": "Not said", **{choice: choice for choice in choices}}
        return SelectField(label, [Optional()], choices=known)
    return StringField(label, [at_most(_MAX_ANSWER, "This"), Optional()], filters=[stripped])


class CallForm(PortalForm):
    """Who is on the telephone, and what they offer."""

    organization = SelectField("Who is calling?", [InputRequired("Choose the organization.")])
    spoken_by = StringField(
        "Name of the caller",
        [InputRequired("Write the caller’s name."), at_most(MAX_NAME, "The name")],
        filters=[stripped],
    )
    item = SelectField("What do they offer?", [InputRequired("Choose an item.")])
    amount = AmountField("How much?", [InputRequired("Write how much.")])
    unit = SelectField("Counted in", [InputRequired("Choose the unit.")])
    county = SelectField("Where is it?", [InputRequired("Choose the county.")])

    def __init__(self, organizations: list[Organization], items: list[Item]) -> None:
        """Offer who takes part, and the catalogue."""
        super().__init__()
        self._organizations = {it.reference: it for it in organizations}
        names = {reference: it.name for reference, it in self._organizations.items()}
        self.organization.choices = {"": "Choose the organization", **names}
        self.item.choices = {"": "Choose an item", **{it.code: it.label for it in items}}
        units = list(dict.fromkeys(unit for it in items for unit in it.units))
        self.unit.choices = {
            "": "Choose the unit",
            **{it: codes.load("units").label(it) for it in units},
        }
        self.county.choices = county_choices()

    def caller(self) -> Caller:
        """Return who speaks, for the operation."""
        organization = self._organizations[str(self.organization.data)]
        return Caller(organization, str(self.spoken_by.data))

    def line(self) -> Line:
        """Return the validated fields in the operation's own words."""
        return Line(
            item=str(self.item.data),
            amount=self.amount.data,
            unit=str(self.unit.data),
            county=str(self.county.data),
        )

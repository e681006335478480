"""An item of the catalogue, as the ERAC cell states it."""

from typing import Any

from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Optional

from portal.core import codes
from portal.core.web.forms import CodesField, PortalForm, at_most, stripped
from portal.core.web.shapes import all_known, chosen
from portal.offers.models import MAX_NAME
from portal.offers.operations import ItemParticulars
from portal.offers.queries import Item


class ItemForm(PortalForm):
    """What can be offered, in what units, and what is asked about it."""

    code = StringField(
        "Code",
        [InputRequired("Write a code."), at_most(12, "The code")],
        filters=[stripped],
        description="Capital letters and digits, such as GEN. It stays for good.",
    )
    label = StringField(
        "Name",
        [InputRequired("Write the name."), at_most(MAX_NAME, "The name")],
        filters=[stripped],
    )
    kind = StringField(
        "Kind",
        [InputRequired("Write the kind."), at_most(40, "The kind")],
        filters=[stripped],
        description="NIMS: Equipment, Supplies, Facility, Personnel, Team, Aircraft.",
    )
    priority = SelectField("How soon is it answered?", default="routine")
    units = CodesField("Counted in", validate_choice=False)
    attributes = TextAreaField(
        "What is asked about it",
        [at_most(2000, "The text"), Optional()],
        filters=[stripped],
        description="One a line: “power, kW”, or with choices “fuel: diesel | propane”.",
    )

    def __init__(self, item: Item | None = None) -> None:
        """Offer the code lists; for an item that is there show how it stands."""
        super().__init__(row=item.row if item is not None else None)
        self.priority.choices = codes.load("offer-priorities").choices()
        self.units.choices = codes.load("units").choices()
        self.units.validators = [all_known(self.units.choices, "Choose from the list.")]
        if item is not None:
            del self.code
            if not self.was_sent:
                for name in ("label", "kind", "priority"):
                    self[name].data = getattr(item, name)
                self.units.data = list(item.units)
                self.attributes.data = "\n".join(item.attributes)

    def particulars(self) -> ItemParticulars:
        """Return the validated fields in the operation's own words."""
        data: dict[str, Any] = self.data
        written = (line.strip() for line in (data["attributes"] or "").split("\n"))
        return ItemParticulars(
            label=data["label"],
            kind=data["kind"],
            priority=data["priority"],
            units=chosen(self.units),
            attributes=tuple(line for line in written if line),
        )

"""Forms of organizations: shape only."""

from collections.abc import Iterable
from typing import Any

from wtforms import EmailField, RadioField, SelectField, StringField, TelField, TextAreaField
from wtforms.validators import InputRequired, Optional, ValidationError

from portal.core import codes
from portal.core.web.forms import CodesField, PortalForm, at_most, known, stripped
from portal.core.web.shapes import all_known, chosen, email_address, telephone
from portal.organizations.models import Organization
from portal.organizations.operations import ContactParticulars, OrganizationParticulars
from portal.organizations.queries import by_region
from portal.organizations.states import OrganizationKind

#: Longest reason for a suspension, in characters.
MAX_REASON = 300

#: An organization names this many people who answer at any hour, at most.
CONTACTS = (1, 2)


def _name(label: str) -> StringField:
    # Not `Optional`: it would end the checks before half a contact is found out.
    return StringField(label, [at_most(120, "The name")], filters=[stripped])


def _telephone() -> TelField:
    checks = [Optional(), at_most(40, "The number"), telephone()]
    return TelField("Telephone", checks, filters=[stripped])


def _email() -> EmailField:
    checks = [Optional(), at_most(254, "The address"), email_address()]
    return EmailField("E-mail", checks, filters=[stripped])


class OrganizationForm(PortalForm):
    """An organization as an administrator states it."""

    name = StringField(
        "Name",
        [InputRequired("Write the organization’s name."), at_most(120, "The name")],
        filters=[stripped],
    )
    kind = RadioField("Kind", [InputRequired("Choose the kind.")], validate_choice=False)
    sectors = CodesField(
        "Sectors",
        validate_choice=False,
        description="They decide which posts its people see, and who may see their reports.",
    )
    counties = CodesField(
        "Counties in which it works",
        validate_choice=False,
        description="They decide its SEMA regions. Open a region to tick its counties.",
    )
    contact1_name = _name("Name")
    contact1_telephone = _telephone()
    contact1_email = _email()
    contact2_name = _name("Name")
    contact2_telephone = _telephone()
    contact2_email = _email()

    def __init__(self, organization: Organization | None = None) -> None:
        """Offer the code lists; show the organization as it stands."""
        super().__init__(row=organization, data=_typed(organization))
        for field, name, message in (
            (self.kind, "organization-kinds", "Choose the kind."),
            (self.sectors, "sectors", "Choose sectors from the list."),
            (self.counties, "counties", "Choose counties from the list."),
        ):
            field.choices = codes.load(name).choices()
            check = known if field is self.kind else all_known
            field.validators = [*field.validators, check(field.choices, message)]

    def validate_contact1_name(self, _field: StringField) -> None:
        """Refuse half a first contact."""
        self._whole_contact(1)

    def validate_contact2_name(self, _field: StringField) -> None:
        """Refuse half a second contact."""
        self._whole_contact(2)

    def regions(self) -> dict[str, list[Any]]:
        """Return the counties' boxes by SEMA region, as a page shows them."""
        return by_region(self.counties, lambda box: str(box.data))

    def particulars(self) -> OrganizationParticulars:
        """Return the validated fields in the operation's own words."""
        contacts = (self._contact(number) for number in CONTACTS)
        return OrganizationParticulars(
            name=str(self.name.data),
            kind=OrganizationKind(self.kind.data),
            sectors=chosen(self.sectors),
            counties=chosen(self.counties),
            contacts=tuple(contact for contact in contacts if contact.name),
        )

    def _contact(self, number: int) -> ContactParticulars:
        typed = {
            part: str(self[f"contact{number}_{part}"].data or "")
            for part in ("name", "telephone", "email")
        }
        return ContactParticulars(**typed)

    def _whole_contact(self, number: int) -> None:
        contact = self._contact(number)
        if not contact.name and (contact.telephone or contact.email):
            raise ValidationError("Write whom to call.")
        if contact.name and not contact.telephone:
            raise ValidationError("Write this contact’s telephone number, too.")


class MemberForm(PortalForm):
    """A company that belongs to an association, by reference."""

    member = SelectField("Company", validate_choice=False)

    def __init__(self, companies: Iterable[Organization], row: Any = None) -> None:
        """Offer the companies."""
        super().__init__(row=row)
        names = {each.reference: each.name for each in companies}
        self.member.choices = {"": "Choose a company", **names}
        self.member.validators = [known(names, "Choose a company.")]


class SuspendForm(PortalForm):
    """Why an organization is kept out."""

    reason = TextAreaField(
        "Why? It stands in the record.",
        [InputRequired("Say why."), at_most(MAX_REASON, "The reason")],
        filters=[stripped],
    )


def _typed(organization: Organization | None) -> dict[str, Any]:
    """Return the organization as the form's fields hold it."""
    if organization is None:
        return {}
    typed: dict[str, Any] = {
        "name": organization.name,
        "kind": organization.kind.value,
        "sectors": list(organization.sectors),
        "counties": list(organization.counties),
    }
    for number, contact in zip(CONTACTS, organization.contacts, strict=False):
        for part in ("name", "telephone", "email"):
            typed[f"contact{number}_{part}"] = getattr(contact, part)
    return typed

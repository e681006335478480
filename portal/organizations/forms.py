"""Forms of organizations: shape only."""

from collections.abc import Iterable, Mapping
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


class ContactsForm(PortalForm):
    """Whom to call at any hour, as people of the organization state it."""

    contact1_name = _name("Name")
    contact1_telephone = _telephone()
    contact1_email = _email()
    contact2_name = _name("Name")
    contact2_telephone = _telephone()
    contact2_email = _email()

    def __init__(self, organization: Organization) -> None:
        """Show the contacts as they stand."""
        super().__init__(row=organization, data=_typed_contacts(organization))

    def validate_contact1_name(self, field: StringField) -> None:
        """Refuse half a first contact, and none at all."""
        _whole_contact(self, 1)
        if not field.data:
            raise ValidationError("Name at least one person who answers at any hour.")

    def validate_contact2_name(self, _field: StringField) -> None:
        """Refuse half a second contact."""
        _whole_contact(self, 2)

    def contacts(self) -> tuple[ContactParticulars, ...]:
        """Return the validated fields in the operation's own words."""
        return _contacts(self)


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
        _whole_contact(self, 1)

    def validate_contact2_name(self, _field: StringField) -> None:
        """Refuse half a second contact."""
        _whole_contact(self, 2)

    def regions(self) -> dict[str, list[Any]]:
        """Return the counties' boxes by SEMA region, as a page shows them."""
        return by_region(self.counties, lambda box: str(box.data))

    def particulars(self) -> OrganizationParticulars:
        """Return the validated fields in the operation's own words."""
        return OrganizationParticulars(
            name=str(self.name.data),
            kind=OrganizationKind(self.kind.data),
            sectors=chosen(self.sectors),
            counties=chosen(self.counties),
            contacts=_contacts(self),
        )


class MemberForm(PortalForm):
    """A company that belongs to an association, by reference."""

    member = SelectField("Company", validate_choice=False)

    def __init__(self, companies: Iterable[Organization], row: Any = None) -> None:
        """Offer the companies."""
        super().__init__(row=row)
        names = {each.reference: each.name for each in companies}
        self.member.choices = {"": "Choose a company", **names}
        self.member.validators = [known(names, "Choose a company.")]


class ProviderForm(PortalForm):
    """The OpenID provider by which an organization's people have to sign in."""

    provider = SelectField("Its people sign in with", validate_choice=False)

    def __init__(self, providers: Mapping[str, str], row: Any = None) -> None:
        """Offer the providers, labels by name, and what holds now even if it is gone."""
        now = row.provider if row is not None else ""
        super().__init__(row=row, data={"provider": now})
        kept = {now: f"{now} (not set up)"} if now and now not in providers else {}
        self.provider.choices = {"": "Passkey or password, as they like", **providers, **kept}
        self.provider.validators = [known(self.provider.choices, "Choose from the list.")]


class SuspendForm(PortalForm):
    """Why an organization is kept out."""

    reason = TextAreaField(
        "Why? It stands in the record.",
        [InputRequired("Say why."), at_most(MAX_REASON, "The reason")],
        filters=[stripped],
    )


def _contact(form: PortalForm, number: int) -> ContactParticulars:
    typed = {
        part: str(form[f"contact{number}_{part}"].data or "")
        for part in ("name", "telephone", "email")
    }
    return ContactParticulars(**typed)


def _contacts(form: PortalForm) -> tuple[ContactParticulars, ...]:
    contacts = (_contact(form, number) for number in CONTACTS)
    return tuple(contact for contact in contacts if contact.name)


def _whole_contact(form: PortalForm, number: int) -> None:
    contact = _contact(form, number)
    if not contact.name and (contact.telephone or contact.email):
        raise ValidationError("Write whom to call.")
    if contact.name and not contact.telephone:
        raise ValidationError("Write this contact’s telephone number, too.")


def _typed(organization: Organization | None) -> dict[str, Any]:
    """Return the organization as the form's fields hold it."""
    if organization is None:
        return {}
    return {
        "name": organization.name,
        "kind": organization.kind.value,
        "sectors": list(organization.sectors),
        "counties": list(organization.counties),
        **_typed_contacts(organization),
    }


def _typed_contacts(organization: Organization) -> dict[str, str]:
    typed: dict[str, str] = {}
    for number, contact in zip(CONTACTS, organization.contacts, strict=False):
        for part in ("name", "telephone", "email"):
            typed[f"contact{number}_{part}"] = getattr(contact, part)
    return typed

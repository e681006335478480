"""Forms of those without a sign-in, and of those who vet them: shape only."""

from typing import Any
from urllib.parse import urlsplit

from wtforms import EmailField, RadioField, StringField, TelField, TextAreaField, URLField
from wtforms.validators import InputRequired, Optional, ValidationError

from portal.accounts import addresses
from portal.accounts.models import Application
from portal.accounts.operations import Approval, Claim
from portal.core import codes
from portal.core.web.forms import CodesField, PortalForm, at_most, known, stripped
from portal.core.web.shapes import all_known, chosen, email_address, telephone
from portal.organizations.queries import by_region
from portal.organizations.states import OrganizationKind

#: Longest free text of these forms, in characters.
MAX_WORDS = 1000


def _name(label: str, message: str, **more: Any) -> StringField:
    checks = [InputRequired(message), at_most(120, "The name")]
    return StringField(label, checks, filters=[stripped], **more)


def _words(label: str, message: str, **more: Any) -> TextAreaField:
    checks = [InputRequired(message), at_most(MAX_WORDS, "This")]
    return TextAreaField(label, checks, filters=[stripped], **more)


def _whole(website: str) -> str:
    """Return an address as people type it with its beginning; "" for none."""
    return website if "://" in website or not website else f"https://{website}"


class RegisterForm(PortalForm):
    """What somebody unknown says of an organization and of themselves.

    empty : out of sight; who fills it in is a machine.
    """

    name = _name("Name of the organization", "Write the organization’s name.")
    kind = RadioField("Kind", [InputRequired("Choose the kind.")], validate_choice=False)
    sectors = CodesField("Sectors", validate_choice=False)
    counties = CodesField(
        "Counties in which it works",
        validate_choice=False,
        description="Open a region to tick its counties.",
    )
    website = URLField(
        "Website",
        [Optional(), at_most(200, "The address")],
        filters=[stripped],
        description="For example https://company.com.",
    )
    person_name = _name("Your name", "Write your name.", description="First and last name.")
    email = EmailField(
        "Your e-mail",
        [
            InputRequired("Write your e-mail address."),
            at_most(254, "The address"),
            email_address(),
        ],
        filters=[stripped],
        description="Use your address at the organization.",
    )
    telephone = TelField(
        "Your telephone number",
        [InputRequired("Write your telephone number."), at_most(40, "The number"), telephone()],
        filters=[stripped],
    )
    why = _words(
        "Why do you want to take part?",
        "Say why you want to take part.",
        description="What your organization does, and what it could share or offer.",
    )
    empty = StringField("Leave this empty")

    def __init__(self) -> None:
        """Offer the code lists; an agency does not ask."""
        super().__init__()
        kinds = codes.load("organization-kinds").choices()
        del kinds[OrganizationKind.AGENCY.value]
        for field, choices, message in (
            (self.kind, kinds, "Choose the kind."),
            (self.sectors, codes.load("sectors").choices(), "Choose sectors from the list."),
            (self.counties, codes.load("counties").choices(), "Choose counties from the list."),
        ):
            field.choices = choices
            check = known if field is self.kind else all_known
            field.validators = [*field.validators, check(choices, message)]

    def validate_website(self, field: URLField) -> None:
        """Refuse what leads nowhere."""
        typed = _whole(str(field.data))
        try:
            parts = urlsplit(typed)
            fits = parts.scheme in {"http", "https"} and "." in (parts.hostname or "")
        except ValueError:
            fits = False
        if not fits or not typed.isprintable() or " " in typed:
            raise ValidationError("Write the address of the website, such as company.com.")

    def validate_email(self, field: EmailField) -> None:
        """Refuse what cannot be written to."""
        if addresses.read(str(field.data)) is None:
            raise ValidationError("Write an e-mail address, for example name@company.com.")

    def validate_empty(self, field: StringField) -> None:
        """Refuse machines."""
        if field.data:
            raise ValidationError("Leave this empty: it is for machines.")

    def regions(self) -> dict[str, list[Any]]:
        """Return the counties' boxes by SEMA region, as a page shows them."""
        return by_region(self.counties, lambda box: str(box.data))

    def claim(self) -> Claim:
        """Return the validated fields in the operation's own words."""
        return Claim(
            name=str(self.name.data),
            kind=OrganizationKind(self.kind.data),
            sectors=chosen(self.sectors),
            counties=chosen(self.counties),
            website=_whole(str(self.website.data or "")),
            person_name=str(self.person_name.data),
            email=addresses.read(str(self.email.data)) or "",
            telephone=str(self.telephone.data),
            why=str(self.why.data),
        )


class ReplyForm(PortalForm):
    """The answer to the vetters' question."""

    reply = _words("Your answer", "Write the answer.")


class ForgottenForm(PortalForm):
    """Who forgot the password."""

    email = EmailField(
        "E-mail",
        [
            InputRequired("Write your e-mail address."),
            at_most(254, "The address"),
            email_address(),
        ],
        filters=[stripped],
    )


class ApproveForm(PortalForm):
    """How the vetter made sure, and the name under which the organization is taken in."""

    name = _name("Name under which it is taken in", "Write the organization’s name.")
    call_back_number = TelField(
        "Number you called",
        [InputRequired("Write the number."), at_most(40, "The number"), telephone()],
        filters=[stripped],
        description="Never the one in the application.",
    )
    call_back_source = StringField(
        "Where is that number from?",
        [InputRequired("Say where the number is from."), at_most(200, "The source")],
        filters=[stripped],
        description="For example the Secretary of State’s register, or a directory.",
    )

    def __init__(self, application: Application) -> None:
        """Begin with the name as claimed."""
        super().__init__(row=application, data={"name": application.name})

    def approval(self, *, by_letter: bool) -> Approval:
        """Return the validated fields in the operation's own words."""
        return Approval(
            name=str(self.name.data),
            call_back_number=str(self.call_back_number.data),
            call_back_source=str(self.call_back_source.data),
            by_letter=by_letter,
        )


class AskForm(PortalForm):
    """What the vetter wants to know first."""

    question = _words("Question", "Write the question.")


class RefuseForm(PortalForm):
    """Why the organization is not taken in."""

    reason = _words("Why? Who applied reads it.", "Say why.")

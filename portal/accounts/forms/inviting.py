"""Forms that invite: shape only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wtforms import SelectField, TextAreaField
from wtforms.validators import InputRequired, ValidationError

from portal.accounts import addresses
from portal.accounts.forms.people import role_words
from portal.accounts.operations import MOST_INVITED, Invitations, Invited, Outcome
from portal.core.actor import Role
from portal.core.web.forms import CodesField, PortalForm, at_most, known, stripped
from portal.core.web.shapes import all_known
from portal.organizations.models import Organization

#: Longest list of addresses, in characters.
MAX_ADDRESSES = 10_000

#: What somebody invites for their own organization; a seat with ERAC is not theirs to give.
OWN_ROLES = (Role.LIAISON, Role.ORG_ADMIN)


@dataclass(frozen=True, slots=True)
class Typed:
    """One address as it was typed, and as it is kept; None for what is none."""

    text: str
    email: str | None


class InviteForm(PortalForm):
    """Whom to invite, in which roles; for one organization."""

    addresses = TextAreaField(
        "E-mail addresses",
        [
            InputRequired("Write at least one e-mail address."),
            at_most(MAX_ADDRESSES, "The list"),
        ],
        filters=[stripped],
        description=f"One a line, or with commas between them. Up to {MOST_INVITED} at once.",
    )
    roles = CodesField(
        "Roles", [all_known(set(Role), "Choose from the list.")], validate_choice=False
    )

    def __init__(self, roles: Sequence[Role], **data: str) -> None:
        """Offer roles."""
        super().__init__(data=data)
        self.roles.choices = {role.value: role_words()[role][0] for role in roles}

    def validate_addresses(self, _field: TextAreaField) -> None:
        """Refuse a list that is too long, or has no address in it."""
        typed = self.typed()
        if len(typed) > MOST_INVITED:
            raise ValidationError(
                f"These are {len(typed)} addresses. Send {MOST_INVITED} at once at most."
            )
        if not any(it.email for it in typed):
            raise ValidationError("Write an e-mail address, for example name@company.com.")

    def typed(self) -> list[Typed]:
        """Return the addresses in the order typed."""
        pieces = addresses.split(str(self.addresses.data or ""))
        return [Typed(it, addresses.read(it)) for it in pieces]

    def invitations(self, organization: Organization, *, by_letter: bool) -> Invitations:
        """Return the validated fields in the operation's own words, each address once."""
        emails = dict.fromkeys(it.email for it in self.typed() if it.email)
        return Invitations(
            emails=list(emails),
            organization=organization,
            roles=frozenset(map(Role, self.roles.data or ())),
            by_letter=by_letter,
        )

    def told(self, became: Sequence[Invited]) -> list[tuple[str, Invited]]:
        """Return what became of each line, as it was typed."""
        by_email: Mapping[str, Invited] = {it.email: it for it in became}
        seen: set[str] = set()
        lines = []
        for it in self.typed():
            if it.email is None:
                of_line = Invited(email=it.text, outcome=Outcome.NO_ADDRESS)
            elif it.email in seen:
                of_line = Invited(email=it.email, outcome=Outcome.TWICE)
            else:
                of_line = by_email[it.email]
                seen.add(it.email)
            lines.append((it.text, of_line))
        return lines


class InviteToForm(InviteForm):
    """Whom to invite, for which organization, in which roles."""

    organization = SelectField("Organization", validate_choice=False)

    def __init__(self, organizations: Sequence[Organization], chosen: str = "") -> None:
        """Offer the active organizations, by name."""
        super().__init__(tuple(Role), organization=chosen)
        self._organizations = {each.reference: each for each in organizations}
        names = {reference: each.name for reference, each in self._organizations.items()}
        self.organization.choices = {"": "Choose an organization", **names}
        self.organization.validators = [known(names, "Choose the organization.")]
        self.roles.description = "The first two and the last are for private organizations."

    @property
    def chosen(self) -> Organization:
        """Return the organization chosen."""
        return self._organizations[str(self.organization.data)]

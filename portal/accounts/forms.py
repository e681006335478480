"""Forms of accounts: shape only."""

import hmac
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from flask import current_app
from wtforms import EmailField, PasswordField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, ValidationError

from portal.accounts.operations import Invitation
from portal.core import codes
from portal.core.actor import PRIVATE_ROLES, Role
from portal.core.passwords import MAX_LENGTH, MIN_LENGTH
from portal.core.web.forms import CodesField, PortalForm, at_most, known, stripped
from portal.core.web.shapes import all_known, email_address
from portal.core.writes import OnceKey
from portal.organizations.models import Organization
from portal.organizations.states import OrganizationKind


def role_words() -> dict[Role, tuple[str, str]]:
    """Return each role's name and what it means, in the order of the code list `roles`."""
    known = codes.load("roles").values()
    return {Role(it.code): (it.label, it["means"]) for it in known}


#: Longest reason for a suspension, in characters.
MAX_REASON = 300

#: A part of the e-mail address shorter than this may stand in a password by chance.
_TELLING = 4


class SignInForm(PortalForm):
    """E-mail and password."""

    email = EmailField(
        "E-mail",
        [InputRequired("Write your e-mail address."), at_most(254, "The address")],
        filters=[stripped],
    )
    password = PasswordField(
        "Password",
        [InputRequired("Write your password."), at_most(MAX_LENGTH, "The password")],
    )


class _NewPasswordForm(PortalForm):
    """A new password for the person of this address."""

    password = PasswordField(
        "New password",
        [
            InputRequired("Choose a password."),
            Length(
                MIN_LENGTH,
                message=f"The password needs {MIN_LENGTH} characters at least.",
            ),
            at_most(MAX_LENGTH, "The password"),
        ],
        description=f"{MIN_LENGTH} characters or more, for example four words in a row.",
    )

    def __init__(self, email: str, row: Any = None) -> None:
        """Keep the address, which must not stand in the password."""
        super().__init__(row=row)
        self._own = email.partition("@")[0].lower()

    def validate_password(self, field: PasswordField) -> None:
        """Refuse what a guesser would try first."""
        if len(self._own) >= _TELLING and self._own in str(field.data).lower():
            raise ValidationError("The password must not contain your e-mail address.")


class JoinForm(_NewPasswordForm):
    """What an invited person says of themselves."""

    name = StringField(
        "Your name",
        [InputRequired("Write your name."), at_most(120, "The name")],
        filters=[stripped],
        description="As others should read it: first and last name.",
    )


class RecoverForm(_NewPasswordForm):
    """A new password by a reset link."""


class ChangePasswordForm(_NewPasswordForm):
    """A new password by somebody who knows the present one."""

    current = PasswordField(
        "Present password",
        [InputRequired("Write your present password."), at_most(MAX_LENGTH, "The password")],
    )

    @property
    def once_key(self) -> OnceKey:
        """Key the hash, so that a stolen database is no help in guessing what was typed."""
        plain = super().once_key
        secret = str(current_app.secret_key).encode()
        keyed = hmac.new(secret, plain.body_hash.encode(), "sha256")
        return replace(plain, body_hash=keyed.hexdigest())


class RolesForm(PortalForm):
    """The roles of a membership; only those that the kind of organization can hold."""

    roles = CodesField("Roles", validate_choice=False)

    def __init__(self, kind: OrganizationKind, row: Any = None, **data: Any) -> None:
        """Offer the roles that fit."""
        super().__init__(row=row, **data)
        is_agency = kind is OrganizationKind.AGENCY
        self.roles.choices = _choices(r for r in Role if (r not in PRIVATE_ROLES) is is_agency)

    def validate_roles(self, field: CodesField) -> None:
        """Refuse what is no role; whether it fits is the operation's to say."""
        all_known(set(Role), "Choose from the list.")(self, field)

    def chosen(self) -> frozenset[Role]:
        """Return the roles chosen."""
        return frozenset(map(Role, self.roles.data or ()))


class InviteForm(PortalForm):
    """Whom to invite, for which organization, in which roles."""

    email = EmailField(
        "E-mail",
        [
            InputRequired("Write the e-mail address of the person."),
            at_most(254, "The address"),
            email_address(),
        ],
        filters=[stripped],
        description="The person signs in with it.",
    )
    organization = SelectField("Organization", validate_choice=False)
    roles = CodesField(
        "Roles",
        [all_known(set(Role), "Choose from the list.")],
        validate_choice=False,
        description="The first two are for private organizations, the others for agencies.",
    )

    def __init__(self, organizations: Sequence[Organization], chosen: str = "") -> None:
        """Offer the active organizations, by name."""
        super().__init__(organization=chosen)
        self._organizations = {each.reference: each for each in organizations}
        names = {reference: each.name for reference, each in self._organizations.items()}
        self.organization.choices = {"": "Choose an organization", **names}
        self.organization.validators = [known(names, "Choose the organization.")]
        self.roles.choices = _choices(Role)

    def invitation(self) -> Invitation:
        """Return the validated fields in the operation's own words."""
        return Invitation(
            email=str(self.email.data),
            organization=self._organizations[self.organization.data],
            roles=frozenset(map(Role, self.roles.data or ())),
        )


class SuspendForm(PortalForm):
    """Why somebody is kept out."""

    reason = TextAreaField(
        "Why? It stands in the record.",
        [InputRequired("Say why."), at_most(MAX_REASON, "The reason")],
        filters=[stripped],
    )


def _choices(roles: Any) -> dict[str, str]:
    return {role.value: role_words()[role][0] for role in roles}

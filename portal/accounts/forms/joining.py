"""Forms behind the single-use links, beside the one for a new password."""

from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired

from portal.accounts.forms.entering import AuthenticatorForm, PasskeyForm
from portal.accounts.forms.passwords import NewPasswordForm
from portal.core.passwords import MAX_LENGTH
from portal.core.web.forms import PortalForm, at_most, stripped


def _name() -> StringField:
    return StringField(
        "Your name",
        [InputRequired("Write your name."), at_most(120, "The name")],
        filters=[stripped],
        description="As others should read it: first and last name.",
    )


def _password() -> PasswordField:
    return PasswordField(
        "Password",
        [InputRequired("Write your password."), at_most(MAX_LENGTH, "The password")],
    )


class JoinForm(NewPasswordForm, AuthenticatorForm):
    """What an invited person says of themselves, with a password and an app."""

    name = _name()


class JoinByPasskeyForm(PasskeyForm):
    """What an invited person says of themselves, with a passkey.

    Named otherwise than beside it, as both forms stand on one page.
    """

    own_name = _name()


class JoinByProviderForm(PortalForm):
    """What an invited person says of themselves; the rest the provider knows."""

    name = _name()


class RenewForm(AuthenticatorForm):
    """A new app for who shows the password."""

    password = _password()


class RenewByPasskeyForm(PasskeyForm):
    """A new passkey for who shows the password."""

    own_password = _password()

"""Forms of the door: who comes in, by which factors."""

from wtforms import EmailField, HiddenField, PasswordField, StringField
from wtforms.validators import InputRequired, Optional

from portal.accounts.passkeys import LONGEST
from portal.core.passwords import MAX_LENGTH
from portal.core.web.forms import PortalForm, at_most, stripped


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


def code_field(label: str, description: str = "") -> StringField:
    """Return the field for a code that an app or a sheet of paper tells."""
    return StringField(
        label,
        [InputRequired("Write the code."), at_most(40, "The code")],
        filters=[stripped],
        description=description,
    )


class CodeForm(PortalForm):
    """The code of an authenticator app, or a recovery code in its place."""

    code = code_field("Code", "Six digits from your app, or one of your recovery codes.")


class PasskeyForm(PortalForm):
    """What a browser says of a passkey; a script fills it in."""

    credential = HiddenField(
        "Passkey",
        [
            InputRequired("Your browser showed no passkey. Try once more."),
            at_most(LONGEST, "The answer of the browser"),
        ],
    )


class ProveForm(PortalForm):
    """Password and code once more, for who is signed in; what a person lacks is not asked."""

    password = PasswordField(
        "Password",
        [InputRequired("Write your password."), at_most(MAX_LENGTH, "The password")],
    )
    code = code_field("Code", "Six digits from your authenticator app.")


class NewPasskeyForm(PasskeyForm):
    """A new passkey, and what its owner calls it."""

    label = StringField(
        "Name of this passkey",
        [Optional(), at_most(60, "The name")],
        filters=[stripped],
        description="So that you know it again: for example “Work phone”.",
    )


class AuthenticatorForm(PortalForm):
    """The first code of an authenticator app: it shows that the app has the key."""

    code = code_field("Code from the app", "Six digits. They change every 30 seconds.")

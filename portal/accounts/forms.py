"""Forms of accounts: shape only."""

from wtforms import EmailField, PasswordField
from wtforms.validators import InputRequired

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

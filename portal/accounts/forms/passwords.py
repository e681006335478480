"""Forms with new passwords. Source: NIST SP 800-63B, section 3.1.1."""

import hmac
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from flask import current_app
from wtforms import PasswordField
from wtforms.validators import InputRequired, Length, ValidationError

from portal.core.passwords import MAX_LENGTH, MIN_LENGTH, is_guessable
from portal.core.web.forms import PortalForm, at_most
from portal.core.writes import OnceKey

#: A part of the e-mail address shorter than this may stand in a password by chance.
_TELLING = 4


class NewPasswordForm(PortalForm):
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

    def __init__(self, *, email: str, about: Iterable[str] = (), row: Any = None) -> None:
        """Keep the address, which must not stand in the password.

        about : other words that are known of the person.
        """
        super().__init__(row=row)
        self._own = email.partition("@")[0].lower()
        self._known = [email, *re.split(r"[@.]", email), *about]

    def validate_password(self, field: PasswordField) -> None:
        """Refuse what a guesser would try first."""
        if len(self._own) >= _TELLING and self._own in str(field.data).lower():
            raise ValidationError("The password must not contain your e-mail address.")
        if is_guessable(str(field.data), self._known):
            raise ValidationError(
                "This password is easy to guess. Take more words that do not belong together."
            )


class RecoverForm(NewPasswordForm):
    """A new password by a reset link."""


class ChangePasswordForm(NewPasswordForm):
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

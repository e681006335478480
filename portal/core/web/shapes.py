"""Shapes of what is typed in several packages: addresses, telephones, numbers, known codes."""

import re
from collections.abc import Container
from typing import Any

from wtforms.validators import Email, Regexp, ValidationError

#: Seven digits at least, with what people write between and behind them ("x" for an extension).
_TELEPHONE = re.compile(r"\A\+?(?:[ ().x-]*[0-9]){7,17}[ ).]*\Z")


def email_address() -> Email:
    """Refuse what is no e-mail address; nobody is asked whether it exists."""
    return Email("Write an e-mail address, for example name@company.com.")


def telephone() -> Regexp:
    """Refuse what is no telephone number."""
    return Regexp(_TELEPHONE, message="Write a telephone number, for example 573-555-0100.")


def between(least: int, most: int, message: str) -> Any:
    """Return a validator for a whole number, which may be longer than a float can be."""

    def check(_form: Any, field: Any) -> None:
        if field.data is None or not least <= field.data <= most:
            raise ValidationError(message)

    return check


def all_known(codes: Container[str], message: str) -> Any:
    """Return a validator for a field of several values that must all be among `codes`."""

    def check(_form: Any, field: Any) -> None:
        if any(code not in codes for code in field.data or ()):
            raise ValidationError(message)

    return check


def chosen(field: Any) -> tuple[str, ...]:
    """Return the codes chosen in a field of several, each once, in the list's order."""
    return tuple(code for code in field.choices if code in (field.data or ()))

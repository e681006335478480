"""Codes, amounts and prices as people read them."""

from decimal import Decimal

from flask import Flask

from portal.core import codes
from portal.core.contacts import find_contacts


def label(name: str, code: str | None) -> str:
    """Return the label of a code of the list `name`; "" where there is no code."""
    return codes.load(name).label(code) if code else ""


def number(thousandths: int) -> str:
    """Return such as "1,000" or "2.5"."""
    amount = Decimal(thousandths) / 1000
    return f"{amount.normalize():,f}"


def amount(thousandths: int, unit: str) -> str:
    """Return such as "1,000 gallons"."""
    known = codes.load("units").get(unit)
    if known is None:
        return f"{number(thousandths)} {unit}"
    word = known["singular"] if thousandths == 1000 else known["plural"]
    return f"{number(thousandths)} {word}"


def dollars(cents: int | None) -> str:
    """Return such as "$1,234.50"; "" where there is no price."""
    return "" if cents is None else f"${Decimal(cents) / 100:,.2f}"


def contacts_in(text: str) -> str:
    """Return what contact details a text holds, such as "a telephone number"; "" for none."""
    kinds = {contact.kind for contact in find_contacts(text)}
    words = {"telephone": "a telephone number", "e-mail": "an e-mail address"}
    return " and ".join(word for kind, word in words.items() if kind in kinds)


def init_app(app: Flask) -> None:
    """Give templates the words."""
    app.add_template_global(label, "label")
    app.add_template_global(contacts_in, "contacts_in")
    for word in (number, amount, dollars):
        app.add_template_filter(word, word.__name__)

"""Telephone numbers and e-mail addresses in what people write, found and hidden.

What is found is rather one too many than one too few, but for what a desk reads all day:
amounts, dates, times, routes, county codes and references stay.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import phonenumbers

#: What stands where a contact was.
HIDDEN = {"telephone": "[telephone hidden]", "e-mail": "[e-mail hidden]"}

# An address' parts are bounded as RFC 5321 bounds them, so that long words cost little.
_E_MAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@(?:[\w-]{1,63}\.)+[\w-]{2,63}")

_DASH = r"[-\u2010-\u2015\u2212.]"  # the hyphens and dashes that keyboards and offices make
_BETWEEN = rf"(?:\s?{_DASH}\s?|\s)"
_EXTENSION = r"(?:[\ ,]{0,2}(?:ext(?:ension)?|x)\.?[\ :]?\d{1,6})?"

# Ten digits as they are written in the United States, even where no such number is given out;
# and whatever a plus makes a number of. The matcher wants a valid number and knows more shapes.
_TEN = re.compile(
    rf"""(?<!\d)(?<!\d[,.:/$-])(?<![$€£])
    (?: \+?1 {_BETWEEN}? )?
    (?: \(\s?[2-9]\d\d\s?\) {_BETWEEN}? | [2-9]\d\d (?:{_BETWEEN}|\s?/\s?) )
    [2-9]\d\d {_BETWEEN} \d{{4}} (?!\d) {_EXTENSION}""",
    re.VERBOSE | re.IGNORECASE,
)
_TEN_TOGETHER = re.compile(r"(?<![\w,.:/$#-])1?[2-9]\d\d[2-9]\d{6}(?![\w-])(?![,.:]\d)")
_PLUS = re.compile(r"(?<!\w)\+\d(?:[\s.()/-]{0,2}\d){7,14}(?!\d)")

# Seven digits may as well be a range of amounts or of times: see `_is_range`.
_SEVEN = re.compile(
    rf"""(?<![\w$€£#])(?<!\d[-,./:])
    ([2-9]\d\d) {_DASH} (\d{{4}}) {_EXTENSION} (?![\w/])(?!{_DASH}\d)(?!,\d)""",
    re.VERBOSE | re.IGNORECASE,
)
# … unless the word before them says what they are; then a blank may divide them, too.
_CALLED = re.compile(
    rf"""\b(?:call|text|dial|phone|telephone|tel|ph|cell|mobile|fax|reach\ \w+\ at)
    [.:]?\s{{0,3}} (?P<number>[2-9]\d\d (?:{_DASH}|\s)? \d{{4}}) (?![\w-])(?![,.]\d)""",
    re.VERBOSE | re.IGNORECASE,
)
# In small letters, as units are written: "869-1234 Ft. Leonard Wood" is none.
_COUNTED = re.compile(
    r"\s?(?:%|(?:gal|gallons?|lbs?|pounds?|tons?|k[wW]|kVA|MW|ft|feet|acres?|miles?|mi|hrs?|"
    r"hours?|cfs|gpm|psi|mph|people|persons?|customers?|homes?|houses?|beds?|rooms?|meals?|"
    r"cases?|pallets?|bottles?|bags?|kits?|units?|trucks?|loads?|vehicles?|liters?|"
    r"dollars)\b)"
)


@dataclass(frozen=True, slots=True)
class Contact:
    """One contact in a text, from character `start` up to, not including, `end`."""

    kind: Literal["telephone", "e-mail"]
    start: int
    end: int


def find_contacts(text: str) -> tuple[Contact, ...]:
    """Return the contacts of a text, in its order; no two overlap."""
    found: list[Contact] = []
    for contact in sorted((*_e_mails(text), *_telephones(text)), key=lambda it: it.start):
        if found and contact.start < found[-1].end:
            found[-1] = _joined(found[-1], contact)
        else:
            found.append(contact)
    return tuple(found)


def hide_contacts(text: str) -> str:
    """Put words in the place of every contact; a text without any is returned as it is."""
    # What stood beside a contact may be one itself once that is gone. Each round takes digits
    # or an @ away and brings none, so it ends.
    while contacts := find_contacts(text):
        for contact in reversed(contacts):
            text = text[: contact.start] + HIDDEN[contact.kind] + text[contact.end :]
    return text


def _e_mails(text: str) -> Iterator[Contact]:
    if "@" in text:
        for match in _E_MAIL.finditer(text):
            yield Contact("e-mail", *match.span())


def _telephones(text: str) -> Iterator[Contact]:
    for number in phonenumbers.PhoneNumberMatcher(text, "US"):
        # A bracket that is not closed in the number was opened around it.
        around = number.raw_string[:1] in "([" and not set(number.raw_string) & set(")]")
        yield Contact("telephone", number.start + around, number.end)
    for pattern in (_TEN, _TEN_TOGETHER, _PLUS):
        for match in pattern.finditer(text):
            yield Contact("telephone", *match.span())
    for match in _CALLED.finditer(text):
        yield Contact("telephone", *match.span("number"))
    for match in _SEVEN.finditer(text):
        if not _is_range(match, text):
            yield Contact("telephone", *match.span())


def _is_range(match: re.Match[str], text: str) -> bool:
    """Return whether 500-2000 is a range: of something counted, of round amounts, of times."""
    low, high = int(match[1]), int(match[2])
    if match[2].startswith("0") or low > high:
        return False
    if "." in match[0] or _COUNTED.match(text, match.end()):
        return True
    is_round = low % 50 == 0 and high % 50 == 0
    return is_round or (_is_quarter(low) and _is_quarter(high))


def _is_quarter(time: int) -> bool:
    """Return whether 730 or 1445 is a time at which shifts change."""
    return time // 100 < 24 and time % 100 in {0, 15, 30, 45}


def _joined(one: Contact, other: Contact) -> Contact:
    kind = one.kind if one.kind == "e-mail" else other.kind
    return Contact(kind, one.start, max(one.end, other.end))

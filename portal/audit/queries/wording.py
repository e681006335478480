"""What an entry says, in plain words; of what goes on between parties nothing but the act.

Reports and offers keep their words to those who may see them: their own pages show those, as
each reader may know them. So no price, member or report is told here.
"""

from collections.abc import Mapping
from typing import Any

from portal.core import codes
from portal.journal.notes import QUIET

#: What partners and cells do. All else in the journal is administration.
WORK = frozenset({"post", "claim", "acknowledgement", "offer", "check_in", "item", "view"})

#: Of administrative entries these words are told, under these names.
_TOLD = {
    "reason": "reason",
    "why": "why",
    "roles": "roles",
    "name": "name",
    "email": "e-mail",
    "organization": "organization",
    "member": "company",
    "code": "code",
    "level": "level",
    "number": "period",
    "basis": "legal basis",
    "about": "about",
}


def act_of(subject: str, move: str) -> str:
    """Return what was done, such as "Published a report"."""
    words = f"{subject}.{move}"
    return codes.load("acts").label(words)


def said_in(subject: str, move: str, words: Mapping[str, Any]) -> str:
    """Return what more an entry tells those who read the audit log; "" for nothing."""
    if move == "refuse" and "why" in words:  # an application is refused for a reason
        where = " ".join(str(words[it]) for it in ("method", "page") if it in words)
        return ": ".join(filter(None, [codes.load("refusals").label(words["why"]), where]))
    if move in QUIET:
        return look_of(words)
    if subject in WORK:
        return ""
    said = {name: _worded(key, words[key]) for key, name in _TOLD.items() if key in words}
    return "; ".join(f"{name}: {word}" for name, word in said.items() if word)


def look_of(words: Mapping[str, Any]) -> str:
    """Return what was read, such as "an offer, with prices and contacts, OZ27-K7F3"."""
    what = codes.load("looks").label(str(words.get("what", "")))
    return " ".join(filter(None, [what, str(words.get("reference", ""))]))


def roles_in(roles: Any) -> str:
    """Return the names of roles, such as "Moderator, ERAC cell"."""
    known = codes.load("roles")
    return ", ".join(known.label(str(role)) for role in roles)


def _worded(key: str, value: Any) -> str:
    if key == "roles":
        return roles_in(value)
    if key == "level":
        return codes.load("activation-levels").label(str(value))
    return str(value)

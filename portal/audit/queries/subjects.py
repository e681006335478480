"""What entries are about: the name and the reference of each row, in one statement."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, String, cast, func, literal, select, union_all
from sqlalchemy.orm import Session

from portal.accounts.models import Application, Membership, Person, SignIn
from portal.feed.models import Acknowledgement, Claim, Post
from portal.incidents.models import Incident
from portal.offers.models import CatalogueItem, Offer, SavedView
from portal.organizations.models import Organization
from portal.presence.models import CheckIn


@dataclass(frozen=True, slots=True)
class Subject:
    """What an entry is about. reference : "" for what has none; name: "" likewise."""

    reference: str = ""
    name: str = ""


def _named(subject: str, row: Any, reference: Any, name: Any = "") -> Select[Any]:
    return select(
        literal(subject).label("subject"),
        row.id.label("id"),
        cast(reference, String).label("reference"),
        cast(name, String).label("name"),
    )


_PERSON: ColumnElement[str] = func.coalesce(func.nullif(Person.name, ""), Person.email)

#: How the rows of each subject are named.
_SELECTS: Mapping[str, Select[Any]] = {
    "person": _named("person", Person, Person.reference, _PERSON),
    "membership": _named("membership", Membership, Person.reference, _PERSON).join(
        Person, Person.id == Membership.person_id
    ),
    "sign_in": _named("sign_in", SignIn, Person.reference, _PERSON).join(
        Person, Person.id == SignIn.person_id
    ),
    "application": _named("application", Application, Application.reference, Application.name),
    "organization": _named(
        "organization", Organization, Organization.reference, Organization.name
    ),
    "incident": _named("incident", Incident, Incident.code, Incident.name),
    "post": _named("post", Post, Post.reference),
    "claim": _named("claim", Claim, Post.reference).join(Post, Post.id == Claim.post_id),
    "acknowledgement": _named("acknowledgement", Acknowledgement, Post.reference).join(
        Post, Post.id == Acknowledgement.post_id
    ),
    "offer": _named("offer", Offer, Offer.reference),
    "check_in": _named("check_in", CheckIn, CheckIn.reference, _PERSON).join(
        Person, Person.id == CheckIn.person_id
    ),
    "item": _named("item", CatalogueItem, CatalogueItem.code, CatalogueItem.label),
    "view": _named("view", SavedView, literal(""), SavedView.name),
}


def name_subjects(
    session: Session, wanted: Iterable[tuple[str, int]]
) -> dict[tuple[str, int], Subject]:
    """Return what the rows of (subject, id) are called; whoever asks may know of them."""
    ids: dict[str, set[int]] = {}
    for subject, subject_id in wanted:
        if subject in _SELECTS and subject_id:
            ids.setdefault(subject, set()).add(subject_id)
    if not ids:
        return {}
    selects = [
        _SELECTS[subject].where(_SELECTS[subject].selected_columns.id.in_(sorted(each)))
        for subject, each in sorted(ids.items())
    ]
    return {
        (row.subject, row.id): Subject(row.reference or "", row.name or "")
        for row in session.execute(union_all(*selects))
    }


def is_named(subject: str) -> bool:
    """Return whether rows of this subject can be named."""
    return subject in _SELECTS

"""Fragments: what a row looks like to the people of one room.

A fragment is a function of (row, room) alone. Pages include the same templates with the same
projections, so a socket can show nothing that the page would not.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask
from sqlalchemy.orm import Session

from portal.feed import queries as feed
from portal.incidents import queries as incidents
from portal.journal.audience import AUDIT, DESK, ERAC, PARTNERS, STAFF, class_of
from portal.offers import queries as offers
from portal.presence.queries import roster

Load = Callable[[Session, Iterable[int]], Mapping[int, Any]]
Project = Callable[[Any, str], Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of subject goes out.

    views : room class to (view, template); a room without a view hears only that time moved on.
    """

    load: Load
    project: Project
    views: Mapping[str, tuple[str, str]]


def _nothing(_row: Any, _room: str) -> None:
    """Return that nothing is shown: the parts of a page that a view concerns are asked anew."""


_FEED = ("feed", "feed/fragments/post.html")
_OWN_OFFER = ("offers", "offers/fragments/offer.html")

KINDS: Mapping[str, Kind] = {
    "post": Kind(
        feed.posts_by_id,
        feed.project,
        {
            DESK: ("queue", "feed/fragments/queue.html"),
            "org": ("mine", "feed/fragments/mine.html"),
            **dict.fromkeys(feed.READERS, _FEED),
        },
    ),
    "claim": Kind(
        feed.posts_by_claim, feed.project, {DESK: ("queue", "feed/fragments/queue.html")}
    ),
    "acknowledgement": Kind(
        feed.posts_by_acknowledgement,
        _nothing,
        dict.fromkeys((DESK, "org"), ("acknowledgement", "")),
    ),
    "offer": Kind(
        offers.offers_by_id,
        offers.project,
        {ERAC: ("erac", "offers/fragments/erac.html"), "org": _OWN_OFFER, AUDIT: _OWN_OFFER},
    ),
    "check_in": Kind(
        roster.check_ins_by_id,
        roster.project,
        {
            PARTNERS: ("presence", "presence/fragments/organization.html"),
            STAFF: ("roster", "presence/fragments/person.html"),
            "org": ("colleagues", "presence/fragments/colleague.html"),
        },
    ),
    "incident": Kind(
        incidents.incidents_by_id, incidents.project, {PARTNERS: ("strip", "ui/strip.html")}
    ),
}


@dataclass(frozen=True, slots=True)
class Fragment:
    """What one room is to show for one subject now; html is None when it is to show nothing."""

    view: str
    subject: str
    html: str | None


def view_of(subject: str, room: str) -> str | None:
    """Return the view that a room of this class feeds for such a subject."""
    kind = KINDS.get(subject)
    known = kind.views.get(class_of(room)) if kind else None
    return known[0] if known else None


def render(app: Flask, subject: str, row: Any, room: str) -> Fragment | None:
    """Render a row for a room; None when the room has no view of it.

    Needs an application and a request context, for links and times.
    """
    kind = KINDS.get(subject)
    known = kind.views.get(class_of(room)) if kind else None
    if kind is None or known is None:
        return None
    view, template = known
    projected = kind.project(row, room)
    html = None
    if projected is not None:
        html = app.jinja_env.get_template(template).render(it=projected)
    return Fragment(view, row.reference, html)

"""The feed as its readers page through it."""

from typing import Any
from urllib.parse import urlencode

from flask import Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.core import clock, codes
from portal.core.web import times
from portal.core.web.forms import ButtonForm, see_other
from portal.core.web.requests import current_actor, db_session
from portal.core.web.sheets import csv_answer
from portal.feed import operations, queries
from portal.feed.queries import Filters, PostView
from portal.feed.views.common import bp, find
from portal.incidents.models import Incident

#: The filters by tag: name in the address, what it is called, and its code list.
BY_TAG = (
    ("kind", "Kind", "post-kinds"),
    ("lifeline", "Lifeline", "lifelines"),
    ("sector", "Sector", "sectors"),
    ("region", "Region", "regions"),
    ("county", "County", "counties"),
)

#: Longest text to look for, in characters, and rows of an exported view.
_MAX_SOUGHT = 80
_MOST_ROWS = 1000


@bp.get("")
def index(incident: Incident) -> ResponseReturnValue:
    """Show the feed, oldest first, from the first unread post on; or what the filters say.

    `before` and `after` name the post from which to go on.
    """
    actor, session = current_actor(), db_session()
    filters, chosen = _filters()
    asked = {name: request.args.get(name) for name in ("before", "after")}
    ends = {name: find(incident, reference) for name, reference in asked.items() if reference}
    mark = queries.read_until(session, incident.id, actor)
    if filters or ends:
        page = queries.list_feed(session, incident.id, actor, filters, **ends)
    else:
        page = queries.first_unread(session, incident.id, actor, mark)
    if mark is None or filters or ends or page.has_later:
        unread = queries.count_unread(session, incident.id, actor, mark)
    else:  # all of them stand here
        unread = sum(it.sort > mark for it in page.posts)
    return render_template(
        "feed/index.html",
        page=page,
        filters=filters,
        chosen=chosen,
        groups=_groups(incident, chosen),
        is_latest=not (page.has_later or filters.words),
        mark=mark,
        unread=unread,
        to_acknowledge=[
            (it, ButtonForm())
            for it in queries.list_to_acknowledge(session, incident.id, actor)
        ],
        pinned=queries.list_pinned(session, incident.id, actor),
        changed=queries.list_changed(session, incident.id, actor, mark) if mark else [],
        read=ButtonForm(),
        most_rows=_MOST_ROWS,
    )


@bp.post("/<reference>/read")
def read(incident: Incident, reference: str) -> ResponseReturnValue:
    """Remember that the person has read up to a post, on all their devices."""
    post, form = find(incident, reference), ButtonForm()
    person_id = current_actor().person_id
    if form.validate_on_submit() and person_id is not None:
        operations.mark_read(db_session(), person_id, post)
    return see_other(url_for("feed.index"))


@bp.get("/feed.csv")
def export(incident: Incident) -> Response:
    """Send what the filters say as a file for spreadsheets, latest last."""
    filters, _chosen = _filters()
    views = queries.list_for_file(
        db_session(), incident.id, current_actor(), filters, limit=_MOST_ROWS
    )
    header = (
        *("Reference", "Published (UTC)", "Kind", "State", "From", "Counties", "Lifeline"),
        *("Handling", "Text", "Corrected (UTC)", "Why"),
    )
    name = f"feed-{incident.code}-{times.military(clock.now())}.csv"
    if incident.is_exercise:
        name = f"EXERCISE-{name}"
    return csv_answer(name, header, (_row(it) for it in views))


def _row(it: PostView) -> list[str]:
    return [
        it.reference,
        times.iso(it.published_at) if it.published_at else "",
        codes.load("post-kinds").label(it.kind) if it.kind else "",
        it.state,
        it.organization or "",
        "; ".join(codes.load("counties").label(fips) for fips in it.counties),
        codes.load("lifelines").label(it.lifeline) if it.lifeline else "",
        codes.load("tlp").label(it.tlp) if it.tlp else "",
        it.said,
        times.iso(it.corrected_at) if it.corrected_at else "",
        it.correction or it.note,
    ]


def _filters() -> tuple[Filters, dict[str, str]]:
    """Return the filters that the address asks for, and what of them are known codes."""
    asked = request.args
    chosen = {
        name: code
        for name, _title, codelist in BY_TAG
        if (code := asked.get(name, "")) in codes.load(codelist)
    }
    filters = Filters(
        tags=tuple(f"{name}:{code}" for name, code in chosen.items()),
        words=asked.get("words", "").strip()[:_MAX_SOUGHT],
        unread="unread" in asked,
        to_acknowledge="acknowledge" in asked,
        mine="mine" in asked,
    )
    flags: dict[str, str] = {
        name: "1" for name in ("unread", "acknowledge", "mine") if name in asked
    }
    words = {"words": filters.words} if filters.words else {}
    return filters, chosen | flags | words


def _groups(incident: Incident, chosen: dict[str, str]) -> list[dict[str, Any]]:
    """Return the filters as links: each sets one thing more, or takes it away again."""
    groups, here = [], url_for("feed.index")
    for name, title, codelist in BY_TAG:
        offered = codes.load(codelist).choices()
        if name == "county" and incident.counties:
            offered = {code: offered[code] for code in incident.counties}
        rest = urlencode({key: value for key, value in chosen.items() if key != name})
        without, more = (
            f"{here}?{rest}",
            f"{here}?{rest}&{name}=" if rest else f"{here}?{name}=",
        )
        links = [
            {
                "label": label,
                "is_chosen": chosen.get(name) == code,
                "url": without if chosen.get(name) == code else more + code,
            }
            for code, label in offered.items()
        ]
        groups.append({"title": title, "links": links, "is_open": name in chosen})
    return groups

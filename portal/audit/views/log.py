"""The audit log: filters, pages and files; and noting who was refused a page."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Flask, Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.audit.queries import entries
from portal.audit.queries.entries import KINDS, Filters, Line
from portal.core import clock
from portal.core.actor import Role
from portal.core.web import times
from portal.core.web.requests import current_actor, db_session, for_roles
from portal.core.web.sheets import csv_answer, xlsx_answer
from portal.incidents.queries import list_incidents
from portal.journal.looks import note_looks
from portal.journal.refusals import note_refusal

bp = Blueprint("audit", __name__, url_prefix="/admin/audit")

READERS = (Role.ADMIN, Role.RECORDS)

#: What the log can be asked by, as it stands in the address.
_ASKED = ("stream", "kind", "person", "organization", "since", "until", "words")

_HEADER = ("Time (UTC)", "Who", "For", "What", "More", "About", "Name", "From address")


@bp.get("")
@for_roles(*READERS)
def index() -> ResponseReturnValue:
    """Show the audit log: who did, read and was refused what, latest first."""
    session, actor = db_session(), current_actor()
    note_looks(session, actor, "audit")
    known = _known()
    filters, problems = _filters(known)
    before = times.parse_exact(request.args.get("before", ""))
    found = entries.list_entries(session, actor, _until(filters, before))
    asked = {name: request.args.get(name, "") for name in _ASKED}
    rest = {name: value for name, value in asked.items() if value}
    further = rest | {"before": times.exact(found.further)} if found.further else None
    return render_template(
        "audit/log.html",
        lines=found.lines,
        further=urlencode(further) if further else None,
        before=before,
        asked=asked,
        query=urlencode(rest),
        rest=rest,
        narrowed=bool(rest.keys() - {"kind"}),
        kind=filters.kind,
        problems=problems,
        kinds=KINDS,
        streams={"": "Day-to-day and accounts"}
        | {it.code: f"{it.code} {it.name}" for it in known["incidents"] if it.id != 0},
        owners={"": "All"} | {it.reference: it.name for it in known["organizations"]},
        most=entries.EXPORTED,
    )


@bp.get("/audit.<any(csv, xlsx):kind>")
@for_roles(*READERS)
def export(kind: str) -> Response:
    """Send what the filters say as a file for spreadsheets; that is noted, too."""
    session, actor = db_session(), current_actor()
    note_looks(session, actor, "audit", is_export=True)
    filters, _ = _filters(_known())
    found = entries.list_entries(session, actor, filters, limit=entries.EXPORTED)
    answer = csv_answer if kind == "csv" else xlsx_answer
    name = f"audit-{clock.now():%Y-%m-%d-%H%MZ}.{kind}"
    return answer(name, _HEADER, _rows(found.lines))


def _rows(lines: Iterable[Line]) -> Iterable[tuple[str, ...]]:
    return [
        (
            times.iso(it.at),
            it.by,
            it.by_for,
            it.act,
            it.said,
            it.about.reference,
            it.about.name,
            it.address,
        )
        for it in lines
    ]


def _known() -> dict[str, Any]:
    """Return what can be chosen: incidents and organizations."""
    session = db_session()
    return {
        "incidents": list_incidents(session),
        "organizations": entries.list_parties(session),
    }


def _filters(known: dict[str, Any]) -> tuple[Filters, dict[str, str]]:
    """Return what is asked for, and what of it is not understood, by its name."""
    asked, problems = request.args, {}
    moments: dict[str, datetime | None] = {"since": None, "until": None}
    for name in moments:
        try:
            moments[name] = times.parse_typed(asked[name]) if asked.get(name) else None
        except (ValueError, OverflowError):
            problems[name] = "Write a date and a time, for example 2027-04-21 19:00."
    kind, person = asked.get("kind", ""), asked.get("person", "").strip()[:100]
    streams = {it.code: it.id for it in known["incidents"]}
    owners = {it.reference: it.id for it in known["organizations"]}
    filters = Filters(
        stream=streams.get(asked.get("stream", ""), 0),
        kind=kind if kind in KINDS else "",
        people=entries.people_like(db_session(), person) if person else None,
        organization=owners.get(asked.get("organization", "")),
        words=asked.get("words", "").strip()[:100],
        **moments,
    )
    return filters, problems


def _until(filters: Filters, before: datetime | None) -> Filters:
    ends = [it for it in (filters.until, before) if it is not None]
    return replace(filters, until=min(ends) if ends else None)


def _note_refused_page(response: Response) -> Response:
    """Note that somebody signed in was refused a page, by its name and the method."""
    if response.status_code == 403 and current_user.is_authenticated:
        note_refusal(
            db_session(),
            "page",
            address=request.remote_addr or "",
            actor=current_actor(),
            page=request.endpoint or "",
            method=request.method,
        )
    return response


def init_app(app: Flask) -> None:
    """Note who is refused a page from now on."""
    app.after_request(_note_refused_page)

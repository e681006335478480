"""The papers: ICS 211, who was here, and ICS 214, what one person did."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, current_app, render_template, request
from flask.typing import ResponseReturnValue

from portal.accounts.models import Membership, Person
from portal.accounts.queries import get_person, names_of
from portal.core import codes
from portal.core.actor import STAFF_ROLES
from portal.core.web import times
from portal.core.web.requests import current_actor, db_session, for_roles, or_404
from portal.core.web.sheets import csv_answer
from portal.incidents.models import Incident, OperationalPeriod
from portal.journal.looks import note_looks
from portal.presence.queries import log, roster
from portal.presence.queries.roster import PresenceView

bp = Blueprint("papers", __name__, url_prefix="/incidents/<code>")

#: Columns of the check-in list that we have, with the block of the form they stand in.
ICS_211 = (
    "Name (5)",
    "Home agency (11)",
    "Checked in (7)",
    "Checked out",
    "Contact (10)",
    "Method of travel (13)",
    "Assignment (14)",
    "May decide (15)",
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an activity log; row : what it is about, as its own package reads it."""

    at: Any
    words: str
    row: Any
    subject: str
    by: str


@bp.get("/presence/ics211")
@for_roles(*STAFF_ROLES)
def ics211(incident: Incident) -> ResponseReturnValue:
    """Show all check-ins of the incident as the form asks for them."""
    views = roster.list_check_ins(db_session(), incident.id)
    note_looks(db_session(), current_actor(), "ics211")
    return render_template(
        "presence/ics211.html",
        views=views,
        columns=ICS_211,
        methods={it.code: it["method"] for it in codes.load("links").values()},
        most=roster.LIST_PAGE,
    )


@bp.get("/presence/ics211.csv")
@for_roles(*STAFF_ROLES)
def ics211_csv(incident: Incident) -> Response:
    """Return the same list as a file."""
    views = roster.list_check_ins(db_session(), incident.id)
    whose = dict.fromkeys(roster.organizations_of(db_session(), incident.id), "")
    note_looks(db_session(), current_actor(), "ics211", whose, is_export=True)
    return csv_answer(f"ICS-211-{incident.code}.csv", ICS_211, map(_cells, views))


def _cells(it: PresenceView) -> tuple[str, ...]:
    decisions, links = codes.load("decisions"), codes.load("links")
    decides = ", ".join(decisions.label(code) for code in it.decides)
    return (
        it.name or "",
        it.organization,
        times.iso(it.since) if it.since else "",
        times.iso(it.left_at) if it.left_at else "",
        it.telephone,
        links[it.link]["method"] if it.link in links else it.link,
        codes.load("assignments").label(it.assignment),
        ", ".join(filter(None, [decides, it.decides_up_to])),
    )


@bp.get("/log")
def activity(incident: Incident) -> ResponseReturnValue:
    """Show what a person did, by operational period: oneself, or whom `person` names."""
    person, membership = _whose()
    _note(person, membership, is_export=False)
    lines = _lines(incident, person)
    periods = log.list_periods(db_session(), incident.id)
    grouped: dict[int, tuple[OperationalPeriod | None, list[Line]]] = {}
    for line in lines:
        period = log.period_of(periods, line.at)
        grouped.setdefault(period.number if period else 0, (period, []))[1].append(line)
    return render_template(
        "presence/log.html",
        person=person,
        membership=membership,
        is_own=person.id == current_actor().person_id,
        groups=list(grouped.values()),
        most=log.LOG_PAGE if len(lines) == log.LOG_PAGE else None,
    )


@bp.get("/log.csv")
def activity_csv(incident: Incident) -> Response:
    """Return the same log as a file."""
    person, membership = _whose()
    _note(person, membership, is_export=True)
    rows = [(times.iso(it.at), it.words, _about(it), it.by) for it in _lines(incident, person)]
    header = ("Time (7)", "Activity (7)", "About", "By")
    return csv_answer(f"ICS-214-{incident.code}.csv", header, rows)


def _about(line: Line) -> str:
    return line.row.reference if line.row is not None else ""


def _whose() -> tuple[Person, Membership]:
    """Return whose log is asked for: staff may ask for anybody's."""
    actor, asked = current_actor(), request.args.get("person", "")
    session = db_session()
    own = session.get_one(Person, actor.person_id)
    person, memberships = or_404(get_person(session, asked or own.reference))
    or_404(person if actor.is_staff or person.id == actor.person_id else None)
    return person, memberships[0]


def _note(person: Person, membership: Membership, *, is_export: bool) -> None:
    whose = {membership.organization_id: person.reference}
    note_looks(db_session(), current_actor(), "activity", whose, is_export=is_export)


def _lines(incident: Incident, person: Person) -> list[Line]:
    """Return the acts in words, with the rows they are about: one query for each kind."""
    session, acts = db_session(), codes.load("acts")
    done = log.list_activities(session, incident.id, person.id, current_actor())
    ids: dict[str, set[int]] = {}
    for it in done:
        ids.setdefault(it.subject, set()).add(it.subject_id)
    load = current_app.extensions["rows_by_id"]
    rows = {kind: load[kind](session, wanted) for kind, wanted in ids.items() if kind in load}
    names = names_of(session, {it.by for it in done if it.by is not None})
    return [
        Line(
            it.at,
            _words(acts.label(it.act), it.subject, row, person),
            row,
            it.subject,
            names.get(it.by, "") if it.by is not None else "",
        )
        for it in done
        for row in [rows.get(it.subject, {}).get(it.subject_id)]
    ]


def _words(act: str, subject: str, row: Any, person: Person) -> str:
    """Name whom it was done for, when that was somebody else."""
    if subject == "check_in" and row is not None and row.person_id != person.id:
        return f"{act}: {row.person.name}"
    return act

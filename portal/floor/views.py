"""The screens of the floor."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.core import clock, codes
from portal.core.actor import PRIVATE_ROLES, Actor, Role
from portal.core.web import times
from portal.core.web.forms import ButtonForm
from portal.core.web.requests import current_actor, db_session
from portal.core.web.sheets import csv_answer
from portal.feed.queries import PostView, Standing, list_queue, list_standings
from portal.floor import overall, queries
from portal.floor.outlines import Outline, outlines, shapes
from portal.floor.overall import Age, Overall
from portal.floor.todo import todo
from portal.incidents.models import Incident
from portal.journal.audience import AUDIT
from portal.offers import queries as offers
from portal.presence.queries.here import glance

bp = Blueprint("floor", __name__, url_prefix="/incidents/<code>")


@dataclass(frozen=True, slots=True)
class Area:
    """A county, a region or the whole State. shape : on the map, where it has one."""

    name: str
    url: str
    is_all: bool
    overall: Overall
    shape: Outline | None


@bp.get("/")
def show(incident: Incident) -> ResponseReturnValue:
    """Show what waits for this person, what is new, who is here, and how the State stands.

    `by` asks for the map by "region"; `lifelines` for those of one region, or of "all".
    """
    session, actor = db_session(), current_actor()
    posts, counts = queries.look(session, incident, actor)
    here = glance(session, incident.id, actor)
    standings = list_standings(session, incident.id, actor)
    age = Age.of(incident.period_starts_at, incident.period_ends_at)
    by, regions = _by(), _regions(actor)
    waiting = _turns(incident, actor), _tally(incident, actor)
    return render_template(
        "floor/show.html",
        posts=posts,
        counts=counts,
        queue=_queue(incident, actor),
        here=here,
        check_in=here.own,
        todo=todo(incident, actor, posts, counts, here.own, waiting),
        button_form=ButtonForm,
        lifelines=overall.by_lifeline(standings, regions, age),
        regions=regions,
        areas=_areas(standings, age, by),
        by=by,
        outlines=outlines(),
        offers=_offers(incident, actor),
        has_erac=actor.has(Role.ERAC),
        shown=queries.SHOWN,
        pinned=posts.pinned,
    )


@bp.get("/counties.csv")
def counties_csv(incident: Incident) -> Response:
    """Send how counties, or regions, stand as a file for spreadsheets; all of them."""
    standings = list_standings(db_session(), incident.id, current_actor())
    age = Age.of(incident.period_starts_at, incident.period_ends_at)
    by = _by()
    lifelines, words = codes.load("lifelines"), codes.load("standings")
    header = (
        *(by.capitalize(), "Region" if by == "county" else "Letter", "Overall"),
        *(it.label for it in lifelines.values()),
        *("Latest report (UTC)", "Only old reports"),
    )

    def word(standing: str) -> str:
        return str(words[standing]["lifeline"]) if standing in words else "No report"

    rows = [
        [
            *(it.name, _letter(it.overall.code), word(it.overall.standing)),
            *(word(it.overall.by_lifeline.get(code, "")) for code in lifelines),
            times.iso(it.overall.said_at) if it.overall.said_at else "",
            "yes" if it.overall.is_old else "",
        ]
        for it in _areas(standings, age, by)
    ]
    name = f"{'counties' if by == 'county' else 'regions'}-{incident.code}"
    name = f"{name}-{times.military(clock.now())}.csv"
    return csv_answer(f"EXERCISE-{name}" if incident.is_exercise else name, header, rows)


def _letter(code: str) -> str:
    counties = codes.load("counties")
    return str(counties[code]["region"]) if code in counties else code


def _by() -> str:
    """Return by what the map is asked for: "county" or "region"."""
    return "region" if request.args.get("by") == "region" else "county"


def _regions(actor: Actor) -> tuple[str, ...]:
    """Return whose lifelines are asked for: one region's, the actor's own, or () for all."""
    asked = request.args.get("lifelines", "")
    if asked in codes.load("regions"):
        return (asked,)
    return () if asked == "all" or actor.is_staff else actor.regions


def _areas(standings: Sequence[Standing], age: Age, by: str) -> list[Area]:
    """Return every county or region, worst first, then by the code list's order."""
    names = codes.load("counties" if by == "county" else "regions").choices()
    found = (overall.by_county if by == "county" else overall.by_region)(standings, age)
    drawn = shapes(by)
    areas = [
        Area(
            names.get(code, code) or "Whole State",
            url_for(
                "feed.index",
                county=code if by == "county" and code else None,
                region=code if by == "region" and code else None,
            ),
            is_all=not code,
            overall=it,
            shape=drawn.get(code),
        )
        for code, it in found.items()
        if code or it.standing
    ]
    return sorted(areas, key=lambda it: -it.overall.rank)


def _turns(incident: Incident, actor: Actor) -> list[offers.Turn]:
    """Return the offers that are their owner's turn; nothing is asked for who has none."""
    if not actor.roles & PRIVATE_ROLES:
        return []
    return offers.list_turns(db_session(), incident.id, actor)


def _tally(incident: Incident, actor: Actor) -> offers.Tally | None:
    """Return how many offers wait for ERAC; None for who does not answer them."""
    if not actor.has(Role.ERAC):
        return None
    return offers.tally(db_session(), incident.id, actor)


def _queue(incident: Incident, actor: Actor) -> list[PostView] | None:
    """Return the first of the queue; None for who does not open it."""
    if not actor.has(*queries.QUEUE_ROLES):
        return None
    return list_queue(db_session(), incident.id)[: queries.SHOWN]


def _offers(incident: Incident, actor: Actor) -> list[offers.OfferView]:
    """Return what ERAC has to answer next, or the latest of the actor's organization."""
    session, room = db_session(), offers.room_of(actor)
    if actor.has(Role.ERAC):
        return offers.list_desk(session, incident.id, actor, limit=queries.SHOWN)
    if room is None or room == AUDIT:
        return []
    return offers.list_offers(session, incident.id, room, limit=queries.SHOWN)

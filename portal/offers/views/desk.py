"""The ERAC desk: what is offered, filters, saved views, files for spreadsheets."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from flask import Response, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.core import clock, codes
from portal.core.actor import Role
from portal.core.web import labels, times
from portal.core.web.forms import ButtonForm, PortalForm, see_other
from portal.core.web.requests import current_actor, db_session, for_roles, or_404
from portal.core.web.sheets import Cell, csv_answer, xlsx_answer
from portal.incidents.models import Incident
from portal.journal.looks import note_looks
from portal.offers import operations, queries
from portal.offers.forms.moving import SaveViewForm
from portal.offers.models import SavedView
from portal.offers.queries import SHOWN, Filters, LineView, OfferView
from portal.offers.views.common import bp, find, write

#: Offers in one file.
MOST_ROWS = 2000

#: What the desk can be filtered by, beside `SHOWN`: name in the address, title, code list.
BY_TAG = (
    ("item", "Item", "catalogue"),
    ("county", "County", "counties"),
    ("region", "Region", "regions"),
)


@bp.get("/erac")
@for_roles(Role.ERAC)
def erac(incident: Incident) -> ResponseReturnValue:
    """Show the ERAC desk: what is offered, and what waits for an answer."""
    return _desk(incident)


@bp.post("/erac/views/save")
@for_roles(Role.ERAC)
def save_view(incident: Incident) -> ResponseReturnValue:
    """Give what is shown a name, for the whole cell."""
    form = SaveViewForm()
    if form.validate_on_submit():
        with form.catching(), write(form, []) as tx:
            operations.save_view(tx, str(form.name.data), urlencode(_asked()))
            return see_other(tx.answer(f"{url_for('offers.erac')}?{urlencode(_asked())}"))
    return _desk(incident, form)


@bp.post("/erac/views/<int:number>/drop")
@for_roles(Role.ERAC)
def drop_view(incident: Incident, number: int) -> ResponseReturnValue:
    """Take a saved view off the desk."""
    view = or_404(db_session().get(SavedView, number))
    form = ButtonForm(row=view)
    if form.validate_on_submit():
        with form.catching(), write(form, form.held(view)) as tx:
            operations.drop_view(tx, view)
            return see_other(tx.answer(url_for("offers.erac")))
    return _desk(incident, form)


@bp.get("/erac/offers.<any(csv, xlsx):kind>")
@for_roles(Role.ERAC)
def export(incident: Incident, kind: str) -> Response:
    """Send what the filters say as a file for spreadsheets: a row for each line."""
    session, actor = db_session(), current_actor()
    views = queries.list_desk(session, incident.id, actor, _filters(), limit=MOST_ROWS)
    whose = queries.owners_of(session, [it.reference for it in views])
    note_looks(session, actor, "price", whose, is_export=True)
    name = f"offers-{incident.code}-{times.military(clock.now())}.{kind}"
    if incident.is_exercise:
        name = f"EXERCISE-{name}"
    answer = csv_answer if kind == "csv" else xlsx_answer
    return answer(name, _HEADER, _rows(views))


_HEADER = (
    *("Reference", "State", "Sent (UTC)", "Answer by (UTC)", "Priority", "Organization"),
    *("Member", "Item", "What exactly", "Amount", "Unit", "Smallest", "County", "Place"),
    *("Ready (UTC)", "Until (UTC)", "Lead, hours", "Transport", "Miles", "Operator"),
    *("Terms", "Price, USD", "Contract", "Contact", "Telephone", "Works on it"),
)


def _rows(views: Iterable[OfferView]) -> Iterable[list[Cell]]:
    return [_row(it, line) for it in views for line in it.lines]


def _row(it: OfferView, line: LineView) -> list[Cell]:
    details = [line.description, *(f"{name}: {said}" for name, said in line.about.items())]
    label = labels.label
    return [
        it.reference,
        "over" if it.is_over else it.state,
        times.iso(it.submitted_at),
        times.iso(it.answer_by) if it.answer_by else "",
        it.priority,
        it.organization,
        line.member or "",
        line.label,
        "; ".join(detail for detail in details if detail),
        line.amount / 1000,
        label("units", line.unit),
        line.smallest / 1000 if line.smallest else "",
        label("counties", line.county),
        line.place,
        times.iso(it.available_from),
        times.iso(it.available_until),
        it.lead_hours,
        label("transports", it.transport),
        it.reach_miles or "",
        label("operators", it.operator),
        label("compensation", it.compensation),
        line.price_cents / 100 if line.price_cents else "",
        it.contract,
        it.contact,
        it.telephone,
        it.assignee,
    ]


def _desk(incident: Incident, form: PortalForm | None = None) -> ResponseReturnValue:
    session, actor, filters = db_session(), current_actor(), _filters()
    note_looks(session, actor, "desk")
    reference = request.args.get("before")
    before = find(incident, reference).submitted_at if reference else None
    size = queries.PAGE
    offers = queries.list_desk(session, incident.id, actor, filters, before=before, limit=size)
    has_more = len(offers) == size
    page = render_template(
        "offers/erac.html",
        offers=offers,
        tally=queries.tally(session, incident.id, actor),
        usual=queries.usual_answer(session, incident.id),
        drafts=queries.list_drafts(session, incident.id, actor),
        filters=filters,
        shown=SHOWN,
        asked=_asked(),
        groups=_groups(incident),
        views=[(view, ButtonForm(row=view)) for view in queries.list_views(session)],
        form=form if isinstance(form, SaveViewForm) else SaveViewForm(),
        refused=None if isinstance(form, SaveViewForm) else form,
        earlier=offers[-1].reference if has_more and not queries.is_by_due(filters) else None,
        has_more=has_more and queries.is_by_due(filters),
        before=before,
    )
    return page, form.status if form is not None else 200


def _asked() -> dict[str, str]:
    """Return what of the address is a filter with a value that is known."""
    asked: dict[str, str] | None = g.get("asked_of_desk")
    if asked is None:
        asked = g.asked_of_desk = _read_asked()
    return asked


def _read_asked() -> dict[str, str]:
    asked: dict[str, str] = {}
    if (show := request.args.get("show", "")) in SHOWN and show:
        asked["show"] = show
    for name, _title, codelist in BY_TAG:
        code = request.args.get(name, "")
        if code in _known(name, codelist):
            asked[name] = code
    if (priority := request.args.get("priority", "")) in codes.load("offer-priorities"):
        asked["priority"] = priority
    return asked


def _known(name: str, codelist: str) -> dict[str, str]:
    if name != "item":
        return codes.load(codelist).choices()
    if "items_of_desk" not in g:
        items = queries.catalogue(db_session()).values()
        g.items_of_desk = {it.code: it.label for it in items}
    known: dict[str, str] = g.items_of_desk
    return known


def _filters() -> Filters:
    asked = _asked()
    return Filters(
        show=asked.get("show", ""),
        tags=tuple(f"{name}:{asked[name]}" for name, _, _ in BY_TAG if name in asked),
        priority=asked.get("priority", ""),
    )


def _groups(incident: Incident) -> list[dict[str, Any]]:
    """Return the filters as links: each sets one thing more, or takes it away again."""
    asked, groups, here = _asked(), [], url_for("offers.erac")
    lists = [(name, title, _known(name, codelist)) for name, title, codelist in BY_TAG]
    lists.append(("priority", "Priority", codes.load("offer-priorities").choices()))
    for name, title, known in lists:
        if name == "county" and incident.counties:
            own = {*incident.counties, asked.get("county", "")}
            known = {code: label for code, label in known.items() if code in own}  # noqa: PLW2901
        links = []
        for code, label in known.items():
            rest = {key: value for key, value in asked.items() if key != name}
            is_chosen = asked.get(name) == code
            url = f"{here}?{urlencode(rest if is_chosen else rest | {name: code})}"
            links.append({"label": label, "is_chosen": is_chosen, "url": url})
        groups.append({"title": title, "links": links, "is_open": name in asked})
    return groups

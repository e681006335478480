"""What to send, and how it looks when it is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from portal.core import clock
from portal.core.web import times
from portal.feed.models import Post
from portal.journal.models import Entry, Head, Once
from portal.offers.models import CatalogueItem, Offer, OfferLine, SavedView, Sheet
from tests.pages import words_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from xml.etree.ElementTree import Element

    from tests.pages import Form, Page
    from tests.whole.scene import Scene

REPORT, OFFER = "/incidents/EX27/feed/new", "/incidents/EX27/offers/new?item=FUEL"


def at(**ahead: float) -> str:
    """Return a time as the browser's control would send it."""
    return times.typed(clock.now() + timedelta(**ahead))


GOOD_REPORT = {
    "words": "The bridge at Joplin is out.",
    "county": "29097",
    "lifeline": "TRANS",
    "standing": "closed",
    "asked_for": "partners",
}

#: The first line of an offer; a company says in the next step where it is.
GOOD_OFFER = {
    "description": "Diesel, delivered.",
    "amount": "1,000.5",
    "unit": "GAL",
    "split": "yes",
    "smallest": "100",
    "about_1": "Monett terminal",
}

#: Where, when and on what terms.
GOOD_TERMS = {
    "compensation": "quoted_price",
    "price_1": "3.89",
    "price_until": at(hours=20),
    "vouched": "y",
    "contract": "",
    "county": "29145",
    "place": "Monett",
    "available_from": at(hours=1),
    "available_until": at(hours=30),
    "transport": "delivers",
    "reach_miles": "120",
    "lead_hours": "2",
    "operator": "included",
    "contact": "Dispatch",
    "telephone": "417-555-0142",
    "restrictions": "Not across the river.",
    "insurance": "Ours.",
    "support": "A guard.",
}


def written(scene: Scene) -> tuple[Any, ...]:
    """Return what any write would change: rows, entries, keys and the heads of all streams."""
    session = scene.fresh()
    counts = [
        session.scalar(select(func.count()).select_from(kind))
        for kind in (Entry, Once, Post, Offer, OfferLine, Sheet, CatalogueItem, SavedView)
    ]
    heads = session.execute(select(Head.incident_id, Head.seq, Head.hash)).all()
    return (*counts, sorted(tuple(head) for head in heads))


# ---------------------------------------------------------------- how a refusal looks


def controls(page: Page, name: str, move: str | None = None) -> list[Element]:
    """Return the controls of a name, of one form if its move is given."""
    within = page.form(move).element if move else page.one("main")
    return [it for it in within.iter() if it.get("name") == name]


def said_at(page: Page, form: Form, name: str) -> str:
    """Return what is said to be wrong with a field of one form among several."""
    parents = {child: parent for parent in form.element.iter() for child in parent}
    named: set[str] = set()
    for node in [it for it in form.element.iter() if it.get("name") == name]:
        while node is not form.element:
            named.update(node.get("aria-describedby", "").split())
            node = parents[node]  # noqa: PLW2901 - the way up
    named = {it for it in named if it.endswith("-error")}
    return " ".join(words_of(it) for it in page.tree.iter() if it.get("id") in named)


def assert_refused_at(page: Page, name: str, says: str, move: str | None = None) -> None:
    """See the message at the field and, with a link to it, above the form."""
    message = said_at(page, page.form(move), name) if move else page.error_at(name)
    assert says in message, f"{name}: {message!r}"
    assert message.startswith("Error: ")
    assert page.title.startswith("Error: ")
    (summary,) = page.with_class("errsum")
    assert summary.get("role") == "alert"
    links = {words_of(it): (it.get("href") or "")[1:] for it in summary.iter("a")}
    told = message.removeprefix("Error: ")
    assert told in links, links
    fields = controls(page, name, move)
    assert links[told] in {it.get("id") for it in fields}
    parents = {child: parent for parent in page.tree.iter() for child in parent}
    marked = fields[0]
    if marked.get("type") == "radio":
        while marked.tag != "fieldset":
            marked = parents[marked]
    is_one_of_several = marked.get("type") == "checkbox" and len(fields) > 1
    if not is_one_of_several:  # a group of boxes bears no such mark
        assert marked.get("aria-invalid") == "true"


def assert_kept(
    page: Page, typed: Mapping[str, Any], *, but: str = "", move: str | None = None
) -> None:
    filled = next(
        form.filled
        for form in page.forms
        if set(typed) & set(form.filled) and form.move and move in {None, form.move}
    )
    for name, value in typed.items():
        if name != but and value is not None:
            kept = filled.get(name, [""])
            assert (kept if isinstance(value, list) else kept[0]) == value, name


def assert_bad(
    scene: Scene,
    name: str,
    url: str,
    typed: Mapping[str, Any],
    wrong: tuple[str, str],
    *,
    move: str | None = None,
) -> None:
    """Send a form, and see it refused at one field, the rest kept, nothing written."""
    client = scene.client(name)
    before = written(scene)
    answer = client.send(url, move, **typed)
    page = client.read(answer, 422)
    field, says = wrong
    assert_refused_at(page, field, says, move)
    chosen = controls(page, field, move)[0]
    free = chosen.tag == "textarea" or chosen.get("type") in {"text", "tel", "datetime-local"}
    if free or len(typed) > 1:
        assert_kept(page, typed, but="" if free else field, move=move)
    assert written(scene) == before


def newest(scene: Scene, kind: Any) -> Any:
    return scene.fresh().scalars(select(kind).order_by(kind.id.desc())).first()

"""A form takes what it shows and no more: columns of the rows, odd numbers, one field twice."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Boolean, func, select

from portal.core.columns import Row
from tests.pages import PageClient
from tests.whole.moving import FORMS, form_of
from tests.whole.refused import (
    GOOD_OFFER,
    GOOD_REPORT,
    GOOD_TERMS,
    OFFER,
    REPORT,
    controls,
    said_at,
    written,
)

if TYPE_CHECKING:
    from tests.pages import Form
    from tests.whole.scene import Scene

#: A value that is nowhere: a text, a whole number and a code at once.
CANARY = "31337031337"

#: What a form says in other words, or what is so unless it says otherwise.
SAID = {"incident.is_exercise", "offer_line.may_split"}

#: What a form must not bend even if it has a field of that name for somebody else.
NAMES = sorted(
    {column.name for table in Row.metadata.sorted_tables for column in table.columns}
    | {f"{name}-0-{name}" for name in ("roles", "state", "organization_id")}
    | {"__class__", "__init__", "_row", "data", "errors", "refusal", "actor", "person", "tx"}
)


def cells(scene: Scene) -> list[str]:
    """Return where the canary came to stand in the database."""
    session = scene.fresh()
    return [
        f"{table.name}.{column}"
        for table in Row.metadata.sorted_tables
        for row in session.execute(select(table)).mappings()
        for column, value in row.items()
        if CANARY in str(value)
    ]


def ticked(scene: Scene) -> dict[str, int]:
    """Return how many rows say yes, for each column that says yes or no."""
    session = scene.fresh()
    return {
        f"{table.name}.{column.name}": session.scalar(
            select(func.count()).select_from(table).where(column.is_(True))
        )
        or 0
        for table in Row.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, Boolean)
    }


def names_of(form: Form) -> set[str]:
    return {name for it in form.element.iter() if (name := it.get("name"))}


@pytest.mark.sampled(4)
@pytest.mark.parametrize(("stage", "move"), FORMS)
def test_no_column_is_set_that_the_form_does_not_show(scene, stage, move):
    client, form = form_of(scene, stage, move)
    shown = names_of(form)
    extra = {name: CANARY for name in NAMES if name not in shown}
    before = ticked(scene)
    answer = client.submit(form, **{**extra, **stage.fill(scene.world, move)})
    # A link is shown once, on the page that answers.
    assert answer.status_code in {200, 303, 422}, answer.text
    assert cells(scene) == []
    after = ticked(scene)
    bent = {name for name in after if after[name] != before[name]}
    own = {name for name in bent if name.partition(".")[2] in shown}
    assert bent - own <= SAID


def test_nobody_becomes_somebody_else_by_saying_so(scene):
    client, bravo = scene.client("alpha"), scene.world.people["bravo"]
    claimed: dict[str, Any] = {
        "organization_id": bravo.organization_id,
        "organization": scene.world.organizations["bravo"].reference,
        "person_id": bravo.id,
        "author": bravo.reference,
        "roles": ["admin", "moderator"],
        "is_staff": "1",
        "state": "published",
        "seen_by": "partners",
    }
    answer = client.send(REPORT, **{**GOOD_REPORT, **claimed})
    page = client.follow(answer)
    assert "Alpha Fuel" in page.main
    assert "Bravo" not in page.main
    competitor: PageClient = scene.client("charlie")
    assert competitor.get(page.url).status_code == 404, "it waits for the desk, as ever"


# ---------------------------------------------------------------- numbers

ODD = [
    str(2**31), str(2**63), str(2**64), str(-(2**63)), "-1", "1e309", "1e9", "-1e-9", "NaN",
    "nan", "Infinity", "-inf", "0x10", "0b1", "²", "1,2,3", "1.2.3", "--1", "9" * 400,
    "0." + "0" * 400 + "1", "1/0", "true", "[]", "1;2", "1\n2", "None", "1 OR 1=1",
]  # fmt: skip


def numbers_of(form: Form) -> list[str]:
    return sorted(
        {
            it.get("name", "")
            for it in form.element.iter()
            if it.get("inputmode") in {"numeric", "decimal"} or it.get("type") == "number"
        }
    )


PLACES = [
    ("alpha", OFFER, "", {**GOOD_OFFER}),
    ("admin", "/admin/incidents/new", "", {"name": "N", "code": "N-1", "types": ["F"]}),
]


def refused_everywhere(client: PageClient, url: str, typed: dict[str, Any]) -> list[str]:
    """Send every odd number in every field for a number; return the fields."""
    form = client.page(url).form()
    fields = numbers_of(form)
    for name in fields:
        for odd in ODD:
            sent = {**typed, "once": secrets.token_urlsafe(8), name: odd}
            answer = client.submit(form, **sent)
            assert answer.status_code == 422, (url, name, odd)
            page = client.read(answer)
            assert said_at(page, page.form(form.move), name), (name, odd)
            assert controls(page, name, form.move)[0].get("aria-invalid") == "true"
    return fields


@pytest.mark.parametrize(("name", "url", "_move", "typed"), PLACES, ids=lambda it: str(it)[:20])
def test_what_is_no_number_of_its_kind_is_refused_at_its_field(scene, name, url, _move, typed):
    before = written(scene)
    assert refused_everywhere(scene.client(name), url, typed)
    assert written(scene) == before


def test_nor_is_it_in_the_terms_of_an_offer(scene):
    client = scene.client("alpha")
    answer = client.send(OFFER, **GOOD_OFFER)
    url = answer.headers["Location"]
    before = written(scene)
    fields = refused_everywhere(client, url, GOOD_TERMS)
    assert {"lead_hours", "reach_miles", "price_1"} <= set(fields)
    assert written(scene) == before


@pytest.mark.parametrize("odd", ODD, ids=ascii)
def test_an_odd_version_is_none_that_a_row_ever_had(scene, odd):
    client = scene.client("alpha")
    url = client.send(REPORT, **GOOD_REPORT).headers["Location"]
    before = written(scene)
    answer = client.send(url, "post.withdraw", version=odd)
    assert answer.status_code == 409
    assert written(scene) == before

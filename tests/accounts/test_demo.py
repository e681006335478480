"""The demo's people: their passwords are public, so they come in on one machine only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from portal.accounts.queries import actor_of, get_person_by_email
from portal.cli.demo.people import PASSWORD, PEOPLE
from portal.core.errors import FieldError
from portal.incidents import operations as incidents
from portal.journal.transaction import transaction
from tests.cli.loaded import lent_demo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask
    from sqlalchemy.orm import Session

    from tests.databases import Databases

pytestmark = pytest.mark.one_backend


@pytest.fixture
def _copy(databases: Databases) -> Iterator[tuple[str, None]]:
    with lent_demo(databases) as url:
        yield url, None


@pytest.fixture
def demo(make_app: Callable[..., Flask]) -> Flask:
    return make_app(is_demo=True)


def test_the_page_lists_them_where_they_may_come_in(demo: Flask):
    page = demo.test_client().page("/sign-in")
    for person in PEOPLE:
        assert person.email in page.main
    assert PASSWORD in page.main
    assert demo.test_client().sign_in("admin@demo.example", PASSWORD).status_code == 303


REFUSED = [
    {"headers": {"Forwarded": "for=192.0.2.1"}},
    {"headers": {"Via": "1.1 proxy"}},
    {"headers": {"X-Forwarded-For": "127.0.0.1"}},
    {"headers": {"X-Forwarded-Prefix": "/"}},
    {"environ_overrides": {"REMOTE_ADDR": "192.0.2.7"}},
]


@pytest.mark.parametrize("how", REFUSED, ids=str)
def test_they_are_refused_from_elsewhere(demo: Flask, how: dict[str, Any]):
    inside = demo.test_client()
    assert inside.sign_in("admin@demo.example", PASSWORD).status_code == 303
    assert inside.get("/account", **how).status_code == 302, "nor does an open session help"
    client = demo.test_client()
    page = client.page("/sign-in", **how)
    assert "demo.example" not in page.html
    held = {k: v[0] for k, v in page.form().filled.items()}
    typed = {**held, "email": "admin@demo.example", "password": PASSWORD}
    assert client.post("/sign-in", data=typed, **how).status_code == 422


def test_they_are_refused_under_another_name(make_app: Callable[..., Flask]):
    app = make_app(is_demo=True, base_url="http://portal.example.gov")
    client = app.test_client()
    page = client.page("/sign-in", base_url="http://portal.example.gov")
    assert "demo.example" not in page.html


def test_they_are_refused_where_the_demo_is_off(make_app: Callable[..., Flask]):
    client = make_app().test_client()
    assert "demo.example" not in client.page("/sign-in").html
    assert client.sign_in("admin@demo.example", PASSWORD).status_code == 422


def test_a_demo_administrator_opens_exercises_only(demo: Flask):
    client = demo.test_client()
    client.sign_in("admin@demo.example", PASSWORD)
    typed = {
        "code": "REAL1",
        "name": "Real flood",
        "types": ["F"],
        "level": "partial",
        "telephone": "573-555-0100",
    }
    answer = client.send("/admin/incidents/new", "incident.open", is_exercise="no", **typed)
    assert "exercises only" in client.read(answer, 422).error_at("is_exercise")
    answer = client.send("/admin/incidents/new", "incident.open", is_exercise="yes", **typed)
    assert answer.status_code == 303


def test_the_rule_holds_without_the_page(demo: Flask, session: Session):
    del demo
    person = get_person_by_email(session, "admin@demo.example")
    assert person is not None
    actor = actor_of(session, person.id)
    assert actor is not None
    particulars = incidents.IncidentParticulars(
        name="Real",
        types=("F",),
        counties=(),
        level="partial",
        time_zone="America/Chicago",
        telephone="1",
        email="",
        bridge="",
    )
    with pytest.raises(FieldError), transaction(session, actor) as tx:
        incidents.open_incident(tx, particulars, code="REAL", is_exercise=False)

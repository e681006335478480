"""The page of who may do and see what: whole, and made from what decides."""

from __future__ import annotations

import pytest

from portal.audit.queries.entitlements import PARTS, machines, rooms_by_role
from portal.core import codes
from portal.core.actor import Actor, Part, Role
from portal.journal.audience import class_of, rooms_of
from portal.live.fragments import KINDS
from tests.pages import words_of
from tests.whole.moving import MACHINES

PAGE = "/admin/entitlements"


@pytest.fixture
def page(client_for):
    client = client_for("admin")
    found = client.page(PAGE)
    assert client.queries <= 12
    return found


def test_it_is_the_administrators_own(client_for):
    for name in ("alpha", "moderator", "records"):
        assert client_for(name).get(PAGE).status_code == 403


@pytest.mark.one_backend
def test_every_machine_and_every_move_is_there_with_who_may(page):
    assert set(machines()) == set(MACHINES)
    for subject, machine in machines().items():
        (fold,) = [it for it in page.all("details") if it.get("id") == f"machine-{subject}"]
        rows = [it for it in fold.iter("tr") if it.find("td") is not None]
        assert len(rows) == len(machine.moves)
        for move, row in zip(machine.moves.values(), rows, strict=True):
            told = {it.get("data-l", ""): words_of(it) for it in row}
            assert (
                told[""] == f"{codes.load('acts').label(f'{subject}.{move.name}')} {move.name}"
            )
            assert set(told["By"].split(", ")) == {
                codes.load("roles").label(it) if isinstance(it, Role) else PARTS[it]
                for it in move.by
            }
            assert told["To"].startswith("stays" if move.to is None else said(move.to))
            assert set(told["From"].split(", ")) == {
                "nothing yet" if it is None else said(it) for it in move.origin
            }


def said(state) -> str:
    return state.value.replace("_", " ")


@pytest.mark.one_backend
def test_every_role_is_there_with_its_rooms_steps_and_pages(page, app):
    for role in Role:
        (fold,) = [it for it in page.all("details") if it.get("id") == f"role-{role}"]
        told = {words_of(it) for it in fold.iter("dt")}
        own = {
            it.rule
            for it in app.url_map.iter_rules()
            if "GET" in it.methods
            and role in getattr(app.view_functions[it.endpoint], "roles", ())
        }
        assert told == (own or {"None"})
        steps = [
            codes.load("acts").label(f"{subject}.{move.name}")
            for subject, machine in machines().items()
            for move in machine.moves.values()
            if role in move.by
        ]
        listed = [words_of(it) for it in fold.iter("li")]
        assert listed == steps or (not steps and len(listed) == 1)
    rows = {words_of(it[0]): words_of(it[1]) for it in page.all("tbody/tr")}
    for role, sits_in in rooms_by_role().items():
        line = rows[codes.load("roles").label(role)]
        assert set(line.split(", ")) == {codes.load("rooms").label(it) for it in sits_in}


def test_the_rooms_of_a_role_are_those_in_which_its_people_sit():
    for role in Role:
        for kind in ("company", "association", "agency"):
            actor = Actor(
                person_id=1, name="", organization_id=2, organization_kind=kind,
                roles=frozenset({role}), sectors=("ENER",), regions=("D",),
            )  # fmt: skip
            assert frozenset(map(class_of, rooms_of(actor))) <= rooms_by_role()[role]


def test_every_room_and_every_view_has_its_words():
    known = set(codes.load("rooms"))
    assert set().union(*rooms_by_role().values()) == known
    assert set().union(*(kind.views for kind in KINDS.values())) <= known
    assert set(codes.load("roles")) == set(Role)
    assert set(PARTS) == set(Part)

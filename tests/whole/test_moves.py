"""Machine, button and operation are one: for every state, every move and every role.

This asks the portal over HTTP, as each kind of person; `test_machines.py` asks the machines.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from portal.core.actor import PRIVATE_ROLES, Actor, Part, Role
from portal.journal.models import Entry
from tests.whole.moving import BY_LINK, BY_THE_WAY, MACHINES, MOVES
from tests.whole.scene import csrf_of
from tests.whole.stages import STAGES

if TYPE_CHECKING:
    from portal.core.columns import MovedRow
    from tests.pages import Form, PageClient
    from tests.whole.scene import Scene
    from tests.whole.stages import Stage

NAMES = [
    "alpha", "alpha_admin", "bravo", "charlie", "guild", "moderator", "mop3", "cikr", "erac",
    "logistics", "records", "admin", "observer",
]  # fmt: skip

#: Moves that are answered with a link, shown once.
SHOWS_A_LINK = {"reset", "invite_again", "readmit", "reset_factors", "approve"}

#: Moves that begin a row in the course of another move.
BY_ANOTHER = {
    "membership.grant": "person.invite",
    "sign_in.start": "accounts.sign_in",
    "post.propose": "post.post",
}

#: Moves that begin a row elsewhere than on a page of its own: tested in tests/feed and
#: tests/alerts, and tests/accounts.
ELSEWHERE = {
    *("post.bring_in", "claim.take", "acknowledgement.acknowledge", "application.apply"),
}

SITUATIONS = [
    pytest.param(stage, name, id=f"{stage.machine.subject}: {name}")
    for stage in STAGES
    for name in stage.builds
]


@dataclass(frozen=True)
class Seen:
    """What one person has before them: the row's pages and the forms that move it."""

    client: PageClient
    actor: Actor
    forms: dict[str, Form]


def look(scene: Scene, stage: Stage, row: MovedRow, name: str) -> Seen:
    """Open the pages of a row as a person does, and gather the forms that would move it."""
    client, actor = scene.client(name), scene.world.actor(name)
    return gather(client, actor, stage, row)


def gather(client: PageClient, actor: Actor, stage: Stage, row: MovedRow) -> Seen:
    forms: dict[str, Form] = {}
    moves = [move for move in stage.machine.moves if stage.is_of_its_time(row, move)]
    paths = {stage.path(row, actor, move): move for move in moves}
    for url in stage.pages(row, actor):
        answer = client.get(url)
        assert answer.status_code in {200, 403, 404}, url
        for form in client.read(answer).forms if answer.status_code == 200 else ():
            if form.move and form.action in paths:
                assert form.move == f"{stage.machine.subject}.{paths[form.action]}"
                forms[paths[form.action]] = form
    return Seen(client, actor, forms)


def expected(scene: Scene, stage: Stage, row: Any, actor: Actor, name: str) -> int:
    """Work out by hand what the portal has to answer to a move."""
    move = stage.machine.moves[name]
    roles = scene.roles_of(stage.path(row, actor, name), "POST")
    if roles is not None and not actor.has(*roles):
        return 403
    if not stage.seen_by(row, actor):
        return 404
    owns = getattr(row, "organization_id", None) == actor.organization_id
    is_own = getattr(row, "person_id", None) == actor.person_id
    if getattr(row, "spoken_by", "") and stage.machine.subject == "offer":
        is_own = Role.ERAC in actor.roles
    held = {
        *actor.roles,
        *([Part.OWNER] if owns and actor.roles & PRIVATE_ROLES else []),
        *([Part.KEEPER] if owns and Role.ORG_ADMIN in actor.roles else []),
        *([Part.SELF] if is_own else []),
    }
    if Part.SELF not in held and held & {Role.MODERATOR, Role.MOP3}:
        held.add(Part.SECOND)
    if not held & move.by:
        return 403
    if row.state not in move.origin or (move.when is not None and not move.when(row)):
        return 409
    return 303


def snapshot(scene: Scene, row: Any) -> tuple[Any, ...]:
    scene.fresh().refresh(row)
    return (row.state, row.version, scene.count(Entry))


def by_hand(scene: Scene, seen: Seen, row: Any, stage: Stage, move: str) -> dict[str, Any]:
    """Return what somebody would send who made up the form that the page does not show."""
    return {
        "csrf_token": csrf_of(seen.client),
        "once": secrets.token_urlsafe(16),
        "version": str(row.version),
        **stage.fill(scene.world, move),
    }


def make_the_move(scene: Scene, stage: Stage, seen: Seen, row: Any, move: str) -> None:
    """Send the form of a move that is open, and see it made, once, in the person's name."""
    before = scene.count(Entry)
    form = seen.forms[move]
    answer = seen.client.submit(form, **stage.fill(scene.world, move))
    # A link is shown in the answer itself.
    assert answer.status_code in ({200} if move in SHOWS_A_LINK else {303}), seen.client.read(
        answer
    ).main
    to, state = stage.machine.moves[move].to, row.state
    scene.fresh().refresh(row)
    assert row.state == (to or state)
    entry = scene.session.scalars(
        select(Entry)
        .where(
            Entry.subject == stage.machine.subject,
            Entry.subject_id == row.id,
            Entry.move == move,
        )
        .order_by(Entry.seq.desc())
    ).first()
    assert entry is not None
    assert entry.person_id == seen.actor.person_id
    assert scene.count(Entry) > before


@pytest.mark.sampled(5)
@pytest.mark.parametrize(("stage", "situation"), SITUATIONS)
def test_a_form_is_there_where_the_move_is_open_and_only_there(scene, stage, situation):
    row = stage.builds[situation](scene.world)
    for name in NAMES:
        seen = look(scene, stage, row, name)
        for move in stage.machine.moves.values():
            name_of_move = f"{stage.machine.subject}.{move.name}"
            if not move.origin - {None} or name_of_move in BY_LINK | BY_THE_WAY:
                continue
            if not stage.tries(move.name):
                continue
            told = f"{name}: {stage.machine.subject}.{move.name} when {situation}"
            if not stage.is_of_its_time(row, move.name):
                assert row.state not in move.origin, told
                continue
            if move.by == {Part.SYSTEM}:  # nobody's to make: there is not even a path
                assert move.name not in seen.forms, told
                continue
            if move.name == "change_password" and seen.actor.person_id != row.id:
                assert move.name not in seen.forms, told
                continue
            status = expected(scene, stage, row, seen.actor, move.name)
            is_open = move.name in stage.machine.names_open_to(seen.actor, row)
            is_open = is_open and stage.seen_by(row, seen.actor)
            assert is_open is (status == 303), told
            assert is_open is (move.name in seen.forms), told
            if is_open:
                make_the_move(scene, stage, seen, row, move.name)
                row = stage.builds[situation](scene.world)
                seen = look(scene, stage, row, name)
                continue
            before = snapshot(scene, row)
            sent = by_hand(scene, seen, row, stage, move.name)
            answer = seen.client.post(stage.path(row, seen.actor, move.name), data=sent)
            assert answer.status_code == status, told
            assert snapshot(scene, row) == before, told


def test_nobody_moves_their_own_row_but_as_the_machine_says(scene):
    """The person of the row itself: only the password is theirs to change."""
    (stage,) = [it for it in STAGES if it.machine.subject == "person"]
    row = stage.builds["active"](scene.world)
    client = scene.sign_in(row.email)
    actor = replace(scene.world.actor("charlie"), person_id=row.id)
    seen = gather(client, actor, stage, row)
    assert set(seen.forms) == {"change_password"}
    elsewhere = {it.partition(".")[2] for it in BY_LINK | BY_THE_WAY}
    assert stage.machine.names_open_to(actor, row) - elsewhere == {"change_password"}
    make_the_move(scene, stage, seen, row, "change_password")


BEGINNINGS = [
    pytest.param(stage, move, id=f"{stage.machine.subject}.{move}")
    for stage in STAGES
    for move in stage.new
]


@pytest.mark.parametrize(("stage", "name"), BEGINNINGS)
@pytest.mark.parametrize("closed", [False, True], ids=["open incident", "closed incident"])
def test_a_row_is_begun_by_those_whom_the_machine_names(scene, stage, name, closed):
    if closed and "{code}" not in stage.new[name]:
        pytest.skip("does not belong to an incident")
    (incidents,) = [it for it in STAGES if it.machine.subject == "incident"]
    incident = incidents.builds["closed" if closed else "open"](scene.world)
    (url, path), move = stage.begins(name, incident.code), stage.machine.moves[name]
    for person in NAMES:
        client, actor = scene.client(person), scene.world.actor(person)
        row = SimpleNamespace(
            state=None, incident=incident, organization_id=actor.organization_id, id=None
        )
        roles = scene.roles_of(path.partition("?")[0], "POST")
        is_let_in = roles is None or actor.has(*roles)
        may = is_let_in and stage.machine.may_create(actor, row, name)
        answer = client.get(url)
        page = client.read(answer)
        assert (f"{stage.machine.subject}.{name}" in page.moves) is may, person
        form = page.form(f"{stage.machine.subject}.{name}") if may else None
        assert form is None or form.action == path
        filled = form.filled if form else {}
        made_up = {"csrf_token": csrf_of(client), "once": secrets.token_urlsafe(16)}
        sent = {**(filled or made_up), **stage.fill(scene.world, name)}
        before = scene.count(Entry)
        status = client.post(path, data=sent).status_code
        held = {*actor.roles, *([Part.OWNER] if actor.roles & PRIVATE_ROLES else [])}
        if may:
            assert status == (200 if name == "invite" else 303), person
            assert scene.count(Entry) > before
        else:
            is_theirs = is_let_in and bool(held & move.by)
            assert status == (409 if is_theirs else 403), person
            assert scene.count(Entry) == before
            assert (answer.status_code == 403) is not is_theirs


def test_every_move_is_tried():
    """A new machine or move is either on a stage, or somebody says here why not."""
    staged = {stage.machine.subject: stage for stage in STAGES}
    assert staged.keys() == MACHINES.keys()
    for subject, name in MOVES:
        stage, move = staged[subject], MACHINES[subject][2].moves[name]
        if None in move.origin and f"{subject}.{name}" not in BY_ANOTHER.keys() | ELSEWHERE:
            of_subject = [it for it in STAGES if it.machine is stage.machine]
            assert any(name in it.new for it in of_subject), name
    assert set(BY_ANOTHER) <= {f"{subject}.{name}" for subject, name in MOVES}
    assert set(BY_ANOTHER.values()) - {"accounts.sign_in"} <= {
        f"{subject}.{name}" for subject, name in MOVES
    }

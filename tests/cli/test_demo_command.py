"""`portal demo`: loads into an empty database, keeps off any other, goes without a trace."""

from __future__ import annotations

from datetime import datetime
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import column, func, select, table

from portal.accounts.queries import actor_of, get_person_by_email
from portal.cli.demo import capacity, postings, reports, shifts
from portal.cli.demo.emptying import empty, has_demo, stranger
from portal.cli.demo.loader import plan
from portal.cli.demo.people import ADMIN, PASSWORD, PEOPLE
from portal.config import Settings
from portal.core import codes
from portal.core.actor import SYSTEM, Role
from portal.journal.models import Generation
from portal.journal.verify import verify
from portal.notify.jobs import make_jobs
from tests.cli.loaded import lent_demo
from tests.databases import opened
from tests.journal.reading import dump
from tests.world import add_organization, add_person, open_incident

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from click.testing import Result
    from flask import Flask
    from sqlalchemy.orm import Session

    from tests.databases import Databases
    from tests.journal.reading import Dump
    from tests.world import World

SEARCH = table("post_search", column("rowid"))

#: What is made anew each time: links of the chain, hashes with a salt or an instant in them.
NEW_EACH_TIME = {"head", "entry", "words", "ticket", "person", "outside_alert"}


@pytest.fixture
def _copy(databases: Databases, request: pytest.FixtureRequest) -> Iterator[tuple[Any, Any]]:
    """Lend the demo where a test asks for it, else what any test begins with."""
    if "demo" in request.fixturenames:
        with lent_demo(databases) as url:
            yield url, None
    elif "world" in request.fixturenames:
        with databases.lent_world() as (url, world):
            yield url, world
    else:
        with databases.lent() as url:
            yield url, None


@pytest.fixture
def demo() -> None:
    """Ask for the demo, loaded."""


@pytest.fixture
def portal_demo(app: Flask) -> Callable[..., Result]:
    """Return the command."""

    def run(*arguments: str) -> Result:
        return app.test_cli_runner().invoke(args=["demo", *arguments])

    return run


def timeless(rows: Dump) -> dict[str, list[tuple[Any, ...]]]:
    """Return a dump without instants, and without the name of the database."""
    return {
        name: [tuple(it for it in row if not isinstance(it, datetime)) for row in of_table]
        for name, of_table in rows.items()
        if name != Generation.__tablename__
    }


# ---------------------------------------------------------------- loading


@pytest.mark.one_backend
@pytest.mark.usefixtures("demo")
def test_with_the_demo_there_it_prints_the_sign_ins_again(
    portal_demo: Callable[..., Result], session: Session
):
    before = dump(session)
    result = portal_demo()
    assert result.exit_code == 0
    assert "Loaded" not in result.output
    for person in PEOPLE:
        assert f"{person.email:<28} {person.what}" in result.output
    assert PASSWORD in result.output
    assert result.output.count("@") == len(PEOPLE), "and no colleagues"
    assert dump(session) == before


def test_the_plan_is_the_same_each_time():
    def chance(seed: int) -> Random:
        return Random(seed)  # noqa: S311 - an exercise has no secrets

    for make in (reports.make_reports, postings.make_postings, capacity.make_offers):
        assert make(chance(5)) == make(chance(5))
        assert make(chance(5)) != make(chance(6))
    assert [*shifts.make_shifts(chance(5))] == [*shifts.make_shifts(chance(5))]
    assert [(it.minute, it.who) for it in plan()] == [(it.minute, it.who) for it in plan()]


def _real_person(session: Session) -> str:
    organization = add_organization(session, "A real company")
    return add_person(session, organization, Role.LIAISON, "dana").email


def _real_organization(session: Session) -> str:
    return add_organization(session, "A real company").name


def _real_incident(session: Session) -> str:
    return open_incident(session, SYSTEM, code="REAL27", is_exercise=False).code


def _exercise_of_others(session: Session) -> str:
    return open_incident(session, SYSTEM, code="EX99").code


REAL = [_real_person, _real_organization, _real_incident]


@pytest.mark.one_backend
@pytest.mark.parametrize("add", [*REAL, _exercise_of_others])
def test_a_database_in_use_is_left_alone(
    portal_demo: Callable[..., Result], session: Session, add: Callable[[Session], str]
):
    name = add(session)
    before = dump(session)
    for arguments in ((), ("--remove",)):
        result = portal_demo(*arguments)
        assert result.exit_code == 1
        assert "This database is in use" in result.output
        assert name in result.output
    assert dump(session) == before


@pytest.mark.one_backend
def test_a_load_that_fails_leaves_nothing(
    portal_demo: Callable[..., Result], session: Session, tmp_path: Path
):
    shipped = (codes.SHIPPED / "catalogue.toml").read_text("utf-8")
    (tmp_path / "catalogue.toml").write_text(shipped.replace('"FTNK"', '"TANKER"'), "utf-8")
    before = timeless(dump(session))
    try:
        assert portal_demo().exit_code == 1
    finally:
        codes.use_folder(None)
    assert timeless(dump(session)) == before


# ---------------------------------------------------------------- removing


@pytest.mark.slow
@pytest.mark.one_backend
@pytest.mark.usefixtures("demo")
def test_it_goes_without_a_trace_and_comes_back_the_same(
    portal_demo: Callable[..., Result],
    session: Session,
    databases: Databases,
    tmp_path: Path,
):
    loaded, name = dump(session), session.scalar(select(Generation.name))
    jobs = make_jobs(Settings(instance=tmp_path, database_url="", secret_key="k" * 32))
    jobs.storage.enqueue(b"a delivery")
    result = portal_demo("--remove")
    assert result.exit_code == 0, result.output
    assert jobs.storage.queue_size() == 0
    jobs.storage.close()
    with (
        databases.lent() as url,
        opened(url) as database,
        database.sessions() as fresh,
    ):
        assert timeless(dump(session)) == timeless(dump(fresh))
    assert session.scalar(select(func.count()).select_from(SEARCH)) == 0
    assert session.scalar(select(Generation.name)) != name
    assert verify(session) == []
    assert portal_demo("--remove").exit_code == 1, "there is none any more"

    assert "Loaded the demo exercise OZ27." in portal_demo().output
    again = dump(session)
    assert verify(session) == []
    before, after = timeless(loaded), timeless(again)
    assert [it for it in before if before[it] != after[it] and it not in NEW_EACH_TIME] == []


@pytest.mark.one_backend
@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize("add", REAL)
def test_where_something_real_was_added_nothing_goes(
    portal_demo: Callable[..., Result], session: Session, add: Callable[[Session], str]
):
    name = add(session)
    before = dump(session)
    result = portal_demo("--remove")
    assert result.exit_code == 1
    assert name in result.output
    assert dump(session) == before


@pytest.mark.one_backend
@pytest.mark.usefixtures("demo")
def test_what_the_demo_s_people_added_goes_with_them(session: Session):
    person = get_person_by_email(session, ADMIN)
    assert person is not None
    admin = actor_of(session, person.id)
    assert admin is not None
    add_organization(session, "Taken in by the demo", by=admin)
    open_incident(session, admin, code="EX99")
    assert stranger(session) == ""
    assert has_demo(session)


def test_a_full_database_is_emptied_on_both_databases(
    world: World, session: Session, databases: Databases, tmp_path: Path
):
    del world
    settings = Settings(instance=tmp_path, database_url="", secret_key="k" * 32)
    assert empty(session, settings) == ""
    assert not (tmp_path / "jobs.db").exists()
    with (
        databases.lent() as url,
        opened(url) as database,
        database.sessions() as fresh,
    ):
        assert timeless(dump(session)) == timeless(dump(fresh))

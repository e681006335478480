"""The migrations lead an empty database to what the rows say, and back."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, select

import portal
from portal.cli.database import alembic_config, upgrade
from portal.core import codes
from portal.core.actor import SYSTEM
from portal.core.columns import Row
from portal.incidents.models import Incident
from portal.incidents.queries import current_incident
from portal.journal.models import Generation, Head
from portal.journal.queries import generation
from portal.journal.verify import verify
from portal.migrations import PACKAGES, is_ours, load_models
from tests.databases import opened
from tests.factories import open_incident
from tests.journal.reading import check_journal

load_models()


@pytest.fixture
def empty_url(databases):
    url = databases.shelf.create()
    yield url
    databases.shelf.discard(url)


def differences(url):
    """Return what Alembic would have to change so that a database fits the rows."""
    with opened(url) as database, database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "compare_server_default": True,
                "include_name": is_ours,
            },
        )
        return compare_metadata(context, Row.metadata)


def named(url):
    """Return the names of all constraints, some of which Alembic does not compare."""
    with opened(url) as database:
        seen = inspect(database.engine)
        return {
            (kind, table, it["name"])
            for table in seen.get_table_names()
            if table != "alembic_version" and is_ours(table, "table", {})
            for kind, constraints in [
                ("check", seen.get_check_constraints(table)),
                ("foreign key", seen.get_foreign_keys(table)),
                ("unique", seen.get_unique_constraints(table)),
                ("primary key", [seen.get_pk_constraint(table)]),
            ]
            for it in constraints
        }


def test_an_empty_database_is_led_to_what_the_rows_say(empty_url):
    upgrade(empty_url)
    assert differences(empty_url) == []


def test_every_constraint_bears_the_name_that_the_rows_give_it(databases, empty_url):
    upgrade(empty_url)
    made = databases.shelf.create()
    with opened(made) as database:
        Row.metadata.create_all(database.engine)
    assert named(empty_url) == named(made)
    databases.shelf.discard(made)


def test_leading_it_there_twice_changes_nothing(empty_url):
    upgrade(empty_url)
    with opened(empty_url) as database, database.sessions() as session:
        name = generation(session)
    upgrade(empty_url)
    with opened(empty_url) as database, database.sessions() as session:
        assert generation(session) == name


def test_it_can_be_led_back_to_nothing_and_there_again(empty_url):
    upgrade(empty_url)
    command.downgrade(alembic_config(empty_url), "base")
    with opened(empty_url) as database:
        assert inspect(database.engine).get_table_names() == ["alembic_version"]
    upgrade(empty_url)
    assert differences(empty_url) == []


def test_what_an_empty_portal_needs_is_there(session):
    assert len(generation(session)) == 16
    assert session.scalars(select(Generation.id)).all() == [1]
    head = session.scalars(select(Head)).one()
    assert (head.incident_id, head.seq, head.hash) == (0, 0, "")
    daily = session.scalars(select(Incident)).one()
    assert (daily.id, daily.code, daily.state) == (0, "daily", "open")
    assert not daily.is_exercise
    assert daily.level in codes.load("activation-levels")
    assert daily.time_zone in codes.load("time-zones")
    assert current_incident(session).id == 0
    assert verify(session) == []


def test_the_first_incident_is_not_taken_for_incident_0(session):
    incident = open_incident(session, SYSTEM, code="FIRST")
    assert incident.id > 0
    check_journal(session)


def test_two_databases_have_two_names(databases):
    names = set()
    for _ in range(2):
        url = databases.shelf.create()
        upgrade(url)
        with opened(url) as database, database.sessions() as session:
            names.add(generation(session))
        databases.shelf.discard(url)
    assert len(names) == 2


def test_there_is_one_way_through_the_migrations():
    script = ScriptDirectory.from_config(alembic_config("sqlite://"))
    assert len(script.get_heads()) == 1
    assert [it.revision for it in script.walk_revisions()][-1] == "0001"


def test_the_rows_of_every_package_are_known_to_the_migrations():
    top = Path(portal.__file__).parent
    packages = {path.parent.name for path in top.glob("*/models.py")}
    packages |= {path.parent.name for path in top.glob("*/models") if path.is_dir()}
    assert set(PACKAGES) == packages

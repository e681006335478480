"""`portal doctor`: each check is content with a sound installation, and finds its trouble."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, event, update

from portal.accounts.models import Membership, Person
from portal.cli.doctor import CHECKS, database, examine, machine, running
from portal.cli.doctor.finding import Finding, Level, Patient
from portal.config import Settings
from portal.feed import operations as feed
from portal.incidents.models import Incident
from portal.journal.models import Entry, Head, Words
from portal.journal.transaction import transaction
from portal.notify import reader
from portal.notify.orders import Office
from portal.offers import operations as offers
from portal.organizations import operations as organizations
from tests.accounts.sso.bent import provider_at_work
from tests.databases import opened
from tests.factories import make_offer, make_post, reject
from tests.notify.mailbox import Mailbox, free_port
from tests.notify.valkey import Valkey

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flask import Flask

    from portal.core.db import Database
    from tests.conftest import HeldClock
    from tests.world import World

pytestmark = pytest.mark.one_backend

KEY = "a key for tests only, of thirty-two bytes or more"


@pytest.fixture
def patient(database: Database, world: World, tmp_path: Path) -> Patient:
    """Return a sound installation, with the small world in it."""
    del world
    tmp_path.chmod(0o700)
    url = database.url.render_as_string(hide_password=False)
    return Patient(Settings(instance=tmp_path, database_url=url, secret_key=KEY), database)


def with_settings(patient: Patient, **changes: Any) -> Patient:
    return replace(patient, settings=replace(patient.settings, **changes))


def is_wrong(found: Finding, words: str) -> bool:
    assert words in found.words, found.words
    return found.level is Level.WRONG


def change(patient: Patient, *statements: Any) -> None:
    """Change tables as somebody would who has the database and not the portal."""
    with patient.database.engine.begin() as connection:
        for statement in statements:
            assert connection.execute(statement).rowcount != 0


# ---------------------------------------------------------------- all of them


@pytest.mark.one_backend("sqlite", "postgres")
def test_a_sound_installation_has_nothing_wrong(patient: Patient):
    with Mailbox() as mailbox:
        sound = with_settings(patient, smtp_url=mailbox.url)
        found = dict(examine(sound))
    assert {it.level for it in found.values()} == {Level.OK}, found
    assert [*found] == [check.name for check in CHECKS]


def test_it_prints_a_line_each_and_exits_with_1_when_something_is_wrong(
    make_app: Callable[..., Flask], world: World, tmp_path: Path
):
    del world
    tmp_path.chmod(0o700)
    for key, code in ((KEY, 0), ("short", 1)):
        app = make_app(secret_key=key)
        result = app.test_cli_runner().invoke(args=["doctor"])
        assert result.exit_code == code, result.output
        lines = result.output.splitlines()
        assert len(lines) == len(CHECKS)
        assert all(line.split()[0] in {"ok", "warn", "WRONG"} for line in lines)
        assert any(line.startswith("WRONG  secret key: ") for line in lines) == bool(code)


# ---------------------------------------------------------------- the machine


def test_a_folder_that_is_not_there_or_open_to_others(patient: Patient, tmp_path: Path):
    gone = with_settings(patient, instance=tmp_path / "gone")
    assert is_wrong(machine.instance_folder(gone), "not there")
    assert is_wrong(machine.disk_space(gone), "not there")
    tmp_path.chmod(0o755)
    assert is_wrong(machine.instance_folder(patient), "chmod 700")


@pytest.mark.skipif(os.geteuid() == 0, reason="the administrator can write anywhere")
def test_a_folder_that_cannot_be_written_to(patient: Patient, tmp_path: Path):
    tmp_path.chmod(0o500)
    assert is_wrong(machine.instance_folder(patient), "cannot be written to")
    tmp_path.chmod(0o700)


def test_a_key_that_is_short_or_open_to_others(patient: Patient, tmp_path: Path):
    short = with_settings(patient, secret_key="short")
    assert is_wrong(machine.secret_key(short), "shorter than 32")
    file = tmp_path / "secret-key"
    file.write_text(KEY)
    file.chmod(0o600)
    assert machine.secret_key(patient).level is Level.OK
    file.chmod(0o640)
    assert is_wrong(machine.secret_key(patient), "chmod 600")


def test_a_disk_that_fills(patient: Patient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(machine, "LITTLE", 1 << 62)
    assert machine.disk_space(patient).level is Level.WARN
    monkeypatch.setattr(machine, "TOO_LITTLE", 1 << 62)
    assert is_wrong(machine.disk_space(patient), "Make room")


@pytest.mark.parametrize(
    ("url", "level"),
    [
        ("", Level.OK),
        ("http://localhost:8000", Level.OK),
        ("http://[::1]:8000", Level.OK),
        ("https://portal.example.gov", Level.OK),
        ("http://portal.example.gov", Level.WRONG),
    ],
)
def test_passwords_do_not_cross_the_network_in_clear(patient: Patient, url: str, level: Level):
    assert machine.base_url(with_settings(patient, base_url=url)).level is level


def test_a_mail_server_that_is_none_silent_or_misspelt(patient: Patient):
    assert machine.mail_server(patient).level is Level.WARN
    silent = with_settings(patient, smtp_url=f"smtp://127.0.0.1:{free_port()}")
    assert is_wrong(machine.mail_server(silent), "does not answer")
    secure = with_settings(patient, smtp_url=f"smtps://127.0.0.1:{free_port()}")
    assert is_wrong(machine.mail_server(secure), "does not answer")
    assert is_wrong(machine.mail_server(with_settings(patient, smtp_url="mail")), "is not like")


def test_a_redis_that_answers_or_does_not(patient: Patient, tmp_path: Path):
    with Valkey(tmp_path) as valkey:
        there = with_settings(patient, redis_url=valkey.url)
        assert machine.redis(there).level is Level.OK
    gone = with_settings(patient, redis_url=f"redis://127.0.0.1:{free_port()}/0")
    assert is_wrong(machine.redis(gone), "does not answer")
    assert is_wrong(machine.redis(with_settings(patient, redis_url="mail")), "no address")


# ---------------------------------------------------------------- the database


def test_a_database_that_is_away(patient: Patient):
    url = f"postgresql+psycopg://portal:secret@127.0.0.1:{free_port()}/portal"
    with opened(url) as gone:
        away = Patient(patient.settings, gone)
        found = dict(examine(away))
    assert is_wrong(found["database"], "does not answer")
    assert "secret" not in found["database"].words
    assert is_wrong(found["schema"], "cannot be read")
    assert found["journal"].level is Level.WARN


def test_a_database_of_another_revision(patient: Patient, tmp_path: Path):
    with opened(f"sqlite:///{tmp_path / 'empty.db'}") as empty:
        found = database.schema(Patient(patient.settings, empty))
    assert is_wrong(found, "is empty")
    with patient.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    assert is_wrong(database.schema(patient), "is at revision 0001")


def test_a_sqlite_that_does_not_keep_its_word(patient: Patient):
    url = patient.settings.database_url
    with opened(url) as forgetful:
        event.listen(forgetful.engine, "connect", _do_not_wait)
        found = database.durability(Patient(patient.settings, forgetful))
    assert is_wrong(found, "synchronous is 0, foreign_keys is 0")


def _do_not_wait(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("PRAGMA foreign_keys=OFF")


@pytest.mark.one_backend("postgres")
def test_a_postgresql_that_is_too_old(patient: Patient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(database, "OLDEST_POSTGRESQL", 99)
    assert is_wrong(database.durability(patient), "too old")


def _cut(patient: Patient) -> None:
    change(patient, update(Head).where(Head.incident_id == 0).values(seq=Head.seq + 1))


def _reworded(patient: Patient) -> None:
    last = _last(patient)
    change(patient, update(Words).where(last(Words)).values(data='{"never":"said"}'))


def _moved(patient: Patient) -> None:
    last = _last(patient)
    change(patient, update(Entry).where(last(Entry)).values(person_id=4711))


def _emptied(patient: Patient) -> None:
    change(patient, delete(Words), delete(Entry).where(Entry.incident_id == 0))


def _last(patient: Patient) -> Callable[[Any], Any]:
    with patient.database.sessions() as session:
        seq = session.get_one(Head, 0).seq
    return lambda table: (table.incident_id == 0) & (table.seq == seq)


@pytest.mark.parametrize("tamper", [_cut, _reworded, _moved, _emptied])
def test_a_journal_that_was_altered(patient: Patient, tamper: Callable[[Patient], None]):
    assert database.last_entries(patient).level is Level.OK
    tamper(patient)
    assert is_wrong(database.last_entries(patient), "stream 0 was altered")


def test_only_the_latest_entries_are_looked_at(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
):
    first = (Words.incident_id == 0) & (Words.seq == 1)
    change(patient, update(Words).where(first).values(data='{"never":"said"}'))
    assert is_wrong(database.last_entries(patient), "was altered")
    monkeypatch.setattr(database, "LATEST", 5)
    assert database.last_entries(patient).level is Level.OK


def test_a_clock_that_went_back(patient: Patient, held_clock: HeldClock):
    held_clock.tick(-3600)
    assert is_wrong(database.right_time(patient), "behind the journal")


# ---------------------------------------------------------------- what it holds


def test_demo_people_where_others_can_come(patient: Patient):
    assert running.demo_people(patient).level is Level.OK
    change(patient, update(Person).values(is_demo=True))
    assert is_wrong(running.demo_people(patient), "the demo is off")
    on = with_settings(patient, is_demo=True)
    assert running.demo_people(on).level is Level.OK
    public = with_settings(on, base_url="https://portal.example.gov")
    assert is_wrong(running.demo_people(public), "that others reach")


@pytest.mark.parametrize(
    "statement",
    [
        update(Person).values(state="suspended"),
        update(Membership).values(roles=("liaison",)),
    ],
    ids=["suspended", "without the role"],
)
def test_nobody_who_can_administer(patient: Patient, statement: Any):
    change(patient, statement)
    assert is_wrong(running.administrator(patient), "portal invite")


def test_an_incident_that_does_not_say_how_to_call(patient: Patient):
    change(patient, update(Incident).where(Incident.id != 0).values(email="", bridge=""))
    found = running.incident_contacts(patient)
    assert found.level is Level.WARN
    assert "EX27 has no email and no bridge" in found.words


def test_e_mails_that_nobody_sends(patient: Patient, world: World, held_clock: HeldClock):
    session, author = world.session, world.actor("alpha")
    reject(session, world.actor("moderator"), make_post(session, author))
    reader.read(session, Office(host="portal.example", has_server=True))
    assert running.unsent_notices(patient).level is Level.OK
    held_clock.tick(16 * 60)
    assert is_wrong(running.unsent_notices(patient), "1 wait longer than 15 minutes")


def test_a_timer_that_stands_still(patient: Patient, world: World, held_clock: HeldClock):
    session = world.session
    make_post(session, world.actor("alpha"))
    make_offer(session, world.actor("alpha"))
    assert running.timer(patient).level is Level.OK
    held_clock.tick(3 * 3600)
    assert is_wrong(running.timer(patient), "1 reports and 1 offers")
    feed.remind_late(session)
    assert is_wrong(running.timer(patient), "0 reports and 1 offers")
    offers.escalate_due(session)
    assert running.timer(patient).level is Level.OK


# ---------------------------------------------------------------- single sign-on


def test_a_provider_that_is_not_there_or_calls_itself_otherwise(patient: Patient):
    with provider_at_work() as bent:
        sound = with_settings(patient, providers=(bent.provider(),))
        assert machine.providers(sound) == Finding(Level.OK, "in order: Alpha ID")
        other = bent.provider("b", label="B", issuer=f"http://localhost:{bent.port}")
        both = with_settings(patient, providers=(bent.provider(), other))
        assert is_wrong(machine.providers(both), "B: calls itself")
    assert is_wrong(machine.providers(sound), "Alpha ID: ")


def test_an_organization_that_wants_a_provider_which_is_not_set_up(
    patient: Patient, world: World
):
    with patient.database.sessions() as session:
        wanted = world.within(session)
        with transaction(session, wanted.actor("admin")) as tx:
            organization = wanted.organization("alpha")
            organizations.require_provider(tx, organization, provider="alpha-id")
    found = running.required_providers(patient)
    assert is_wrong(found, "nobody gets in of Alpha Fuel")
    with provider_at_work() as bent:
        sound = with_settings(patient, providers=(bent.provider(),))
    assert running.required_providers(sound).level is Level.OK

"""Jobs over Redis: it carries them between machines, and may be away without any loss."""

from __future__ import annotations

import logging
import time

import pytest
from sqlalchemy import select

from portal.config import read_settings
from portal.notify import outbox
from portal.notify.jobs import make_jobs, why_not
from portal.notify.models import Delivery
from portal.notify.states import DeliveryState
from tests.factories import make_post, reject
from tests.notify.processes import process, wait_until
from tests.notify.valkey import Valkey

S = DeliveryState


@pytest.fixture
def valkey(tmp_path):
    with Valkey(tmp_path) as valkey:
        yield valkey


@pytest.fixture
def office(make_office, valkey):
    return make_office(redis_url=valkey.url)


@pytest.fixture
def rejected(session, world):
    """A report of alpha's that the desk has not published."""
    return reject(session, world.actor("moderator"), make_post(session, world.actor("alpha")))


@pytest.mark.usefixtures("rejected")
def test_a_letter_goes_out_over_redis_and_a_restart_in_between_loses_nothing(office, mailbox):
    office.notices.step()
    office.restart()
    office.work_off()
    assert (office.one().state, office.one().tries) == (S.SENT, 1)
    assert len(mailbox.letters) == 1
    assert not list(office.app.extensions["settings"].instance.glob("jobs.db*"))


@pytest.mark.usefixtures("rejected")
def test_while_redis_is_away_all_waits_in_the_table_and_goes_out_when_it_is_back(
    office, mailbox, valkey, caplog
):
    valkey.stop()
    with caplog.at_level(logging.WARNING):
        office.work()
    assert "Redis is away, e-mails wait for it" in caplog.text
    told = office.one()
    assert (told.state, told.tries, mailbox.letters) == (S.WAITING, 0, [])
    valkey.start()
    office.work()
    assert (office.one().state, office.one().tries) == (S.SENT, 1)
    assert len(mailbox.letters) == 1


@pytest.mark.usefixtures("rejected")
def test_what_redis_forgot_goes_out_later(office, mailbox, valkey, held_clock):
    office.notices.step()
    valkey.stop()
    valkey.start()
    office.work()
    assert (office.one().state, mailbox.letters) == (S.SENDING, [])
    held_clock.tick(outbox.HELD.total_seconds())
    office.work()
    assert (office.one().state, office.one().tries) == (S.SENT, 2)
    assert len(mailbox.letters) == 1


@pytest.mark.one_backend
def test_portals_that_share_a_redis_do_not_take_each_others_jobs(make_office, valkey):
    mine = make_office(redis_url=valkey.url)
    other = make_office(redis_url=valkey.url, secret_key="another key of thirty-two bytes")
    mine.notices.huey.storage.enqueue(b"for me")
    assert other.notices.huey.storage.dequeue() is None
    assert mine.notices.huey.storage.dequeue() == b"for me"


@pytest.mark.one_backend
def test_what_is_no_address_of_a_redis_is_refused(make_office):
    with pytest.raises(ValueError, match="Redis URL must specify"):
        make_office(redis_url="redis.example.gov")


def test_the_environment_names_redis_and_nothing_shows_its_password(tmp_path):
    known = {"PORTAL_INSTANCE": str(tmp_path), "PORTAL_SECRET_KEY": "k"}
    assert read_settings(known).redis_url == ""
    settings = read_settings(known | {"PORTAL_REDIS_URL": "redis://:secret@r.example"})
    assert settings.redis_url == "redis://:secret@r.example"
    assert "secret@" not in repr(settings)


@pytest.mark.one_backend
def test_a_file_is_always_there(app):
    assert why_not(make_jobs(app.extensions["settings"])) == ""


def states(session):
    session.rollback()
    return set(session.scalars(select(Delivery.state)))


@pytest.mark.sampled(2)
def test_processes_outlive_redis_and_send_each_letter_once(
    session, world, database_url, tmp_path, mailbox, valkey
):
    moderator = world.actor("moderator")
    alpha = world.actor("alpha")
    with process("serve", database_url, tmp_path, mailbox.url, valkey.url) as first:
        second = process("worker", database_url, tmp_path, mailbox.url, valkey.url)
        with second as other:
            reject(session, moderator, make_post(session, alpha))
            wait_until(lambda: states(session) == {S.SENT}, "the processes are up")
            valkey.stop()
            for _ in range(5):
                reject(session, moderator, make_post(session, alpha))
            time.sleep(5)
            assert len(mailbox.letters) == 1
            assert states(session) == {S.SENT, S.WAITING}
            assert first.poll() is None
            assert other.poll() is None
            valkey.start()
            wait_until(lambda: states(session) == {S.SENT}, "all is sent", patience_s=15)
    assert len(mailbox.letters) == 6
    assert len({it["Message-ID"] for it in mailbox.letters}) == 6
    for name in ("serve", "worker"):
        assert "Traceback" not in (tmp_path / f"{name}.log").read_text()

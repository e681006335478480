"""The real processes: `portal serve` and `portal worker`, commits elsewhere, and SIGKILL."""

from __future__ import annotations

import signal
import time

import pytest
from sqlalchemy import update

from portal.journal.housekeeping import housekeeping
from portal.notify.models import Delivery
from portal.notify.states import DeliveryState
from tests.factories import make_post, reject
from tests.notify.processes import COMMANDS, PATIENCE_S, process, wait_until


def state_of(session):
    session.rollback()
    session.expire_all()
    return session.query(Delivery).one().state


@pytest.mark.sampled(2)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_decision_is_tried_within_five_seconds_and_a_second_process_does_not_repeat_it(
    session, world, database_url, tmp_path, mailbox, name
):
    with (
        process(name, database_url, tmp_path, mailbox.url),
        process("worker", database_url, tmp_path, mailbox.url),
    ):
        first = make_post(session, world.actor("alpha"))
        reject(session, world.actor("moderator"), first)
        wait_until(lambda: mailbox.letters, "the processes are up and have sent it")
        second = make_post(session, world.actor("alpha"))
        reject(session, world.actor("moderator"), second)
        wait_until(lambda: len(mailbox.letters) > 1, "it is sent", patience_s=5)
        time.sleep(3)
        assert [first.reference in str(it["Subject"]) for it in mailbox.letters] == [
            True,
            False,
        ]


@pytest.mark.sampled(2)
def test_a_process_killed_after_the_server_took_it_repeats_it_as_the_same(
    session, world, database_url, tmp_path, mailbox
):
    reject(session, world.actor("moderator"), make_post(session, world.actor("alpha")))
    with process("worker", database_url, tmp_path, mailbox.url) as worker:
        mailbox.on_take = worker.kill  # the letter is taken; nobody will write it down
        assert worker.wait(PATIENCE_S) == -signal.SIGKILL
    mailbox.on_take = None
    assert state_of(session) is DeliveryState.SENDING
    with housekeeping(session):  # the time is over for which the dead process held it
        session.execute(update(Delivery).values(next_try_at=Delivery.made_at))
    with process("worker", database_url, tmp_path, mailbox.url) as worker:
        wait_until(lambda: state_of(session) is DeliveryState.SENT, "it is sent again")
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(PATIENCE_S) == 0
    first, second = mailbox.letters
    assert first["Message-ID"] == second["Message-ID"]


@pytest.mark.one_backend
def test_a_worker_says_what_is_wrong_with_its_settings(database_url, tmp_path):
    with process("worker", database_url, tmp_path, "mail.example.gov") as worker:
        assert worker.wait(PATIENCE_S) == 1
    assert "PORTAL_SMTP_URL is not like" in (tmp_path / "worker.log").read_text()

"""The notices as one service of a process: reader, outbox and the workers that send.

The table of deliveries is the truth. While what carries their numbers to the workers is away
they wait there, and go out when it is back.
"""

import logging
import threading
import time
from email.utils import parseaddr
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from huey.consumer import Consumer
from sqlalchemy.orm import Session

from portal.config import Settings
from portal.core import clock
from portal.core.db import Database
from portal.notify import outbox, reader
from portal.notify.jobs import make_jobs, why_not
from portal.notify.letters import Writer
from portal.notify.models import Delivery
from portal.notify.orders import Office
from portal.notify.smtp import SERVER, BouncedError, DeferredError, MailServer
from portal.notify.states import DeliveryState, Withheld

log = logging.getLogger(__name__)

#: How long the reader sleeps when nobody wakes it, in seconds.
POLL_S = 2.0

#: The same while more is due than may be on its way at once.
BUSY_S = 0.25

#: How long it lets commits gather once it is woken, in seconds.
GATHER_S = 0.25

#: How many e-mails go at once, and how long a worker with nothing to do sleeps, in seconds.
WORKERS = 4
NAP_S = 1.0

#: How long a serving process that is told to end waits for e-mails on their way, in seconds.
LAST_S = 4.0


class _Workers(Consumer):
    """Huey's workers inside a process that answers signals itself."""

    def _set_signal_handlers(self) -> None:
        pass


class Notices:
    """Follows the journal, keeps the outbox, and sends."""

    def __init__(self, app: Flask) -> None:
        """Read the settings; raises ValueError where they name no server properly."""
        settings: Settings = app.extensions["settings"]
        self._database: Database = app.extensions["database"]
        sender, base_url = settings.mail_from, settings.base_url or "http://localhost:8000"
        self._sender = parseaddr(sender)[1]
        host = self._sender.rpartition("@")[2] or urlsplit(base_url).hostname or ""
        self._writer = Writer(app, base_url, sender)
        self._server: MailServer | None = None
        if settings.smtp_url:
            self._server = MailServer.read(settings.smtp_url, host)
        self._office = Office(
            host=host, has_server=self._server is not None, is_demo=settings.is_demo
        )
        self._woken = threading.Event()
        self._was_cut_off = False
        self.huey = make_jobs(settings)
        self.running: Consumer | None = None
        self._carry = self.huey.task(name="send")(self.send)

    def wake(self) -> None:
        """Look at the journal soon."""
        self._woken.set()

    def run(self) -> None:
        """Follow the journal for as long as the process lives."""
        pause_s = POLL_S
        while True:
            if self._woken.wait(pause_s):
                time.sleep(GATHER_S)
            self._woken.clear()
            pause_s = POLL_S
            try:
                if self.step():
                    pause_s = BUSY_S
            except Exception:
                log.exception("the notices stumbled; they try again")

    def step(self) -> bool:
        """Make the deliveries that the journal asks for, and hand on what is due.

        Return whether more is due than may be on its way at once.
        """
        with self._database.sessions() as session:
            reader.read(session, self._office)
            if self._is_cut_off():
                return False
            for delivery_id, tries in outbox.take_due(session):
                self._carry(delivery_id, tries)
            return outbox.is_more_due(session)

    def _is_cut_off(self) -> bool:
        """Return whether the workers are out of reach; say so when it begins."""
        why = why_not(self.huey)
        if why and not self._was_cut_off:
            log.warning("Redis is away, e-mails wait for it: %s", why)
        self._was_cut_off = bool(why)
        return self._was_cut_off

    def send(self, delivery_id: int, tries: int) -> None:
        """Make one try to send a delivery, and write down what became of it."""
        with self._database.sessions() as session:
            delivery = session.get(Delivery, delivery_id)
            if delivery is None or delivery.state is not DeliveryState.SENDING:
                return
            if delivery.tries != tries:  # somebody else has taken it up meanwhile
                return
            waited_for_server = delivery.last_error.startswith(SERVER)
            became = self._try(session, delivery)
            outbox.settle(session, delivery_id, tries, **became)
            if waited_for_server and became["state"] is DeliveryState.SENT:
                outbox.hurry(session)
                self.wake()

    def _try(self, session: Session, delivery: Delivery) -> dict[str, Any]:
        """Write the letter and hand it over; return what to write down."""
        if self._server is None:
            return outbox.ended(DeliveryState.NOT_SENT, Withheld.NO_SERVER.value)
        try:
            letter = self._writer.write(session, delivery)
        except Exception:
            log.exception("the letter of delivery %s cannot be written", delivery.reference)
            return outbox.put_off(delivery, "The portal cannot write this e-mail")
        if isinstance(letter, Withheld):
            return outbox.ended(DeliveryState.NOT_SENT, letter.value)
        to = letter["To"].addresses[0].addr_spec
        session.expunge(delivery)
        session.rollback()  # nothing is held open while the mail server takes its time
        try:
            self._server.hand_over(letter, self._sender, to)
        except BouncedError as error:
            log.warning("delivery %s bounced: %s", delivery.reference, error)
            return outbox.ended(DeliveryState.BOUNCED, str(error)) | {"address": to}
        except DeferredError as error:
            log.warning("delivery %s is put off: %s", delivery.reference, error)
            return outbox.put_off(delivery, str(error)) | {"address": to}
        sent = outbox.ended(DeliveryState.SENT, "")
        return sent | {"address": to, "sent_at": clock.now()}

    def follow(self) -> None:
        """Begin to follow the journal, woken by each commit of this process."""
        self._database.readers.append(self.wake)
        threading.Thread(target=self.run, name="notices", daemon=True).start()

    def stop(self) -> None:
        """Begin no more e-mails in this process, and end those that are going out."""
        if self.running is not None:
            self.running.stop(graceful=True)

    def workers(self, kind: type[Consumer] = _Workers, **options: Any) -> Consumer:
        """Return the workers, not yet begun; by default they leave signals to the process."""
        logging.getLogger("huey").setLevel(logging.WARNING)
        return kind(self.huey, workers=WORKERS, periodic=False, max_delay=NAP_S, **options)


def start(app: Flask) -> Notices:
    """Follow the journal and send, inside a serving process; under gevent as greenlets."""
    notices = Notices(app)
    notices.follow()
    notices.running = notices.workers(shutdown_timeout=LAST_S)
    notices.running.start()
    return notices


def work(app: Flask) -> None:
    """Follow the journal and send until the process is told to end; what goes out is ended."""
    notices = Notices(app)
    notices.follow()
    notices.workers(Consumer, graceful_signal="TERM", shutdown_timeout=30).run()

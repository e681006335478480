"""Wake-ups between processes: what one committed, the others look for at once.

Redis carries no news, only that there is some. When it is away, or slow, or forgets, everybody
looks by themselves a little later. No request waits for it: one thread tells, one listens.
"""

import hmac
import logging
import secrets
import threading
import time
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from portal.core.db import Database

log = logging.getLogger(__name__)

#: How long Redis may take to take a word, in seconds.
PATIENCE_S = 1.0

#: Nobody says anything for so long: then it is asked whether it is there, in seconds.
QUIET_S = 5.0

#: The pause before Redis is looked for again, at first and at most, in seconds.
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 5.0


class Wakeups:
    """The wake-ups of one process: tells the others of its commits, and hears of theirs."""

    def __init__(self, redis_url: str, secret_key: str, database: Database) -> None:
        """Take a name that no process had before; raises ValueError for what is no address."""
        # Several portals may share a Redis; the processes of one have the same key.
        whose = hmac.new(secret_key.encode(), b"wake-ups", "sha256").hexdigest()[:12]
        self._channel = f"wakeups.{whose}"
        self._name = secrets.token_hex(8)
        self._url, self._database = redis_url, database
        self._committed = threading.Event()
        self._connect()
        self.is_connected = False

    def start(self) -> None:
        """Begin to tell and to listen."""
        self._database.readers.append(self.announce)
        for act in (self._tell_on, self._listen_on):
            name = act.__name__.strip("_")
            threading.Thread(target=act, name=f"wakeups-{name}", daemon=True).start()

    def announce(self) -> None:
        """Have the others woken soon; several commits may become one word."""
        self._committed.set()

    def _connect(self) -> Redis:
        return Redis.from_url(
            self._url,
            socket_connect_timeout=PATIENCE_S,
            socket_timeout=PATIENCE_S,
            retry=Retry(NoBackoff(), 0),
        )

    def _tell_on(self) -> None:
        """Say each commit; what cannot be said is left: everybody looks by themselves."""
        redis = self._connect()
        while True:
            self._committed.wait()
            self._committed.clear()
            try:
                redis.publish(self._channel, self._name)
            except (RedisError, OSError):
                time.sleep(FIRST_PAUSE_S)

    def _listen_on(self) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                with self._connect().pubsub() as heard:  # type: ignore[no-untyped-call]
                    heard.subscribe(self._channel)
                    _hear_answer(heard)
                    self._say_connected(is_connected=True)
                    pause_s = FIRST_PAUSE_S
                    self.wake_own()  # for what was said meanwhile
                    self._listen(heard)
            except (RedisError, OSError) as error:
                self._say_connected(is_connected=False, why=str(error))
            except Exception:
                log.exception("the wake-ups stumbled; they try again")
            time.sleep(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    def _listen(self, heard: Any) -> None:
        """Wake the readers whenever another process says so, until Redis is gone."""
        is_asked = False
        while True:
            said = heard.get_message(timeout=QUIET_S)
            if said is None:
                if is_asked:
                    raise TimeoutError("Redis does not answer")
                heard.ping()
                is_asked = True
                continue
            is_asked = False
            if said["type"] == "message" and said["data"] != self._name.encode():
                self.wake_own()

    def wake_own(self) -> None:
        """Wake the readers of this process, and nobody else."""
        for reader in self._database.readers:
            if reader != self.announce:
                reader()

    def _say_connected(self, *, is_connected: bool, why: str = "") -> None:
        if self.is_connected and not is_connected:
            log.warning("Redis is away, news of other processes come by looking: %s", why)
        if is_connected and not self.is_connected:
            log.info("Redis is there")
        self.is_connected = is_connected


def _hear_answer(heard: Any) -> None:
    """Wait for the word that this process takes part; Redis may be there and say nothing."""
    if heard.get_message(timeout=PATIENCE_S) is None:
        raise TimeoutError("Redis does not answer")

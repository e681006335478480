"""Slowing down those who guess: only failures count, and nobody is locked out elsewhere.

What is tried from a device on which the person signed in before is counted apart, so that
nobody can shut an owner out by guessing. Between processes the counts are shared by Redis;
while that is away, each process counts for itself.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from limits import (
    RateLimitItem,
    RateLimitItemPerDay,
    RateLimitItemPerHour,
    RateLimitItemPerMinute,
)
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import MovingWindowRateLimiter
from redis.backoff import NoBackoff
from redis.retry import Retry

from portal.core import clock

log = logging.getLogger(__name__)

#: Failures for one account from one address or device, and from one address for all accounts.
PER_ACCOUNT = RateLimitItemPerMinute(5, 15, namespace="account")
PER_ADDRESS = RateLimitItemPerMinute(50, 5, namespace="address")
#: Failures for one account from everywhere but its owner's devices.
ANYWHERE = RateLimitItemPerHour(100, 1, namespace="anywhere")
#: Wrong codes of one person.
PER_CODE = (
    RateLimitItemPerMinute(5, 5, namespace="code"),
    RateLimitItemPerHour(20, 1, namespace="code"),
    RateLimitItemPerDay(50, 1, namespace="code"),
)
#: Links for a new password to one e-mail address; who asks for them, and who asks to be
#: taken in, from one address of the net.
PER_RESET = RateLimitItemPerHour(3, 1, namespace="reset")
PER_ASKER = RateLimitItemPerHour(20, 1, namespace="asker")
PER_APPLICANT = RateLimitItemPerHour(5, 1, namespace="applicant")

#: How long Redis may take, in seconds, and how long it is not asked once it has failed.
_PATIENCE_S = 1
_ALONE = timedelta(seconds=10)


class Throttle:
    """Counts failed tries."""

    def __init__(self, redis_url: str = "") -> None:
        """Begin with nothing counted in this process."""
        self._own = MovingWindowRateLimiter(MemoryStorage())
        self._redis_url = redis_url
        self._shared: MovingWindowRateLimiter | None = None
        self._asks_again_at: datetime | None = None

    def admits(self, account: str, address: str, device: str | None = None) -> bool:
        """Return whether one more try may be made; it counts until `forgive` takes it back.

        device : name of the device, if the person of the account is known there.
        """
        is_known = device is not None
        if not is_known and not (
            self.admits_address(address) and self._test(ANYWHERE, account)
        ):
            return False
        return self._hit(PER_ACCOUNT, account, device or address)

    def admits_address(self, address: str) -> bool:
        """Return whether something may be tried from an address at all."""
        return self._test(PER_ADDRESS, address)

    def failed(self, address: str, account: str = "", device: str | None = None) -> None:
        """Count a failure against the address, and the account it was aimed at."""
        if device is not None:
            return
        self._hit(PER_ADDRESS, address)
        if account:
            self._hit(ANYWHERE, account)

    def forgive(self, account: str, address: str, device: str | None = None) -> None:
        """Forget this account's failures here: the right password was shown."""
        self._ask(lambda it: it.clear(PER_ACCOUNT, account, device or address))

    def admits_code(self, person_id: int, device: str | None = None) -> bool:
        """Return whether one more code may be tried; it counts until `forgive_codes`."""
        key = (str(person_id), device or "")
        admitted = [self._hit(limit, *key) for limit in PER_CODE]  # each of them counts
        return all(admitted)

    def forgive_codes(self, person_id: int, device: str | None = None) -> None:
        """Forget a person's wrong codes: the right one was shown."""
        key = (str(person_id), device or "")

        def clear(limiter: MovingWindowRateLimiter) -> None:
            for limit in PER_CODE:
                limiter.clear(limit, *key)

        self._ask(clear)

    def admits_asking(self, address: str) -> bool:
        """Return whether one more link for a new password may be asked for from an address."""
        return self._hit(PER_ASKER, address)

    def admits_reset(self, email: str) -> bool:
        """Return whether one more link for a new password may go to an e-mail address."""
        return self._hit(PER_RESET, email)

    def admits_registering(self, address: str) -> bool:
        """Return whether one more organization may ask from an address to be taken in."""
        return self._hit(PER_APPLICANT, address)

    def _test(self, limit: RateLimitItem, *key: str) -> bool:
        return bool(self._ask(lambda it: it.test(limit, *key)))

    def _hit(self, limit: RateLimitItem, *key: str) -> bool:
        return bool(self._ask(lambda it: it.hit(limit, *key)))

    def _ask(self, question: Callable[[MovingWindowRateLimiter], object]) -> object:
        if self._redis_url and not self._is_alone():
            try:
                return question(self._of_all())
            except Exception as error:  # noqa: BLE001 - whatever it is, somebody has to count
                log.warning("Redis does not count; this process counts for itself: %s", error)
                self._asks_again_at = clock.now() + _ALONE
        return question(self._own)

    def _is_alone(self) -> bool:
        """Return whether Redis failed a moment ago: nobody has to wait for that again."""
        return self._asks_again_at is not None and clock.now() < self._asks_again_at

    def _of_all(self) -> MovingWindowRateLimiter:
        """Return what counts for all processes; connects when it is first asked."""
        if self._shared is None:
            patience = dict.fromkeys(("socket_timeout", "socket_connect_timeout"), _PATIENCE_S)
            options: dict[str, Any] = {**patience, "retry": Retry(NoBackoff(), 0)}
            storage = storage_from_string(self._redis_url, **options)
            self._shared = MovingWindowRateLimiter(storage)
        return self._shared

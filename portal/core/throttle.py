"""Slowing down those who guess: only failures count, and nobody is locked out elsewhere."""

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

#: Failures for one account from one address, and failures from one address for all accounts.
PER_ACCOUNT = RateLimitItemPerMinute(5, 15, namespace="account")
PER_ADDRESS = RateLimitItemPerMinute(50, 5, namespace="address")


class Throttle:
    """Counts failed sign-ins per account and address, in this process."""

    def __init__(self) -> None:
        """Begin with nothing counted."""
        self._storage = MemoryStorage()
        self._limiter = MovingWindowRateLimiter(self._storage)

    def admits(self, account: str, address: str) -> bool:
        """Return whether one more try may be made; it counts until `forgive` takes it back."""
        if not self._limiter.test(PER_ADDRESS, address):
            return False
        return self._limiter.hit(PER_ACCOUNT, account, address)

    def failed(self, address: str) -> None:
        """Count a failure against the address."""
        self._limiter.hit(PER_ADDRESS, address)

    def forgive(self, account: str, address: str) -> None:
        """Forget this account's failures here: the right password was shown."""
        self._limiter.clear(PER_ACCOUNT, account, address)

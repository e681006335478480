"""Passwords: argon2id, computed off the hub, so that a sign-in stops nobody else."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from portal.core.hub import off_hub

#: OWASP's parameters for argon2id: two passes over 19 MiB, about 20 ms.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)

#: Checked when the e-mail address is unknown, so that both cases take the same time.
_NOBODY = _HASHER.hash("nobody has this password")

MIN_LENGTH = 12
MAX_LENGTH = 128


def hash_password(password: str) -> str:
    """Return the password's argon2id hash in PHC form."""
    return off_hub(lambda: _HASHER.hash(password))


def password_matches(password: str, known: str | None) -> bool:
    """Return whether the password belongs to the hash; equally slow when there is no hash."""

    def check() -> bool:
        try:
            _HASHER.verify(known or _NOBODY, password)
        except (VerificationError, InvalidHashError):
            return False
        return known is not None

    return off_hub(check)

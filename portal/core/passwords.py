"""Passwords: argon2id, computed off the hub, so that a sign-in stops nobody else."""

from collections.abc import Iterable

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn

from portal.core.hub import off_hub

#: OWASP's parameters for argon2id: two passes over 19 MiB, about 20 ms.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)

#: Checked when the e-mail address is unknown, so that both cases take the same time.
_NOBODY = _HASHER.hash("nobody has this password")

#: Source: NIST SP 800-63B: long, of any signs, and none that a guesser would try first.
MIN_LENGTH = 12
MAX_LENGTH = 128

#: Words that everybody here would think of.
_OF_THE_FIELD = (
    "missouri",
    "portal",
    "partner",
    "beoc",
    "seoc",
    "sema",
    "mop3",
    "erac",
    "emergency",
)

#: Of zxcvbn's five grades, the first that takes more than ten thousand million guesses.
_HARD_ENOUGH = 4

#: zxcvbn needs long for long texts, and one this long is no common one.
_LOOKED_AT = 72


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


def is_guessable(password: str, known: Iterable[str]) -> bool:
    """Return whether a guesser would soon come to the password.

    known : words that are told of the person, such as the name and the organization's.
    """
    words = [*_OF_THE_FIELD, *known]

    def weigh() -> bool:
        score: int = zxcvbn(password[:_LOOKED_AT], user_inputs=words)["score"]
        return score < _HARD_ENOUGH

    return off_hub(weigh)

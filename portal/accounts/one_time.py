"""One-time codes: an authenticator's by the clock, and recovery codes.

Source: RFC 6238 (TOTP: SHA-1, 6 digits, 30 seconds), which every authenticator app knows.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime

import pyotp
import segno
from markupsafe import Markup

from portal.accounts.operations import CODES
from portal.core.passwords import hash_password
from portal.core.references import ALPHABET

STEP_S = 30

#: How long a recovery code is, and how many of its first signs find it.
_CODE_LENGTH = 16
_MARK = 4


@dataclass(frozen=True, slots=True)
class Setup:
    """What an authenticator app needs: as a picture to scan, and as a key to type."""

    svg: Markup
    key: str


def new_secret() -> str:
    """Return a new secret of 160 bits in base 32."""
    return pyotp.random_base32(32)


def setup_of(secret: str, *, email: str, issuer: str) -> Setup:
    """Return how a person puts the secret into an app."""
    uri = pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=issuer)
    svg = segno.make(uri, error="m").svg_inline(
        scale=4, border=4, dark="#000", light="#fff", omitsize=False, svgclass="qr"
    )
    picture = Markup(svg)  # noqa: S704 - our own drawing  # nosec B704
    return Setup(picture, " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)))


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """Return the time step a code is of: this or a neighbour; None for a wrong code."""
    typed = "".join(code.split())
    if not (typed.isascii() and typed.isdigit()):
        return None
    totp, step = pyotp.TOTP(secret), int(now.timestamp()) // STEP_S
    matching = [
        near
        for near in (step, step - 1, step + 1)
        if hmac.compare_digest(totp.at(near * STEP_S), typed)
    ]
    return matching[0] if matching else None


def new_codes() -> list[str]:
    """Return recovery codes as they are shown: 80 random bits in four groups."""
    return [
        "-".join(
            "".join(secrets.choice(ALPHABET) for _ in range(_MARK))
            for _ in range(_CODE_LENGTH // _MARK)
        )
        for _ in range(CODES)
    ]


def plain_code(typed: str) -> str | None:
    """Return a recovery code as it is hashed; None for what is none.

    Signs that look alike are taken for each other, as Crockford's base 32 has it.
    """
    code = typed.upper().translate(str.maketrans("ILO", "110", " -"))
    fits = len(code) == _CODE_LENGTH and set(code) <= set(ALPHABET)
    return code if fits else None


def mark_of(code: str) -> str:
    """Return the signs by which a plain code is found."""
    return code[:_MARK]


def hashes_of(codes: list[str]) -> list[tuple[str, str]]:
    """Return the marks and hashes that are kept of recovery codes."""
    plain = [code.replace("-", "") for code in codes]
    return [(mark_of(code), hash_password(code)) for code in plain]

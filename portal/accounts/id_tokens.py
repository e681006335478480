"""ID tokens: which are believed, and of whom they speak.

Source: OpenID Connect Core 1.0, sections 3.1.3.7 and 16; OWASP ASVS 5.0, V9 and V10.5.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey, import_key

from portal.core import clock

#: Public-key signatures alone: a shared secret or none at all proves nothing here.
ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "Ed25519"),
)

#: By how much the provider's clock may be off, in seconds.
LEEWAY_S = 60

#: Longest subject, in characters.
LONGEST_SUBJECT = 255

_SHORTEST_RSA = 2048

_KINDS: Mapping[str, type[RSAKey | ECKey | OKPKey]] = {
    "RS": RSAKey,
    "PS": RSAKey,
    "ES": ECKey,
    "Ed": OKPKey,
}


class ProviderError(Exception):
    """A provider did not answer, or answered what is not believed.

    The message is for the log, and holds nothing that is secret.
    is_away    : it did not answer at all.
    is_refusal : it says, rightly, that nobody has signed in there.
    """

    def __init__(self, why: str, *, is_away: bool = False, is_refusal: bool = False) -> None:
        """Say why."""
        super().__init__(why)
        self.is_away, self.is_refusal = is_away, is_refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a token must say.

    acr_values : the sign-in must be worth one of these; () for any.
    is_fresh   : the person must have signed in there after `started_at`.
    """

    issuer: str
    client_id: str
    nonce: str
    acr_values: tuple[str, ...]
    started_at: datetime
    is_fresh: bool


def usable(found: Mapping[str, Any]) -> list[Key]:
    """Return the keys of a JWK Set with which tokens may be signed; others are left out."""
    listed = found.get("keys")
    keys = map(_usable, listed if isinstance(listed, list) else ())
    return [key for key in keys if key is not None]


def _usable(told: Any) -> Key | None:
    if not isinstance(told, dict) or told.get("use", "sig") != "sig":
        return None
    if told.get("kty") == "RSA" and len(str(told.get("n", ""))) * 6 < _SHORTEST_RSA - 6:
        return None
    try:
        key = import_key(told)
    except (JoseError, KeyError, TypeError, ValueError):
        return None
    return key if isinstance(key, RSAKey | ECKey | OKPKey) else None


def choose(keys: list[Key], header: Mapping[str, Any]) -> Key | None:
    """Return the key that a token's header names; without a name, the only one that fits.

    header : its `alg` is one of `ALGORITHMS`.
    """
    kind = _KINDS[header["alg"][:2]]
    fitting = [key for key in keys if isinstance(key, kind)]
    if "kid" in header:
        fitting = [key for key in fitting if key.kid == header["kid"]]
    return fitting[0] if len(fitting) == 1 else None


def subject_of(
    tokens: Mapping[str, Any], key_for: Callable[[Mapping[str, Any]], Key], expected: Expected
) -> str:
    """Return of whom the ID token of a token response speaks.

    Raises ProviderError for a token that is not believed.
    """
    try:
        token = _verified(tokens.get("id_token"), key_for)
        claims = CodeIDToken(
            token.claims,
            token.header,
            {"iss": {"essential": True, "value": expected.issuer}},
            {
                "nonce": expected.nonce,
                "client_id": expected.client_id,
                "access_token": tokens.get("access_token"),
            },
        )
        claims.validate(now=int(clock.now().timestamp()), leeway=LEEWAY_S)
    except (JoseError, KeyError, TypeError, ValueError) as error:
        raise ProviderError(f"ID token: {error!s:.100}") from None
    _check(claims, expected)
    return str(claims["sub"])


def _verified(token: Any, key_for: Callable[[Mapping[str, Any]], Key]) -> jwt.Token:
    """Return a token whose signature is good."""
    if not isinstance(token, str) or not token.isascii():
        raise ProviderError("no ID token in the answer")
    header = jws.extract_compact(token.encode()).headers()
    if header.get("alg") not in ALGORITHMS:
        raise ProviderError(f"ID token: signed by {header.get('alg')!r:.20}")
    # Other words in the header, such as a place to fetch keys from, say nothing here.
    rules = jws.JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
    return jwt.decode(token, key_for(header), registry=rules)


def _check(claims: Mapping[str, Any], expected: Expected) -> None:
    """Refuse what the library lets pass."""
    # No other party is trusted with the portal's tokens, so there is none beside it.
    if claims["aud"] not in (expected.client_id, [expected.client_id]):
        raise ProviderError("ID token: for others, too")
    subject = claims["sub"]
    if not (
        0 < len(subject) <= LONGEST_SUBJECT and subject.isascii() and subject.isprintable()
    ):
        raise ProviderError("ID token: sub is empty, too long, or no plain text")
    started = expected.started_at.timestamp() - LEEWAY_S
    if claims["iat"] < started:
        raise ProviderError("ID token: made before the sign-in began")
    if expected.acr_values and claims.get("acr") not in expected.acr_values:
        raise ProviderError(f"ID token: acr is {claims.get('acr')!r:.60}")
    if expected.is_fresh and not _is_number(claims.get("auth_time"), at_least=started):
        raise ProviderError("ID token: nobody has signed in there anew")


def _is_number(value: Any, *, at_least: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= at_least

"""Talking with OpenID providers: where to send a browser, and what came back with it.

Sources: OpenID Connect Core 1.0 and Discovery 1.0, RFC 6749, 7523 (private_key_jwt), 7636
(PKCE), 9207 (`iss` in the response). Nothing a provider says is kept or logged but where it
lives, its keys, and, by the callers, who somebody is there.
"""

import hmac
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc.jwk import ECKey, Key, RSAKey
from requests import RequestException, Response

from portal.accounts import id_tokens
from portal.accounts.id_tokens import Expected, ProviderError
from portal.config import LOOPBACK, Provider
from portal.core import clock

#: How long a provider may say nothing, and how long an answer may take in all, in seconds.
PATIENCE_S, LONGEST_S = 5.0, 10.0

#: The largest answer that is read, in bytes.
LARGEST = 1_000_000

#: How long it is believed where a provider lives, and which keys it has.
KEPT = timedelta(hours=1)

#: How long the portal's own signature is good for, in seconds.
_ASSERTION_S = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What a provider says of itself. says_issuer : whether responses carry `iss`."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    says_issuer: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One sign-in at a provider, as it was begun; nobody but the browser's own cookie knows.

    is_fresh : the person has to sign in there anew, however short ago that was.
    """

    redirect_uri: str
    state: str
    nonce: str
    verifier: str
    started_at: datetime
    is_fresh: bool = False

    @classmethod
    def new(cls, redirect_uri: str, *, is_fresh: bool = False) -> "Request":
        """Begin one, with chance in it that nobody guesses."""
        return cls(
            redirect_uri=redirect_uri,
            state=secrets.token_urlsafe(32),
            nonce=secrets.token_urlsafe(32),
            verifier=secrets.token_urlsafe(48),
            started_at=clock.now(),
            is_fresh=is_fresh,
        )


class _Session(OAuth2Session):
    """Asks a provider, with bounds on time and size; a redirect is no answer."""

    def request(self, method: str, url: str, **options: Any) -> Response:
        """Send one request and read the answer whole."""
        until = time.monotonic() + LONGEST_S
        options |= {"allow_redirects": False, "stream": True, "timeout": PATIENCE_S}
        response: Response
        with super().request(method, url, **options) as response:
            if 300 <= response.status_code < 400:
                raise ProviderError(f"answered {response.status_code}, a redirect")
            response._content = _read(response, until)  # noqa: SLF001 - as it does itself
        return response


def _read(response: Response, until: float) -> bytes:
    read = bytearray()
    for piece in response.iter_content(16_384):
        read += piece
        if len(read) > LARGEST:
            raise ProviderError(f"answered with more than {LARGEST} bytes")
        if time.monotonic() > until:
            raise ProviderError("took too long", is_away=True)
    return bytes(read)


class Client:
    """The portal as one provider's client. Remembers where the provider lives, and its keys."""

    def __init__(self, provider: Provider) -> None:
        """Know nothing yet; the first sign-in asks."""
        self.provider = provider
        self._metadata: tuple[Metadata, datetime] | None = None
        self._keys: tuple[list[Key], datetime] | None = None

    def metadata(self) -> Metadata:
        """Return what the provider says of itself, asked for at most once an hour.

        Raises ProviderError if it does not answer, or calls itself otherwise than configured.
        """
        if self._metadata is None or self._metadata[1] <= clock.now():
            self._metadata = (self._discover(), clock.now() + KEPT)
        return self._metadata[0]

    def address_for(self, asked: Request) -> str:
        """Return where to send the browser: the provider's page, with what is asked of it."""
        more: dict[str, Any] = {"nonce": asked.nonce}
        if self.provider.acr_values:
            more["acr_values"] = " ".join(self.provider.acr_values)
        if asked.is_fresh:
            more |= {"prompt": "login", "max_age": "0"}
        with self._session(asked) as session:
            url, _ = session.create_authorization_url(
                self.metadata().authorization_endpoint,
                state=asked.state,
                code_verifier=asked.verifier,
                **more,
            )
        return str(url)

    def subject_of(self, asked: Request, said: Mapping[str, str]) -> str:
        """Return who has signed in there, by what the browser brought back.

        said : the response's parameters; `state` was compared by the caller.
        Raises ProviderError for whatever does not hold.
        """
        self._check_issuer(said.get("iss"))
        if "error" in said:
            raise ProviderError("the person did not sign in there", is_refusal=True)
        if not said.get("code"):
            raise ProviderError("no code in the response")
        expected = Expected(
            issuer=self.provider.issuer,
            client_id=self.provider.client_id,
            nonce=asked.nonce,
            acr_values=self.provider.acr_values,
            started_at=asked.started_at,
            is_fresh=asked.is_fresh,
        )
        tokens = self._redeem(asked, said["code"])
        return id_tokens.subject_of(tokens, self._key_for, expected)

    def _check_issuer(self, issuer: str | None) -> None:
        """Refuse a response that another provider gave. Source: RFC 9207."""
        if issuer is None:
            if self.metadata().says_issuer:
                raise ProviderError("no iss in the response, which it promises")
        elif not hmac.compare_digest(issuer.encode(), self.provider.issuer.encode()):
            raise ProviderError("the iss of the response is another one")

    def _redeem(self, asked: Request, code: str) -> dict[str, Any]:
        """Return the tokens that a code is worth."""
        url = self.metadata().token_endpoint
        try:
            with self._session(asked) as session:
                session.register_client_auth_method(self._signature(url, session))
                return dict(
                    session.fetch_token(
                        url,
                        grant_type="authorization_code",
                        code=code,
                        code_verifier=asked.verifier,
                        redirect_uri=asked.redirect_uri,
                    )
                )
        except AuthlibBaseError as error:
            # Not the description: who knows what stands in it.
            raise ProviderError(f"the code is worth nothing: {error.error!r:.60}") from None
        except RequestException as error:
            raise ProviderError(f"token endpoint: {_kind(error)}", is_away=True) from None
        except (TypeError, ValueError):
            raise ProviderError("token endpoint: no JSON object", is_away=True) from None

    def _signature(self, url: str, session: _Session) -> PrivateKeyJWT:
        """Return how the portal signs for itself at a token endpoint, where it has a key."""
        is_rsa = isinstance(session.client_secret, RSAKey)
        return PrivateKeyJWT(
            url,
            claims={"exp": int(time.time()) + _ASSERTION_S},
            headers={"kid": self.provider.key_id} if self.provider.key_id else {},
            alg="RS256" if is_rsa else "ES256",
        )

    def _key_for(self, header: Mapping[str, Any]) -> Key:
        """Return the key that a token names; for one unknown, they are fetched anew, once."""
        is_known = self._keys is not None and self._keys[1] > clock.now()
        if is_known and self._keys is not None:
            found = id_tokens.choose(self._keys[0], header)
            if found is not None:
                return found
        keys = id_tokens.usable(self._ask(self.metadata().jwks_uri))
        self._keys = (keys, clock.now() + KEPT)
        found = id_tokens.choose(keys, header)
        if found is None:
            raise ProviderError("the token is signed with no key of the provider's")
        return found

    def _discover(self) -> Metadata:
        issuer = self.provider.issuer
        found = self._ask(issuer.rstrip("/") + "/.well-known/openid-configuration")
        if found.get("issuer") != issuer:
            raise ProviderError(f"calls itself {found.get('issuer')!r:.100}, not {issuer!r}")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not self._is_safe(found.get(name)):
                raise ProviderError(f"{name} is no https:// address")
        return Metadata(
            authorization_endpoint=found["authorization_endpoint"],
            token_endpoint=found["token_endpoint"],
            jwks_uri=found["jwks_uri"],
            says_issuer=found.get("authorization_response_iss_parameter_supported") is True,
        )

    def _is_safe(self, url: Any) -> bool:
        """Return whether the way there is encrypted; on this machine that does not matter."""
        if not isinstance(url, str) or not (url.isascii() and url.isprintable()):
            return False
        parts = urlsplit(url)
        is_near = self.provider.is_loopback and parts.hostname in LOOPBACK
        return bool(parts.hostname) and (
            parts.scheme == "https" or (parts.scheme == "http" and is_near)
        )

    def _ask(self, url: str) -> dict[str, Any]:
        """Return the JSON object at an address of the provider's."""
        try:
            with _Session() as session:
                response = session.request("GET", url, withhold_token=True)
            response.raise_for_status()
            found = response.json()
        except RequestException as error:
            raise ProviderError(f"{url}: {_kind(error)}", is_away=True) from None
        if not isinstance(found, dict):
            raise ProviderError(f"{url}: no JSON object", is_away=True)
        return found

    def _session(self, asked: Request) -> _Session:
        """Return a session that says who the portal is, for this one exchange."""
        it = self.provider
        return _Session(
            client_id=it.client_id,
            client_secret=_key(it.private_key) if it.private_key else it.client_secret,
            token_endpoint_auth_method=(
                "private_key_jwt" if it.private_key else "client_secret_basic"
            ),
            scope=it.scope,
            redirect_uri=asked.redirect_uri,
            code_challenge_method="S256",
        )


def _key(pem: str) -> RSAKey | ECKey:
    is_rsa = isinstance(load_pem_private_key(pem.encode(), password=None), RSAPrivateKey)
    return RSAKey.import_key(pem) if is_rsa else ECKey.import_key(pem)


def _kind(error: RequestException) -> str:
    """Return what went wrong on the way, without what was sent: it holds secrets."""
    status = f" {error.response.status_code}" if error.response is not None else ""
    return f"{type(error).__name__}{status}"

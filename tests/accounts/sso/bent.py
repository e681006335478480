"""An OpenID provider that can be bent: right in all it does, but for what a test bends."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jws, jwt
from joserfc.jwk import RSAKey

from portal.config import Provider
from portal.core import clock

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "a secret between the portal and the provider"

_KEY = RSAKey.generate_key(2048, {"kid": "first", "use": "sig"})
_OTHER = RSAKey.generate_key(2048, {"kid": "second", "use": "sig"})


@dataclass
class Bent:
    """One provider on a port of this machine. What is set to None is left out.

    subject  : who signs in there.
    metadata, claims, header, answer, tokens : said over what would be right: of itself, in the
               ID token and its header, in the browser's way back, in the token response.
    algorithm: how the ID token is signed.
    key, published : the key that signs, and those that it shows.
    raw      : what the token endpoint says in place of tokens: status, headers, body.
    pause_s  : how long the token endpoint waits.
    asked    : what came to the authorization endpoint; redeemed: to the token endpoint.
    seen     : every path that was asked for.
    """

    port: int
    subject: str = "subject-1"
    metadata: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    answer: dict[str, Any] = field(default_factory=dict)
    tokens: dict[str, Any] = field(default_factory=dict)
    algorithm: str = "RS256"
    key: RSAKey = field(default_factory=lambda: _KEY)
    published: list[Any] = field(default_factory=lambda: [_KEY.as_dict(private=False)])
    raw: tuple[int, dict[str, str], str] | None = None
    pause_s: float = 0
    asked: list[dict[str, str]] = field(default_factory=list)
    redeemed: list[tuple[dict[str, str], str]] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def provider(self, name: str = "alpha-id", **changes: Any) -> Provider:
        """Return the provider as the portal is set up for it."""
        known = {
            "name": name,
            "label": "Alpha ID",
            "issuer": self.issuer,
            "client_id": "the portal",
            "client_secret": SECRET,
        }
        return Provider(**known | changes)

    def rotate(self) -> None:
        """Sign with another key from now on, and show it."""
        self.key = _OTHER
        self.published = [_OTHER.as_dict(private=False)]

    # ------------------------------------------------------------ what is answered

    def about_itself(self) -> dict[str, Any]:
        told = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "authorization_response_iss_parameter_supported": True,
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
        }
        return _said(told | self.metadata)

    def way_back(self, query: dict[str, str]) -> str:
        """Return where the browser is sent after somebody has signed in."""
        self.asked.append(query)
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        right = {"code": code, "state": query["state"], "iss": self.issuer}
        told = _said(right | self.answer)
        return f"{query['redirect_uri']}?{urlencode(told, doseq=True)}"

    def tokens_for(self, body: dict[str, str], authorization: str) -> tuple[int, Any]:
        """Return status and body for a code; only the right verifier and secret redeem it."""
        self.redeemed.append((body, authorization))
        query = self.codes.pop(body.get("code", ""), None)
        digest = hashlib.sha256(body.get("code_verifier", "").encode()).digest()
        challenge = _b64(digest)
        who = base64.b64encode(f"the portal:{SECRET}".encode()).decode()
        if authorization != f"Basic {who}":
            return 401, {"error": "invalid_client"}
        if query is None or query.get("code_challenge") != challenge:
            return 400, {"error": "invalid_grant", "error_description": "canary of the idp"}
        token = self.id_token(query)
        right = {"access_token": "canary-access", "token_type": "Bearer", "id_token": token}
        return 200, _said(right | self.tokens)

    def id_token(self, query: dict[str, str]) -> str:
        now = int(clock.now().timestamp())
        right = {
            "iss": self.issuer,
            "sub": self.subject,
            "aud": "the portal",
            "exp": now + 300,
            "iat": now,
            "auth_time": now,
            "nonce": query.get("nonce"),
            "acr": query.get("acr_values"),
        }
        claims = _said(right | self.claims)
        header = _said({"alg": self.algorithm, "kid": self.key.kid} | self.header)
        if self.algorithm == "none":
            parts = (_b64(json.dumps(part).encode()) for part in (header, claims))
            return ".".join(parts) + "."
        if self.algorithm == "HS256":  # with what everybody can read for a secret
            signed = ".".join(_b64(json.dumps(part).encode()) for part in (header, claims))
            secret = self.key.as_pem(private=False)
            return f"{signed}.{_b64(hmac.digest(secret, signed.encode(), 'sha256'))}"
        rules = jws.JWSRegistry(algorithms=[self.algorithm], strict_check_header=False)
        return jwt.encode(header, claims, self.key, registry=rules)


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _said(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if value is not None}


class _Handler(BaseHTTPRequestHandler):
    bent: Bent

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        self.bent.seen.append(url.path)
        if url.path == "/.well-known/openid-configuration":
            self._json(200, self.bent.about_itself())
        elif url.path == "/keys":
            self._json(200, {"keys": self.bent.published})
        elif url.path == "/authorize":
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            self._send(302, {"Location": self.bent.way_back(query)}, "")
        else:
            self._send(404, {}, "")

    def do_POST(self) -> None:
        self.bent.seen.append(self.path)
        typed = self.rfile.read(int(self.headers["Content-Length"])).decode()
        body = {name: values[0] for name, values in parse_qs(typed).items()}
        time.sleep(self.bent.pause_s)
        status, told = self.bent.tokens_for(body, self.headers.get("Authorization", ""))
        if self.bent.raw is not None:
            self._send(*self.bent.raw)
        else:
            self._json(status, told)

    def _json(self, status: int, told: Any) -> None:
        self._send(status, {"Content-Type": "application/json"}, json.dumps(told))

    def _send(self, status: int, headers: dict[str, str], body: str) -> None:
        try:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())
        except OSError:
            self.close_connection = True  # the portal has hung up

    def log_message(self, *_words: Any) -> None:
        """Say nothing on the test's output."""


@contextmanager
def provider_at_work(**bends: Any) -> Iterator[Bent]:
    """Lend a provider that serves, until the test is over."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    bent = Bent(server.server_address[1], **bends)
    server.RequestHandlerClass = type("Handler", (_Handler,), {"bent": bent})
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield bent
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

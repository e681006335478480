"""A passkey in software: makes and shows credentials as a browser does (W3C WebAuthn)."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import secrets
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

_ASKED = re.compile(r"data-passkey=\"(get|create)\"\s+data-asked='([^']*)'")

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def asked_of(page: str) -> dict[str, Any]:
    """Return what a page asks a browser for."""
    found = _ASKED.search(page)
    assert found, f"no passkey is asked for: {page[:2000]}"
    asked: dict[str, Any] = json.loads(html.unescape(found[2]))
    return asked


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass(slots=True)
class SoftPasskey:
    """One credential. flags, count and what else is told can be bent by a test."""

    origin: str = "http://localhost"
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    count: int = 0
    flags: int = PRESENT | VERIFIED

    @property
    def name(self) -> str:
        """The credential's id, as it is kept."""
        return _b64(self.credential_id)

    @property
    def public_key(self) -> bytes:
        """The COSE key, as it is kept."""
        numbers = self.key.public_key().public_numbers()
        return cbor2.dumps(
            {
                1: 2,
                3: -7,
                -1: 1,
                -2: numbers.x.to_bytes(32, "big"),
                -3: numbers.y.to_bytes(32, "big"),
            }
        )

    def show(self, asked: dict[str, Any], **bent: Any) -> str:
        """Answer a page that asks for a passkey; returns what goes into the form."""
        client = self._client("webauthn.get", asked, **bent)
        data = self._data(bent.get("rp_id", asked.get("rpId")))
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        return self._answer(
            {
                "authenticatorData": _b64(data),
                "clientDataJSON": _b64(client),
                "signature": _b64(signature),
            }
        )

    def make(self, asked: dict[str, Any], **bent: Any) -> str:
        """Answer a page that asks for a new passkey."""
        client = self._client("webauthn.create", asked, **bent)
        data = self._data(bent.get("rp_id", asked["rp"]["id"]), ATTESTED)
        data += bytes(16) + len(self.credential_id).to_bytes(2, "big")
        data += self.credential_id + self.public_key
        told = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer({"attestationObject": _b64(told), "clientDataJSON": _b64(client)})

    def _client(self, kind: str, asked: dict[str, Any], **bent: Any) -> bytes:
        told = {
            "type": bent.get("type", kind),
            "challenge": bent.get("challenge", asked["challenge"]),
            "origin": bent.get("origin", self.origin),
            "crossOrigin": False,
        }
        return json.dumps(told).encode()

    def _data(self, rp_id: str, more: int = 0) -> bytes:
        digest = hashlib.sha256(rp_id.encode()).digest()
        return digest + bytes([self.flags | more]) + self.count.to_bytes(4, "big")

    def _answer(self, response: dict[str, str]) -> str:
        return json.dumps(
            {
                "id": self.name,
                "rawId": self.name,
                "type": "public-key",
                "clientExtensionResults": {},
                "response": response,
            }
        )


def of_person(email: str, origin: str = "http://localhost") -> SoftPasskey:
    """Return the passkey of somebody of the tests' world: always the same for an address."""
    digest = hashlib.sha256(f"passkey of {email.lower()}".encode()).digest()
    number = int.from_bytes(digest, "big") % (2**255)
    return SoftPasskey(origin, ec.derive_private_key(number, ec.SECP256R1()), digest)

"""Passkeys: what a browser is asked, and what of its answer is believed.

Source: W3C Web Authentication, by py_webauthn. Attestation is not asked for: any authenticator
will do that keeps a key and asks its owner.
"""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from portal.accounts.models import Passkey, Person
from portal.accounts.operations import NewPasskey

#: An answer of a browser is at most this long, in signs.
LONGEST = 20_000


@dataclass(frozen=True, slots=True)
class Site:
    """The portal as browsers know it. origin : such as https://portal.example.gov."""

    name: str
    origin: str

    @property
    def host(self) -> str:
        """The relying party's id: the name that passkeys are bound to."""
        return urlsplit(self.origin).hostname or ""


def ask_for_new(
    site: Site, person: Person, held: tuple[Passkey, ...], challenge: bytes
) -> dict[str, Any]:
    """Return the options by which a browser makes a passkey for a person."""
    options = webauthn.generate_registration_options(
        rp_id=site.host,
        rp_name=site.name,
        user_id=person.reference.encode(),
        user_name=person.email,
        user_display_name=person.name or person.email,
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_described(held),
    )
    return _plain(options)


def ask_for_known(site: Site, held: tuple[Passkey, ...], challenge: bytes) -> dict[str, Any]:
    """Return the options by which a browser shows a passkey: one held, or any."""
    options = webauthn.generate_authentication_options(
        rp_id=site.host,
        challenge=challenge,
        allow_credentials=_described(held),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return _plain(options)


def read_new(site: Site, answer: str, challenge: bytes, *, name: str) -> NewPasskey | None:
    """Return the credential of a registration; None for what cannot be believed."""
    try:
        made = webauthn.verify_registration_response(
            credential=answer[:LONGEST],
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError):
        return None
    return NewPasskey(
        name=name,
        credential_id=bytes_to_base64url(made.credential_id),
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
    )


def credential_id_of(answer: str) -> str | None:
    """Return which credential an answer speaks of; None for what is no answer."""
    try:
        told = json.loads(answer[:LONGEST])
        return bytes_to_base64url(base64url_to_bytes(told["id"]))
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def read_known(site: Site, answer: str, challenge: bytes, passkey: Passkey) -> int | None:
    """Return the new count of uses if a passkey answered the challenge; else None."""
    try:
        shown = webauthn.verify_authentication_response(
            credential=answer[:LONGEST],
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError):
        return None
    return shown.new_sign_count


def _described(held: tuple[Passkey, ...]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(id=base64url_to_bytes(it.credential_id)) for it in held
    ]


def _plain(options: Any) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(webauthn.options_to_json(options))
    return plain

"""Sealing: what the database keeps but must not tell, such as an authenticator's secret.

Source: Fernet (AES-128-CBC with HMAC-SHA256) under a key derived by HKDF from the portal's own.
Beside it tokens that are kept nowhere, as they can be worked out anew: HMAC-SHA256.
"""

import base64
import hmac

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def _fernet(secret_key: str) -> Fernet:
    derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"portal sealing 1")
    return Fernet(base64.urlsafe_b64encode(derive.derive(secret_key.encode())))


def seal(secret_key: str, text: str) -> str:
    """Return the text so that only who has the portal's secret key can read it."""
    return _fernet(secret_key).encrypt(text.encode()).decode()


def unseal(secret_key: str, sealed: str) -> str | None:
    """Return what was sealed; None when the key is another one."""
    try:
        return _fernet(secret_key).decrypt(sealed.encode()).decode()
    except InvalidToken:
        return None


def token_for(secret_key: str, name: str) -> str:
    """Return the token, of 256 bits, of a link that the portal writes more than once.

    name : what the link is for; unique, but no secret.
    """
    digest = hmac.digest(secret_key.encode(), f"portal link 1 {name}".encode(), "sha256")
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")

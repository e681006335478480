"""ID tokens that are not believed: refused in plain words, nothing written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from joserfc.jwk import OctKey, RSAKey
from joserfc.util import json_b64encode

from tests.accounts.sso.journeys import REFUSED, Visit, Written, link

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from portal.config import Provider
    from tests.world import World


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": None},
        {"nonce": "another"},
        {"nonce": ""},
        {"aud": None},
        {"aud": "somebody else"},
        {"aud": ["the portal", "somebody else"]},
        {"aud": ["the portal", "somebody else"], "azp": "the portal"},
        {"aud": ["somebody else"], "azp": "the portal"},
        {"aud": []},
        {"aud": {"the portal": 1}},
        {"azp": "somebody else"},
        {"exp": None},
        {"exp": 1},
        {"exp": "tomorrow"},
        {"iat": None},
        {"iat": 1},
        {"iat": 4_000_000_000},
        {"nbf": 4_000_000_000},
        {"iss": None},
        {"iss": "https://evil.example"},
        {"iss": ["https://evil.example"]},
        {"sub": None},
        {"sub": ""},
        {"sub": "x" * 256},
        {"sub": "x\0y"},
        {"sub": "é"},
        {"sub": 7},
        {"sub": ["subject-1"]},
        {"acr": None},
        {"acr": "weak"},
        {"acr": ["strong"]},
        {"at_hash": "another"},
    ],
    ids=lambda it: json.dumps(it)[:40],
)
def test_a_token_that_says_something_else(visit: Visit, claims: dict[str, Any]):
    visit.bent.claims = claims
    visit.comes_to_nothing(visit.client.get(visit.back()), 403, REFUSED)


@pytest.mark.parametrize("subject", ["x", "x" * 255])
def test_a_subject_of_any_length_that_is_allowed(
    visit: Visit, session: Session, world: World, provider: Provider, subject: str
):
    link(session, world, "bravo", provider, subject)
    visit.bent.subject = subject
    assert visit.client.get(visit.back()).status_code == 303
    assert "Bravo Person" in visit.client.page("/account").main


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_token_that_anybody_could_have_made(visit: Visit, algorithm: str):
    visit.bent.algorithm = algorithm
    visit.comes_to_nothing(visit.client.get(visit.back()), 403, REFUSED)


def test_a_secret_among_the_keys_that_everybody_reads(visit: Visit):
    shared = OctKey.import_key(visit.bent.key.as_pem(private=False).hex())
    visit.bent.published = [{**shared.as_dict(private=True), "kid": "first", "use": "sig"}]
    visit.bent.algorithm = "HS256"
    visit.comes_to_nothing(visit.client.get(visit.back()), 403, REFUSED)


@pytest.mark.parametrize(
    "header",
    [
        {"kid": "unknown"},
        {"kid": 7},
        {"alg": "ES256"},
        {"crit": ["exp"]},
        {"jku": "http://127.0.0.1:1/keys", "kid": "unknown"},
    ],
    ids=str,
)
def test_a_token_with_another_header(visit: Visit, header: dict[str, Any]):
    good = visit.bent.id_token

    def bend(query: dict[str, str]) -> str:
        token = good(query)
        return forged(token, header)

    visit.bent.id_token = bend  # type: ignore[method-assign]
    visit.comes_to_nothing(visit.client.get(visit.back()), 403, REFUSED)


def forged(token: str, header: dict[str, Any]) -> str:
    """Return a token under another header, its signature as it was."""
    known = {"alg": "RS256", "kid": "first"}
    _, payload, signature = token.split(".")
    return f"{json_b64encode(known | header).decode()}.{payload}.{signature}"


def test_a_token_that_another_key_has_signed(visit: Visit):
    visit.bent.key = RSAKey.generate_key(2048, {"kid": "first"})
    visit.comes_to_nothing(visit.client.get(visit.back()), 403, REFUSED)


def test_a_key_that_is_not_for_signing(visit: Visit):
    visit.bent.published = [{**visit.bent.published[0], "use": "enc"}]
    visit.comes_to_nothing(visit.client.get(visit.back()), 403, REFUSED)


def test_keys_that_are_none(visit: Visit):
    visit.bent.published = ["x", None, {}, {"kty": "RSA"}, {"kty": "RSA", "n": "AQAB", "e": 3}]
    visit.comes_to_nothing(visit.client.get(visit.back()), 403, REFUSED)


def test_new_keys_are_fetched_once_and_a_good_one_works(visit: Visit):
    assert visit.client.get(visit.back()).status_code == 303
    visit.bent.rotate()
    visit.client.delete_cookie("sid")
    assert visit.client.get(visit.back()).status_code == 303
    assert visit.bent.seen.count("/keys") == 2
    visit.client.delete_cookie("sid")
    visit.bent.header = {"kid": "unknown"}
    visit.before = Written.now(visit.session)
    visit.comes_to_nothing(visit.client.get(visit.back()), 403, REFUSED)
    assert visit.bent.seen.count("/keys") == 3


def test_the_only_key_needs_no_name(visit: Visit):
    visit.bent.header = {"kid": None}
    assert visit.client.get(visit.back()).status_code == 303


@pytest.mark.parametrize("token", [None, "", "x", "a.b.c", "....", 7, ["x"], "é.é.é", {}])
def test_no_token_at_all(visit: Visit, token: Any):
    visit.bent.tokens = {"id_token": token}
    visit.comes_to_nothing(visit.client.get(visit.back()), 403, REFUSED)

"""A provider, or somebody between, that misbehaves: refused in plain words, nothing written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pytest

from portal.accounts import openid
from tests.accounts.sso.bent import provider_at_work
from tests.accounts.sso.journeys import (
    AWAY,
    LOST,
    REFUSED,
    Visit,
    Written,
    changed,
    go,
    leave,
    press,
    sign_in_there,
    spent,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from portal.config import Provider
    from tests.conftest import HeldClock


def test_when_nothing_is_bent_it_works(visit: Visit):
    assert visit.client.get(visit.back()).status_code == 303
    assert visit.client.get("/account").status_code == 200


# ---------------------------------------------------------------- the way back


@pytest.mark.parametrize("state", [None, "", "x", "x" * 43, "é", ["x", "y"]], ids=ascii)
def test_another_state(visit: Visit, state: Any):
    back = visit.back()
    visit.comes_to_nothing(visit.client.get(changed(back, state=state)), 410, LOST)
    assert visit.bent.redeemed == [], "the code stays unused"
    assert visit.client.get(back).status_code == 303, "and the person is not held up by it"


def test_an_answer_that_nobody_asked_for(visit: Visit):
    for path in ("", "?code=x", "?code=x&state=y", "?error=access_denied"):
        answer = visit.client.get(f"/sign-in/with/alpha-id/back{path}")
        visit.comes_to_nothing(answer, 410, LOST)
    visit.comes_to_nothing(visit.client.get("/sign-in/with/nobody/back?state=x"), 410, LOST)


def test_the_same_answer_a_second_time(visit: Visit, app: Flask):
    back = visit.back()
    kept = visit.client.get_cookie("sid")
    assert kept is not None
    assert visit.client.get(back).status_code == 303
    thief = app.test_client()
    thief.set_cookie("sid", kept.value)
    visit.before = Written.now(visit.session)
    Visit(thief, visit.bent, visit.session).comes_to_nothing(thief.get(back), 410, LOST)
    assert len(visit.bent.redeemed) == 1
    assert spent(visit.session) == 1


def test_an_answer_in_another_browser(visit: Visit, app: Flask):
    """Somebody lets another come in as themselves (login CSRF)."""
    other = app.test_client()
    other.page("/sign-in")
    victim = Visit(other, visit.bent, visit.session)
    victim.comes_to_nothing(other.get(visit.back()), 410, LOST)
    leave(other, "/sign-in", "/sign-in/with/alpha-id")
    victim.comes_to_nothing(other.get(visit.back()), 410, LOST)
    assert visit.bent.redeemed == []


def test_an_answer_after_ten_minutes(visit: Visit, held_clock: HeldClock):
    back = visit.back()
    held_clock.tick(601)
    visit.comes_to_nothing(visit.client.get(back), 410, LOST)


def test_an_answer_to_what_was_asked_before(visit: Visit):
    first = visit.back()
    visit.away()
    visit.comes_to_nothing(visit.client.get(first), 410, LOST)


@pytest.mark.parametrize("issuer", [None, "", "http://127.0.0.1:1", "canary", ["a", "b"]])
def test_another_issuer_in_the_answer_or_none_where_one_is_promised(visit: Visit, issuer: Any):
    answer = visit.client.get(changed(visit.back(), iss=issuer))
    lost = isinstance(issuer, list)
    visit.comes_to_nothing(answer, 410 if lost else 403, LOST if lost else REFUSED)
    assert visit.bent.redeemed == [], "no code goes to the wrong provider"


def test_no_issuer_in_the_answer_where_none_is_promised(visit: Visit):
    visit.bent.metadata = {"authorization_response_iss_parameter_supported": None}
    assert visit.client.get(changed(visit.back(), iss=None)).status_code == 303


def test_one_provider_answers_for_another(
    make_app: Callable[..., Flask], visit: Visit, provider: Provider
):
    with provider_at_work() as evil:
        other = evil.provider("evil-id", label="Evil")
        visit.client = make_app(providers=(provider, other)).test_client()
        back = sign_in_there(leave(visit.client, "/sign-in", "/sign-in/with/evil-id"))
        visit.comes_to_nothing(visit.client.get(back.replace("evil-id", "alpha-id")), 410, LOST)
        code = dict(
            parse_qsl(
                sign_in_there(
                    leave(visit.client, "/sign-in", "/sign-in/with/alpha-id")
                ).partition("?")[2]
            )
        )["code"]
        back = sign_in_there(leave(visit.client, "/sign-in", "/sign-in/with/evil-id"))
        answer = visit.client.get(changed(back, code=code, iss=visit.bent.issuer))
        visit.comes_to_nothing(answer, 403, REFUSED)
        assert evil.redeemed == [], "the honest provider's code never reaches the other"


def test_nobody_signed_in_there(visit: Visit):
    back = changed(
        visit.back(), code=None, error="access_denied", error_description="<b>canary</b>"
    )
    visit.comes_to_nothing(visit.client.get(back), 403, "you did not finish there")


@pytest.mark.parametrize("code", [None, "", "another"])
def test_a_code_that_is_worth_nothing(visit: Visit, code: str | None):
    answer = visit.client.get(changed(visit.back(), code=code))
    visit.comes_to_nothing(answer, 403, REFUSED)


def test_a_code_that_was_used(visit: Visit, app: Flask):
    used = dict(parse_qsl(visit.back().partition("?")[2]))["code"]
    other = app.test_client()
    back = sign_in_there(leave(other, "/sign-in", "/sign-in/with/alpha-id"))
    answer = other.get(changed(back, code=used))
    Visit(other, visit.bent, visit.session).comes_to_nothing(answer, 403, REFUSED)


# ---------------------------------------------------------------- the endpoints


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ((500, {}, ""), AWAY),
        ((503, {"Content-Type": "text/html"}, "<h1>canary</h1>"), AWAY),
        ((200, {"Content-Type": "text/html"}, "<h1>canary</h1>"), AWAY),
        ((200, {"Content-Type": "application/json"}, "[]"), AWAY),
        ((200, {"Content-Type": "application/json"}, "x" * 1_100_000), REFUSED),
        ((400, {"Content-Type": "application/json"}, '{"error": "canary"}'), REFUSED),
        ((200, {"Content-Type": "application/json"}, '{"error": {"a": "canary"}}'), REFUSED),
        ((302, {"Location": "/keys"}, ""), REFUSED),
        ((307, {"Location": "http://127.0.0.1:1/"}, ""), REFUSED),
    ],
    ids=lambda it: repr(it)[:60],
)
def test_a_token_endpoint_out_of_order(visit: Visit, raw: Any, words: str):
    visit.bent.raw = raw
    answer = visit.client.get(visit.back())
    visit.comes_to_nothing(answer, 502 if words == AWAY else 403, words)
    assert visit.bent.seen[-1] == "/token", "a redirect is not followed"


def test_a_token_endpoint_that_says_nothing(visit: Visit, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(openid, "PATIENCE_S", 0.2)
    visit.bent.pause_s = 1
    visit.comes_to_nothing(visit.client.get(visit.back()), 502, AWAY)


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"token_endpoint": None},
        {"token_endpoint": 7},
        {"token_endpoint": "http://evil.example/token"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "https://x.example/\r\nSet-Cookie: a=b"},
        {"jwks_uri": "file:///etc/passwd"},
    ],
    ids=str,
)
def test_a_provider_that_calls_itself_otherwise(visit: Visit, metadata: dict[str, Any]):
    visit.bent.metadata = metadata
    answer = press(visit.client, "/sign-in", "/sign-in/with/alpha-id")
    visit.comes_to_nothing(answer, 403, REFUSED)
    assert "Refresh" not in answer.headers


def test_a_slash_more_is_another_issuer(visit: Visit):
    visit.bent.metadata = {"issuer": f"{visit.bent.issuer}/"}
    answer = press(visit.client, "/sign-in", "/sign-in/with/alpha-id")
    visit.comes_to_nothing(answer, 403, REFUSED)


def test_a_provider_that_is_not_there(make_app: Callable[..., Flask], visit: Visit):
    gone = visit.bent.provider(issuer="http://127.0.0.1:1")
    visit.client = make_app(providers=(gone,)).test_client()
    answer = press(visit.client, "/sign-in", "/sign-in/with/alpha-id")
    visit.comes_to_nothing(answer, 502, AWAY)


def test_the_portal_shows_the_verifier_to_the_provider_alone(visit: Visit):
    """A provider that ignores it is not ours to see; ours is to ask for it, each time."""
    back = visit.back()
    assert "code_verifier" not in visit.bent.asked[0]
    visit.client.get(back)
    assert "code_verifier" in visit.bent.redeemed[0][0]


def test_a_verifier_that_is_not_the_browsers(visit: Visit, app: Flask):
    """Somebody brings a code that was made for another browser."""
    theirs = dict(parse_qsl(visit.back().partition("?")[2]))["code"]
    other = app.test_client()
    back = sign_in_there(leave(other, "/sign-in", "/sign-in/with/alpha-id"))
    Visit(other, visit.bent, visit.session).comes_to_nothing(
        other.get(changed(back, code=theirs)), 403, REFUSED
    )


def test_who_is_refused_can_come_in_the_next_time(visit: Visit):
    visit.bent.claims = {"nonce": "another"}
    visit.client.get(visit.back())
    visit.bent.claims = {}
    assert go(visit.client).status_code == 303

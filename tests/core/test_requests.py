"""Where a person may be sent after signing in: to this portal, and nowhere else."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portal.core.web.requests import is_own_path
from tests.passkeys import of_person
from tests.world import PASSWORD

OWN = [
    "/",
    "/incidents/EX27/feed",
    "/incidents/EX27/feed?before=EX27-AAAA",
    "/a?next=https://elsewhere.example/",
    "/a#b",
    "/%2f%2felsewhere.example",
    "/@elsewhere.example",
    "/:80",
]

FOREIGN = [
    "",
    "incidents",
    "https://elsewhere.example",
    "http:elsewhere.example",
    "//elsewhere.example",
    "///elsewhere.example",
    "////elsewhere.example",
    "/\\elsewhere.example",
    "\\\\elsewhere.example",
    "\\/elsewhere.example",
    "/\\/elsewhere.example",
    "//\\elsewhere.example",
    "/a\\..\\..\\elsewhere",
    "/\t/elsewhere.example",
    "/\n/elsewhere.example",
    "/\r\n/elsewhere.example",
    "\t//elsewhere.example",
    " //elsewhere.example",
    " https://elsewhere.example",
    "/a\r\nLocation: https://elsewhere.example",
    "/a\r\nSet-Cookie: sid=1",
    "/\x00/elsewhere.example",
    "/\x0b/elsewhere.example",
    "/\u2028/elsewhere.example",
    "/\u200b/elsewhere.example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "file:///etc/passwd",
    "mailto:a@elsewhere.example",
    "@elsewhere.example",
    "?next=//elsewhere.example",
    "#//elsewhere.example",
    "..//elsewhere.example",
    "elsewhere.example/",
]


@pytest.mark.parametrize("target", OWN)
def test_a_path_of_the_portal_is_its_own(target):
    assert is_own_path(target)


@pytest.mark.parametrize("target", FOREIGN)
def test_what_may_lead_elsewhere_is_refused(target):
    assert not is_own_path(target)


def as_browsers_do(target: str) -> str:
    """Return the host that a browser would go to: it drops some signs and turns backslashes."""
    seen = target.translate(dict.fromkeys(map(ord, "\t\r\n"))).strip("\x00\x1f ")
    return urlsplit(urljoin("https://portal.example/sign-in", seen.replace("\\", "/"))).netloc


@given(
    target=st.text("/\\.:@?#%\t\r\n aehlsvw\x00\u2028", max_size=12)
    | st.from_regex(r"\A/[/\\\t]*[a-z.@:]{0,9}\Z")
)
@example("/\\elsewhere.example")
@example("//elsewhere.example")
def test_whatever_is_let_through_stays_here(target):
    if is_own_path(target):
        assert as_browsers_do(target) == "portal.example"


@pytest.mark.one_backend
@pytest.mark.parametrize("target", FOREIGN[1:])
def test_signing_in_leads_nowhere_else(anonymous, world, target):
    page = anonymous.get("/sign-in", query_string={"next": target})
    assert "elsewhere.example" not in page.headers.get("Location", "")
    form = anonymous.page("/sign-in").form("sign_in.start")
    answer = anonymous.post(
        "/sign-in",
        query_string={"next": target},
        data=form.filled | {"email": world.people["alpha"].email, "password": PASSWORD},
    )
    assert answer.status_code in {303, 404}
    if answer.status_code == 303:
        answer = anonymous.show_passkey(
            "/sign-in/second", of_person(world.people["alpha"].email)
        )
    assert answer.headers.get_all("Location") in [["/"], []]

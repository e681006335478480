"""Nothing that can be sent breaks anything: every field of every form, every path and query."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from tests.pages import words_of
from tests.whole.moving import FORMS, form_of
from tests.whole.refused import GOOD_OFFER, GOOD_REPORT, OFFER, REPORT, said_at, written
from tests.whole.routes import pages_of, routes_of
from tests.whole.scene import csrf_of
from tests.whole.stages import invited

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.pages import Form, Page

LONG = "x" * 200_000
TEXTS = {"text", "email", "tel", "password", "datetime-local", "search", "number", "url"}


def fields_of(form: Form) -> Iterator[tuple[str, str, bool]]:
    """Yield name, kind and whether it must be filled in, of all that one can type or choose."""
    seen = set()
    for it in form.element.iter():
        name, kind = it.get("name"), it.get("type", "text")
        if it.tag not in {"input", "select", "textarea"} or kind == "hidden" or not name:
            continue
        if name not in seen:
            is_text = it.tag == "textarea" or (it.tag == "input" and kind in TEXTS)
            yield name, "text" if is_text else "choice", it.get("required") is not None
        seen.add(name)


def attacks(form: Form, foreign: str) -> Iterator[tuple[str, Any]]:
    """Yield a field and what it must refuse."""
    for name, kind, required in fields_of(form):
        if kind == "text":
            yield name, LONG
        else:
            for value in ("no such code", foreign, LONG):
                yield name, value
            yield name, ["no such code", "no such code"]
        if required:
            yield from ((name, value) for value in (None, "", "  ", "\0", "\u202e"))


def assert_said(page: Page, sent: Form, name: str) -> None:
    alike = [it for it in page.forms if (it.move, it.method) == (sent.move, "post")]
    said = "".join({said_at(page, it, name) for it in alike}).removeprefix("Error: ")
    assert said, name
    told = [words_of(it) for box in page.with_class("errsum") for it in box.iter("a")]
    assert said in " ".join(told), name
    assert LONG[:500] not in said


@pytest.mark.sampled(4)
@pytest.mark.parametrize(("stage", "move"), FORMS)
def test_no_field_of_any_form_takes_what_it_does_not_offer(scene, stage, move):
    client, form = form_of(scene, stage, move)
    typed = stage.fill(scene.world, move)
    before = written(scene)
    foreign = scene.world.organizations["agency"].reference
    if f"{stage.machine.subject}.{move}" == "person.invite":
        foreign = "0" * 8  # here one chooses among all
    for name, value in attacks(form, foreign):
        answer = client.submit(form, **{**typed, name: value})
        assert answer.status_code == 422, (name, str(value)[:80])
        page = client.read(answer, 422)
        assert_said(page, form, name)
    assert written(scene) == before


@pytest.mark.parametrize("url", ["/sign-in", "/invite/{ticket}"])
def test_no_field_of_the_anonymous_takes_everything(scene, url):
    client = scene.anonymous()
    path = url.format(ticket=invited(scene.world)[1]) if "{" in url else url
    (form,) = [it for it in client.page(path).forms if it.action.partition("?")[0] == path]
    before = written(scene)
    for name, value in attacks(form, ""):
        page = client.read(client.submit(form, to=path, **{name: value}), 422)
        assert_said(page, form, name)
    assert written(scene) == before


# ---------------------------------------------------------------- both databases

ODD = ["%00", "x%00y", "x" * 5000, "%ff%fe", "%F0%9F%9B%92", "%E2%80%AE", "%27%20OR%201=1--",
       "..%2f..%2fetc", "{{7*7}}", "%0d%0aX:%20y", "-1", "0", "9" * 40, str(2**63)]  # fmt: skip


@pytest.mark.parametrize("argument", ["reference", "code", "token", "sign_in_id", "item"])
def test_odd_paths_lead_nowhere(client_for, argument):
    client = client_for("admin")
    sent = {"csrf_token": csrf_of(client), "member": "x"}
    asked = [it for it in routes_of(client.application) if f"{argument}>" in it.template]
    for number, route in enumerate(asked):
        for odd in ODD if number < 3 else ODD[:1]:
            data = sent if route.method == "POST" else None
            path = route.path(**{argument: odd})
            answer = client.open(path, method=route.method, data=data)
            assert answer.status_code in {308, 403, 404, 405, 410}, (route, odd)
            assert "X" not in answer.headers


def test_odd_queries_break_nothing(client_for):
    keys = ("before", "q", "organization", "next", "page", "x", "item", "show", "county")
    query = "&".join(f"{key}={odd}" for key, odd in zip(keys, ODD, strict=False))
    for name in ("admin", "erac", "alpha"):
        client = client_for(name)
        for route in pages_of(client.application):
            answer = client.get(f"{route.path()}?{query}&before[]=1&q=2")
            assert answer.status_code in {200, 302, 303, 403, 404, 410}, route
    for odd in ODD:
        feed = client.get(f"/incidents/EX27/feed?before={odd}")
        assert feed.status_code == (200 if odd in {"%00", "%E2%80%AE"} else 404), odd


#: A line of an association's, which says of each where it is.
OFFERED = {**GOOD_OFFER, "county": "29097", "place": "Joplin", "about_0": ""}


def test_odd_signs_in_any_field_break_nothing(client_for):
    for name, url, good in (("alpha", REPORT, GOOD_REPORT), ("guild", OFFER, OFFERED)):
        client = client_for(name)
        form = client.page(url).form()
        for field in [*good, "once", "version", "member"]:
            for odd in ("\0", "x\0y\ufffe\U0010ffff\x1b[31m%00"):
                typed = {**good, "once": secrets.token_urlsafe(8), field: odd}
                answer = client.submit(form, **typed)
                assert answer.status_code in {303, 422}, (field, odd)
        client.page(url.partition("/new")[0])


@pytest.mark.parametrize("odd", ["\0", "x\0", "\U0010ffff" * 9, "%00"], ids=ascii)
def test_odd_members_and_addresses_break_nothing(client_for, world, odd):
    admin, guild = client_for("admin"), world.organizations["guild"].reference
    sent = {"csrf_token": csrf_of(admin), "once": odd, "version": odd, "member": odd}
    for move in ("add_member", "remove_member"):
        answer = admin.post(f"/organizations/{guild}/{move}", data=sent)
        assert answer.status_code in {404, 409, 422}
    stranger = admin.application.test_client()
    token = csrf_of(stranger, "/sign-in")
    sent = {"csrf_token": token, "email": f"{odd}@x.example", "password": f"{odd}x"}
    assert stranger.post("/sign-in", data=sent).status_code == 422
    assert stranger.get("/sign-in", headers={"User-Agent": quote(odd)}).status_code == 200

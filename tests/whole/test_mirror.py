"""Two organizations alike in everything: what leads to the one's rows is nothing to the other.

East's references, numbers, links, file names, tokens and places in lists are sent by West in
paths, queries, bodies, headers and over sockets. Each is answered as a random value of the same
shape is, and no word of East's is in anything that West is given.
"""

from __future__ import annotations

import re
import secrets
from contextlib import contextmanager, nullcontext
from functools import cache
from itertools import product
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import pytest

from portal.config import ROOT
from portal.core import clock
from tests.pages import Page
from tests.whole.mirrored import mirror
from tests.whole.permissions import TYPED, nothing_written
from tests.whole.replaying import (
    Mirror,
    Reader,
    Told,
    arguments_of,
    expect_same,
    shape,
    told,
    twin,
)
from tests.whole.routes import Route, routes_of
from tests.whole.scene import csrf_of
from tests.world import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.pages import Form
    from tests.whole.scene import Scene

_ASKED = re.compile(r'args\.get(?:list)?\(\s*"([a-z_]+)"')

_NUMBERS, _IN_NUMBERS = {"number", "sign_in_id"}, {"number", "session"}
#: Whoever holds one of these links is whom it is for: it is tried on all other paths.
_BEARERS = {"invite token": "/invite/", "reset token": "/reset/", "factors token": "/factors/"}

#: Where a path takes what is of this kind: there every one is tried.
_HOMES = {
    "report": "/feed/",
    "offer": "/offers/",
    "person": "/people/",
    "passkey": "/passkeys/",
    "check-in": "/presence/",
    "present": "/presence/",
    "organization": "/organizations/<",
    "session": "/sessions/",
    "number": "/offers/",
}
#: Of these kinds one is tried everywhere else.
_AWAY = {"report", "person", "reset token"}
#: Pages that make a new key each time they are opened, and such as are as good as others.
_ANEW = ("/account/factors/", "/account/prove", "/sign-in", "/incidents/daily/")

_REFERENCE = re.compile(r"(?:EX27-)?[0-9A-Z]{4,8}|\d+")
_DOORS = ("/account", "/organizations", "/incidents/EX27/feed", "/incidents/EX27/offers")

#: What partners see of each other, and numbers that may be another row's as well.
_SEEN = {"organization", "present", "number", "session"}


@pytest.fixture(scope="module")
def both(scene: Scene) -> Iterator[Mirror]:
    """Hold the clock, so that two readings of one thing do not differ by its age."""
    now = clock.now()
    clock.use(lambda: now)
    scene.world, east, west = mirror(scene.session, scene.world)
    scene.fresh()
    yield Mirror(scene, east, west)
    clock.use(None)


# ---------------------------------------------------------------- what is read


@pytest.mark.parametrize(("mine", "theirs"), [("east", "west"), ("west", "east")])
@pytest.mark.sampled(2)
def test_nobody_reads_a_word_of_the_other_side(both, mine, theirs):
    side, other = getattr(both, mine), getattr(both, theirs)
    for reader in both.readers(side):
        for path, text in reader.texts.items():
            assert other.leaks_in(text) == [], path
        hidden = {h for kind, it in other.handles.items() if kind not in _SEEN for h in it}
        assert reader.values & hidden == set()
        assert len(reader.pages) > 25


@pytest.mark.parametrize("key", ["east", "west"])
def test_each_side_reads_its_own(both, key):
    """Without this the tests here would pass on empty pages."""
    side = getattr(both, key)
    liaison, admin = both.readers(side)
    everything = "".join([*liaison.texts.values(), *admin.texts.values()])
    assert set(side.leaks_in(everything)) == set(side.canaries)
    for kind in ("report", "offer", "passkey", "person", "session", "check-in"):
        seen = set(side.handles[kind]) & (liaison.values | admin.values)
        assert seen, kind
    last = next(side.numbers)
    said = set(re.findall(rf"{side.canaries[0]}[a-z]+\d+", everything.lower()))
    assert len(said) > last // 3, "hardly any of its words are on its pages"


# ---------------------------------------------------------------- what is sent


def of_all_kinds(both: Mirror) -> list[str]:
    """Return something of East's of each kind that forms and lists ask for, and its words."""
    kinds = ("report", "offer", "person", "check-in", "passkey", "reset token")
    words = f"{both.east.canaries[0]}report1"
    return [*(both.east.handles[it][0] for it in kinds), words, both.east.telephone()]


@contextmanager
def unwritten(both: Mirror, method: str) -> Iterator[None]:
    """Let what is sent write nothing; reading goes on as always, and is noted."""
    with nothing_written(both.scene) if method == "POST" else nullcontext():
        yield


def paths_to(both: Mirror, route: Route) -> Iterator[tuple[str, str]]:
    """Yield templates of a path in which one thing is left to fill in, and what may be it."""
    west = both.west.handles
    own = {"party": [west["organization"][0], both.east.handles["organization"][0]]}
    own |= {"reference": [west["report" if "/feed/" in route.rule else "offer"][0]]}
    own |= {"number": ["1"], "sign_in_id": [west["session"][0]]}
    for attacked in arguments_of(route):
        others = [it for it in arguments_of(route) if it != attacked]
        for values in product(*(own.get(it, ["x"]) for it in others)):
            filled = route.path(**dict(zip(others, values, strict=True)), **{attacked: "□"})
            for kind, handles in both.east.handles.items():
                is_its = route.rule.startswith(_BEARERS.get(kind, "none"))
                if (kind in _IN_NUMBERS) is (attacked in _NUMBERS) and not is_its:
                    is_at_home = _HOMES.get(kind, "none") in route.rule
                    tried = handles if is_at_home else handles[:1] if kind in _AWAY else []
                    yield from ((filled, it) for it in tried)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_in_a_path_it_is_what_is_not_there(both, method):
    client, tried = both.attacker, 0
    sent = {"data": {**TYPED, "csrf_token": csrf_of(client), "version": "1"}}
    numbers = both.east.handles["number"] + both.east.handles["session"]
    public = {
        it for handles in both.east.handles.values() for it in handles if both.is_public(it)
    }
    assert public < {
        *both.east.handles["organization"],
        *both.east.handles["present"],
        *numbers,
    }

    def ask(template: str, value: str) -> Told:
        more = sent if method == "POST" else {}
        path = template.replace("□", value)
        return told(client.open(path, method=method, **more), value)

    @cache
    def absent(template: str, like: str) -> Told:
        return ask(template, twin(like))

    with unwritten(both, method):
        for route in (it for it in routes_of(both.scene.app) if it.method == method):
            for template, value in paths_to(both, route):
                answer, tried = ask(template, value), tried + 1
                assert both.leaks_in(answer) == [], (route, value)
                if value not in public:
                    expect_same(answer, absent(template, shape(value)), route, value)
    assert tried > 150


# ---------------------------------------------------------------- in queries and bodies


def asked_by(page: Page) -> set[str]:
    """Return by what names a page's links and forms ask for more of the same."""
    path = urlsplit(page.url).path
    links = (urlsplit(it) for it in page.links)
    names = {name for it in links if it.path == path for name, _ in parse_qsl(it.query)}
    return names | {name for it in page.forms if it.method == "get" for name in it.filled}


@pytest.mark.slow
def test_in_a_query_it_is_what_is_not_there(both):
    """By every name that any view asks for, on every list."""
    views = (it for it in (ROOT / "portal").rglob("*.py") if "views" in str(it))
    known = {name for it in views for name in _ASKED.findall(it.read_text())}
    assert {"before", "person", "of", "q", "next"} <= known
    client, tried = both.attacker, 0

    def ask(path: str, name: str, value: str) -> Told:
        return told(client.get(f"{path}?{name}={value}"), value)

    for path, page in both.reader(both.west.people[1]).pages.items():
        if "?" in path or "EX27-" in path or path.startswith(_ANEW):
            continue
        for name in sorted(asked_by(page) | ({"before", "after", "person", "of"} & known)):
            absent = cache(lambda like, to=(path, name): ask(*to, twin(like)))
            for value in of_all_kinds(both):
                answer, tried = ask(path, name, value), tried + 1
                assert both.leaks_in(answer) == [], (path, name, value)
                if not both.is_public(value):
                    expect_same(answer, absent(shape(value)), path, name, value)
    assert tried > 300


def forms_of(reader: Reader) -> Iterator[Form]:
    """Yield each form that posts, one of those that post to the same but for the row."""
    known = set()
    for path, page in reader.pages.items():
        for form in page.forms if not path.startswith(_ANEW) else ():
            key = _REFERENCE.sub("", urlsplit(form.action).path)
            if form.method == "post" and key not in known:
                known.add(key)
                yield form


def is_typed(form: Form, name: str) -> bool:
    """Whether people type what a field holds, so that it is words and leads nowhere."""
    if name in {"once", "version"}:
        return True
    [*controls] = (it for it in form.element.iter() if it.get("name") == name)
    kinds = {it.get("type", "text") for it in controls if it.tag == "input"}
    return bool(kinds - {"hidden", "radio", "checkbox"}) or controls[0].tag == "textarea"


@pytest.mark.slow
def test_in_a_field_it_is_what_is_not_there(both):
    """In every field of every form that West has, but for the words that it types itself."""
    client, tried = both.attacker, 0
    token = csrf_of(client)

    def ask(form: Form, name: str, value: str) -> Told:
        sent = {**form.filled, "csrf_token": token, "once": once, name: value}
        return told(client.post(form.action, data=sent), value)

    with unwritten(both, "POST"):
        for form in forms_of(both.reader(both.west.people[1])):
            for name in sorted({*form.filled} - {"csrf_token", "password", "current"}):
                once = secrets.token_urlsafe(16)
                absent = cache(lambda like, to=(form, name): ask(*to, twin(like)))
                for value in of_all_kinds(both)[:: 3 if is_typed(form, name) else 1]:
                    answer, tried = ask(form, name, value), tried + 1
                    assert both.leaks_in(answer) == [], (
                        form.action,
                        name,
                        value,
                    )
                    expect_same(answer, absent(shape(value)), form.action, name, value)
    assert tried > 200


def test_a_form_that_east_has_sent_is_not_sent_again_by_west(both):
    """A single-use key is its person's own, and does not tell what was done with it."""
    east, west = (both.scene.client(it.key) for it in (both.east, both.west))
    url = "/incidents/EX27/feed/new"
    form = east.page(url).form()
    typed = {
        **form.filled,
        "words": both.east.words("sent"),
        "county": "29097",
        "lifeline": "ENERGY",
        "standing": "closed",
        "asked_for": "partners",
    }
    assert east.post(url, data=typed).status_code == 303
    typed |= {"csrf_token": csrf_of(west), "words": both.west.words("sent")}
    with unwritten(both, "POST"):
        answers = [
            told(west.post(url, data={**typed, "once": once}), once)
            for once in (form.filled["once"][0], secrets.token_urlsafe(16))
        ]
    expect_same(*answers, url)
    assert answers[0].status == 503, "it would have been a new report"


# ---------------------------------------------------------------- in headers and cookies


def headers_of(both: Mirror) -> Iterator[tuple[str, str]]:
    """Yield headers that lead to something of East's."""
    base = f"http://localhost/incidents/EX27/offers/{both.east.handles['offer'][0]}"
    for name in ("Referer", "X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Prefix"):
        yield name, base
    for kind in ("person", "organization", "session", "reset token"):
        for name in ("X-User", "X-Request-Id", "X-Forwarded-User", "Idempotency-Key"):
            yield name, both.east.handles[kind][0]
        yield "Authorization", f"Bearer {both.east.handles[kind][0]}"
    tagged = (it for it in both.reader(both.east.key).values if it.startswith(('"', 'W/"')))
    yield from (("If-None-Match", it) for it in tagged)
    yield "If-None-Match", "*"
    yield "Range", "bytes=0-"


def test_in_a_header_it_changes_nothing(both):
    client, east = both.attacker, both.east.handles
    paths = [f"/incidents/EX27/feed/{east['report'][-1]}/photos/1"]
    paths += [f"/incidents/EX27/offers/{east['offer'][1]}{it}" for it in ("", "/files/1")]
    paths += ["/incidents/EX27/feed", "/incidents/EX27/offers", "/account", "/nowhere"]
    for path in paths:
        plain = told(client.get(path))
        assert path not in paths[:3] or plain.status == 404
        for name, value in headers_of(both):
            expect_same(told(client.get(path, headers={name: value})), plain, path, name)


def test_on_a_device_of_easts_west_is_who_it_is(both):
    """The device says whose wrong tries are counted apart, and opens nothing."""
    client = both.scene.sign_in(both.scene.world.people[both.west.key].email)
    easts = both.scene.anonymous()
    easts.sign_in(both.scene.world.people[both.east.key].email, PASSWORD)
    device = easts.get_cookie("device")
    assert device is not None
    urls = [*_DOORS, *(f"/incidents/EX27/offers/{it}" for it in both.east.handles["offer"])]
    own = [told(client.get(it)) for it in urls]
    client.set_cookie("device", device.value)
    for url, before in zip(urls, own, strict=True):
        expect_same(told(client.get(url)), before, url)
        assert both.east.leaks_in(before.text) == []

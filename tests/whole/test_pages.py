"""Every template and every page: well made, light, and with few questions to the database."""

from __future__ import annotations

import gzip
import random
import re
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jinja2 import Environment, FileSystemLoader, meta, nodes

from portal.accounts import operations as accounts
from portal.accounts.models import Person
from portal.accounts.queries import actor_of
from portal.core import codes
from portal.core.actor import SYSTEM, Role
from portal.journal.transaction import transaction
from portal.organizations import operations as organizations
from tests import factories as make
from tests.accounts.stage import application
from tests.whole.routes import Route, pages_of
from tests.world import add_organization, add_person, open_incident

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.pages import PageClient
    from tests.whole.scene import Scene

TOP = Path(__file__).parents[2]
FOLDER = TOP / "templates"
TEMPLATES = sorted(str(it.relative_to(FOLDER)) for it in FOLDER.rglob("*.html"))
READER = Environment(
    autoescape=True, loader=FileSystemLoader(FOLDER), extensions=["jinja2.ext.do"]
)

NAMES = [
    "alpha", "alpha_admin", "guild", "moderator", "mop3", "cikr", "erac", "logistics",
    "records", "admin", "observer",
]  # fmt: skip

#: What a page may ask of the database at most.
MOST_QUERIES = 12

#: What a page may weigh on the wire, in bytes.
SIGN_IN_WEIGHT, FEED_WEIGHT = 6 * 1024, 14 * 1024


# ---------------------------------------------------------------- templates


@cache
def parsed(name: str) -> nodes.Template:
    return READER.parse((FOLDER / name).read_text("utf-8"), name)


def imported(tree: nodes.Template) -> Iterator[str]:
    for it in tree.find_all(nodes.FromImport):
        yield from (name if isinstance(name, str) else name[1] for name in it.names)
    yield from (it.target for it in tree.find_all(nodes.Import))


def used(tree: nodes.Node) -> set[str]:
    return {it.name for it in tree.find_all(nodes.Name) if it.ctx == "load"}


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_compiles_and_imports_only_what_it_uses(scene, name):
    assert scene.app.jinja_env.get_template(name)
    names = list(imported(parsed(name)))
    assert len(names) == len(set(names))
    assert [it for it in names if it not in used(parsed(name))] == []


def macros(name: str) -> set[str]:
    return {it.name for it in parsed(name).find_all(nodes.Macro)}


def test_every_macro_is_used_and_every_import_is_there():
    asked: dict[str, set[str]] = defaultdict(set)
    for name in TEMPLATES:
        for it in parsed(name).find_all(nodes.FromImport):
            assert isinstance(it.template, nodes.Const), name
            asked[it.template.value] |= {n if isinstance(n, str) else n[0] for n in it.names}
    for name in TEMPLATES:
        there = macros(name) | {
            target.name
            for it in parsed(name).body
            if isinstance(it, nodes.Assign) and isinstance(target := it.target, nodes.Name)
        }
        assert asked[name] <= there, name
        if not name.startswith("ui/"):  # a kit may hold what nobody needs yet
            assert macros(name) <= asked[name] | used(parsed(name)), name


def test_every_template_is_shown_by_somebody():
    code = "".join(it.read_text("utf-8") for it in (TOP / "portal").rglob("*.py"))
    named = set(re.findall(r'"([\w/]+\.html)"', code))
    for name in TEMPLATES:
        named |= {it for it in meta.find_referenced_templates(parsed(name)) if it}
    assert named == set(TEMPLATES)


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_has_neither_script_nor_style_in_it(name):
    text = (FOLDER / name).read_text("utf-8")
    assert not re.search(r"<style|\sstyle\s*=|\son\w+\s*=|javascript:", text, re.IGNORECASE)
    for script in re.findall(r"<script\b[^>]*>.*?</script>", text, re.DOTALL):
        named = r'<script type="module"\s+nonce="{{ nonce\(\) }}"\s+src="{{[^}]*}}"></script>'
        assert re.fullmatch(named, script)
    assert "| safe" not in text
    assert "autoescape false" not in text
    assert not re.search(r'(?:src|href)="(?:https?:)?//', text), "a third party"


# ---------------------------------------------------------------- pages


def references(scene: Scene, rows: dict[str, Any]) -> Iterator[tuple[Route, str]]:
    """Yield each page of the portal with a path for each kind of row that it can show."""
    known = {
        "code": scene.world.code,
        "party": scene.world.organizations["alpha"].reference,
    }
    for route in pages_of(scene.app):
        for name, row in rows.items():
            if "<reference>" in route.template and _shows(route, name):
                yield route, route.path(reference=row.reference, **known)
        if "<reference>" not in route.template:
            for token in (rows["ticket"], "x" * 43) if "<token>" in route.template else ("",):
                yield route, route.path(token=token, **known)


def _shows(route: Route, name: str) -> bool:
    kinds = {
        "feed.": "post",
        "offers.": "offer",
        **dict.fromkeys(("organizations.", "looks."), "organization"),
    }
    kind = next((k for start, k in kinds.items() if route.endpoint.startswith(start)), "person")
    return name.startswith(kind)


#: What would break out of a text or an attribute if anything let it.
BREAKS = "\"'><script>alert(1)</script><img src=x onerror=alert(1)> {{7*7}} </textarea>&amp;"


@pytest.fixture(scope="module")
def rows(scene: Scene) -> dict[str, Any]:
    """One row of each kind and state that pages know of, by somebody with bad intentions."""
    session, world = scene.session, scene.world
    mallory = add_organization(session, BREAKS, counties=("29097", "29145"))
    person = add_person(session, mallory, Role.LIAISON, BREAKS)
    author = actor_of(session, person.id)
    assert author is not None
    desk, erac = world.actor("moderator"), world.actor("erac")
    with transaction(session, SYSTEM) as tx:
        _, ticket = accounts.invite(
            tx,
            accounts.Invitation(
                email="newcomer@world.example",
                organization=world.organization("alpha"),
                roles=frozenset({Role.LIAISON}),
            ),
        )
    posts = {f"post {it}": make.make_post(session, author, words=BREAKS) for it in "abcd"}
    make.publish(session, desk, posts["post b"])
    make.reject(session, desk, posts["post c"], note=BREAKS)
    make.retract(session, desk, make.publish(session, desk, posts["post d"]), note=BREAKS)
    offers = {
        f"offer {it}": make.make_offer(
            session,
            author,
            description=BREAKS,
            compensation="state_contract",
            contract=BREAKS[:60],
        )
        for it in "abc"
    }
    make.list_offer(session, erac, offers["offer b"], note=BREAKS)
    make.decline(session, erac, offers["offer c"], note=BREAKS)
    parties = {f"organization {it}": world.organization(it) for it in ("alpha", "guild")}
    parties["organization mallory"] = mallory
    people = {f"person {it}": world.person(it) for it in ("alpha", "admin")}
    people["person mallory"] = session.get_one(Person, person.id)
    made = {**posts, **offers, **parties, **people, "ticket": ticket}
    made |= {f"application {it}": application(world, then=it) for it in ("", "ask", "refuse")}
    return made


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.sampled(3)
def test_every_page_of_every_person_is_well_made(scene, rows, name):
    client = scene.client(name)
    opened = set()
    for route, path in references(scene, rows):
        answer = client.get(path)
        assert answer.status_code in {200, 302, 303, 403, 404, 410}, path
        if answer.mimetype == "text/html" and answer.status_code not in {302, 303}:
            client.read(answer)
            assert client.queries <= MOST_QUERIES, path
            opened.add(route.endpoint)
    assert {"floor.show", "feed.index", "account.show"} <= opened


def test_every_page_of_the_anonymous_is_well_made(scene, rows):
    for path in ("/sign-in", f"/invite/{rows['ticket']}", "/nowhere"):
        client = scene.anonymous()
        client.read(client.get(path))
        assert client.queries <= MOST_QUERIES, path


# ---------------------------------------------------------------- few questions, light pages


def add_one_of_each(scene: Scene, number: int) -> None:
    """Add one of everything that a list shows."""
    session, world = scene.session, scene.world
    incident, alpha = world.incident, world.actor("alpha")
    for then in (make.publish, make.reject, None):
        post = make.make_post(session, alpha, incident)
        if then is not None:
            then(session, world.actor("moderator"), post)
    for then in (make.list_offer, make.decline, None):
        offer = make.make_offer(session, world.actor("guild"), incident)
        if then is not None:
            then(session, world.actor("erac"), offer)
    company = add_organization(session, f"Company {number}")
    with transaction(session, SYSTEM) as tx:
        organizations.add_member(tx, world.organization("guild"), company)
    add_person(session, company, Role.LIAISON, f"liaison{number}")
    open_incident(session, world.actor("admin"), code=f"N{number}")
    if number < 3:  # with more than five the oldest ends
        with transaction(session, alpha) as tx:
            accounts.sign_in(tx, membership_id=alpha.membership_id or 0, agent="Firefox")


ASKING = ["alpha", "guild", "moderator", "mop3", "erac", "records", "admin"]


def test_what_a_page_asks_does_not_grow_with_what_it_shows(scene, rows):
    def asked() -> dict[tuple[str, str], int]:
        counted = {}
        for name in ASKING:
            scene.client(name).get("/account")  # once a minute a page notes that one is here
            for _, path in references(scene, rows):
                if scene.client(name).get(path).status_code == 200:
                    counted[name, path] = scene.client(name).queries
        return counted

    for number in range(3):
        add_one_of_each(scene, number)
    few = asked()
    for number in range(3, 40):
        add_one_of_each(scene, number)
    many = asked()
    assert {it: (few[it], many[it]) for it in few if many[it] != few[it]} == {}
    assert {it: count for it, count in many.items() if count > MOST_QUERIES} == {}


def weight(client: PageClient, url: str) -> int:
    """Return what a page weighs as it crosses the wire."""
    answer = client.get(url, headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.data).startswith((b"<!DOCTYPE html>", b"\n"))
    return len(answer.data)


def test_signing_in_is_light(scene):
    assert weight(scene.anonymous(), "/sign-in") <= SIGN_IN_WEIGHT


def test_a_full_feed_is_light(scene):
    """Thirty posts as long as people write, none like another."""
    session, world = scene.session, scene.world
    counties, chance = list(codes.load("counties")), random.Random(7)  # noqa: S311 - no secret
    vocabulary = (FOLDER.parent / "README.md").read_text("utf-8").split()
    for _ in range(30):
        words = " ".join(chance.choices(vocabulary, k=30))[:280]
        post = make.make_post(
            session,
            world.actor("alpha"),
            world.incident,
            words=words,
            counties=(chance.choice(counties),),
        )
        make.publish(session, world.actor("moderator"), post)
    url = f"/incidents/{world.code}/feed"
    page = scene.client("bravo").page(url)
    assert len(page.with_class("post")) == 30
    assert weight(scene.client("bravo"), url) <= FEED_WEIGHT


def test_a_page_fetches_nothing_but_its_own_files(scene):
    page = scene.client("alpha").page(f"/incidents/{scene.world.code}/")
    fetched = [it.get("href") for it in page.all("head/link")]
    fetched += [it.get("src") for it in page.all("script")]
    assert len(fetched) >= 3
    for path in fetched:
        answer = scene.client("alpha").get(path, buffered=True)
        assert answer.status_code == 200, path
        assert "immutable" in answer.headers["Cache-Control"]

"""Nobody sees what they are not entitled to, on any channel, and all channels agree.

Each kind of person reads every page of a busy incident. What the pages show is compared with
what the sockets would carry, with the audience of the rows, and with the rules of the design.
"""

from __future__ import annotations

import html
import io
import re
import zipfile
from collections import defaultdict
from dataclasses import fields
from itertools import combinations, product
from typing import TYPE_CHECKING, Any

import html5lib
import pytest
from sqlalchemy import select

from portal.core import clock
from portal.core.actor import Actor, Role
from portal.feed import queries as feed
from portal.feed.models import Post
from portal.journal.audience import rooms_of, visible_to
from portal.journal.models import Entry, EntryRoom
from portal.live import fragments
from portal.live.tail import enter_incident
from portal.offers import queries as offers
from portal.offers.models import Offer
from tests.whole.answers import headers_of
from tests.whole.busy import Busy, Secret, busy_incident, is_unsent, may_know
from tests.whole.routes import pages_of
from tests.whole.scene import csrf_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from werkzeug.test import TestResponse

    from tests.pages import PageClient
    from tests.whole.scene import Scene

NAMES = [
    "alpha", "alpha_admin", "bravo", "charlie", "guild", "moderator", "mop3", "cikr", "erac",
    "logistics", "records", "admin", "observer",
]  # fmt: skip

BELOW = "/incidents/EX27"

#: Where each view of the sockets has its list; further pages follow by their links.
LISTS = {
    "feed": f"{BELOW}/feed",
    "queue": f"{BELOW}/feed/queue",
    "mine": f"{BELOW}/feed/mine",
    "offers": f"{BELOW}/offers",
    "erac": f"{BELOW}/erac?show=all",
}

#: The desk as it opens shows what waits for the cell alone.
DESK, WAITING = f"{BELOW}/erac", {"submitted", "in_review"}

Frames = dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def busy(scene: Scene) -> Iterator[Busy]:
    """Hold the clock, too, so that two readings of one thing do not differ by its age."""
    now = clock.now()
    clock.use(lambda: now)
    yield busy_incident(scene.session, scene.world)
    clock.use(None)


def subject_of(row: Post | Offer) -> str:
    return row.__tablename__


def path_of(row: Post | Offer) -> str:
    return f"{BELOW}/{'feed' if isinstance(row, Post) else 'offers'}/{row.reference}"


# ---------------------------------------------------------------- rules, rooms and SQL


@pytest.mark.parametrize("name", NAMES)
def test_rooms_say_what_the_design_says(scene, busy, name):
    actor = scene.world.actor(name)
    for row in busy.rows:
        assert bool(row.audience & rooms_of(actor)) is may_know(row, actor), row.reference


def anybody() -> Iterator[Actor]:
    """Yield actors of every two roles, also such as nobody here holds."""
    for number, roles in enumerate([*combinations(Role, 1), *combinations(Role, 2)]):
        for organization, kind in ((2, "company"), (5, "association"), (99, "company")):
            yield Actor(
                person_id=1000 + number,
                name="Anybody",
                organization_id=organization,
                organization_kind=kind,
                roles=frozenset(roles),
                sectors=("FOOD",) if organization == 99 else ("ENER", "TRAN"),
                regions=("A",) if organization == 99 else ("D",),
            )
    yield Actor(person_id=1, name="Without a role", organization_id=2)


def test_sql_and_rooms_are_twins(scene, busy):
    for kind, rows in ((Post, busy.posts), (Offer, busy.offers)):
        for actor in [*anybody(), *(scene.world.actor(name) for name in NAMES)]:
            told = visible_to(actor, kind.__tablename__, kind.__table__.c.id)
            found = set(scene.session.scalars(select(kind.id).where(told)))
            assert found == {it.id for it in rows if it.audience & rooms_of(actor)}, actor


# ---------------------------------------------------------------- what sockets would carry


def rooms_told(scene: Scene) -> dict[tuple[str, int], set[str]]:
    """Return in which rooms anything was ever said of a row."""
    told: dict[tuple[str, int], set[str]] = defaultdict(set)
    for subject, id_, room in scene.session.execute(
        select(Entry.subject, Entry.subject_id, EntryRoom.room).join_from(
            Entry,
            EntryRoom,
            (Entry.incident_id == EntryRoom.incident_id) & (Entry.seq == EntryRoom.seq),
        )
    ):
        told[subject, id_].add(room)
    return told


@pytest.fixture(scope="module")
def rendered(scene: Scene, busy: Busy) -> dict[tuple[str, str], list[tuple[str, str | None]]]:
    """Return for each reference and room what its frame would hold: view and markup."""
    told, made = rooms_told(scene), defaultdict(list)
    with scene.app.test_request_context("/"):
        enter_incident(scene.world.incident)
        for row in busy.rows:
            for room in sorted(told[subject_of(row), row.id]):
                it = fragments.render(scene.app, subject_of(row), row, room)
                if it is not None:
                    made[it.subject, room].append((it.view, it.html))
    return dict(made)


def frames_for(rendered: Any, actor: Actor) -> Frames:
    """Return what a client of this person holds, by view and reference."""
    held: dict[tuple[str, str], set[str | None]] = defaultdict(set)
    rooms = rooms_of(actor)
    for (reference, room), frames in rendered.items():
        for view, markup in frames if room in rooms else ():
            held[view, reference].add(markup)
    for key, markups in held.items():
        assert len(markups) == 1, f"{actor.name}: rooms disagree on {key}"
    frames: Frames = defaultdict(dict)
    for (view, reference), (markup,) in held.items():
        if markup is not None:
            frames[view][reference] = canonical(markup)
    return dict(frames)


def test_no_frame_holds_what_anybody_in_its_room_may_not_read(scene, busy, rendered):
    actors = [scene.world.actor(name) for name in NAMES]
    by_reference = {row.reference: busy.secrets_of(row) for row in busy.rows}
    for (reference, room), frames in rendered.items():
        here = [actor for actor in actors if room in rooms_of(actor)]
        for (_, markup), secret in product(frames, by_reference[reference]):
            if markup is not None and secret.word in html.unescape(markup):
                assert all(secret.is_for(actor) for actor in here), (room, secret)


@pytest.mark.parametrize("name", NAMES)
def test_the_page_of_a_row_knows_whatever_a_frame_says(scene, busy, name):
    """Field by field; `sort` is the place in a list, not a thing to know."""
    rooms = rooms_of(scene.world.actor(name))
    for row in busy.rows:
        of = feed if isinstance(row, Post) else offers
        whole = of.whole(row, rooms)
        views = [view for room in rooms if (view := of.project(row, room)) is not None]
        assert whole is not None or not views
        for view in views:
            for field in fields(view):
                said = getattr(view, field.name)
                if field.name != "sort" and said not in (None, "", ()):
                    assert said == getattr(whole, field.name), (row.reference, field.name)


# ---------------------------------------------------------------- what pages show


def canonical(markup: str | Element) -> str:
    """Return markup so that equal things are equal, whatever their blanks and order."""
    if isinstance(markup, str):
        container = "tbody" if markup.strip().startswith("<tr") else "ul"
        parsed = html5lib.parseFragment(markup, container, namespaceHTMLElements=False)
        return "".join(canonical(child) for child in parsed)
    named = " ".join(f"{name}={value!r}" for name, value in sorted(markup.attrib.items()))
    inner = " ".join((markup.text or "").split())
    for child in markup:
        inner += canonical(child) + " ".join((child.tail or "").split())
    return f"<{markup.tag} {named}>{inner}</{markup.tag}>"


def shown_on(client: PageClient, url: str) -> Iterator[tuple[str, str, str]]:
    """Yield view, subject and markup of all that stands in live lists, earlier pages too."""
    while url:
        page = client.page(url)
        for box in page.all("*[@data-view]"):
            for child in box.findall("*[@data-subject]"):
                yield box.get("data-view", ""), child.get("data-subject", ""), canonical(child)
        earlier = [it for it in page.links if "before=" in it]
        url = earlier[0] if earlier else ""


@pytest.mark.parametrize("name", NAMES)
def test_lists_and_sockets_show_the_same(scene, busy, rendered, name):
    client, frames = scene.client(name), frames_for(rendered, scene.world.actor(name))
    for offer in busy.offers:  # what is not sent is in no list: a list takes no such row
        for view in ("offers", "erac"):
            if is_unsent(offer) and frames.get(view, {}).pop(offer.reference, None) is None:
                assert not may_know(offer, scene.world.actor(name)) or view not in frames
    shown: Frames = defaultdict(dict)
    for url in LISTS.values():
        if client.get(url).status_code == 200:
            for view, subject, markup in shown_on(client, url):
                if view != "strip":
                    shown[view][subject] = markup
    assert {view: set(held) for view, held in shown.items()} == {
        view: set(held) for view, held in frames.items()
    }
    assert shown == frames
    if client.get(DESK).status_code == 200:
        opened = {s: markup for view, s, markup in shown_on(client, DESK) if view == "erac"}
        waiting = {it.reference for it in busy.offers if it.state in WAITING}
        assert opened == {it: frames["erac"][it] for it in waiting}


@pytest.mark.parametrize("name", NAMES)
def test_the_floor_shows_nothing_but_what_the_lists_show(scene, rendered, name):
    frames = frames_for(rendered, scene.world.actor(name))
    shown = list(shown_on(scene.client(name), f"{BELOW}/"))
    assert shown
    with scene.app.test_request_context("/"):
        enter_incident(scene.world.incident)
        strip = fragments.render(scene.app, "incident", scene.world.incident, "partners")
    assert strip is not None
    for view, subject, markup in shown:
        if view == "strip":
            assert markup == canonical(strip.html or "")
        else:
            assert markup == frames[view][subject]


def masked(body: str) -> str:
    """Return a page without its single-use values."""
    token = r'((?:name="csrf[-_]token"[^>]*?(?:value|content)|nonce)=")[^"]+'
    return re.sub(token, r"\1", body)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.sampled(3)
def test_the_page_of_a_row_is_there_for_those_it_is_for_and_absent_for_others(
    scene, busy, name
):
    client, actor = scene.client(name), scene.world.actor(name)
    client.get("/account")  # the first page of a session sets a cookie
    nobodys = {kind: client.get(f"{BELOW}/{kind}/EX27-0000") for kind in ("feed", "offers")}
    for row in busy.rows:
        answer = client.get(path_of(row))
        if not may_know(row, actor):
            absent = nobodys["feed" if isinstance(row, Post) else "offers"]
            assert answer.status_code == absent.status_code == 404
            assert masked(answer.text) == masked(absent.text)
            assert headers_of(answer) == headers_of(absent)
            continue
        assert answer.status_code == 200
        body = html.unescape(answer.text)
        for secret in busy.secrets_of(row):
            assert (secret.word in body) is secret.is_for(actor), (row.reference, secret)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_hidden_refuses_a_write_as_what_is_not_there(scene, busy, name):
    client, actor = scene.client(name), scene.world.actor(name)
    sent = {"csrf_token": csrf_of(client)}
    moves = {Post: ("publish", "withdraw", "retract"), Offer: ("decline", "withdraw")}
    for kind, base in ((Post, "feed"), (Offer, "offers")):
        hidden = [row for row in busy.rows if isinstance(row, kind)]
        hidden = [row for row in hidden if not may_know(row, actor)][:3]
        for row, move in product(hidden, moves[kind]):
            absent = client.post(f"{BELOW}/{base}/EX27-0000/{move}", data=sent)
            answer = client.post(f"{path_of(row)}/{move}", data=sent)
            assert answer.status_code == absent.status_code == 404
            assert masked(answer.text) == masked(absent.text)
    waiting = next(it for it in busy.posts if it.state == "waiting")
    if not may_know(waiting, actor):
        assert client.get(f"{BELOW}/feed?before={waiting.reference}").status_code == 404


def said_in(answer: TestResponse) -> str:
    """Return the text of an answer; of a workbook that of all its parts."""
    if not answer.mimetype.endswith(".sheet"):
        return answer.text
    with zipfile.ZipFile(io.BytesIO(answer.data)) as book:
        return "".join(book.read(name).decode() for name in book.namelist())


def leaks(secrets: list[Secret], actor: Actor, body: str) -> list[Secret]:
    body = html.unescape(body)
    return [it for it in secrets if it.word in body and not it.is_for(actor)]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.sampled(3)
def test_no_page_at_all_holds_a_word_that_is_not_for_its_reader(scene, busy, name):
    """Pages of a row are read above; here is everything else, refusals included."""
    client, actor = scene.client(name), scene.world.actor(name)
    # The directory names every organization; that one offers for another is the secret.
    secrets = [it for it in busy.secrets if it.what != "member"]
    asked = [busy.posts[0].reference, busy.offers[0].reference, actor.organization_name]
    for route in pages_of(scene.app):
        for reference in asked if "reference" in route.template else asked[:1]:
            answer = client.get(route.path(reference=reference))
            is_directory = route.endpoint == "feed.enter"  # who calls is chosen from all
            is_below = route.rule.startswith("/incidents/<code>")
            wary = busy.secrets if is_below and not is_directory else secrets
            assert leaks(wary, actor, said_in(answer)) == [], route
    records = (f"/admin/audit{it}?stream=EX27" for it in ("", "/audit.csv", "/audit.xlsx"))
    for url in (*LISTS.values(), *records):
        answer = client.get(url)
        wary = secrets if url.startswith("/admin") else busy.secrets
        assert leaks(wary, actor, said_in(answer)) == [], url


def test_the_name_of_an_author_stays_with_those_who_handle_the_row(scene, busy):
    handlers = {
        "Alpha Person": {"alpha", "alpha_admin", "moderator", "mop3", "cikr"},
        "Bravo Person": {"bravo", "moderator", "mop3", "cikr"},
    }
    for name in NAMES:
        client = scene.client(name)
        for author, knowing in handlers.items():
            urls = [f"{BELOW}/", *(url for _, url in LISTS.items())]
            urls += [path_of(row) for row in busy.posts[::4]]
            bodies = [client.get(url).text for url in urls]
            assert any(author in body for body in bodies) is (name in knowing), (name, author)


#: Who between them may read every offer.
MAKERS = ("erac", "alpha", "bravo", "guild")


def test_the_planted_words_are_found_by_those_they_are_for(scene, busy):
    """Without this the tests above would pass on empty pages."""
    read = "".join(
        html.unescape(scene.client(name).get(path_of(row)).text)
        for name, rows in (("moderator", busy.posts), *((it, busy.offers) for it in MAKERS))
        for row in rows
    )
    assert [it for it in busy.secrets if it.word not in read] == []

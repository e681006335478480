"""Offers are sealed: between their owner and the ERAC cell, and the record without prices.

The clock is held, and every outsider reads every page before an offer is made and after all
were made, changed and decided: not a byte differs. So no word, no count and no order tells of
them. What is hidden answers as what is not there, with as many questions to the database.
"""

from __future__ import annotations

from contextlib import ExitStack
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from portal.core import clock, codes
from portal.offers import operations as offers
from tests import factories as make
from tests.databases import opened
from tests.live.plain import WEBSOCKET, Plain, connected
from tests.live.server import Server, live_of, visiting
from tests.notify.conftest import PostOffice
from tests.notify.mailbox import Mailbox, parts
from tests.offers.making import asked, do
from tests.presence.shifts import arrive
from tests.whole.answers import headers_of, in_plain, read
from tests.whole.routes import Route, pages_of, routes_of
from tests.whole.scene import csrf_of
from tests.whole.sealed import MEMBER, OUTSIDERS, OWNERS, RECORD, Planter, Sealed, peopled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.databases import Databases
    from tests.whole.scene import Scene

BASE = "/incidents/EX27"
#: A reference that nobody has, as long as those of the incident's.
NOBODYS = "EX27-0000"

#: What goes by what is asked for, and what it is asked.
LISTS = {
    *("feed.index", "feed.export", "feed.mine", "feed.queue", "floor.show", "presence.index"),
    *("floor.counties_csv", "offers.index", "offers.erac", "offers.export", "people.index"),
    *("deliveries.index", "organizations.index", "audit.index", "audit.export"),
}
ASKED = (
    *("words=diesel", "show=all", "show=listed&item=FUEL", "item=QUZ", "county=29097"),
    *("region=D", "priority=urgent", "by=region", "unread", "mine", "q=Haulage"),
    *("stream=EX27", "stream=EX27&kind=work", "stream=EX27&words=Haulage"),
)

Pages = dict[str, tuple[int, str]]


def paths_of(scene: Scene, references: list[str]) -> Iterator[str]:
    """Yield every path that can be asked for, with what one would like to know of offers."""
    people = [it.reference for it in scene.world.people.values()]
    for route in pages_of(scene.app):
        known = {"item": "QUZ", "number": "1"}
        if "<reference>" in route.template:
            yield from (route.path(reference=it, **known) for it in references)
            continue
        path = route.path(**known)
        if path != "/metrics":  # it counts what is asked here, and nothing else
            yield path
        if "/log" in route.rule:
            yield from (f"{path}?person={it}" for it in people)
        if route.endpoint in LISTS:
            yield from (f"{path}?{it}" for it in ASKED)
            yield from (f"{path}?before={it}" for it in references)
            yield from (f"{path}?after={it}" for it in references if "/feed" in route.rule)


def read_all(scene: Scene, name: str, references: list[str]) -> Pages:
    client = scene.client(name)
    client.get("/account")  # what the last page before left to be said is said
    scene.unhurried()
    return {path: read(client.get(path)) for path in paths_of(scene, references)}


# ---------------------------------------------------------------- before and after


@pytest.fixture(scope="module")
def before(scene: Scene) -> Iterator[dict[str, Pages]]:
    """What outsiders read before the offers were made; some have offers of their own."""
    now = clock.now()
    clock.use(lambda: now)
    scene.world = world = peopled(scene.session, scene.world)
    for name in ("alpha", "bravo", "charlie", "league"):
        actor = world.actor(name)
        do(scene.session, actor, offers.begin, world.incident, make.offer_line())
        make.make_offer(scene.session, actor)
        asked(scene.session, world.actor("erac"), make.make_offer(scene.session, actor))
    for name in ("erac", "guild"):
        arrive(scene.session, world.actor(name))
    scene.fresh()
    yield {name: read_all(scene, name, [NOBODYS]) for name in OUTSIDERS}
    clock.use(None)


@pytest.fixture(scope="module")
def sealed(scene: Scene, before: dict[str, Pages]) -> list[Sealed]:
    assert before
    made = Planter(scene.session, scene.world).plant()
    assert [it.is_sent for it in made].count(True) == 4
    return made


@pytest.fixture(scope="module")
def pages(scene: Scene, sealed: list[Sealed]) -> Callable[[str], Pages]:
    """Return what finds out, once for each, what somebody reads now: of every offer too."""

    @cache
    def of(name: str) -> Pages:
        return read_all(scene, name, [NOBODYS, *(it.reference for it in sealed)])

    return of


@pytest.mark.sampled(4)
@pytest.mark.parametrize("name", OUTSIDERS)
def test_no_page_of_an_outsider_changes_by_a_byte(before, pages, name):
    after = pages(name)
    for path, told in before[name].items():
        assert after[path] == told, path
    assert len([1 for status, _text in before[name].values() if status == 200]) > 20


@pytest.mark.sampled(4)
@pytest.mark.parametrize("name", OUTSIDERS)
def test_no_page_of_an_outsider_holds_a_word_and_none_tells_that_an_offer_is_there(
    sealed, pages, name
):
    words = set().union(*(it.words.values() for it in sealed))
    found = pages(name)
    for path, (status, text) in found.items():
        assert not [it for it in words if it in text], path
        for it in sealed:
            if it.reference in path:
                absent = found[path.replace(it.reference, NOBODYS)]
                assert (status, text.replace(it.reference, NOBODYS)) == absent, path


@pytest.mark.sampled(4)
@pytest.mark.parametrize("name", OUTSIDERS)
def test_who_searches_for_a_word_of_an_offer_finds_as_much_as_for_any_word(scene, sealed, name):
    client, nobodys = scene.client(name), "Quznobodys0x"
    client.get("/account")  # what the last page before left to be said is said
    scene.unhurried()
    for word in (word for it in sealed[:2] for word in it.words.values()):
        for path in (
            f"{BASE}/feed?words=",
            f"{BASE}/feed/feed.csv?words=",
            "/organizations?q=",
        ):
            status, text = read(client.get(path + word))
            told = status, text.replace(quote(word), "").replace(word, "")
            status, text = read(client.get(path + nobodys))
            assert told == (status, text.replace(nobodys, "")), (path, word)


def below_offers(scene: Scene, method: str) -> list[Route]:
    routes = [it for it in routes_of(scene.app) if it.endpoint.startswith("offers.")]
    return [it for it in routes if it.method == method and "<reference>" in it.template]


@pytest.mark.sampled(4)
@pytest.mark.parametrize("name", [*OUTSIDERS, *OWNERS.values()])
def test_what_is_hidden_asks_and_answers_as_what_is_not_there(scene, sealed, name):
    """As many statements, the same words and headers, by whatever door one knocks."""
    client = scene.client(name)
    client.get("/account")  # the first page of a session sets a cookie
    token = csrf_of(client)
    for it in sealed:
        if it.for_reader(name):
            continue
        for method in ("GET", "POST"):
            for route in below_offers(scene, method):
                sent = {"data": {"csrf_token": token}} if method == "POST" else {}
                told = []
                for reference in (it.reference, NOBODYS):
                    path = route.path(reference=reference, number="1")
                    answer = client.open(path, method=method, **sent)
                    text = read(answer)[1].replace(reference, "")
                    told.append((answer.status_code, text, headers_of(answer)))
                    told.append(client.queries)
                assert told[:2] == told[2:], route
                assert told[0][0] == 404, route


# ---------------------------------------------------------------- who may read some of it


@pytest.mark.parametrize("name", [*OWNERS.values(), *RECORD, "erac"])
@pytest.mark.sampled(3)
def test_each_reader_finds_what_is_theirs_and_no_word_more(sealed, pages, name):
    allowed = set().union(*(it.for_reader(name) for it in sealed))
    hidden = set().union(*(it.words.values() for it in sealed)) - allowed
    assert allowed
    for path, (_status, text) in pages(name).items():
        assert not [it for it in hidden if it in text], path
    everything = "".join(text for _status, text in pages(name).values())
    assert [it for it in allowed if it not in everything] == []


@pytest.mark.parametrize("name", RECORD)
def test_the_record_learns_of_no_member_and_no_draft(sealed, pages, name):
    for path, (status, text) in pages(name).items():
        of = [it for it in sealed if it.reference in path]
        if path.startswith(f"{BASE}/offers"):
            assert MEMBER not in text, path
        if path in {f"{BASE}/offers/{it.reference}" for it in sealed}:
            assert (status == 200) is of[0].is_sent, path
        for it in sealed:
            assert it.is_sent or it in of or it.reference not in text, path


@pytest.mark.parametrize("name", [*OWNERS.values(), *RECORD])
def test_what_the_cell_checked_stays_with_the_cell(pages, name):
    vetting = codes.load("vetting").values()
    labels = [it for code in vetting for it in (code.label, code["short"])]
    for path, (_status, text) in pages(name).items():
        assert not [it for it in labels if it in text], path


def test_the_owner_of_one_offer_knows_nothing_of_anothers(scene, sealed):
    for key, name in OWNERS.items():
        client = scene.client(name)
        for it in sealed:
            status = client.get(f"{BASE}/offers/{it.reference}").status_code
            assert (status == 200) is (it.key == key and not it.by_cell), it


# ---------------------------------------------------------------- frames and mails


def heard_until(client: Plain, reference: str) -> list[dict[str, Any]]:
    """Return every frame up to the one that all hear of."""
    frames: list[dict[str, Any]] = []
    while not any(it.get("subject") == reference for it in frames):
        event, data = client.next()
        frames += [data] if event == "entry" else []
        assert event in {"entry", "heads"}, (event, data)
    return frames


@pytest.mark.one_backend
def test_no_frame_carries_an_offer_to_an_outsider(databases: Databases, tmp_path: Path):
    """All listen on real sockets while the offers are made, changed and decided."""
    with ExitStack() as stack:
        url, world = stack.enter_context(databases.lent_world())
        database = stack.enter_context(opened(url))
        session = stack.enter_context(database.sessions())
        world = peopled(session, world)
        server = stack.enter_context(Server(url, tmp_path))

        def listen(name: str) -> Plain:
            person = stack.enter_context(visiting(server, world.people[name].email))
            known = {"Cookie": person.cookie}
            client = stack.enter_context(connected(server.url, WEBSOCKET, known))
            assert "heads" in client.follow(live_of(person.open(f"{BASE}/feed").text))
            return client

        clients = {it: listen(it) for it in (*OUTSIDERS, *OWNERS.values(), *RECORD, "erac")}
        sealed = Planter(session, world).plant()
        last = make.make_post(session, world.actor("bravo"), world.incident)
        make.publish(session, world.actor("moderator"), last)
        for name, client in clients.items():
            frames = heard_until(client, last.reference)
            told = {it["subject"] for it in frames if "html" in it} - {last.reference}
            allowed = {it.reference for it in sealed if it.for_reader(name)}
            assert told <= allowed, name
            assert told or name in OUTSIDERS, name
            text = in_plain(str(frames))
            words = set().union(*(it.words.values() for it in sealed))
            words -= set().union(*(it.for_reader(name) for it in sealed))
            assert not [it for it in words if it in text], name


@pytest.mark.one_backend
def test_letters_go_to_the_parties_and_hold_no_word(make_app, session, world, held_clock):
    """Of what is asked, listed, declined, late and about to end."""
    world = peopled(session, world)
    with Mailbox() as mailbox:
        office = PostOffice(
            make_app(
                smtp_url=mailbox.url,
                base_url="https://portal.example",
                mail_from="BEOC Partner Portal <portal@portal.example>",
            ),
            session,
        )
        sealed = Planter(session, world).plant()
        office.work()
        for hours in (2, 50):
            held_clock.tick(hours * 3600)
            offers.escalate_due(session)
            offers.warn_ending(session)
            office.work()
        parties = {world.people[it].email for it in (*OWNERS.values(), "erac")}
        assert set(mailbox.rcpts) == parties
        letters = "".join(str(part) for it in mailbox.letters for part in parts(it))
        subjects = "".join(str(it["Subject"]) for it in mailbox.letters)
        for it in sealed:
            assert not [word for word in it.words.values() if word in letters + subjects]
            assert it.is_sent or it.reference not in letters + subjects
        office.notices.huey.storage.close()

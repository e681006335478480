"""Several processes on one address: who sits where is nobody's business but theirs."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil
import pytest
import requests

from portal.config import ROOT
from tests import factories
from tests.databases import Databases, opened
from tests.live.plain import POLLING, WEBSOCKET, connected, is_refused
from tests.live.server import Server, live_of, visiting, wait_until
from tests.live.several import COUNT, Workers, at_each, end
from tests.live.wire import OrderedClient
from tests.notify.valkey import Valkey
from tests.presence.stage import check_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from portal.core.db import Database
    from tests.live.plain import Plain
    from tests.live.server import Visitor
    from tests.world import World

pytestmark = [
    pytest.mark.xdist_group("live"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

FEED = "/incidents/EX27/feed"
BOTH = pytest.mark.parametrize("transports", [WEBSOCKET, POLLING], ids="+".join)
POSTS = 10
#: Whose turn it is to accept is up to the system; in so many it is each one's at least once.
MANY = 100


class Site:
    """A server of several processes, its Redis and its database."""

    def __init__(self, server: Workers, valkey: Valkey, database: Database, world: World):
        self.server, self.valkey = server, valkey
        self.database, self.world = database, world

    def person(self, name: str) -> Iterator[Visitor]:
        return visiting(self.server, self.world.people[name].email)

    def let_out(self, moderator: Visitor, words: str) -> str:
        """Have a report made and let out by HTTP; return its reference."""
        with self.database.sessions() as session:
            within = self.world.within(session)
            reference = factories.make_post(
                session, within.actor("alpha"), within.incident, words=words
            ).reference
        answer = moderator.send(f"{FEED}/queue/{reference}", "post.publish", seen_by="partners")
        assert answer.status_code == 303
        return reference


@pytest.fixture(scope="module")
def site(
    _databases_of_postgres: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("workers")
    with (
        _databases_of_postgres.lent_world() as (url, world),
        opened(url) as database,
        Valkey(folder) as valkey,
        Workers(url, folder, redis_url=valkey.url) as server,
    ):
        yield Site(server, valkey, database, world)


@pytest.fixture
def whole(site: Site) -> Site:
    """Return the site once all its processes answer."""
    wait_until(lambda: len(site.server.workers()) == COUNT, "all are there")
    return site


def entries(client: Plain, count: int) -> list[str]:
    """Return the subjects of the next frames of the partners' room, as they came."""
    found: list[str] = []
    while len(found) < count:
        event, frame = client.next()
        if event == "entry" and frame["room"] == "partners" and frame.get("view") == "feed":
            found.append(frame["subject"])
    return found


@BOTH
def test_what_is_posted_at_any_worker_reaches_those_at_each_in_order(whole, transports):
    with whole.person("charlie") as reader, whole.person("moderator") as moderator:
        start = live_of(reader.open(FEED).text)
        with at_each(whole.server, transports, reader.cookie) as clients:
            for client in clients.values():
                assert client.follow(start)["frames"] == []
            said = [whole.let_out(moderator, f"Number {n}.") for n in range(POSTS)]
            for name, client in clients.items():
                assert entries(client, POSTS) == said, f"at worker {name}"


def test_long_polling_goes_on_wherever_its_requests_arrive(whole):
    """Each request is a connection of its own: any worker may take it."""
    with whole.person("charlie") as reader, whole.person("moderator") as moderator:
        start = live_of(reader.open(FEED).text)
        known = {"Cookie": reader.cookie, "Connection": "close"}
        with connected(whole.server.url, POLLING, known, kind=OrderedClient) as client:
            assert client.follow(start)["frames"] == []
            for n in range(POSTS):
                said = whole.let_out(moderator, f"Polled {n}.")
                assert entries(client, 1) == [said]


def test_an_upgrade_that_arrives_elsewhere_leaves_the_client_with_polling(whole):
    with whole.person("charlie") as reader:
        start = live_of(reader.open(FEED).text)
        known, became = {"Cookie": reader.cookie}, set()
        for _ in range(MANY):
            both = [*POLLING, *WEBSOCKET]
            with connected(whole.server.url, both, known, kind=OrderedClient) as client:
                became.add(client.io.transport())
                assert "heads" in client.follow(start)
            if len(became) == 2:
                break
        assert "polling" in became, "no upgrade ever arrived elsewhere"


@BOTH
def test_whoever_is_suspended_is_hung_up_on_at_each_worker(whole, transports):
    with whole.person("observer") as reader:
        start = live_of(reader.open(FEED).text)
        with at_each(whole.server, transports, reader.cookie) as clients:
            for client in clients.values():
                client.follow(start)
            with whole.database.sessions() as session:
                factories.suspend_person(
                    session, whole.world.within(session).person("observer")
                )
            for client in clients.values():
                assert client.next() == ("closing", {"why": "signed_out", "retry_s": None})
        assert is_refused(whole.server.url, transports, {"Cookie": reader.cookie})
        with whole.database.sessions() as session:
            factories.restore_person(session, whole.world.within(session).person("observer"))


def test_who_comes_at_one_worker_is_present_at_the_other(whole):
    with whole.database.sessions() as session:
        feed = f"/incidents/{check_in(whole.world.within(session)).incident.code}/feed"
    with whole.person("moderator") as staff, whole.person("alpha") as comer:
        start, comers = (live_of(it.open(feed).text) for it in (staff, comer))
        with at_each(whole.server, WEBSOCKET, staff.cookie) as clients:
            for client in clients.values():
                client.follow(start)
            known = {"Cookie": comer.cookie}
            with connected(whole.server.url, WEBSOCKET, known, kind=OrderedClient) as came:
                came.follow(comers)
                for client in clients.values():
                    assert heard_of_presence(client)


def heard_of_presence(client: Plain) -> bool:
    while True:
        event, _ = client.next()
        if event == "presence":
            return True


def test_a_worker_that_is_killed_is_replaced_and_its_clients_lose_nothing(whole):
    with whole.person("charlie") as reader, whole.person("moderator") as moderator:
        start = live_of(reader.open(FEED).text)
        with at_each(whole.server, WEBSOCKET, reader.cookie) as clients:
            for client in clients.values():
                client.follow(start)
            before = whole.server.workers()
            dead, alive = sorted(clients)
            end(before[dead])
            moderator.http.close()  # it may have spoken with the dead one; browsers ask again
            said = [whole.let_out(moderator, f"Without {dead}: {n}.") for n in range(3)]
            assert entries(clients[alive], 3) == said
        wait_until(lambda: len(whole.server.workers()) == COUNT, "it is replaced")
        assert dead not in whole.server.workers(), "no name is given twice"
        with at_each(whole.server, WEBSOCKET, reader.cookie) as clients:
            for client in clients.values():
                frames = client.follow(start)["frames"]
                assert {it["subject"] for it in frames} >= set(said)


def test_without_redis_all_arrives_a_little_later(whole):
    whole.valkey.stop()
    try:
        with whole.person("charlie") as reader, whole.person("moderator") as moderator:
            start = live_of(reader.open(FEED).text)
            with at_each(whole.server, WEBSOCKET, reader.cookie) as clients:
                for client in clients.values():
                    client.follow(start)
                said = [whole.let_out(moderator, f"No Redis {n}.") for n in range(3)]
                for client in clients.values():
                    assert entries(client, 3) == said
    finally:
        count = whole.server.log.count("Redis is there")
        whole.valkey.start()
    found = count + COUNT
    wait_until(lambda: whole.server.log.count("Redis is there") >= found, "they find it again")


def test_a_rolling_restart_turns_nobody_away(whole):
    before = set(whole.server.workers())
    refused: list[str] = []
    assert whole.server.process is not None
    with whole.person("charlie") as reader:
        whole.server.process.send_signal(signal.SIGHUP)
        while set(whole.server.workers()) & before or len(whole.server.workers()) > COUNT:
            try:
                answer = requests.get(f"{whole.server.url}/sign-in", timeout=20)
                if not answer.ok:
                    refused.append(f"{answer.status_code}")
            except requests.RequestException as error:
                refused.append(str(error))
        assert refused == []
        assert reader.open(FEED).status_code == 200, "and nobody signs in anew"


@pytest.mark.slow
def test_all_end_when_told_and_when_their_keeper_is_gone(
    request: pytest.FixtureRequest, tmp_path: Path
):
    databases = request.getfixturevalue("_databases_of_postgres")
    with databases.lent_world() as (url, _):
        server = Workers(url, tmp_path)
        for how, code in ((signal.SIGTERM, 0), (signal.SIGKILL, -9)):
            server.start()
            pids = set(server.workers().values())
            assert len(pids) == COUNT
            process = server.process
            server.kill(how)
            assert process is not None
            assert process.returncode == code
            wait_until(lambda ps=pids: not any(map(is_alive, ps)), "nobody is left")


def is_alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


@pytest.mark.one_backend
def test_sqlite_takes_one_process(tmp_path: Path, database_url: str):
    server = Server(database_url, tmp_path)
    done = subprocess.run(
        [
            *(sys.executable, "-c", "from portal.app import main; main()"),
            *("serve", "--workers", "2", "--port", str(server.port)),
        ],
        cwd=ROOT,
        env=server.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "PostgreSQL" in done.stderr

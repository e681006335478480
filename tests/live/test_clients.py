"""The library's own client against the real server: nothing of ours on the other side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import factories
from tests.live.plain import POLLING, WEBSOCKET, connected, is_refused
from tests.live.server import Visitor, live_of, visiting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.live.conftest import Place

pytestmark = [
    pytest.mark.xdist_group("live"),
    # The library leaves it to Python to close the socket of a refused connection.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

FEED = "/incidents/EX27/feed"
BOTH = pytest.mark.parametrize("transports", [WEBSOCKET, POLLING], ids="+".join)


@pytest.fixture
def moderator(place: Place) -> Iterator[Visitor]:
    with visiting(place.server, place.world.people["moderator"].email) as visitor:
        yield visitor


@pytest.mark.parametrize(
    "transports", [WEBSOCKET, POLLING, [*POLLING, *WEBSOCKET]], ids="+".join
)
def test_a_report_let_out_arrives(place, moderator, transports):
    with visiting(place.server, place.world.people["charlie"].email) as reader:
        start = live_of(reader.open(FEED).text)
        with connected(place.server.url, transports, {"Cookie": reader.cookie}) as client:
            assert client.io.transport() == transports[-1]
            assert client.follow(start) == {"frames": [], "heads": start["heads"]}
            with place.database.sessions() as session:
                actor = place.world.within(session).actor("alpha")
                reference = factories.make_post(session, actor, words="Open again.").reference
            page = f"{FEED}/queue/{reference}"
            assert moderator.send(page, "post.publish", seen_by="partners").status_code == 303
            event, frame = client.next()
    assert event == "entry"
    assert (frame["room"], frame["view"], frame["subject"]) == ("partners", "feed", reference)
    assert frame["n"] == start["heads"]["partners"] + 1
    assert "Open again." in frame["html"]


@BOTH
def test_a_suspended_person_is_hung_up_on_and_refused(place, transports):
    with visiting(place.server, place.world.people["observer"].email) as reader:
        known = {"Cookie": reader.cookie}
        with connected(place.server.url, transports, known) as client:
            assert "heads" in client.follow(live_of(reader.open(FEED).text))
            with place.database.sessions() as session:
                person = place.world.within(session).person("observer")
                factories.suspend_person(session, person)
            assert client.next() == ("closing", {"why": "signed_out", "retry_s": None})
        assert is_refused(place.server.url, transports, known)
        with place.database.sessions() as session:
            person = place.world.within(session).person("observer")
            factories.restore_person(session, person)


@BOTH
def test_the_anonymous_is_refused(place, transports):
    assert is_refused(place.server.url, transports, {})
    assert is_refused(place.server.url, transports, {"Cookie": "sid=nonsense"})


@BOTH
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
def test_a_page_of_another_site_is_refused(place, moderator, transports, origin):
    headers, options = {"Cookie": moderator.cookie}, {}
    if transports == WEBSOCKET:
        options = {"origin": origin}
    else:
        headers["Origin"] = origin
    assert is_refused(place.server.url, transports, headers, **options)


def test_a_websocket_without_an_origin_is_refused(place, moderator):
    known = {"Cookie": moderator.cookie}
    assert is_refused(place.server.url, WEBSOCKET, known, suppress_origin=True)
    assert not is_refused(place.server.url, WEBSOCKET, known)


def test_polling_from_another_site_is_refused(place, moderator):
    known, site = {"Cookie": moderator.cookie}, "Sec-Fetch-Site"
    assert is_refused(place.server.url, POLLING, known | {site: "cross-site"})
    assert not is_refused(place.server.url, POLLING, known | {site: "same-origin"})


def test_another_namespace_is_refused(place, moderator):
    known = {"Cookie": moderator.cookie}
    assert is_refused(place.server.url, WEBSOCKET, known, namespace="/")


def test_a_competitor_hears_neither_of_a_report_that_waits_nor_of_an_offer(place):
    with visiting(place.server, place.world.people["bravo"].email) as rival:
        start = live_of(rival.open(FEED).text)
        with connected(place.server.url, WEBSOCKET, {"Cookie": rival.cookie}) as client:
            client.follow(start)
            with place.database.sessions() as session:
                here = place.world.within(session)
                factories.make_post(session, here.actor("alpha"), words="A secret.")
                factories.make_offer(session, here.actor("alpha"))
                mine = factories.make_post(session, here.actor("bravo"), words="My own.")
                reference = mine.reference
            event, frame = client.next()
    assert (event, frame["view"], frame["subject"]) == ("entry", "mine", reference)
    assert client.came.empty()

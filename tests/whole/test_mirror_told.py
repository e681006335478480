"""What mirror organizations are told unasked, in frames and letters; and what the log keeps."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tests import factories as make
from tests.databases import opened
from tests.live.plain import WEBSOCKET, Plain, connected
from tests.live.server import Server, live_of, visiting
from tests.notify.conftest import PostOffice
from tests.notify.mailbox import Mailbox, parts
from tests.whole.answers import in_plain
from tests.whole.mirrored import SIDES, Maker, Side, mirror

if TYPE_CHECKING:
    from pathlib import Path

    from tests.databases import Databases
    from tests.live.server import Visitor

FEED = "/incidents/EX27/feed"


def heard_until(client: Plain, reference: str) -> str:
    """Return all that comes up to the frame that everybody hears of."""
    came: list[Any] = []
    while not came or came[-1][1].get("subject") != reference:
        came.append(client.next())
    return in_plain(str(came))


def handles_of(side: Side) -> set[str]:
    """Return what only this side is told of: no plain numbers, and not who is here."""
    kinds = ("report", "offer", "person", "passkey", "check-in")
    return {it for kind in kinds for it in side.handles[kind]}


def follow_as_if(client: Plain, start: dict[str, Any], room: str) -> Any:
    """Follow as the page would, and ask for one room more."""
    return client.follow(start | {"heads": start["heads"] | {room: 0}})


@pytest.mark.one_backend
def test_no_frame_and_no_line_of_the_log_holds_a_word_of_the_other_side(
    databases: Databases, tmp_path: Path
):
    """Both listen, and both ask for the room of the other, while all is made once more."""
    with ExitStack() as stack:
        url, world = stack.enter_context(databases.lent_world())
        database = stack.enter_context(opened(url))
        session = stack.enter_context(database.sessions())
        world, east, west = mirror(session, world)
        server = stack.enter_context(Server(url, tmp_path))

        def listen(visitor: Visitor, other: Side) -> Plain:
            known = {"Cookie": visitor.cookie}
            client = stack.enter_context(connected(server.url, WEBSOCKET, known))
            start = live_of(visitor.open(FEED).text)
            theirs = f"org:{world.organizations[other.key].id}"
            answer = follow_as_if(client, start, theirs)
            assert answer == follow_as_if(client, start, "org:9999")
            assert theirs not in answer["heads"]
            return client

        others = {east.key: west, west.key: east}
        clients = {}
        for side in (east, west):
            visitor = stack.enter_context(visiting(server, world.people[side.key].email))
            clients[side.key] = listen(visitor, others[side.key])
        for side in (east, west):
            Maker(session, world, side).report_and_offer()
        last = make.make_post(session, world.actor("charlie"), world.incident)
        make.publish(session, world.actor("moderator"), last)
        for side in (east, west):
            heard, other = heard_until(clients[side.key], last.reference), others[side.key]
            assert set(side.leaks_in(heard)) >= set(side.canaries[:1])
            assert any(it in heard for it in side.handles["offer"])
            assert other.leaks_in(heard) == []
            assert [it for it in handles_of(other) if it in heard] == []
        for stem, *_ in SIDES.values():
            assert stem.lower() not in server.log.lower()
        assert east.leaks_in(server.log) == west.leaks_in(server.log) == []


@pytest.mark.one_backend
def test_a_letter_holds_no_words_and_nothing_of_the_other_side(
    make_app, session, world, held_clock
):
    with Mailbox() as mailbox:
        app = make_app(
            smtp_url=mailbox.url,
            base_url="https://portal.example",
            mail_from="BEOC Partner Portal <portal@portal.example>",
        )
        office = PostOffice(app, session)
        _, east, west = mirror(session, world)
        office.work()
        held_clock.tick(2 * 3600)
        office.work()
        for side, other in ((east, west), (west, east)):
            own = [it for it in mailbox.letters if belongs(side, str(it["To"]))]
            assert len(own) >= 3
            said = "".join(f"{it['Subject']}{part}" for it in own for part in parts(it))
            assert any(it in said for it in handles_of(side))
            assert [it for it in handles_of(other) if it in said] == []
            assert other.leaks_in("".join(it.as_string() for it in own)) == []
            assert side.leaks_in(said) == []
        office.notices.huey.storage.close()


def belongs(side: Side, address: str) -> bool:
    return address.startswith((*side.people, side.canaries[0]))

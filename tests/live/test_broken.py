"""A template that breaks stops nothing."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from portal.config import ROOT
from tests import factories
from tests.live.plain import WEBSOCKET, Plain, connected
from tests.live.server import Server, live_of, visiting

if TYPE_CHECKING:
    from pathlib import Path

    from portal.core.db import Database
    from tests.world import World

pytestmark = pytest.mark.xdist_group("live")

BREAKS = '{% if "breaks" in (it.said or "") %}{{ it.nothing.of.the.kind }}{% endif %}'


@pytest.fixture
def broken_copy(tmp_path: Path) -> Path:
    """Return a copy of the portal in which readers' posts cannot be rendered at one word."""
    root = tmp_path / "copy"
    for folder in ("portal", "templates"):
        shutil.copytree(ROOT / folder, root / folder)
    (root / "static").symlink_to(ROOT / "static")
    shutil.copy2(ROOT / "wsgi.py", root)
    template = root / "templates/feed/fragments/post.html"
    template.write_text(template.read_text() + BREAKS)
    return root


@pytest.mark.one_backend
def test_others_go_on_when_one_fragment_breaks(
    database_url: str, database: Database, world: World, tmp_path: Path, broken_copy: Path
):
    with ExitStack() as stack:
        server = stack.enter_context(Server(database_url, tmp_path, broken_copy))

        def listen(name: str) -> Plain:
            person = stack.enter_context(visiting(server, world.people[name].email))
            known = {"Cookie": person.cookie}
            client = stack.enter_context(connected(server.url, WEBSOCKET, known))
            assert "heads" in client.follow(live_of(person.open("/incidents/EX27/feed").text))
            return client

        author, reader = listen("alpha"), listen("charlie")
        with database.sessions() as session:
            here = world.within(session)
            for words in ("This breaks it.", "This does not."):
                post = factories.make_post(session, here.actor("alpha"), words=words)
                factories.publish(session, here.actor("moderator"), post)
        heard = dict(reader.next() for _ in range(2))
        assert heard.keys() == {"reload", "entry"}
        assert heard["reload"] == {"why": "render"}
        assert "This does not." in heard["entry"]["html"]
        own = [author.next() for _ in range(6)]
        assert [it for event, it in own if event == "reload"] == [{"why": "render"}]
        frames = [it for event, it in own if event == "entry"]
        assert sorted((it["view"], it["n"]) for it in frames if it["view"] == "mine") == [
            ("mine", n) for n in (1, 2, 3, 4)
        ]
        assert "cannot render post" in server.log

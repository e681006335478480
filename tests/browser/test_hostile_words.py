"""Whatever people write stays words: in a real browser, on every surface, nothing runs."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urljoin

import pytest
from playwright.sync_api import expect

from tests import factories as make
from tests.browser.conftest import DESK
from tests.browser.hostile import CORPUS, Hostile
from tests.browser.people import Person
from tests.browser.walking import kind_of
from tests.live.server import Server, visiting
from tests.notify.conftest import PostOffice
from tests.notify.mailbox import Mailbox, parts
from tests.notify.test_letters import OF_INCIDENTS, made
from tests.whole.scene import Scene, scene_on

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser
    from playwright.sync_api import Page as Screen

    from portal.feed.models import Post
    from tests.databases import Databases

#: Who walks, and how many pages each opens: with what else is opened, fewer than 300.
WALKS = {"alpha": 28, "guild": 10, "moderator": 28, "erac": 28, "admin": 36, "mop3": 20,
         "records": 10, "observer": 6}  # fmt: skip
OF_KIND = 2

#: What is no page.
_FILES = re.compile(r"\.(csv|xlsx)|/(photos|files)/[0-9]+$")

#: Forms that are sent from the browser with words that are too long, and by which button.
REFUSED = {
    "/incidents/EX27/feed/new": "Send to the SEOC",
    "/incidents/EX27/offers/new?item=FUEL": "Continue",
}
TEXTS = "textarea, input[type=text]"

#: Runs before anything of a page does, and writes down what its policy stopped.
WATCH = """
  window.__reports = [];
  addEventListener("securitypolicyviolation",
    it => __reports.push(`${it.violatedDirective}: ${it.blockedURI} ${it.sample}`), true);
"""

#: What ran, what the policy stopped, and what of the words became more than words.
LOOK = r"""() => {
  const found = [...(window.__reports ?? [])];
  if (window.__pwned !== undefined) found.push("it ran");
  const links = ["href", "src", "action", "formaction", "data", "xlink:href", "srcdoc"];
  const runs = (name, value) => name.startsWith("on") || name === "style" ||
    (links.includes(name) && /^[\s\0-\x20]*(javascript|data|vbscript):/i.test(value));
  for (const it of document.querySelectorAll("*")) {
    for (const { name, value } of it.attributes) {
      if (runs(name, value)) found.push(`${it.tagName} ${name}=${value}`);
    }
  }
  const never = "iframe, object, embed, base, portal, style, math, video, audio, body script";
  const there = [...document.querySelectorAll(never)];
  return [...found, ...there.map(it => it.outerHTML.slice(0, 200))];
}"""

LINKS = "[...document.links].map(it => it.getAttribute('href'))"


@dataclass
class Ground:
    """A server full of hostile words, and how many pages were opened there."""

    server: Server
    scene: Scene
    hostile: Hostile
    chromium: Browser
    loads: int = 0
    dialogs: list[str] = field(default_factory=list)

    @contextmanager
    def person(self, name: str) -> Iterator[Person]:
        """Lend the browser of somebody who has signed in, watched for whatever runs."""
        with visiting(self.server, self.scene.world.people[name].email) as visitor:
            word = visitor.cookie.partition("=")[2]
        with self.chromium.new_context(viewport=DESK) as context:
            context.add_init_script(WATCH)
            context.add_cookies([{"name": "sid", "value": word, "url": self.server.url}])
            person = Person(context, self.server.url, name)
            self.watch(person.page)
            yield person

    def watch(self, screen: Screen) -> None:
        def note(dialog: Any) -> None:
            self.dialogs.append(f"{screen.url}: {dialog.message}")
            dialog.dismiss()

        screen.on("dialog", note)

    def look(self, screen: Screen, path: str) -> list[str]:
        """Open a page, and return what is wrong with it."""
        self.loads += 1
        screen.goto(urljoin(self.server.url, path))
        return self.seen(screen, path)

    def seen(self, screen: Screen, path: str) -> list[str]:
        wrong = [f"{path}: {it}" for it in [*screen.evaluate(LOOK), *self.dialogs]]
        self.dialogs.clear()
        return wrong

    def walk(self, screen: Screen, most: int) -> list[str]:
        """Open what links lead to from the floor, few of a kind; return what is wrong."""
        paths, wrong, kinds = ["/incidents/EX27/"], [], Counter()
        for path in islice(paths, most):
            wrong += self.look(screen, path)
            for link in screen.evaluate(LINKS):
                target = urljoin(path, link).partition("#")[0]
                kind = kind_of(target)
                is_new = target not in paths and kinds[kind] < OF_KIND
                if is_new and target.startswith("/") and not _FILES.search(target):
                    kinds[kind] += 1
                    paths.append(target)
        return wrong


@pytest.fixture(scope="module")
def ground(
    _databases_of_sqlite: Databases,
    _compiled_templates: Any,
    tmp_path_factory: pytest.TempPathFactory,
    chromium: Browser,
) -> Iterator[Ground]:
    """Fill a portal with hostile words through its own forms, and serve it."""
    folder, hostile = tmp_path_factory.mktemp("hostile"), Hostile()
    with (
        _databases_of_sqlite.lent_world() as (url, lent),
        scene_on(url, lent, folder / "scene", _compiled_templates) as scene,
    ):
        world = scene.world
        hostile.fill_every_form(scene)
        hostile.plant(scene.fresh(), scene.world, 36)
        offer = make.make_offer(scene.session, world.actor("alpha"), world.incident).reference
        hostile.attach(scene.client("alpha"), f"/incidents/EX27/offers/{offer}")
        with Server(url, folder) as server:
            yield Ground(server, scene, hostile, chromium)


def test_the_words_would_run_if_they_were_more_than_words(chromium: Browser):
    """Whoever only ever sees nothing might be blind."""
    ran = []
    with chromium.new_page() as screen:
        screen.on("dialog", lambda dialog: (ran.append(dialog.message), dialog.dismiss()))
        for entry in CORPUS:
            screen.set_content(f"<!DOCTYPE html><body><div>{entry}</div>")
            if screen.evaluate("window.__pwned !== undefined && delete window.__pwned"):
                ran.append(entry)
    assert len(ran) >= 80
    assert len(CORPUS) >= 250
    assert len(set(CORPUS)) == len(CORPUS)


@pytest.mark.slow
@pytest.mark.parametrize("name", WALKS)
def test_nothing_runs_on_the_pages_of(ground: Ground, name: str):
    ground.hostile.rename_everything(ground.scene.fresh())
    with ground.person(name) as person:
        wrong = ground.walk(person.page, WALKS[name])
        person.page.emulate_media(media="print")
        wrong += ground.seen(person.page, "printed")
    assert wrong == []
    assert [it for it in person.troubles if "Content Security Policy" in it] == []


@pytest.mark.slow
def test_nothing_runs_where_words_come_back(ground: Ground):
    """What is searched for, what no page is called, what a form was refused with."""
    wrong = []
    with ground.person("alpha") as person:
        for number in range(6):
            words = ground.hostile.pack(80, "search")
            wrong += ground.look(person.page, f"/incidents/EX27/feed?q={quote(words)}")
            some = quote(CORPUS[number * 50], safe="")
            wrong += ground.look(person.page, f"/incidents/EX27/feed/{some}")
            wrong += ground.look(person.page, f"/sign-in?next={some}")
        for path, button in REFUSED.items():
            wrong += ground.look(person.page, path)
            for box in person.page.get_by_role("main").locator(TEXTS).all():
                if box.is_visible():
                    box.fill(ground.hostile.pack(5000, "refused"))
            person.press(button)
            person.page.locator(".errsum").wait_for()
            wrong += ground.seen(person.page, path)
            ground.loads += 1
    assert wrong == []


@pytest.mark.slow
def test_nothing_runs_of_what_comes_in_live(ground: Ground):
    """Frames, and the regions that are asked for anew."""
    world, session = ground.scene.world, ground.scene.fresh()

    def report() -> Post:
        telling = {"words": ground.hostile.pack(1000, "live"), "is_urgent": True}
        return make.make_post(session, world.actor("alpha"), world.incident, **telling)

    last, _ = (make.publish(session, world.actor("moderator"), report()) for _ in range(2))
    with ground.person("bravo") as reader, ground.person("moderator") as desk:
        wrong = ground.look(reader.page, f"/incidents/EX27/feed?after={last.reference}")
        wrong += ground.look(desk.page, "/incidents/EX27/feed/queue")
        reader.is_live()
        desk.is_live()
        for _ in range(10):
            post = report()
            expect(desk.row("queue", post.reference)).to_be_visible()
            make.publish(session, world.actor("moderator"), post)
            expect(reader.row("feed", post.reference)).to_be_visible()
            expect(desk.row("queue", post.reference)).to_have_count(0)
        wrong += ground.seen(reader.page, "feed") + ground.seen(desk.page, "queue")
    assert wrong == []
    assert reader.troubles + desk.troubles == []


@pytest.mark.one_backend
def test_nothing_runs_in_a_letter(chromium, make_app, session, world, held_clock):
    """A letter has no policy to fall back on."""
    ran: list[str] = []
    hostile = Hostile()
    with Mailbox() as mailbox, chromium.new_page() as screen:
        screen.on("dialog", lambda dialog: (ran.append(dialog.message), dialog.dismiss()))
        office = PostOffice(
            make_app(smtp_url=mailbox.url, base_url="https://x.example"), session
        )
        for move in OF_INCIDENTS:
            hostile.rename_everything(session)
            letter = made(session, world, office, mailbox, held_clock, move)[1]
            page = parts(letter)[1]
            screen.set_content(page)
            ran += [it for it in screen.evaluate(LOOK) if " style=" not in it]
        office.notices.huey.storage.close()
    assert ran == []


@pytest.mark.slow
def test_so_many_pages_showed_every_entry(ground: Ground):
    assert ground.loads <= 300
    for name in ("words", "said", "description", "restrictions", "insurance"):
        assert ground.hostile.sown[name] == set(CORPUS), name

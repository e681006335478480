"""The feed's pages with all that can stand on them: for all, at any width, and light."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from portal.core import clock
from portal.feed.operations import Letting, mark_read
from portal.journal.audience import PARTNERS
from tests.browser.arranging import Stage, arranging
from tests.browser.conftest import Site, demo_site
from tests.browser.people import Person
from tests.browser.walking import examine
from tests.feed.making import post_of_seoc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser

#: What pages may weigh on the wire when nothing is cached, in bytes.
FEED, FORM, DESK = 65_000, 50_000, 95_000
#: Words of the usual length.
USUAL = (
    "Rack {} at Monett loads, rack 1 is down until utility power returns. The queue at the "
    "gate is long; the next word follows at the full hour. Drivers wait on the shoulder."
)


@pytest.fixture(scope="module")
def site(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Lend a site whose feed holds what these tests arrange."""
    with demo_site(chromium, tmp_path_factory.mktemp("pages")) as site:
        yield site


@pytest.fixture(scope="module")
def posts(site: Site) -> dict[str, str]:
    """Let the feed and the desk hold one of everything."""
    with arranging(site.server) as stage:
        made = {**let_out(stage), **handed_in(stage)}
        return {name: post.reference for name, post in made.items()}


def let_out(stage: Stage) -> dict[str, Any]:
    ahead = clock.now() + timedelta(hours=6)
    desk = stage.actor("moderator")
    made = {
        "pictured": stage.published("Two pictures of the bridge.", photos=2),
        "corrected": stage.published("It opens at noon."),
        "retracted": stage.published("It never was so."),
        "overtaken": stage.published("The line is down."),
        "later": stage.published("The line is up again."),
        "pinned": stage.published("The next call is at three."),
        "read": stage.published("Read up to here."),
    }
    for name in ("liaison", "liaison2"):
        person_id = stage.actor(name).person_id
        assert person_id is not None
        mark_read(stage.session, person_id, made["read"])
    stage.do("correct", made["corrected"], said="It opens at one.", why="The crew is late.")
    stage.do("retract", made["retracted"], note="It was another bridge.")
    stage.do("supersede", made["overtaken"], by=made["later"])
    stage.do("pin", made["pinned"], until=ahead)
    made["urgent"] = post_of_seoc(
        stage.session,
        desk,
        stage.incident,
        said="**Boil water** in Jasper County.\n\n- at home\n- at work\n\n[How](https://mo.gov/)",
        is_urgent=True,
        acknowledge_by=ahead,
        review_by=ahead,
        confidence="observed",
    )
    made["asked"] = stage.report("To be acknowledged.", asked_for=(PARTNERS,))
    stage.do(
        "publish", made["asked"], letting=Letting(seen_by=(PARTNERS,), acknowledge_by=ahead)
    )
    stage.do("acknowledge", made["asked"], who="association")
    return made


def handed_in(stage: Stage) -> dict[str, Any]:
    made = {
        "waiting": stage.report(
            "Urgent, with a picture; call 417-555-0188.", photos=1, is_urgent=True
        ),
        "alike": stage.report("Urgent, with a picture, and alike."),
        "question": stage.report("It is unclear."),
        "claimed": stage.report("Somebody has it."),
    }
    stage.do("ask", made["question"], question="Since when is it unclear?")
    stage.do("take", made["claimed"], who="mop3")
    return made


def look(person: Person, path: str, first: str | None = None) -> list[str]:
    """Examine a page; `first` is a button that is pressed before."""
    person.open(path)
    if first:
        person.press(first)
        person.page.locator(".errsum").first.wait_for()
    else:
        person.is_live()
    wrong = examine(person.page, dark=True)
    person.forgive("422")
    return wrong


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    "path",
    [
        "feed",
        "feed?lifeline=ENERGY&county=29097",
        "feed?words=nothing+like+this",
        "feed?unread=1",
        "feed?acknowledge=1",
        "feed/mine",
        "feed/{pictured}",
        "feed/{corrected}",
        "feed/{retracted}",
        "feed/{urgent}",
        "feed/{question}",
        "feed/{waiting}",
    ],
)
def test_what_partners_read(
    path: str, site: Site, meet: Callable[..., Person], posts: dict[str, str]
):
    liaison = meet(site.server.url, "liaison")
    assert look(liaison, path.format(**posts)) == []


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    "path",
    [
        "feed/queue",
        "feed/queue/{waiting}",
        "feed/queue/{claimed}",
        "feed/{asked}",
        "feed/{corrected}",
        "feed/post",
        "feed/enter",
    ],
)
def test_what_the_desk_sees(
    path: str, site: Site, meet: Callable[..., Person], posts: dict[str, str]
):
    moderator = meet(site.server.url, "moderator")
    assert look(moderator, path.format(**posts)) == []


def test_a_post_as_another_partner_reads_it(
    site: Site, meet: Callable[..., Person], posts: dict[str, str]
):
    reader = meet(site.server.url, "liaison2")
    assert look(reader, f"feed/{posts['asked']}") == []


@pytest.mark.slow
def test_forms_that_come_back(site: Site, meet: Callable[..., Person], posts: dict[str, str]):
    moderator, liaison = meet(site.server.url, "moderator"), meet(site.server.url, "liaison")
    wrong = look(liaison, "feed/new", "Send to the SEOC")
    wrong += look(moderator, "feed/post", "Publish")
    wrong += look(moderator, "feed/enter", "Enter it")
    moderator.open(f"feed/queue/{posts['waiting']}")
    moderator.unfold("Do not publish")
    moderator.press("Do not publish, tell the author")
    moderator.page.locator(".errsum").first.wait_for()
    wrong += examine(moderator.page, dark=True)
    moderator.forgive("422")
    assert wrong == []


# ---------------------------------------------------------------- weight


def weigh(person: Person, path: str) -> int:
    """Open a page with nothing cached, and return the bytes that came over the wire."""
    wire, weights = person.context.new_cdp_session(person.page), []
    wire.send("Network.enable")
    wire.send("Network.setCacheDisabled", {"cacheDisabled": True})
    wire.on("Network.loadingFinished", lambda told: weights.append(told["encodedDataLength"]))
    person.open(path)
    person.is_live()
    person.page.wait_for_load_state("networkidle")
    wire.detach()
    return int(sum(weights))


@pytest.fixture(scope="module")
def thirty(site: Site) -> None:
    """Let thirty posts be out and thirty reports wait."""
    with arranging(site.server) as stage:
        for number in range(30):
            last = stage.published(USUAL.format(number))
            stage.report(USUAL.format(number + 30))
        person_id = stage.actor("cikr").person_id
        assert person_id is not None
        mark_read(stage.session, person_id, last)


@pytest.mark.sampled(3)
@pytest.mark.usefixtures("thirty")
@pytest.mark.parametrize(
    ("name", "path", "most"),
    [
        ("cikr", "feed", FEED),
        ("liaison", "feed", FEED),
        ("liaison", "feed/new", FORM),
        ("moderator", "feed/post", FORM),
        ("moderator", "feed/enter", FORM),
        ("moderator", "feed/queue", DESK),
        ("moderator", "feed/queue/{waiting}", DESK),
    ],
)
def test_what_comes_over_the_wire(
    name: str,
    path: str,
    most: int,
    site: Site,
    meet: Callable[..., Person],
    posts: dict[str, str],
):
    weight = weigh(meet(site.server.url, name, packs=True), path.format(**posts))
    print(f"{path}: {weight / 1000:.1f} KB")  # noqa: T201
    assert weight <= most

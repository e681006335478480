"""The SEOC's own words: second person, pins, times, safe text; and callers."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select

from portal.core import clock
from portal.core.errors import FieldError, NotAllowedError, StateGoneError
from portal.core.writes import Held
from portal.feed import operations as feed
from portal.feed import queries
from portal.feed.models import Post
from portal.journal.transaction import transaction
from tests.factories import close_incident, make_post, publish, sign_in
from tests.feed.making import needs_second, post_of_seoc, proposed
from tests.threads import sorted_out, together

BASE = "/incidents/EX27/feed"


def move(session, actor, name, post, **words):
    with transaction(session, actor, held=[Held(post)]) as tx:
        getattr(feed, name)(tx, post, **words)


def latest(session):
    session.rollback()
    return session.scalars(select(Post).order_by(Post.id.desc()).limit(1)).one()


# ---------------------------------------------------------------- second person


@pytest.mark.parametrize(
    ("changes", "waits"),
    [
        ({}, True),
        ({"kind": "road"}, False),
        ({"seen_by": ("staff",)}, False),
        ({"seen_by": ("region:D",)}, False),
    ],
)
def test_instructions_to_all_partners_need_a_second_person(session, world, changes, waits):
    needs_second(session, world.incident)
    post = post_of_seoc(session, world.actor("moderator"), world.incident, **changes)
    assert post.state == ("proposed" if waits else "published")
    needs_second(session, world.incident, needs=False)
    at_once = post_of_seoc(session, world.actor("moderator"), world.incident, **changes)
    assert at_once.state == "published"


def test_nobody_agrees_to_their_own_proposal(session, world):
    post = proposed(world, world.incident)
    with pytest.raises(NotAllowedError):
        move(session, world.actor("moderator"), "second", post)
    move(session, world.actor("moderator2"), "second", post)
    assert post.state == "published"
    with pytest.raises(StateGoneError):
        move(session, world.actor("mop3"), "second", post)


def test_a_proposal_is_the_desks_until_a_second_person_agrees(client_for, world):
    post = proposed(world, world.incident)
    first, other = client_for("moderator"), client_for("mop3")
    for name in ("bravo", "erac", "observer"):
        assert client_for(name).get(f"{BASE}/{post.reference}").status_code == 404
        assert "Stay off" not in client_for(name).page(BASE).main
    url = f"{BASE}/queue/{post.reference}"
    assert first.page(url).moves & {"post.second", "post.drop"} == {"post.drop"}
    other.follow(other.send(url, "post.second"))
    assert "Stay off I-44." in client_for("bravo").page(BASE).main


def test_a_proposal_whose_time_has_passed_does_not_go_out(session, world, held_clock):
    needs_second(session, world.incident)
    due = held_clock.now + timedelta(hours=1)
    desk = world.actor("moderator")
    post = post_of_seoc(session, desk, world.incident, acknowledge_by=due)
    held_clock.tick(3601)
    with pytest.raises(FieldError), transaction(session, world.actor("mop3")) as tx:
        feed.second(tx, post)
    assert post.state == "proposed"


def test_a_proposal_that_is_dropped_never_goes_out(session, world):
    post = proposed(world, world.incident)
    move(session, world.actor("moderator"), "drop", post)
    with pytest.raises(StateGoneError):
        move(session, world.actor("mop3"), "second", post)
    assert queries.list_feed(session, world.incident.id, world.actor("erac")).posts == []


# ---------------------------------------------------------------- pins


def test_three_posts_are_pinned_and_no_more(session, world, held_clock):
    desk, incident = world.actor("moderator"), world.incident
    posts = [post_of_seoc(session, desk, incident) for _ in range(4)]
    until = held_clock.now + timedelta(hours=1)
    for post in posts[:3]:
        move(session, desk, "pin", post, until=until)
    with pytest.raises(FieldError, match="3 posts are pinned already"):
        move(session, desk, "pin", posts[3], until=until)
    move(session, desk, "pin", posts[0], until=until + timedelta(hours=1))
    move(session, desk, "unpin", posts[1])
    move(session, desk, "pin", posts[3], until=until)
    held_clock.tick(3600)
    pinned = queries.list_pinned(session, incident.id, world.actor("bravo"))
    assert [it.reference for it in pinned] == [posts[0].reference], "the clock unpins"
    with pytest.raises(StateGoneError):
        move(session, desk, "unpin", posts[3])


def test_a_pin_makes_room_when_its_post_is_taken_back(session, world):
    desk, until = world.actor("moderator"), clock.now() + timedelta(hours=1)
    posts = [post_of_seoc(session, desk, world.incident) for _ in range(4)]
    for post in posts[:3]:
        move(session, desk, "pin", post, until=until)
    move(session, desk, "retract", posts[2], note="A drill.")
    move(session, desk, "pin", posts[3], until=until)


def test_many_who_pin_at_once_pin_three(database, session, world):
    desk, until = sign_in(session, world, "moderator"), clock.now() + timedelta(hours=1)
    ids = [post_of_seoc(session, desk, world.incident).id for _ in range(6)]

    def pin(post_id):
        with database.sessions() as own:
            move(own, desk, "pin", own.get_one(Post, post_id), until=until)

    done, refused = sorted_out(together([partial(pin, it) for it in ids]), FieldError)
    assert (len(done), len(refused)) == (3, 3)


def test_a_pinned_post_is_what_is_true_now(client_for, session, world):
    post = post_of_seoc(session, world.actor("moderator"), world.incident)
    desk = client_for("moderator")
    desk.follow(desk.send(f"{BASE}/{post.reference}", "post.pin"))
    panel = client_for("bravo").page(BASE).one("section[@id='pinned']")
    assert "Stay off I-44." in "".join(panel.itertext())


# ---------------------------------------------------------------- what goes out


@pytest.mark.parametrize("name", ["review_by", "ends_at", "acknowledge_by"])
def test_no_time_that_has_passed_goes_out(session, world, held_clock, name):
    desk, report = world.actor("moderator"), make_post(session, world.actor("alpha"))
    for at in (held_clock.now, held_clock.now - timedelta(seconds=1)):
        with pytest.raises(FieldError) as refused:
            post_of_seoc(session, desk, world.incident, **{name: at})
        assert refused.value.field == name
        letting = feed.Letting(seen_by=("partners",), **{name: at})
        with pytest.raises(FieldError), transaction(session, desk) as tx:
            feed.publish(tx, report, letting)
    assert report.state == "waiting"


@pytest.mark.parametrize("name", ["alpha", "cikr", "erac", "admin", "observer"])
def test_only_the_desk_speaks_for_the_seoc(session, world, name):
    with pytest.raises(NotAllowedError):
        post_of_seoc(session, world.actor(name), world.incident)


def test_nothing_goes_out_in_a_closed_incident(session, world):
    close_incident(session, world.incident)
    with pytest.raises(StateGoneError):
        post_of_seoc(session, world.actor("moderator"), world.incident)


HOSTILE = """Call at three.
**Bring** the list.

- one
- two

<script>alert(1)</script><img src=x onerror=alert(2)>
[here](javascript:alert(3)) ![x](https://evil.example/x.png)
[map](https://maps.example.gov/x)"""


def test_what_the_seoc_writes_is_shown_safely(client_for):
    desk = client_for("moderator")
    sent = desk.send(f"{BASE}/post", None, said=HOSTILE, kind="call", seen_by="partners")
    assert sent.status_code == 303
    reader = client_for("bravo")
    for page in (reader.page(BASE), reader.page(sent.headers["Location"])):
        (prose,) = page.with_class("prose")
        assert {it.tag for it in prose.iter()} <= {"div", "p", "br", "strong", "ul", "li", "a"}
        assert [it.text for it in prose.iter("li")] == ["one", "two"]
        assert [it.text for it in prose.iter("strong")] == ["Bring"]
        addresses = [it.get("href") for it in prose.iter("a")]
        assert "https://maps.example.gov/x" in addresses
        assert all(it.startswith("https://") for it in addresses)


# ---------------------------------------------------------------- telephone and e-mail


PRIVATE = "The gate is shut. Call Pat at 417-555-0134 or pat@alpha.example."


def test_telephone_and_e_mail_are_hidden_unless_the_desk_puts_them_back(
    client_for, session, world
):
    hidden, kept = (make_post(session, world.actor("alpha"), words=PRIVATE) for _ in range(2))
    desk = client_for("moderator")
    page = desk.page(f"{BASE}/queue/{hidden.reference}")
    (typed,) = page.form("post.publish").filled["said"]
    assert "417-555-0134" not in typed
    assert "pat@alpha.example" not in typed
    desk.follow(desk.submit(page.form("post.publish"), seen_by="partners"))
    url = f"{BASE}/queue/{kept.reference}"
    desk.follow(desk.send(url, "post.publish", seen_by="partners", said=PRIVATE))
    reader = client_for("bravo")
    shown = reader.page(f"{BASE}/{hidden.reference}").html
    assert "417-555-0134" not in shown
    assert "pat@alpha.example" not in shown
    assert "The gate is shut." in shown
    assert "417-555-0134" in reader.page(f"{BASE}/{kept.reference}").html
    own = client_for("alpha").page(f"{BASE}/{hidden.reference}")
    assert "417-555-0134" in " ".join(own.words("del")), "its author sees what was taken out"


def test_they_are_hidden_when_many_are_let_out_at_once(client_for, session, world):
    posts = [make_post(session, world.actor("alpha"), words=PRIVATE) for _ in range(2)]
    desk = client_for("moderator")
    forms = desk.page(f"{BASE}/queue").forms
    (form,) = [it for it in forms if it.action.endswith("/queue") and it.method == "post"]
    sent = desk.submit(form, what="publish", posts=[it.reference for it in posts])
    assert "Decided: 2. Left as they are: 0." in desk.follow(sent).main
    html = client_for("bravo").page(BASE).html
    assert html.count("The gate is shut.") >= 2
    assert "417-555-0134" not in html


# ---------------------------------------------------------------- callers


def test_a_callers_report_is_the_organizations_own(client_for, session, world):
    desk = client_for("moderator")
    alpha = world.organizations["alpha"].reference
    sent = desk.send(
        f"{BASE}/enter",
        None,
        organization=alpha,
        spoken_by="Pat Caller",
        words="We are dark.",
        county="29097",
        lifeline="ENERGY",
        standing="closed",
    )
    page = desk.follow(sent)
    post = latest(session)
    assert f"Tell the caller the reference {post.reference}" in page.main
    assert "We are dark." in client_for("alpha").page(f"{BASE}/mine").main
    assert post.reference not in client_for("bravo").page(f"{BASE}/mine").main
    item = desk.page(f"{BASE}/queue/{post.reference}").main
    assert "Pat Caller by telephone" in item
    publish(session, world.actor("mop3"), post)
    assert "Pat Caller" not in client_for("bravo").page(f"{BASE}/{post.reference}").html

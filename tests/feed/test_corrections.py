"""What becomes of words that are out: corrected, confirmed, doubted, overtaken, taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.core.errors import FieldError, NotAllowedError, StateGoneError
from portal.feed import operations as feed
from portal.feed import queries
from portal.feed.queries import Filters
from portal.journal.models import Entry
from portal.journal.queries import story
from portal.journal.records import destroy
from portal.journal.transaction import transaction
from tests.factories import make_post, publish, retract
from tests.feed.making import post_of_seoc

BASE = "/incidents/EX27/feed"


@pytest.fixture
def post(session, world):
    """A report of Alpha's that all partners read."""
    row = make_post(session, world.actor("alpha"), words="Route 66 is shut.")
    return publish(session, world.actor("moderator"), row)


def move(session, actor, name, post, **words):
    with transaction(session, actor) as tx:
        getattr(feed, name)(tx, post, **words)


def correct(session, world, post, said, why="It was checked."):
    move(session, world.actor("mop3"), "correct", post, said=said, why=why)


def test_a_correction_is_shown_with_what_was_read_before(client_for, session, world, post):
    correct(session, world, post, "Route 67 is shut.", "A wrong number.")
    for url in (BASE, f"{BASE}/{post.reference}"):
        page = client_for("bravo").page(url)
        assert "Route 67 is shut." in page.main
        assert "Corrected" in page.main
        assert "A wrong number." in page.main
        assert page.words("del") == ["Route 66 is shut."]
    assert post.words == "Route 66 is shut.", "the author's words stay the author's"
    mine = client_for("alpha").page(f"{BASE}/{post.reference}").main
    assert "What the author wrote, and what the SEOC changed" in mine


def test_every_correction_stands_in_the_story(session, world, post):
    correct(session, world, post, "Route 67 is shut.")
    correct(session, world, post, "Route 68 is shut.", "Again.")
    assert (post.said_before, post.said) == ("Route 67 is shut.", "Route 68 is shut.")
    told = [it.words for it in story(session, "post", post.id) if it.move == "correct"]
    assert [it["said"] for it in told] == ["Route 67 is shut.", "Route 68 is shut."]


def test_a_correction_whose_words_were_destroyed_keeps_its_time(
    client_for, session, world, post
):
    correct(session, world, post, "Route 67 is shut.", "A wrong number.")
    correct(session, world, post, "Route 68 is shut.", "A second look.")
    corrections = select(Entry.seq).where(
        Entry.subject == "post", Entry.subject_id == post.id, Entry.move == "correct"
    )
    seqs = session.scalars(corrections).all()
    with transaction(session, world.actor("records")) as tx:
        destroy(tx, world.incident_id, seqs, basis="RSMo 610.021")
    for name in ("alpha", "bravo", "moderator"):
        page = client_for(name).page(f"{BASE}/{post.reference}")
        told = [it for it in page.words("summary") if it.startswith("Corrected")]
        assert len(told) == 2, name
        assert not any(it.endswith(":") for it in told)
        assert "A wrong number." not in page.html
        assert "A second look." not in page.html
        assert "Route 68 is shut." in page.main


def test_a_correction_that_changes_nothing_is_refused(session, world, post):
    with pytest.raises(FieldError) as refused:
        correct(session, world, post, "Route 66 is shut.")
    assert refused.value.field == "said"
    assert post.corrected_at is None


def test_only_the_desk_corrects(session, world, post):
    for name in ("alpha", "erac", "cikr"):
        with pytest.raises(NotAllowedError):
            move(session, world.actor(name), "correct", post, said="No.", why="No.")


def test_who_has_read_it_is_told_what_changed(client_for, session, world, post):
    reader = client_for("bravo")
    page = reader.page(BASE)
    (form,) = [it for it in page.forms if it.action.endswith("/read")]
    assert reader.submit(form).status_code == 303
    assert "Since you last read" not in reader.page(BASE).main
    correct(session, world, post, "Route 67 is shut.")
    assert "Since you last read" in reader.page(BASE).main
    retract(session, world.actor("moderator"), post, note="It was a drill.")
    page = reader.page(BASE)
    assert "Taken back: It was a drill." in page.main
    assert "Route 6" not in page.html


def test_what_was_taken_back_is_nowhere(client_for, session, world, post):
    correct(session, world, post, "Route 67 is shut.")
    retract(session, world.actor("moderator"), post)
    reader = client_for("bravo")
    name = post.reference
    for url in ("", f"/{name}", "?unread=1", "?region=D", "/feed.csv", "?words=route"):
        path = "/incidents/EX27/feed/feed.csv" if url == "/feed.csv" else f"{BASE}{url}"
        assert "is shut" not in reader.get(path).text, url
    found = queries.list_feed(
        session, world.incident.id, world.actor("bravo"), Filters(words="route")
    )
    assert found.posts == []
    assert "Route 66 is shut." in client_for("alpha").page(f"{BASE}/{name}").main


def test_a_post_is_taken_back_once_and_for_all(session, world, post):
    retract(session, world.actor("moderator"), post)
    for name, words in (
        ("correct", {"said": "New.", "why": "New."}),
        ("confirm", {"review_by": None}),
        ("retract", {"note": "Again."}),
        ("doubt", {}),
    ):
        actor = world.actor("bravo" if name == "doubt" else "moderator")
        with pytest.raises(StateGoneError):
            move(session, actor, name, post, **words)


def test_a_later_post_takes_its_place(client_for, session, world, post):
    later = post_of_seoc(session, world.actor("moderator"), world.incident, kind="road")
    desk = client_for("moderator")
    sent = desk.send(f"{BASE}/{post.reference}", "post.supersede", by=later.reference.lower())
    assert sent.status_code == 303
    page = client_for("bravo").page(f"{BASE}/{post.reference}")
    assert f"Overtaken by {later.reference}" in page.main
    assert f"{BASE}/{later.reference}" in page.links
    session.rollback()
    assert (post.state, post.successor_id) == ("superseded", later.id)


def test_a_post_is_not_overtaken_by_what_nobody_reads(session, world, post):
    waits = make_post(session, world.actor("alpha"))
    for by in (waits, post):
        with pytest.raises(FieldError):
            move(session, world.actor("moderator"), "supersede", post, by=by)


def test_a_reader_asks_once_whether_it_is_still_true(session, world, post):
    incident = world.incident.id
    move(session, world.actor("bravo"), "doubt", post)
    with pytest.raises(StateGoneError):
        move(session, world.actor("charlie"), "doubt", post)
    with pytest.raises(NotAllowedError):
        move(session, world.actor("mop3"), "doubt", post)
    assert [it.reference for it in queries.list_doubted(session, incident)] == [post.reference]
    move(session, world.actor("mop3"), "confirm", post, review_by=None)
    assert queries.list_doubted(session, incident) == []
    move(session, world.actor("charlie"), "doubt", post)
    assert len(queries.list_doubted(session, incident)) == 1, "it can be asked again later"


def test_no_reader_is_told_who_doubts(client_for, session, world, post):
    move(session, world.actor("bravo"), "doubt", post)
    for name in ("alpha", "charlie", "observer"):
        html = client_for(name).page(f"{BASE}/{post.reference}").html
        assert "Bravo" not in html
    assert post.reference in client_for("moderator").page(f"{BASE}/queue").main


def test_marks_say_what_is_over_and_no_longer_confirmed(client_for, session, world, held_clock):
    ends, review = (held_clock.now + timedelta(minutes=it) for it in (5, 9))
    post = post_of_seoc(
        session, world.actor("moderator"), world.incident, ends_at=ends, review_by=review
    )
    reader = client_for("bravo")

    def shown(page):
        marks = [it for it in page.all("span[@data-from]") if it.get("hidden") is None]
        return [" ".join("".join(it.itertext()).split()).split(" since ")[0] for it in marks]

    for minutes, marks in ((0, []), (6, ["Over"]), (4, ["Over", "No longer confirmed"])):
        held_clock.tick(minutes * 60)
        for url in (BASE, f"{BASE}/{post.reference}"):
            assert shown(reader.page(url)) == marks
    ahead = held_clock.now + timedelta(hours=1)
    move(session, world.actor("moderator"), "confirm", post, review_by=ahead)
    assert shown(reader.page(BASE)) == ["Over"]


def test_nothing_is_confirmed_until_a_time_that_has_passed(session, world, post, held_clock):
    for review_by in (held_clock.now, held_clock.now - timedelta(minutes=1)):
        with pytest.raises(FieldError) as refused:
            move(session, world.actor("moderator"), "confirm", post, review_by=review_by)
        assert refused.value.field == "review_by"

"""What can be done with reports, and what the rules refuse."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from portal.core.errors import FieldError, NotAllowedError, StateGoneError
from portal.feed import operations
from portal.feed.models import Post
from portal.feed.states import LETS_OUT, REPORTED
from portal.journal.models import Audience
from portal.journal.queries import story
from portal.journal.transaction import transaction
from tests.factories import (
    close_incident,
    make_post,
    publish,
    reject,
    report,
    retract,
    withdraw_post,
)


def rooms(session, post):
    """Return the rooms that the database has the post in."""
    stored = select(Audience.room).where(
        Audience.subject == "post", Audience.subject_id == post.id
    )
    return set(session.scalars(stored))


def moves(session, post):
    return [told.move for told in story(session, "post", post.id)]


def test_a_report_waits_at_the_desk_in_its_organizations_name(session, world):
    alpha = world.actor("alpha")
    post = make_post(session, alpha, words="The road is out.")
    assert (post.state, post.organization_id, post.person_id) == (
        "waiting",
        alpha.organization_id,
        alpha.person_id,
    )
    assert post.reference.startswith("EX27-")
    assert post.submitted_at == post.moved_at
    assert rooms(session, post) == {"cell:moderator", f"org:{alpha.organization_id}"}
    (told,) = story(session, "post", post.id)
    assert told.words["words"] == "The road is out."


@pytest.mark.parametrize("name", ["moderator", "mop3", "erac", "admin", "observer"])
def test_only_partners_report(session, world, name):
    with pytest.raises(NotAllowedError):
        make_post(session, world.actor(name), world.incident)
    assert session.scalar(select(Post.id)) is None


def test_nobody_reports_to_a_closed_incident_and_the_desk_still_decides(session, world):
    incident, alpha = world.incident, world.actor("alpha")
    waiting, other = (make_post(session, alpha, incident) for _ in range(2))
    close_incident(session, incident)
    with pytest.raises(StateGoneError):
        make_post(session, alpha, incident)
    assert publish(session, world.actor("moderator"), waiting).state == "published"
    assert withdraw_post(session, alpha, other).state == "withdrawn"


@pytest.mark.parametrize(
    ("seen_by", "reading"),
    [
        (("partners",), {"partners"}),
        (("staff",), {"staff"}),
        (("sector:ENER", "sector:FOOD"), {"sector:ENER", "sector:FOOD", "staff"}),
        (("region:D",), {"region:D", "staff"}),
        (("partners", "region:D"), {"partners", "region:D"}),
    ],
)
def test_a_published_report_is_in_the_rooms_it_was_let_out_to(session, world, seen_by, reading):
    post = publish(
        session, world.actor("moderator"), make_post(session, world.actor("alpha")), seen_by
    )
    own = {"cell:moderator", f"org:{post.organization_id}"}
    assert post.audience == rooms(session, post) == own | reading
    assert post.published_at == post.moved_at
    retract(session, world.actor("mop3"), post)
    assert rooms(session, post) == own | reading, "its readers must learn that it is gone"


@pytest.mark.parametrize(
    "seen_by", [(), ("",), ("org:3",), ("cell:erac",), ("audit",), ("partners", "assoc:5")]
)
def test_a_report_is_let_out_to_reading_rooms_only(session, world, seen_by):
    post = make_post(session, world.actor("alpha"))
    with pytest.raises(FieldError) as refused:
        publish(session, world.actor("moderator"), post, seen_by)
    assert refused.value.field == "seen_by"
    assert moves(session, post) == ["submit"]


def test_another_reason_needs_words(session, world):
    post, desk = make_post(session, world.actor("alpha")), world.actor("moderator")
    with pytest.raises(FieldError) as refused, transaction(session, desk) as tx:
        operations.reject(tx, post, reason=operations.OTHER, note="")
    assert refused.value.field == "note"
    assert moves(session, post) == ["submit"]
    with transaction(session, desk) as tx:
        operations.reject(tx, post, reason=operations.OTHER, note="Please call.")
    assert (post.state, post.note) == ("rejected", "Please call.")


def test_colleagues_may_take_a_report_back_and_competitors_not(session, world):
    post = make_post(session, world.actor("alpha"))
    with pytest.raises(NotAllowedError):
        withdraw_post(session, world.actor("bravo"), post)
    assert withdraw_post(session, world.actor("alpha_admin"), post).state == "withdrawn"


def test_what_is_decided_is_decided(session, world):
    post = reject(session, world.actor("moderator"), make_post(session, world.actor("alpha")))
    for again in (publish, reject, retract):
        with pytest.raises(StateGoneError):
            again(session, world.actor("moderator2"), post)
    assert moves(session, post) == ["submit", "reject"]


def test_the_words_of_a_report_stand_in_its_entry(session, world):
    post = make_post(session, world.actor("alpha"))
    publish(session, world.actor("moderator"), post, ("region:D",))
    retract(session, world.actor("mop3"), post, note="A drill.")
    told = story(session, "post", post.id)
    assert [it.move for it in told] == ["submit", "publish", "retract"]
    assert told[0].words.keys() == REPORTED
    assert told[0].words["asked_for"] == list(report().asked_for)
    assert told[1].words.keys() == LETS_OUT
    assert told[1].words["seen_by"] == ["region:D"]
    assert told[2].words == {"note": "A drill."}
    people = [world.people[it].id for it in ("alpha", "moderator", "mop3")]
    assert [it.person_id for it in told] == people

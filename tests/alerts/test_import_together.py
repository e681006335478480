"""Alerts that come from several sides at once, and in whatever files."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from portal.alerts.models import OutsideAlert
from portal.alerts.operations import Fate
from portal.core.actor import SYSTEM
from portal.core.errors import BusyError, ConflictError
from portal.core.writes import Held
from portal.feed import operations as feed
from portal.feed.models import Post
from portal.journal.audience import STAFF
from portal.journal.transaction import transaction
from tests.alerts.stories import bring, post_of, told, undecided
from tests.factories import open_incident
from tests.journal.reading import check_journal, dump
from tests.threads import sorted_out, together

ALERT = told("first", 0)
UPDATE = told("second", 10, ALERT)
OTHERS = [told(f"other{number}", number) for number in range(6)]

# ---------------------------------------------------------------- at the same moment


def importer(database, world, *stories):
    """Return a job that imports a file as a process of its own would."""

    def job():
        with database.sessions() as mine:
            return bring(mine, world.within(mine).incident, *stories)

    return job


def test_of_eight_who_import_the_same_file_at_once_one_brings_it_in(database, session, world):
    job = importer(database, world, ALERT, UPDATE, *OTHERS)
    done, busy = sorted_out(together([job] * 8), BusyError)
    assert busy == []
    fates = sum(map(Counter, done), Counter())
    assert fates == {Fate.NEW: 7, Fate.JOINED: 1, Fate.KNOWN: 7 * 8}
    assert session.scalar(select(func.count()).select_from(Post)) == 8
    assert undecided(session, world.incident) == sorted(
        ["second", *(f"other{number}" for number in range(6))]
    )
    check_journal(session)


def test_whichever_of_two_files_is_first_the_update_stays(database, session, world):
    for number in range(6):
        first = told(f"a{number}", 0)
        last = told(f"b{number}", 10, first)
        together([importer(database, world, last), importer(database, world, first)])
        session.rollback()
        assert f"b{number}" in undecided(session, world.incident)
    assert len(undecided(session, world.incident)) == 6
    check_journal(session)


def test_a_decision_and_an_update_at_the_same_moment(database, session, world):
    """Either the desk was first, and the update waits to take its place, or it hears so."""
    for number in range(6):
        first = told(f"a{number}", 0)
        update = told(f"b{number}", 10, first)
        bring(session, world.incident, first)
        decided, joined = together(
            [decider(database, world, first), importer(database, world, update)]
        )
        assert joined == {Fate.JOINED: 1}
        session.rollback()
        state, newer = post_of(session, first).state, post_of(session, update)
        assert state == ("superseded" if isinstance(decided, ConflictError) else "published")
        assert (newer.state, newer.replaces_id) == ("waiting", post_of(session, first).id)
    check_journal(session)


def decider(database, world, alert):
    """Return a job that publishes an alert's draft as the page does."""

    def job():
        with database.sessions() as mine:
            post = post_of(mine, alert)
            moderator = world.within(mine).actor("moderator")
            with transaction(mine, moderator, held=[Held(post, post.version)]) as tx:
                feed.publish(tx, post, feed.Letting(seen_by=(STAFF,)))

    return job


# ---------------------------------------------------------------- in whatever files


@dataclass(frozen=True)
class History:
    """What was sent, by number, and the files that say so.

    older : of each alert, the numbers of those that it names.
    files : in each the numbers of its alerts, in its order.
    """

    older: list[list[int]]
    files: list[list[int]]


@st.composite
def histories(draw):
    """Threads that part and join again, told in files of any size and order."""
    older = []
    for number in range(draw(st.integers(1, 7))):
        parents = draw(st.sets(st.integers(0, number - 1), max_size=2)) if number else set()
        if draw(st.booleans()):  # some offices name all that went before, some the last only
            parents = parents.union(*(older[parent] for parent in parents))
        older.append(sorted(parents))
    one = st.lists(st.integers(0, len(older) - 1), unique=True, max_size=len(older))
    return History(older, draw(st.lists(one, min_size=1, max_size=5)))


def stories_of(older, minutes=10):
    made = []
    for number, names in enumerate(older):
        made.append(told(f"n{number}", number * minutes, *(made[it] for it in names)))
    return made


_codes = (f"H{number}" for number in count())


@given(histories())
def test_each_is_there_once_and_the_newest_of_each_thread_waits(session, world, history):
    del world  # someone has to live there
    incident = open_incident(session, SYSTEM, code=next(_codes))
    stories = stories_of(history.older)
    told_of: set[int] = set()
    for numbers in history.files:
        fates = bring(session, incident, *(stories[number] for number in numbers))
        assert sum(fates.values()) == len(numbers)
        told_of.update(numbers)
        named = {older for number in told_of for older in history.older[number]}
        newest = sorted(f"n{number}" for number in told_of - named)
        assert undecided(session, incident) == newest
    posts = session.scalar(
        select(func.count()).select_from(Post).where(Post.incident_id == incident.id)
    )
    known = select(OutsideAlert.post_id).where(
        OutsideAlert.incident_id == incident.id, OutsideAlert.post_id.is_not(None)
    )
    assert posts == len(set(session.scalars(known))) <= len(told_of)


@pytest.mark.one_backend
@given(histories())
def test_whatever_comes_again_adds_nothing(session, world, history):
    del world
    incident = open_incident(session, SYSTEM, code=next(_codes))
    stories = stories_of(history.older)
    files = [[stories[number] for number in numbers] for numbers in history.files]
    for each in files:
        bring(session, incident, *each)
    before = dump(session)
    for each in files:
        assert set(bring(session, incident, *each)) <= {Fate.KNOWN, Fate.OVERTAKEN}
    assert dump(session) == before

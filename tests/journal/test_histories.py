"""Histories that nobody would think of: many people, at once, with whatever can go wrong.

Hypothesis makes them up: bursts of writes at the same moment, refusals, crashes, forms sent
again, a clock that goes back, readers that read all the while. After each step the journal must
be what it promises, and hold exactly what was acknowledged. `PORTAL_HYPOTHESIS=deep` thinks up
many more and longer ones.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from functools import partial

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from portal.accounts.models import SignIn
from portal.accounts.queries import epoch_of
from portal.accounts.states import SignInState
from portal.core import clock
from portal.core.db import Database
from portal.core.errors import AlreadyDoneError, BusyError, PortalError
from portal.feed.models import Post
from portal.journal.models import Entry, Once
from portal.journal.transaction import transaction
from portal.offers.models import Offer
from tests.factories import once_key, sign_in
from tests.journal.acts import ACTS, WHO, Act, Crash, Known, do, held_of, row_of
from tests.journal.following import Followers
from tests.journal.reading import check_journal
from tests.threads import sorted_out, together

ROOMS = ["partners", "staff", "cell:moderator", "cell:erac", "region:D", "audit"]

#: Sessions end after half an hour; the clock stays well within that.
FARTHEST_S = 800

acts = st.sampled_from(sorted(ACTS)).flatmap(
    lambda kind: st.builds(
        Act,
        st.just(kind),
        st.sampled_from(WHO[kind]),
        st.integers(0, 11),
        st.integers(0, 3).map(bool),
    )
)
bursts = st.lists(acts, min_size=2, max_size=7)


def open_sign_ins(session, world):
    """Return the ids of the open sessions of who is suspended now and then."""
    session.rollback()
    mine = SignIn.person_id == world.people["charlie"].id
    rows = select(SignIn.id).where(mine, SignIn.state == SignInState.OPEN)
    return set(session.scalars(rows))


class History(RuleBasedStateMachine):
    """One database, the people of the world, and what they were told had happened."""

    def __init__(self, databases):
        super().__init__()
        self._start = self._now = clock.now()
        clock.use(lambda: self._now)
        self._lent = databases.lent_world()
        url, self.world = self._lent.__enter__()
        self.database = Database(url, epoch_of=epoch_of)
        with self.database.sessions() as session:
            ours = self.world.within(session)
            names = sorted({name for names in WHO.values() for name in names})
            self.actors = {name: sign_in(session, ours, name) for name in names}
            self._before = self._journal(session)
        rooms = {0: ROOMS, self.world.incident_id: ROOMS}
        self.followers = Followers(self.database, rooms)
        self.told = Counter()
        self.sent = []
        self._tokens = 0

    def teardown(self):
        clock.use(None)
        self.database.engine.dispose()
        self._lent.__exit__(None, None, None)

    # ------------------------------------------------------------ what happens

    @rule(act=acts)
    def one_acts(self, act):
        self._together([act])

    @rule(burst=bursts)
    def many_act_at_once(self, burst):
        self._together(burst)

    @rule(offset=st.integers(-FARTHEST_S, FARTHEST_S))
    def the_clock_is_set(self, offset):
        self._now = self._start + timedelta(seconds=offset)

    @rule()
    def somebody_who_was_suspended_signs_in_again(self):
        with self.database.sessions() as session:
            ours = self.world.within(session)
            if ours.person("charlie").state == "active":
                before = open_sign_ins(session, ours)
                actor = sign_in(session, ours, "charlie")
                self.actors["charlie"] = actor
                self.told[0, "sign_in.start", actor.sign_in_id] += 1
                for ended in before - open_sign_ins(session, ours):  # one too many
                    self.told[0, "sign_in.end", ended] += 1

    @rule(act=acts, copies=st.integers(2, 6))
    def one_form_is_sent_several_times_at_once(self, act, copies):
        key = self._key()
        known = self._known()
        with self.followers.reading():
            results = together([partial(self._act, act, key, known)] * copies)
        done, refused = self._sorted_out(results, act)
        assert len(done) <= 1
        answers = {it.answer for it in refused if isinstance(it, AlreadyDoneError)}
        if done:
            assert answers == {key.token}
            assert len(refused) == copies - 1
        else:
            assert not answers
        self._believe(done)

    @rule(pick=st.integers(0, 99))
    def an_old_form_is_sent_again(self, pick):
        if not self.sent:
            return
        act, key = self.sent[pick % len(self.sent)]
        (result,) = together([partial(self._act, act, key, self._known())])
        assert isinstance(result, AlreadyDoneError), result
        assert result.answer == key.token

    # ------------------------------------------------------------ what must hold

    @invariant()
    def the_journal_holds_what_was_acknowledged_and_nothing_else(self):
        with self.database.sessions() as session:
            assert self._journal(session) - self._before == self.told
            check_journal(session)

    @invariant()
    def keys_are_kept_of_what_took_effect_and_of_nothing_else(self):
        with self.database.sessions() as session:
            kept = set(session.scalars(select(Once.token)))
        assert kept == {key.token for _act, key in self.sent}

    @invariant()
    def readers_by_number_have_missed_nothing(self):
        self.followers.check()

    # ------------------------------------------------------------ how

    def _together(self, burst):
        known = self._known()
        with self.followers.reading():
            results = together([partial(self._act, it, self._key(), known) for it in burst])
        for act, result in zip(burst, results, strict=True):
            done, _refused = self._sorted_out([result], act)
            self._believe(done)

    def _act(self, act, key, known):
        """Do one act as a page would; return what it should have left, and its form."""
        with self.database.sessions() as session:
            ours = self.world.within(session)
            row = row_of(session, act, known, ours)
            held = held_of(act, row)
            with transaction(session, self.actors[act.who], once=key, held=held) as tx:
                effects = do(tx, ours, act, row)
                tx.answer(key.token)
            return [(it.stream, it.kind, it.row.id) for it in effects], act, key

    def _sorted_out(self, results, act):
        done, refused = sorted_out(results, PortalError, AlreadyDoneError, Crash)
        for error in refused:
            # Two who suspend share a lock first; the database lets one of them try again.
            may_be_busy = act.kind in {"suspend", "restore"}
            assert may_be_busy or not isinstance(error, BusyError), (act, error.__cause__)
        return done, refused

    def _believe(self, done):
        for effects, act, key in done:
            self.told.update(effects)
            self.sent.append((act, key))

    def _key(self):
        self._tokens += 1
        return once_key(f"form-{self._tokens}")

    def _known(self):
        with self.database.sessions() as session:
            return Known(
                list(session.scalars(select(Post.id).order_by(Post.id))),
                list(session.scalars(select(Offer.id).order_by(Offer.id))),
            )

    @staticmethod
    def _journal(session):
        rows = session.execute(
            select(Entry.incident_id, Entry.subject, Entry.move, Entry.subject_id)
        )
        return Counter((i, f"{subject}.{move}", row) for i, subject, move, row in rows)


def test_whatever_happens_the_journal_keeps_its_promises(databases):
    known = settings()
    modest = settings(known, max_examples=max(known.max_examples // 6, 1))
    run_state_machine_as_test(partial(History, databases), settings=modest)

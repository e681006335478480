"""The feed and its desk, whatever people do, at once and one after the other.

Hypothesis makes histories up; tests/feed/model.py says what must have come of them. Every text
holds a canary, a word of its own, so that a text is found wherever it should not be.
`PORTAL_HYPOTHESIS=deep` thinks up many more and longer ones.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import cycle

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select, update

from portal.accounts import operations as accounts
from portal.accounts.models import SignIn
from portal.accounts.queries import epoch_of
from portal.accounts.states import SignInState
from portal.core import clock
from portal.core.actor import SYSTEM as PORTAL
from portal.core.db import Database
from portal.core.errors import PortalError
from portal.core.writes import Held
from portal.feed import operations as feed
from portal.feed import queries
from portal.feed.forms.deciding import BulkForm
from portal.feed.models import Post
from portal.journal.housekeeping import housekeeping
from portal.journal.models import Entry
from portal.journal.transaction import transaction
from tests.factories import restore_organization, sign_in, suspend_organization
from tests.feed import looking
from tests.feed.making import needs_second
from tests.feed.model import (
    DESK,
    EDGES,
    LATE,
    PARTNERS,
    READERS,
    SYSTEM,
    Model,
    Step,
    canary,
    organization_of,
)
from tests.feed.steps import BEGINNINGS, believe, do
from tests.threads import sorted_out, together

ANYBODY = (*DESK, *READERS)

#: Who does what; the last of each try what is not theirs to do.
WHO = {
    "submit": ("alpha", "alpha_admin", "bravo", "charlie", "guild", "moderator"),
    "alert": (SYSTEM,),
    "overtake": (SYSTEM,),
    **dict.fromkeys(("enter", "post"), (*DESK, "cikr")),
    **dict.fromkeys(
        ("reply", "withdraw"), ("alpha", "alpha_admin", "bravo", "charlie", "guild")
    ),
    **dict.fromkeys(("doubt", "acknowledge"), ("alpha", "bravo", "charlie", "guild", "mop3")),
}
STAND_FOR = {
    "take": {"waiting", "question"},
    "release": {"waiting", "question"},
    "acknowledge": {"published"},
    **{kind: origins for kind, (origins, _by) in EDGES.items()},
}
ONE_BY_ONE = (
    *("submit", "publish") * 4,
    *("merge", "supersede") * 2,
    *("post", "take", "ask", "reply", "correct", "retract", "acknowledge") * 3,
    *BEGINNINGS,
    *STAND_FOR,
)
AT_ONCE = (
    *("publish", "reject", "merge", "ask", "take", "withdraw", "reply", "take"),
    *("correct", "retract", "supersede", "doubt", "pin", "release", "acknowledge"),
)


@dataclass(frozen=True, slots=True)
class Act:
    """What is drawn: `pick` says which post of those there are, `is_wild` of all of them."""

    kind: str
    who: str
    pick: int
    way: int
    is_wild: bool = False


def _acts(kinds):
    return st.sampled_from(kinds).flatmap(
        lambda kind: st.builds(
            Act,
            st.just(kind),
            st.sampled_from(WHO.get(kind, (*DESK, *DESK, "cikr", "alpha"))),
            st.integers(0, 99),
            st.integers(0, 59),
            st.integers(0, 5).map(lambda it: it == 0),
        )
    )


several = st.lists(_acts(ONE_BY_ONE), min_size=5, max_size=10)
bursts = st.lists(_acts(AT_ONCE), min_size=2, max_size=4, unique_by=lambda it: it.who)


class Feed(RuleBasedStateMachine):
    """One database, the people of the world, and what the model believes of it."""

    def __init__(self, databases, app):
        super().__init__()
        self._now = clock.now()
        clock.use(lambda: self._now)
        self._lent = databases.lent_world()
        url, self.world = self._lent.__enter__()
        self.database, self.app = Database(url, epoch_of=epoch_of), app
        self.incident_id = self.world.incident_id
        self.model = Model()
        self.actors = {SYSTEM: PORTAL}
        self.words, self.touched, self.turn = [], set(), 0
        for who in sorted({*ANYBODY}):
            self._sign_in(who)

    def teardown(self):
        clock.use(None)
        self.database.engine.dispose()
        self._lent.__exit__(None, None, None)

    # ------------------------------------------------------------ what happens

    @initialize(is_needed=st.booleans(), ways=st.lists(st.integers(0, 59), min_size=7))
    def a_day_has_begun(self, is_needed, ways):
        """Some have reported, some of it is out; instructions may need a second person."""
        self.model.needs_second = is_needed
        with self.database.sessions() as session:
            needs_second(session, self.world.within(session).incident, needs=is_needed)
        for who, way in zip(cycle(PARTNERS), ways[:7], strict=False):
            self._live([Act("submit", who, 0, way)])
            if way % 3:
                self._live([Act("publish", "mop3", 0, way)])

    @rule(acts=several)
    def one_after_the_other(self, acts):
        self._live(acts)

    @rule(acts=several)
    def and_so_it_goes_on(self, acts):
        self._live(acts)

    @rule(acts=bursts)
    def at_the_same_moment(self, acts):
        if not self.model.cases:
            return
        first, *more = map(self._step, acts)
        steps = [first, *(replace(it, case=first.case) for it in more)]
        results = self._results(steps)
        done, _refused = sorted_out(results, PortalError)
        stands = [deepcopy(self.model)]
        for _post_id, _reference, _seq, step in sorted(done, key=lambda it: it[2]):
            result = results[steps.index(step)]
            self._judge(step, result, {self.model.refusal(step, self._now)})
            stands.append(deepcopy(self.model))
        for step, result in zip(steps, results, strict=True):
            if isinstance(result, PortalError):
                self._judge(step, result, {it.refusal(step, self._now) for it in stands})

    @rule(
        who=st.sampled_from(DESK),
        picks=st.lists(st.integers(0, 99), min_size=1, max_size=5),
        what=st.sampled_from(["publish", "reject"]),
    )
    def many_are_decided_in_one_go(self, who, picks, what):
        cases = self._standing({"waiting", "question", "published"})
        ids = list(dict.fromkeys(cases[it % len(cases)].id for it in picks)) if cases else []
        if not ids or who in self.model.gone:
            return
        typed = {"what": what, "reason": "unverified"}
        with (
            self.app.test_request_context("/", method="POST", data=typed),
            self.database.sessions() as session,
        ):
            form, posts = BulkForm(), [session.get_one(Post, it) for it in ids]
            with transaction(session, self.actors[who], held=[Held(it) for it in posts]) as tx:
                done, left = form.make(tx, posts)
        assert done + left == len(ids)
        for post_id in ids:
            step = Step(what, who, post_id, way=2, is_bulk=True)
            if self.model.refusal(step, self._now) is None:
                done -= 1
                self._settle(believe(self.model, step, post_id))
        assert done == 0

    @rule(who=st.sampled_from(READERS), pick=st.integers(0, 99))
    def somebody_has_read(self, who, pick):
        cases = [it for it in self.model.cases.values() if self.model.sees(who, it)]
        if not cases or who in self.model.gone:
            return
        case = cases[pick % len(cases)]
        with self.database.sessions() as session:
            post = session.get_one(Post, case.id)
            feed.mark_read(session, self.world.people[who].id, post)
        if case.published:
            marks = self.model.marks
            marks[who] = max(marks.get(who, 0), case.published)

    @rule(seconds=st.sampled_from([7, 61, 298, 299, 300, 301, 905]))
    def time_passes(self, seconds):
        self._tick(seconds)

    @rule()
    def the_timer_does_its_jobs(self):
        with self.database.sessions() as session:
            feed.release_ended(session)
            feed.remind_late(session)
        for case in self.model.cases.values():
            if case.claim and case.holder(self._now, self.model.ended) is None:
                case.claim.is_held = False
            is_late = case.state == "waiting" and case.waiting_since <= self._now - LATE
            if is_late and not case.is_reminded:
                case.is_reminded = True
                case.moves.append("remind")
                self.touched.add(case.id)

    @rule(who=st.sampled_from(DESK))
    def somebody_at_the_desk_signs_out_or_in(self, who):
        if who in self.model.gone:
            self._sign_in(who)
            return
        with self.database.sessions() as session:
            row = session.get_one(SignIn, self.model.sessions[who])
            with transaction(session, self.actors[who]) as tx:
                accounts.end_sign_in(tx, row, why="signed out")
        self.model.gone.add(who)
        self.model.ended.add(self.model.sessions[who])

    @rule(key=st.sampled_from(["bravo", "charlie"]))
    def an_organization_is_kept_out_or_let_in(self, key):
        with self.database.sessions() as session:
            row = self.world.within(session).organization(key)
            if key in self.model.suspended:
                restore_organization(session, row)
            else:
                suspend_organization(session, row)
        if key in self.model.suspended:
            self.model.suspended.discard(key)
            self._sign_in(key)
        else:
            self.model.suspended.add(key)
            self.model.gone.add(key)

    # ------------------------------------------------------------ what must hold

    @invariant()
    def no_word_is_lost_and_every_author_is_told(self):
        with self.database.sessions() as session:
            looking.check_rows(session, self.model)
            looking.check_story(session, self.model, self.touched)
            for who in ("alpha_admin", "bravo", "charlie", "guild"):
                actor, key = self.actors[who], organization_of(who)
                looking.check_mine(session, self.model, self.incident_id, actor, key)

    @invariant()
    def a_report_lies_before_one_person(self):
        with self.database.sessions() as session:
            looking.check_desk(session, self.model, self.incident_id, self.actors)
            looking.check_claims(session, self.model)

    @invariant()
    def readers_read_what_is_theirs(self):
        self.turn += 1
        for who in (READERS[self.turn % 10], READERS[(self.turn * 3 + 1) % 10]):
            asked = (self.model, self.incident_id, self.actors[who], who)
            with self.database.sessions() as session:
                looking.check_feed(session, *asked)
                looking.check_filters(session, *asked, self.turn)
                looking.check_search(session, *asked, self.words[self.turn % 5 :: 5])
                looking.check_acknowledging(session, *asked)

    @invariant()
    def nothing_goes_out_to_a_room_that_is_not_its(self):
        with self.database.sessions() as session:
            looking.check_missing(session, self.model, self.model.cases)
            looking.check_frames(self.app, session, self.world, self.model, self.touched)
        self.touched.clear()

    # ------------------------------------------------------------ how

    def _live(self, acts):
        for act in acts:
            step = self._step(act)
            if step is not None:
                wanted = self.model.refusal(step, self._now)
                (result,) = self._results([step])
                self._judge(step, result, {wanted})
            self._tick(1)

    def _step(self, act):
        """Return what an act comes to now, or None where there is nothing for it."""
        self.words.append(canary(len(self.words)))
        cases = self._standing(None if act.is_wild else STAND_FOR.get(act.kind))
        others = self._standing({"waiting", "published"} if act.pick % 3 else None)
        other = others[act.way % len(others)].id if others else None
        step = Step(act.kind, act.who, None, other, act.way, self.words[-1])
        if act.kind == "alert":
            alerts = [it for it in self.model.cases.values() if it.kind == "alert"]
            return replace(step, other=alerts[act.pick % len(alerts)].id if alerts else None)
        if act.kind in BEGINNINGS:
            return step
        if act.kind == "overtake":
            cases = [it for it in cases if it.kind == "alert"]
        if not cases or other is None:
            return None
        return replace(step, case=cases[act.pick % len(cases)].id)

    def _standing(self, states):
        cases = self.model.cases.values()
        return [it for it in cases if states is None or it.state in states] or list(cases)

    def _results(self, steps):
        return together([partial(self._do, it) for it in steps])

    def _do(self, step):
        with self.database.sessions() as session:
            actor = self.actors[step.who]
            post_id = do(session, self.world, actor, step)
            last = select(func.max(Entry.seq)).where(
                Entry.incident_id == self.incident_id, Entry.person_id == actor.person_id
            )
            return post_id, session.get_one(Post, post_id).reference, session.scalar(last), step

    def _judge(self, step, result, wanted):
        """Compare what came of a step with what the model holds possible; believe it."""
        if isinstance(result, PortalError):
            assert type(result) in wanted, (step, result, self.model.cases.get(step.case))
            return
        sorted_out([result])
        assert None in wanted, (step, wanted, self.model.cases.get(step.case))
        post_id, reference, _seq, _step = result
        case = believe(self.model, step, post_id, reference)
        self._settle(case)

    def _settle(self, case):
        """Take over what only the journal's clock knows."""
        self.touched.add(case.id)
        self.touched |= {case.successor, case.replaces} - {None}
        with self.database.sessions() as session:
            case.waiting_since = session.scalar(
                select(Post.waiting_since).where(Post.id == case.id)
            )

    def _sign_in(self, who):
        with self.database.sessions() as session:
            self.actors[who] = sign_in(session, self.world.within(session), who)
        self.model.sessions[who] = self.actors[who].sign_in_id
        self.model.gone.discard(who)

    def _tick(self, seconds):
        """Let time pass, in which everybody who is signed in touched something."""
        self._now += timedelta(seconds=seconds)
        with self.database.sessions() as session, housekeeping(session):
            session.execute(
                update(SignIn)
                .where(SignIn.state == SignInState.OPEN)
                .values(last_seen_at=self._now, ends_at=self._now + timedelta(hours=1)),
                execution_options={"synchronize_session": False},
            )


def test_whatever_people_do_the_feed_keeps_its_promises(databases, app, monkeypatch):
    monkeypatch.setattr(queries.feed, "FEED_PAGE", 6)
    monkeypatch.setattr(queries.mine, "MINE_PAGE", 3)
    known = settings()
    modest = settings(known, max_examples=max(known.max_examples // 12, 1))
    run_state_machine_as_test(partial(Feed, databases, app), settings=modest)

"""Offers and the promise of an answer, whatever people and the clock do.

Hypothesis makes histories up; tests/offers/model.py says what must have come of them, and the
timer does its jobs as it really does, never more than its period late. `PORTAL_HYPOTHESIS=deep`
thinks up many more and longer ones.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from functools import partial

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

from portal.accounts.models import SignIn
from portal.accounts.queries import epoch_of
from portal.accounts.states import SignInState
from portal.core import clock
from portal.core.actor import SYSTEM as PORTAL
from portal.core.db import Database
from portal.core.errors import PortalError
from portal.journal.housekeeping import housekeeping
from portal.journal.models import Entry
from portal.offers import operations as offers
from portal.offers import queries
from portal.offers.models import Offer
from tests import factories as make
from tests.journal.reading import check_journal
from tests.offers import looking
from tests.offers.model import (
    ANYBODY,
    CELL,
    EDGES,
    PARTNERS,
    PERIOD,
    SYSTEM,
    UNSETTLED,
    Model,
    Step,
)
from tests.offers.people import peopled
from tests.offers.steps import BEGINNINGS, believe, do, refusal
from tests.threads import sorted_out, together
from tests.world import PASSWORD

#: Who does what; the last of each try what is not theirs to do.
MAKERS = ("alpha", "alpha_admin", "bravo", "guild", "league", "erac")
AT_DESK = (*CELL * 3, "alpha", "admin", "moderator")
BY_DESK = ("review", "assign", "prioritize", "note", "vet", "ask", "list", "decline")
WHO = {
    "begin": MAKERS,
    "enter": (*CELL, "alpha"),
    "reply": (*MAKERS, "erac2", "admin"),
    **dict.fromkeys(BY_DESK, AT_DESK),
}
#: The states in which an offer is looked for, for an act that is to succeed.
STANDS = {
    **{it: EDGES[it][0] for it in ("submit", "discard", "review", "reply", "decline")},
    **{it: EDGES[it][0] for it in ("prioritize", "ask", "list")},
}
ONE_BY_ONE = (
    *("begin", "settle", "submit") * 4,
    *("enter", "again", "add_line", "change_line", "remove_line", "discard", "renew"),
    *("withdraw", "reply", "reply", *BY_DESK, *BY_DESK, "list"),
)
AT_ONCE = (*BY_DESK, "withdraw", "reply", "renew", "settle", "add_line", "submit", "again")


def _acts(kinds):
    return st.sampled_from(kinds).flatmap(
        lambda kind: st.tuples(
            st.builds(
                Step,
                st.just(kind),
                st.sampled_from(WHO.get(kind, (*MAKERS, "erac2"))),
                st.integers(0, 99),
                st.integers(0, 999),
            ),
            st.integers(0, 5).map(bool),
        )
    )


several = st.lists(_acts(ONE_BY_ONE), min_size=4, max_size=9)
bursts = st.lists(_acts(AT_ONCE), min_size=2, max_size=4, unique_by=lambda it: it[0].who)


class Offers(RuleBasedStateMachine):
    """One database, the people of the world and a few more, and what the model believes."""

    def __init__(self, databases, app):
        super().__init__()
        self._start = self._now = clock.now()
        clock.use(lambda: self._now)
        self._lent = databases.lent_world()
        url, world = self._lent.__enter__()
        self.database, self.app = Database(url, epoch_of=epoch_of), app
        app.extensions["database"] = self.database
        with self.database.sessions() as session:
            self.world = peopled(session, world)
        self.model, self.actors = Model(), {SYSTEM: PORTAL}
        self.touched, self.browsers = set(), {}
        for who in ANYBODY:
            self._sign_in(who)

    def teardown(self):
        clock.use(None)
        self.database.engine.dispose()
        self._lent.__exit__(None, None, None)

    # ------------------------------------------------------------ what happens

    @initialize(ways=st.lists(st.integers(0, 999), min_size=6, max_size=6))
    def something_is_offered(self, ways):
        """Each organization sends something that has all it needs."""
        for who, way in zip(MAKERS, ways, strict=True):
            self._do_one(Step("enter" if who in CELL else "begin", who, None, way // 7 * 7 + 1))
            case = list(self.model.cases)[-1] if self.model.cases else None
            for kind in ("settle", "submit"):
                if case is not None:
                    self._do_one(Step(kind, who, case, way))

    @rule(acts=several)
    def one_after_the_other(self, acts):
        for act in acts:
            self._do_one(self._aimed(act))
            self._pass(1)

    @rule(acts=several)
    def and_so_it_goes_on(self, acts):
        self.one_after_the_other(acts)

    @rule(acts=bursts, timed=st.booleans())
    def at_the_same_moment(self, acts, timed):
        """Several act on one offer, perhaps while the timer says that its time runs out."""
        first, *more = (self._aimed(act) for act in acts)
        steps = [first, *(replace(it, case=first.case) for it in more if it is not None)]
        case = self.model.cases.get(first.case) if first is not None else None
        if case is None:
            return
        timed = timed and self.model.is_open and case.state in UNSETTLED
        if timed and not case.is_escalated and case.escalate_at > self._now:
            self._pass((case.escalate_at - self._now).total_seconds(), but_for_the_last=True)
        before = self._last_seq()
        jobs = [partial(self._do, it) for it in steps]
        results = together([*jobs, self._jobs] if timed else jobs)
        sorted_out(results[len(steps) :])
        self._judge_all(steps, results[: len(steps)], before)

    @rule(minutes=st.sampled_from([1, 7, 22, 31, 44, 46, 58, 61, 121, 361, 1439, 1442]))
    def time_passes(self, minutes):
        self._pass(minutes * 60)

    @rule(pick=st.integers(0, 99), seconds=st.sampled_from([5, 39, 41, 59, 61, 3599, 3601]))
    def the_end_of_an_offer_is_near(self, pick, seconds):
        cases = self.model.going(self._now) if pick % 3 else []
        if cases:
            left = cases[pick % len(cases)].said.until - self._now
            self._pass(max(left.total_seconds() - seconds, 0))

    @rule(who=st.sampled_from(["alpha_admin", "erac2", "bravo", "league"]))
    def somebody_is_kept_out_or_let_in(self, who):
        is_person, is_out = who in {"alpha_admin", "erac2"}, who in self.model.gone
        with self.database.sessions() as session:
            world = self.world.within(session)
            if is_person:
                change = make.restore_person if is_out else make.suspend_person
                change(session, world.person(who))
            else:
                change = make.restore_organization if is_out else make.suspend_organization
                change(session, world.organization(who))
        if is_out:
            self._sign_in(who)
        else:
            self.model.gone.add(who)

    @rule(chance=st.integers(0, 11))
    def the_incident_closes(self, chance):
        if chance == 7 and self.model.is_open:
            with self.database.sessions() as session:
                make.close_incident(session, self.world.within(session).incident)
            self.model.is_open = False

    @rule(pick=st.integers(0, 99))
    def the_owner_and_the_desk_look_at_the_limit(self, pick):
        cases = [it for it in self.model.going(self._now, UNSETTLED) if self._reader(it)]
        if not cases or not self.model.is_open or len(self.model.cases) > queries.PAGE:
            return
        case = cases[pick % len(cases)]
        own = self._visitor(self._reader(case))
        looking.check_limit(self._visitor("erac"), own, case, self.world.code)

    # ------------------------------------------------------------ what must hold

    @invariant()
    def whoever_offers_is_answered_or_a_deputy_knows_before_the_limit(self):
        with self.database.sessions() as session:
            looking.check_promise(session, self.model)

    @invariant()
    def the_rows_are_what_was_acknowledged(self):
        with self.database.sessions() as session:
            looking.check_rows(session, self.world, self.model)

    @invariant()
    def each_move_is_open_to_those_for_whom_it_is(self):
        with self.database.sessions() as session:
            looking.check_moves(session, self.model, self.actors)

    @invariant()
    def the_desk_finds_and_counts_what_there_is(self):
        with self.database.sessions() as session:
            looking.check_desk(session, self.model, self.world.incident_id, self.actors)
            looking.check_tags(session, self.model)

    @invariant()
    def the_journal_tells_what_was_acknowledged(self):
        with self.database.sessions() as session:
            looking.check_story(session, self.model, self.touched)
            check_journal(session)
        self.touched.clear()

    # ------------------------------------------------------------ how

    def _aimed(self, act):
        """Return the step that an act comes to now, or None where there is nothing for it."""
        step, is_apt = act
        if step.kind in BEGINNINGS:
            return replace(step, case=None)
        cases = list(self.model.cases.values())
        apt = [
            it
            for it in cases
            if it.state in STANDS.get(step.kind, {it.state})
            and (step.who in CELL or PARTNERS.get(step.who) == it.owner)
        ]
        cases = apt if is_apt and apt else cases
        return replace(step, case=cases[step.case % len(cases)].id) if cases else None

    def _do_one(self, step):
        if step is not None:
            wanted = refusal(self.model, step, self._now)
            (result,) = together([partial(self._do, step)])
            self._judge(step, result, {wanted})

    def _do(self, step):
        with self.database.sessions() as session:
            actor = self.actors[step.who]
            offer_id = do(session, self.world, actor, step)
            last = select(func.max(Entry.seq)).where(
                Entry.incident_id == self.world.incident_id,
                Entry.person_id == actor.person_id,
            )
            return offer_id, session.get_one(Offer, offer_id).reference, session.scalar(last)

    def _judge_all(self, steps, results, before):
        """Judge what was done at once in the journal's order, the timer's own acts too."""
        pairs = zip(steps, results, strict=True)
        done = {it[1][2]: it for it in pairs if isinstance(it[1], tuple)}
        done |= self._timers_acts(before)
        stands = [deepcopy(self.model)]
        for _seq, (step, result) in sorted(done.items()):
            if step.who == SYSTEM:
                assert self._believe_timer(self.model.cases[step.case]) == [step.kind]
            else:
                self._judge(step, result, {refusal(self.model, step, self._now)})
            stands.append(deepcopy(self.model))
        for step, result in zip(steps, results, strict=True):
            if not isinstance(result, tuple):
                self._judge(step, result, {refusal(it, step, self._now) for it in stands})

    def _judge(self, step, result, wanted):
        """Compare what came of a step with what the model holds possible; believe it."""
        case = self.model.cases.get(step.case)
        if isinstance(result, PortalError):
            assert type(result) in wanted, (step, result, wanted, case)
            return
        sorted_out([result])
        assert None in wanted, (step, wanted, case)
        offer_id, reference, _seq = result
        case = believe(self.model, step, offer_id, reference)
        self.touched.add(case.id)
        if step.kind == "submit":
            with self.database.sessions() as session:
                case.submitted_at = session.get_one(Offer, case.id).submitted_at

    def _sign_in(self, who):
        with self.database.sessions() as session:
            self.actors[who] = make.sign_in(session, self.world.within(session), who)
        self.model.gone.discard(who)

    def _pass(self, seconds, *, but_for_the_last=False):
        """Let time pass; the timer looks at its jobs at every period, and not in between."""
        target = self._now + timedelta(seconds=seconds)
        while (due := self.model.next_due(self._now)) is not None:
            periods = -((self._start - max(due, self._now)) // PERIOD)
            look = self._start + periods * PERIOD
            if look > target or (but_for_the_last and look == target):
                break
            self._now = look
            self._run_jobs()
        self._now = target
        with self.database.sessions() as session, housekeeping(session):
            session.execute(
                update(SignIn)
                .where(SignIn.state == SignInState.OPEN)
                .values(last_seen_at=self._now, ends_at=self._now + timedelta(hours=1)),
                execution_options={"synchronize_session": False},
            )

    def _run_jobs(self):
        """Let the timer do its jobs, and the model believe what it does."""
        self._jobs()
        for case in self.model.cases.values() if self.model.is_open else ():
            self._believe_timer(case)

    def _believe_timer(self, case):
        """Let the model believe, and return, what the timer does about an offer now."""
        acts = []
        if case.is_to_escalate(self._now):
            case.is_escalated = True
            acts.append("escalate")
        if case.is_to_warn(self._now):
            case.is_warned = True
            case.told_of.append(case.said.until)
            acts.append("warn")
        case.moves += acts
        self.touched |= {case.id} if acts else set()
        return acts

    def _timers_acts(self, before):
        """Return what the timer did since an entry, by its number."""
        with self.database.sessions() as session:
            entries = session.scalars(
                select(Entry).where(
                    Entry.incident_id == self.world.incident_id,
                    Entry.person_id.is_(None),
                    Entry.seq > before,
                )
            )
            return {it.seq: (Step(it.move, SYSTEM, it.subject_id), None) for it in entries}

    def _last_seq(self):
        with self.database.sessions() as session:
            seq = select(func.max(Entry.seq)).where(Entry.incident_id == self.world.incident_id)
            return session.scalar(seq) or 0

    def _jobs(self):
        with self.database.sessions() as session:
            offers.escalate_due(session)
            offers.warn_ending(session)

    def _visitor(self, who):
        """Return somebody's browser, signed in once: too many sessions would end the first."""
        key = who, self.actors[who].sign_in_id
        if key not in self.browsers:
            self.browsers[key] = it = self.app.test_client()
            assert it.sign_in(self.world.people[who].email, PASSWORD).status_code == 303
        return self.browsers[key]

    def _reader(self, case):
        """Return somebody of the owner's who can look at it now."""
        people = [it for it, key in PARTNERS.items() if key == case.owner]
        return next((it for it in people if it not in self.model.gone), None)


def test_whatever_people_do_the_promise_is_kept(databases, app):
    known, own = settings(), app.extensions["database"]
    modest = settings(known, max_examples=max(known.max_examples // 12, 1))
    run_state_machine_as_test(partial(Offers, databases, app), settings=modest)
    app.extensions["database"] = own

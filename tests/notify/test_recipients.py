"""Who is told: authors, those who are to acknowledge, the duty address, and nobody else."""

from __future__ import annotations

import pytest

from portal.core.actor import SYSTEM, Role
from portal.feed import operations as feed
from portal.journal.audience import STAFF
from portal.journal.housekeeping import housekeeping
from portal.journal.transaction import transaction
from portal.notify.states import DeliveryState, Withheld
from portal.offers import operations as offers
from tests.factories import (
    add_person,
    make_offer,
    make_post,
    publish,
    reject,
    retract,
    review,
    suspend_organization,
    suspend_person,
)
from tests.notify.acts import (
    acknowledge,
    ask,
    bring_in,
    enter,
    merge,
    nudge,
    post_to_acknowledge,
    publish_to_acknowledge,
    reply,
    second,
    wait_too_long,
)

S = DeliveryState
ALL = ["alpha", "alpha_admin", "bravo", "charlie", "guild"]


def told(office):
    """Return by notice who is told, by the first part of the address."""
    by_kind: dict[str, list[str]] = {}
    for it in office.all():
        by_kind.setdefault(it.kind, []).append(it.address.partition("@")[0])
    return {kind: sorted(names) for kind, names in by_kind.items()}


def states(office, kind):
    return {
        it.address.partition("@")[0]: (it.state, it.last_error)
        for it in office.all()
        if it.kind == kind
    }


# ---------------------------------------------------------------- authors


def test_authors_hear_of_a_question_and_of_a_report_that_joined_another(session, world, office):
    alpha, bravo, moderator = map(world.actor, ("alpha", "bravo", "moderator"))
    asked = ask(session, moderator, make_post(session, alpha))
    merge(session, moderator, make_post(session, bravo), into=asked)
    office.work()
    assert told(office) == {"post.ask": ["alpha"], "post.merge": ["bravo"]}
    assert {it.state for it in office.all()} == {S.SENT}


def test_a_question_that_was_answered_meanwhile_is_not_told(session, world, office, mailbox):
    post = ask(session, world.actor("moderator"), make_post(session, world.actor("alpha")))
    reply(session, world.actor("alpha"), post)
    office.work()
    assert office.one().last_error == Withheld.OVERTAKEN.value
    assert mailbox.letters == []


def test_a_report_that_was_overtaken_is_told_to_nobody(session, world, office):
    moderator, alpha = world.actor("moderator"), world.actor("alpha")
    first = publish(session, moderator, make_post(session, alpha))
    office.work()
    second_ = publish(session, moderator, make_post(session, world.actor("bravo")))
    with transaction(session, moderator) as tx:
        feed.supersede(tx, first, by=second_)
    office.work()
    assert told(office) == {"post.publish": ["alpha", "bravo"]}


def test_the_desk_is_not_told_of_what_it_wrote_down_for_a_caller(session, world, office):
    moderator, other = world.actor("moderator"), world.actor("moderator2")
    alpha = world.organization("alpha")
    entered = [enter(session, moderator, world.incident, alpha) for _ in range(3)]
    ask(session, other, entered[0])
    reject(session, other, entered[1])
    retract(session, other, publish(session, other, entered[2]))
    office.work()
    assert office.all() == []


def test_the_states_own_words_and_outside_alerts_have_no_author_to_tell(session, world, office):
    moderator, other = world.actor("moderator"), world.actor("moderator2")
    alert = bring_in(session, world.incident)
    retract(session, other, publish(session, moderator, alert))
    own = post_to_acknowledge(session, moderator, world.incident, acknowledge_by=None)
    retract(session, other, own)
    reject(session, moderator, bring_in(session, world.incident))
    office.work()
    assert office.all() == []


# ---------------------------------------------------------------- acknowledgements


def test_everybody_who_speaks_for_a_reader_is_asked_to_acknowledge(session, world, office):
    publish_to_acknowledge(
        session, world.actor("moderator"), make_post(session, world.actor("bravo"))
    )
    office.work()
    assert told(office) == {"post.publish": ["bravo"], "post.acknowledge": ALL}
    assert {it.state for it in office.all()} == {S.SENT}


def test_only_those_who_read_it_and_can_act_are_asked(session, world, office):
    suspend_person(session, world.person("alpha_admin"))
    suspend_organization(session, world.organization("guild"))
    post_to_acknowledge(
        session,
        world.actor("moderator"),
        world.incident,
        seen_by=("sector:ENER",),
    )
    office.work()
    assert told(office) == {"post.acknowledge": ["alpha", "bravo"]}


def test_a_post_for_the_seoc_alone_asks_nobody(session, world, office):
    post_to_acknowledge(session, world.actor("moderator"), world.incident, seen_by=(STAFF,))
    office.work()
    assert office.all() == []


def test_a_proposal_asks_nobody_until_a_second_person_agrees(session, world, office):
    with housekeeping(session):  # the incident's own page is not at stake here
        world.incident.needs_second = True
    proposal = post_to_acknowledge(session, world.actor("moderator"), world.incident)
    office.work()
    assert office.all() == []
    second(session, world.actor("moderator2"), proposal)
    office.work()
    assert told(office) == {"post.acknowledge": ALL}


def test_whoever_acknowledged_before_it_went_is_left_in_peace(session, world, office, mailbox):
    mailbox.stop()
    post = post_to_acknowledge(session, world.actor("moderator"), world.incident)
    office.notices.step()
    acknowledge(session, world.actor("alpha"), post)
    mailbox.start()
    office.work_off()
    overtaken = (S.NOT_SENT, Withheld.OVERTAKEN.value)
    assert states(office, "post.acknowledge") == dict.fromkeys(ALL, (S.SENT, "")) | {
        "alpha": overtaken,
        "alpha_admin": overtaken,
    }
    assert len(mailbox.letters) == 3


def test_a_post_taken_back_before_it_went_asks_nobody(session, world, office, mailbox):
    moderator = world.actor("moderator")
    post = post_to_acknowledge(session, moderator, world.incident)
    office.notices.step()
    retract(session, moderator, post)
    office.work_off()
    assert {why for _, why in states(office, "post.acknowledge").values()} == {
        Withheld.OVERTAKEN.value
    }
    assert mailbox.letters == []


def test_a_nudge_reaches_those_it_named_who_still_owe_their_word(session, world, office):
    moderator = world.actor("moderator")
    post = post_to_acknowledge(session, moderator, world.incident)
    acknowledge(session, world.actor("alpha"), post)
    nudge(session, moderator, post)
    acknowledge(session, world.actor("bravo"), post)
    office.work()
    assert told(office)["post.nudge"] == ["charlie", "guild"]


def test_nudges_within_ten_minutes_become_one_that_waits(
    session, world, office, mailbox, held_clock
):
    moderator = world.actor("moderator")
    post = post_to_acknowledge(session, moderator, world.incident)
    for _ in range(4):
        nudge(session, moderator, post)
        office.work()
        held_clock.tick(120)
    nudges = [it for it in mailbox.letters if "Reminder" in it["Subject"]]
    assert len(nudges) == len(ALL)
    acknowledge(session, world.actor("alpha"), post)
    held_clock.tick(120)
    office.work()
    assert len([it for it in mailbox.letters if "Reminder" in it["Subject"]]) == 5 + 3
    held_clock.tick(3600)
    office.work()
    assert len(told(office)["post.nudge"]) == 2 * len(ALL)
    assert S.WAITING not in {it.state for it in office.all()}


# ---------------------------------------------------------------- deputies


@pytest.mark.parametrize("others", [True, False], ids=["with colleagues", "alone"])
def test_of_an_offer_without_an_answer_a_deputy_hears_or_who_works_on_it(
    session, world, office, others
):
    if others:
        add_person(session, world.organization("agency"), Role.ERAC, "erac2")
    offer = review(session, world.actor("erac"), make_offer(session, world.actor("alpha")))
    with transaction(session, SYSTEM) as tx:
        offers.escalate(tx, offer)
    office.work()
    assert told(office) == {"offer.escalate": ["erac2" if others else "erac"]}


# ---------------------------------------------------------------- the duty address


def test_reports_that_wait_too_long_are_told_to_the_duty_address(
    session, world, office, mailbox, held_clock
):
    wait_too_long(session, world.actor("alpha"), held_clock, number=3)
    office.work()
    alarm = office.one()
    assert (alarm.person_id, alarm.address) == (None, "seoc@world.example")
    assert (alarm.kind, alarm.about, alarm.state) == ("post.remind", "EX27", S.SENT)
    assert mailbox.rcpts == ["seoc@world.example"]


def test_an_alarm_within_ten_minutes_waits_and_says_what_waits_then(
    session, world, office, mailbox, held_clock
):
    alpha = world.actor("alpha")
    wait_too_long(session, alpha, held_clock)
    office.work()
    make_post(session, alpha)
    held_clock.tick(60)
    make_post(session, alpha)
    held_clock.tick(14.5 * 60)  # the first alarm is past, and the first of the two is late
    feed.remind_late(session)
    office.work()
    held_clock.tick(60)
    feed.remind_late(session)
    office.work()
    assert [it["Subject"] for it in mailbox.letters] == [
        "EXERCISE: 1 report waits, the oldest 16 minutes",
        "EXERCISE: 3 reports wait, the oldest 32 minutes",
    ]
    held_clock.tick(600)
    office.work()
    assert mailbox.letters[-1]["Subject"] == "EXERCISE: 3 reports wait, the oldest 42 minutes"
    assert len(mailbox.letters) == 3


def test_an_alarm_is_dropped_when_nothing_is_late_any_more(
    session, world, office, mailbox, held_clock
):
    (post,) = wait_too_long(session, world.actor("alpha"), held_clock)
    office.notices.step()
    reject(session, world.actor("moderator"), post)
    office.work_off()
    assert (office.all()[0].state, office.all()[0].last_error) == (
        S.NOT_SENT,
        Withheld.OVERTAKEN.value,
    )
    wait_too_long(session, world.actor("alpha"), held_clock)
    office.work()
    assert [it["To"] for it in mailbox.letters if "wait" in it["Subject"]] == [
        "seoc@world.example"
    ]


def test_alarms_that_gathered_while_the_server_was_down_go_out_as_one(
    session, world, office, mailbox, held_clock
):
    mailbox.stop()
    for _ in range(3):
        wait_too_long(session, world.actor("alpha"), held_clock)
        office.work()
    assert len(office.all()) == 3
    mailbox.start()
    held_clock.tick(900)
    office.work()
    office.work()
    assert [it["Subject"] for it in mailbox.letters] == [
        "EXERCISE: 3 reports wait, the oldest 63 minutes"
    ]
    assert [it.state for it in office.all()] == [S.NOT_SENT, S.NOT_SENT, S.SENT]


@pytest.mark.one_backend
def test_every_incident_has_its_own_alarm_or_none_without_an_address(
    session, world, office, held_clock
):
    alpha = world.actor("alpha")
    assert world.daily.email == ""
    make_post(session, alpha, world.daily)
    wait_too_long(session, alpha, held_clock)
    office.work()
    assert office.one().incident_id == world.incident_id


@pytest.mark.one_backend
def test_an_address_that_was_changed_or_taken_away_counts_at_once(
    session, world, office, mailbox, held_clock
):
    wait_too_long(session, world.actor("alpha"), held_clock)
    office.notices.step()
    with housekeeping(session):  # the incident's own page is not at stake here
        world.incident.email = "duty@world.example"
    office.work_off()
    assert mailbox.rcpts == ["duty@world.example"]
    assert office.one().address == "duty@world.example"
    wait_too_long(session, world.actor("alpha"), held_clock)
    office.notices.step()
    with housekeeping(session):
        world.incident.email = ""
    office.work_off()
    assert office.all()[-1].last_error == Withheld.NO_ADDRESS.value


@pytest.mark.one_backend
def test_in_a_demo_the_duty_address_is_recorded_and_never_written_to(
    session, world, make_office, mailbox, held_clock
):
    office = make_office(is_demo=True)
    wait_too_long(session, world.actor("alpha"), held_clock)
    office.work()
    assert (office.one().state, office.one().last_error) == (S.NOT_SENT, Withheld.DEMO.value)
    assert mailbox.letters == []


@pytest.mark.one_backend
def test_the_duty_address_is_told_before_everybody_else(
    session, world, office, mailbox, held_clock
):
    post_to_acknowledge(session, world.actor("moderator"), world.incident)
    wait_too_long(session, world.actor("alpha"), held_clock)
    office.work()
    assert mailbox.rcpts[0] == "seoc@world.example"

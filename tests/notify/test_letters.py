"""What an e-mail says: enough to know what became of it, and nothing that others wrote."""

from __future__ import annotations

import re
from datetime import UTC

import html5lib
import pytest

from portal.core.actor import SYSTEM, Role
from portal.feed import operations as feed
from portal.journal.housekeeping import housekeeping
from portal.journal.transaction import transaction
from portal.notify.kinds import NOTICES, TO_OUTSIDERS
from portal.offers import operations as offers
from tests.factories import (
    change_roles,
    decline,
    list_offer,
    make_offer,
    make_post,
    open_incident,
    publish,
    reject,
    retract,
)
from tests.notify.acts import (
    acknowledge,
    ask,
    merge,
    nudge,
    publish_to_acknowledge,
    wait_too_long,
)
from tests.notify.mailbox import parts
from tests.offers.making import asked as asked_about
from tests.offers.making import do
from tests.pages import words_of

CANARY = "CanarySings"
URL = re.compile(r"https?://\S+")


def decided(session, world, move, incident=None):
    """Bring a post or an offer, full of canaries, to where somebody is told of a move."""
    alpha, moderator, erac = map(world.actor, ("alpha", "moderator", "erac"))
    if move.startswith("offer"):
        offer = make_offer(
            session, alpha, incident, description=CANARY, amount=4_471_000, price_cents=44_719
        )
        if move == "offer.warn":
            do(session, SYSTEM, offers.warn, list_offer(session, erac, offer))
        else:
            does = {
                "offer.list": list_offer,
                "offer.decline": decline,
                "offer.ask": asked_about,
            }
            does[move](session, erac, offer, CANARY)
        return offer
    post = make_post(session, alpha, incident, words=CANARY)
    if move == "post.reject":
        return reject(session, moderator, post, note=CANARY)
    if move == "post.ask":
        return ask(session, moderator, post, CANARY)
    if move == "post.merge":
        other = make_post(session, world.actor("bravo"), incident, words=CANARY)
        return merge(session, moderator, post, into=other)
    publish(session, moderator, post)
    return retract(session, moderator, post, note=CANARY) if move == "post.retract" else post


def asked(session, world, move, incident=None):
    """Bring a post, full of canaries, to where alpha's people are to acknowledge it."""
    moderator = world.actor("moderator")
    post = make_post(session, world.actor("bravo"), incident, words=CANARY)
    publish_to_acknowledge(session, moderator, post, said=CANARY)
    for name in ("bravo", "charlie", "guild"):
        acknowledge(session, world.actor(name), post)
    if move == "post.nudge":
        nudge(session, moderator, post)
    return post


#: Of each letter to one who sent something: its subject, the reason, and where it leads.
MOVES = {
    "post.ask": ("The SEOC asks about report {}", None, "feed"),
    "post.publish": ("Report {} is published", None, "feed"),
    "post.reject": ("Report {} is not published", "Cannot be verified", "feed"),
    "post.merge": ("Report {} joined another", None, "feed"),
    "post.retract": ("Report {} is taken back", None, "feed"),
    "offer.ask": ("Question about your offer {}", None, "offers"),
    "offer.warn": ("Your offer {} ends soon", None, "offers"),
    "offer.list": ("Offer {} is listed", None, "offers"),
    "offer.decline": ("Offer {} is declined", "Not needed now", "offers"),
}
#: What has to do with an incident; letters about accounts have not.
OF_INCIDENTS = [it for it in NOTICES if NOTICES[it] not in TO_OUTSIDERS]

TO_READERS = {
    "post.acknowledge": "Please acknowledge post {}",
    "post.nudge": "Reminder: acknowledge post {}",
}


def made(session, world, office, mailbox, held_clock, move, incident=None):
    """Have a letter of one kind written and sent; return its row and the letter."""
    if move == "post.remind":
        held_clock.tick(0)
        wait_too_long(session, world.actor("alpha"), held_clock, incident=incident)
        row = incident or world.incident
    elif move == "offer.escalate":
        row = make_offer(session, world.actor("alpha"), incident, description=CANARY)
        do(session, SYSTEM, offers.escalate, row)
    else:
        row = (decided if move in MOVES else asked)(session, world, move, incident)
    office.work()
    (sent, *_) = [it for it in office.all() if it.kind == move and it.state == "sent"]
    (letter,) = [it for it in mailbox.letters if it["Message-ID"] == sent.message_id]
    return row, letter


def test_every_notice_has_a_letter_tried_here_and_words_on_the_deliveries_page(office):
    outside = {it.name for it in TO_OUTSIDERS}  # tests/notify/test_account_letters.py
    assert {*MOVES, *TO_READERS, "post.remind", "offer.escalate", *outside} == set(NOTICES)
    words = office.app.jinja_env.get_template("notify/words.html").module
    assert set(words.WHAT) == set(NOTICES)


@pytest.mark.one_backend
@pytest.mark.parametrize("move", MOVES)
def test_a_letter_says_what_became_of_it_and_where_to_read_on(
    session, world, office, mailbox, held_clock, move
):
    said, reason, section = MOVES[move]
    row, letter = made(session, world, office, mailbox, held_clock, move)
    assert letter["To"] == world.people["alpha"].email
    assert letter["Subject"] == f"EXERCISE: {said.format(row.reference)}"
    text, _ = parts(letter)
    assert URL.findall(text) == [
        f"https://portal.example/incidents/EX27/{section}/{row.reference}"
    ]
    assert re.search(r" at (\d\d? \w{3} )?\d\d:\d\d C[DS]T \(\d{4}Z\)\.", text)
    if reason:
        assert f"Reason: {reason}." in text


@pytest.mark.one_backend
@pytest.mark.parametrize("move", TO_READERS)
def test_those_who_are_to_acknowledge_read_what_and_by_when(
    session, world, office, mailbox, held_clock, move
):
    row, _ = made(session, world, office, mailbox, held_clock, move)
    letters = [
        it for it in mailbox.letters if TO_READERS[move].format(row.reference) in it["Subject"]
    ]
    whom = {"alpha@world.example", "alpha_admin@world.example"}
    assert {str(it["To"]) for it in letters} == whom
    for letter in letters:
        text, _ = parts(letter)
        assert URL.findall(text) == [
            f"https://portal.example/incidents/EX27/feed/{row.reference}"
        ]
        due = row.acknowledge_by.astimezone(UTC)
        assert f"({due:%H%MZ})" in text


@pytest.mark.one_backend
@pytest.mark.parametrize("is_asked", [False, True], ids=["waits for ERAC", "for its owner"])
def test_whom_an_offer_waits_for_reads_by_when(session, world, office, mailbox, is_asked):
    """The cell reads it in either case; the owner only where it is the owner's turn."""
    offer = make_offer(session, world.actor("alpha"), description=CANARY)
    if is_asked:
        asked_about(session, world.actor("erac"), offer, CANARY)
        office.work()
    del mailbox.letters[:]
    do(session, SYSTEM, offers.escalate, offer)
    office.work()
    said = "The question about offer {} is still open" if is_asked else "Offer {} is still"
    owners = {"alpha@world.example"} if is_asked else set()
    assert {str(it["To"]) for it in mailbox.letters} == {"erac@world.example", *owners}
    for letter in mailbox.letters:
        assert letter["Subject"].startswith(f"EXERCISE: {said.format(offer.reference)}")
        text, _ = parts(letter)
        url = f"https://portal.example/incidents/EX27/offers/{offer.reference}"
        assert URL.findall(text) == [url]
        assert f"({offer.answer_by.astimezone(UTC):%H%MZ})" in text
        assert CANARY not in text


@pytest.mark.one_backend
def test_the_duty_address_reads_how_much_waits_and_how_long(
    session, world, office, mailbox, held_clock
):
    wait_too_long(session, world.actor("alpha"), held_clock, number=2, minutes=22)
    make_post(session, world.actor("alpha"))
    office.work()
    (letter,) = mailbox.letters
    assert (letter["To"], mailbox.rcpts) == ("seoc@world.example", ["seoc@world.example"])
    assert letter["Reply-To"] is None
    assert letter["Subject"] == "EXERCISE: 3 reports wait, the oldest 22 minutes"
    text, _ = parts(letter)
    assert "should wait no longer than 15 minutes" in text
    assert URL.findall(text) == ["https://portal.example/incidents/EX27/feed/queue"]
    assert "EX27-" not in text


@pytest.mark.one_backend
@pytest.mark.parametrize("move", OF_INCIDENTS)
def test_every_letter_is_small_and_bears_its_marks(
    session, world, office, mailbox, held_clock, move
):
    _, letter = made(session, world, office, mailbox, held_clock, move)
    assert letter["From"] == "BEOC Partner Portal <portal@portal.example>"
    assert letter["Message-ID"].endswith("@portal.example>")
    assert letter["Subject"].startswith("EXERCISE: ")
    assert len(letter["Subject"]) <= 60
    assert len(letter.as_bytes()) < 30_000
    text, _ = parts(letter)
    assert text.startswith("EXERCISE. This is not real.\n\n")
    if move != "post.remind":
        assert letter["Reply-To"] == "seoc@world.example"
        assert "573-555-0100" in text


@pytest.mark.one_backend
@pytest.mark.parametrize("move", OF_INCIDENTS)
def test_text_and_page_say_the_same_and_the_page_fetches_nothing(
    session, world, office, mailbox, held_clock, move
):
    _, letter = made(session, world, office, mailbox, held_clock, move)
    text, page = parts(letter)
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    tree = parser.parse(page)
    assert not parser.errors
    assert words_of(tree.find("body")) == " ".join(text.split())
    assert words_of(tree.find("head/title")) == letter["Subject"]
    assert not {it.tag for it in tree.iter()} & {"img", "link", "script", "style", "iframe"}
    (link,) = tree.iter("a")
    assert [link.get("href")] == URL.findall(text)


@pytest.mark.one_backend
@pytest.mark.parametrize("move", OF_INCIDENTS)
def test_nothing_that_was_written_stands_in_a_letter(
    session, world, office, mailbox, held_clock, move
):
    _, letter = made(session, world, office, mailbox, held_clock, move)
    everything = "\n".join([*map(str, letter.values()), *parts(letter)])
    for told in (CANARY, "4,471", "447.19", "Jasper", "Alpha Fuel", "Moderator", "Tornado"):
        assert told not in everything


@pytest.mark.one_backend
@pytest.mark.parametrize("move", OF_INCIDENTS)
def test_the_longest_code_fits_into_every_subject(
    session, world, office, mailbox, held_clock, move
):
    incident = open_incident(session, world.actor("admin"), code="EXERCISE2727")
    _, letter = made(session, world, office, mailbox, held_clock, move, incident)
    assert letter["Subject"].startswith("EXERCISE: ")
    assert len(letter["Subject"]) <= 60


@pytest.mark.one_backend
def test_only_an_exercise_says_that_it_is_one(session, world, office, mailbox):
    for code, is_exercise in (("REAL27", False), ("EX28", True)):
        incident = open_incident(
            session, world.actor("admin"), code=code, is_exercise=is_exercise
        )
        decided(session, world, "post.reject", incident)
        office.work()
        letter = mailbox.letters[-1]
        assert letter["Subject"].startswith("EXERCISE: ") is is_exercise
        assert all(("EXERCISE." in part) is is_exercise for part in parts(letter))


@pytest.mark.one_backend
def test_day_to_day_operations_have_no_telephone_of_their_own(session, world, office, mailbox):
    decided(session, world, "post.reject", world.daily)
    office.work()
    text, _ = parts(mailbox.letters[0])
    assert "The SEOC’s number is in your invitation." in text
    assert mailbox.letters[0]["Reply-To"] is None


@pytest.mark.one_backend
def test_a_reason_that_says_nothing_is_left_to_the_note(session, world, office, mailbox):
    post = make_post(session, world.actor("alpha"))
    with transaction(session, world.actor("moderator")) as tx:
        feed.reject(tx, post, reason="other", note=CANARY)
    office.work()
    text, _ = parts(mailbox.letters[0])
    assert "Reason" not in text
    assert "wrote you a note" in text


@pytest.mark.one_backend
def test_no_name_and_no_number_can_add_a_header(session, world, office, mailbox):
    evil = "Eve\r\nBcc: all@elsewhere.example\r\n\r\nBuy now"
    post = make_post(session, world.actor("alpha"))
    with housekeeping(session):  # no operation lets such a name in
        world.person("alpha").name = evil
        world.incident.telephone = "573\r\nBcc: all@elsewhere.example"
        world.incident.name = evil[:100]
    reject(session, world.actor("moderator"), post)
    office.work()
    (letter,) = mailbox.letters
    assert letter["Bcc"] is None
    assert mailbox.rcpts == [world.people["alpha"].email]
    assert set(letter.keys()) == {
        "From", "To", "Reply-To", "Date", "Message-ID", "Auto-Submitted",
        "X-Auto-Response-Suppress", "Subject", "MIME-Version", "Content-Type",
    }  # fmt: skip


@pytest.mark.one_backend
@pytest.mark.parametrize("address", ["a@x.example\r\nBcc: b@y.example", "a@x\nb", "<a>@b, c@d"])
def test_no_address_can_add_a_header_or_a_recipient(session, world, office, mailbox, address):
    post = make_post(session, world.actor("alpha"))
    with housekeeping(session):  # no operation lets such an address in
        world.person("alpha").email = address
    reject(session, world.actor("moderator"), post)
    office.work()
    assert mailbox.rcpts == []
    assert office.one().last_error == "The portal cannot write this e-mail"


@pytest.mark.one_backend
def test_a_role_that_changed_meanwhile_changes_nothing_for_the_author(
    session, world, office, mailbox
):
    decided(session, world, "post.reject")
    change_roles(session, world.membership("alpha"), Role.ORG_ADMIN)
    office.work()
    assert len(mailbox.letters) == 1

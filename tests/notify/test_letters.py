"""What an e-mail says: enough to know what became of it, and nothing that others wrote."""

from __future__ import annotations

import re

import html5lib
import pytest

from portal.core.actor import Role
from portal.feed import operations as feed
from portal.journal.housekeeping import housekeeping
from portal.journal.transaction import transaction
from portal.notify.kinds import KINDS
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
from tests.notify.mailbox import parts
from tests.pages import words_of

CANARY = "CanarySings"
URL = re.compile(r"https?://\S+")


def decided(session, world, move, incident=None):
    """Bring a post or an offer, full of canaries, to where its person is told of a move."""
    alpha, moderator, erac = map(world.actor, ("alpha", "moderator", "erac"))
    if move.startswith("offer"):
        offer = make_offer(
            session, alpha, incident, description=CANARY, amount=4_471_000, price_cents=44_719
        )
        return {"offer.list": list_offer, "offer.decline": decline}[move](
            session, erac, offer, note=CANARY
        )
    post = make_post(session, alpha, incident, words=CANARY)
    if move == "post.reject":
        return reject(session, moderator, post, note=CANARY)
    publish(session, moderator, post)
    return retract(session, moderator, post, note=CANARY) if move == "post.retract" else post


MOVES = {
    "post.publish": ("is published", None, "feed"),
    "post.reject": ("is not published", "Cannot be verified", "feed"),
    "post.retract": ("is taken back", None, "feed"),
    "offer.list": ("is listed", None, "offers"),
    "offer.decline": ("is declined", "Not needed now", "offers"),
}


def test_every_move_that_is_told_of_has_a_letter_tried_here():
    assert set(MOVES) == {f"{s}.{move}" for s, kind in KINDS.items() for move in kind.moves}


@pytest.mark.one_backend
@pytest.mark.parametrize("move", MOVES)
def test_a_letter_says_what_became_of_it_and_where_to_read_on(
    session, world, office, mailbox, move
):
    said, reason, section = MOVES[move]
    row = decided(session, world, move)
    office.work()
    (letter,) = mailbox.letters
    assert letter["To"] == world.people["alpha"].email
    assert mailbox.rcpts == [world.people["alpha"].email]
    assert letter["From"] == "BEOC Partner Portal <portal@portal.example>"
    assert letter["Reply-To"] == "seoc@world.example"
    assert letter["Message-ID"] == office.all()[-1].message_id
    assert letter["Message-ID"].endswith("@portal.example>")
    assert re.fullmatch(rf"EXERCISE: \w+ {row.reference} {said}", letter["Subject"])
    assert len(letter["Subject"]) <= 60
    assert len(letter.as_bytes()) < 30_000
    text, _ = parts(letter)
    assert text.startswith("EXERCISE. This is not real.\n\n")
    assert URL.findall(text) == [
        f"https://portal.example/incidents/EX27/{section}/{row.reference}"
    ]
    assert "573-555-0100" in text
    assert re.search(r" at \d\d:\d\d C[DS]T \(\d{4}Z\)\.", text)
    if reason:
        assert f"Reason: {reason}." in text


@pytest.mark.one_backend
@pytest.mark.parametrize("move", MOVES)
def test_text_and_page_say_the_same_and_the_page_fetches_nothing(
    session, world, office, mailbox, move
):
    decided(session, world, move)
    office.work()
    text, page = parts(mailbox.letters[0])
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    tree = parser.parse(page)
    assert not parser.errors
    assert words_of(tree.find("body")) == " ".join(text.split())
    assert words_of(tree.find("head/title")) == mailbox.letters[0]["Subject"]
    assert not {it.tag for it in tree.iter()} & {"img", "link", "script", "style", "iframe"}
    (link,) = tree.iter("a")
    assert [link.get("href")] == URL.findall(text)


@pytest.mark.one_backend
@pytest.mark.parametrize("move", MOVES)
def test_nothing_that_was_written_stands_in_a_letter(session, world, office, mailbox, move):
    decided(session, world, move)
    office.work()
    letter = mailbox.letters[0]
    everything = "\n".join([*map(str, letter.values()), *parts(letter)])
    for told in (CANARY, "4,471", "447.19", "Jasper", "Alpha Fuel", "Moderator", "Tornado"):
        assert told not in everything


@pytest.mark.one_backend
def test_only_an_exercise_says_that_it_is_one_and_the_longest_code_fits(
    session, world, office, mailbox
):
    admin = world.actor("admin")
    for code, is_exercise in (("REAL27", False), ("EXERCISE2727", True)):
        incident = open_incident(session, admin, code=code, is_exercise=is_exercise)
        decided(session, world, "post.reject", incident)
        office.work()
        letter = mailbox.letters[-1]
        assert len(letter["Subject"]) <= 60
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

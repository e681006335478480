"""Letters to those outside: invitations, new passwords, answers to applications.

The token of a link is in the letter and nowhere else.
"""

from __future__ import annotations

import re

import html5lib
import pytest
from sqlalchemy import select

from portal.accounts import operations as accounts
from portal.accounts.models import Application, Person, Ticket
from portal.accounts.queries import hash_token, list_memberships
from portal.accounts.states import TicketPurpose
from portal.core.actor import SYSTEM, Role
from portal.core.sealing import token_for
from portal.journal.models import Words
from portal.journal.transaction import transaction
from portal.notify.kinds import TO_OUTSIDERS
from portal.notify.models import Delivery
from portal.notify.states import DeliveryState, Withheld
from tests.factories import close_incident, suspend_organization, suspend_person
from tests.notify.mailbox import parts
from tests.pages import words_of

S = DeliveryState
EMAIL = "new@world.example"
URL = re.compile(r"https?://\S+")
CANARY = "CanarySings"


def invite(session, world, by="admin", to="charlie", email=EMAIL, **how):
    invitation = accounts.Invitation(
        email=email,
        organization=world.organization(to),
        roles=frozenset({Role.LIAISON}),
        **{"by_letter": True, **how},
    )
    with transaction(session, world.actor(by)) as tx:
        return accounts.invite(tx, invitation)[0]


def invite_again(session, world, person, *, by_letter=True):
    with transaction(session, world.actor("admin")) as tx:
        return accounts.invite_again(tx, person, by_letter=by_letter)


def reset(session, person):
    with transaction(session, SYSTEM) as tx:
        accounts.reset_by_letter(tx, person)


def applied(session, world, move, secret_key):
    """Bring an application, full of canaries, to where who applied is told of a move."""
    claim = accounts.Claim(
        name=f"{CANARY} Haulers", kind="company", sectors=(), counties=(),
        website="https://haulers.example", person_name=CANARY, email=EMAIL,
        telephone="573-555-0999", why=CANARY,
    )  # fmt: skip
    with transaction(session, SYSTEM) as tx:
        token = token_for(secret_key, "application a key")
        row = accounts.apply(tx, claim, key="a key", token=token)
    with transaction(session, world.actor("mop3")) as tx:
        if move == "ask":
            accounts.ask(tx, row, question=CANARY)
        elif move == "refuse":
            accounts.refuse(tx, row, reason=CANARY)
        else:
            approval = accounts.Approval(
                name=f"{CANARY} Haulers",
                call_back_number="573-555-0888",
                call_back_source=CANARY,
                by_letter=True,
            )
            accounts.approve(tx, row, approval)
    return row


def made(session, world, office, mailbox, name):
    """Have a letter of one kind written and sent; return its row and the letter."""
    subject, _, move = name.partition(".")
    if name == "person.invite":
        row = invite(session, world)
    elif name == "person.reset":
        row = world.person("alpha")
        reset(session, row)
    else:
        assert subject == "application"
        row = applied(session, world, move, office.app.secret_key)
    office.work()
    (sent,) = [it for it in office.all() if it.kind == name]
    assert (sent.state, sent.last_error) == (S.SENT, "")
    (letter,) = [it for it in mailbox.letters if it["Message-ID"] == sent.message_id]
    return row, letter


def link_in(letter):
    (url,) = set(URL.findall(parts(letter)[0]))
    return url.removeprefix("https://portal.example")


NAMES = [it.name for it in TO_OUTSIDERS]


@pytest.mark.parametrize("name", NAMES)
def test_a_letter_is_plain_has_one_link_and_says_nothing_that_somebody_wrote(
    session, world, office, mailbox, name
):
    _, letter = made(session, world, office, mailbox, name)
    text, page = parts(letter)
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    tree = parser.parse(page)
    assert not parser.errors
    assert words_of(tree.find("body")) == " ".join(text.split())
    assert not {it.tag for it in tree.iter()} & {"img", "link", "script", "style", "iframe"}
    assert [it.get("href") for it in tree.iter("a")] == URL.findall(text)
    everything = "\n".join([*map(str, letter.values()), text, page])
    for told in (CANARY, "EXERCISE", "Tornado", "Charlie Grocers", "Alpha Fuel", "573-555-09"):
        assert told not in everything
    assert "Questions? Call the SEOC: 573-555-0100" in text
    assert len(letter["Subject"]) <= 60


def test_an_invitation_says_who_invites_and_until_when_and_its_link_lets_in(
    session, world, office, mailbox
):
    _, letter = made(session, world, office, mailbox, "person.invite")
    assert letter["To"] == EMAIL
    assert letter["Subject"] == "You are invited to the BEOC Partner Portal"
    text, _ = parts(letter)
    assert "Admin Person invites you." in text
    assert re.search(r"good once, for 72 hours, until \d\d? \w{3} \d\d:\d\d C[DS]T", text)
    client = office.app.test_client()
    answer = client.get(link_in(letter), base_url="https://portal.example")
    assert answer.status_code == 200
    assert "Charlie Grocers" in answer.text
    assert "Admin Person" in answer.text


def test_a_new_password_s_link_leads_there(session, world, office, mailbox):
    person, letter = made(session, world, office, mailbox, "person.reset")
    assert letter["To"] == person.email
    assert link_in(letter).startswith("/reset/")
    client = office.app.test_client()
    answer = client.get(link_in(letter), base_url="https://portal.example")
    assert answer.status_code == 200


@pytest.mark.parametrize("name", ["application.ask", "application.refuse"])
def test_who_applied_is_led_to_the_own_page(session, world, office, mailbox, name):
    row, letter = made(session, world, office, mailbox, name)
    assert letter["To"] == EMAIL
    assert row.reference in letter["Subject"]
    client = office.app.test_client()
    answer = client.get(link_in(letter), base_url="https://portal.example")
    assert answer.status_code == 200
    assert CANARY in answer.text


def test_an_approval_brings_its_invitation_in_a_letter_of_its_own(
    session, world, office, mailbox
):
    made(session, world, office, mailbox, "application.approve")
    assert sorted(it.kind for it in office.all()) == ["application.approve", "person.invite"]
    assert [it["To"] for it in mailbox.letters] == [EMAIL] * 2


@pytest.mark.parametrize("name", ["person.invite", "person.reset", "application.ask"])
def test_the_token_stands_in_the_letter_alone(session, world, office, mailbox, name, caplog):
    _, letter = made(session, world, office, mailbox, name)
    token = link_in(letter).rpartition("/")[2]
    assert len(token) == 43
    session.rollback()
    for table in (Ticket, Application, Delivery, Person, Words):
        for row in session.scalars(select(table)):
            assert token not in "".join(map(str, vars(row).values()))
    jobs = office.app.extensions["settings"].instance / "jobs.db"
    assert token.encode() not in jobs.read_bytes()
    assert token not in caplog.text


def test_every_try_is_the_same_letter(session, world, office, mailbox, held_clock):
    """A server may take a letter and drop the line: the one that arrived must stay good."""
    invite(session, world)
    mailbox.manner = "4xx for what is written"
    office.work()
    assert office.one().state is S.WAITING
    ticket = session.scalars(select(Ticket).order_by(Ticket.id.desc())).first()
    mailbox.manner = "takes it and drops the line"
    held_clock.tick(30)
    office.restart(losing_jobs=True)
    office.work()
    mailbox.manner = ""
    held_clock.tick(60)
    office.work()
    assert office.one().state is S.SENT
    assert len(mailbox.letters) == 2
    assert len({link_in(it) for it in mailbox.letters}) == 1
    assert ticket.token_hash == hash_token(link_in(mailbox.letters[0]).rpartition("/")[2])


def test_who_was_shown_a_link_gets_no_letter(session, world, office, mailbox):
    invite(session, world, by_letter=False)
    person = invite(session, world, email="second@world.example")
    invite_again(session, world, person, by_letter=False)
    office.work()
    assert office.all() == []
    assert mailbox.letters == []


def test_a_link_shown_meanwhile_takes_the_letters_place(
    session, world, office, mailbox, held_clock
):
    person = invite(session, world)
    mailbox.stop()
    office.work()
    token = invite_again(session, world, person, by_letter=False)
    mailbox.start()
    held_clock.tick(60)
    office.work()
    assert (office.one().state, office.one().last_error) == (
        S.NOT_SENT,
        Withheld.OVERTAKEN.value,
    )
    assert mailbox.letters == []
    ticket = session.scalars(select(Ticket).where(Ticket.token_hash == hash_token(token)))
    assert ticket.one().used_at is None


def test_inviting_again_makes_the_earlier_letter_and_link_worthless(
    session, world, office, mailbox, held_clock
):
    person = invite(session, world)
    office.work()
    invite_again(session, world, person)
    held_clock.tick(1)
    office.work()
    first, second = map(link_in, mailbox.letters)
    assert first != second
    tokens = [it.rpartition("/")[2] for it in (first, second)]
    used = {it.token_hash: it.used_at for it in session.scalars(select(Ticket)).all()}
    assert used[hash_token(tokens[0])] is not None
    assert used[hash_token(tokens[1])] is None


def test_of_two_letters_that_wait_the_later_one_goes(
    session, world, office, mailbox, held_clock
):
    person = invite(session, world)
    mailbox.stop()
    office.work()
    invite_again(session, world, person)
    mailbox.start()
    held_clock.tick(60)
    office.work()
    office.work()
    assert [it.state for it in office.all()] == [S.NOT_SENT, S.SENT]
    assert office.all()[0].last_error == Withheld.OVERTAKEN.value
    assert len(mailbox.letters) == 1


@pytest.mark.parametrize("what", ["suspended", "organization suspended", "removed"])
def test_whom_it_would_no_longer_let_in_gets_none(
    session, world, office, mailbox, held_clock, what
):
    person = invite(session, world)
    mailbox.stop()
    office.work()
    if what == "suspended":
        suspend_person(session, person)
    elif what == "removed":
        (membership,) = list_memberships(session, person.id)
        with transaction(session, SYSTEM) as tx:
            accounts.end_membership(tx, membership, reason="for the test")
    else:
        suspend_organization(session, world.organization("charlie"))
    mailbox.start()
    held_clock.tick(60)
    office.work()
    assert office.one().state is S.NOT_SENT
    assert mailbox.letters == []


def test_a_forgotten_password_asked_for_again_ends_the_earlier_link_alone(
    session, world, office, mailbox, held_clock
):
    person = world.person("alpha")
    with transaction(session, world.actor("admin")) as tx:
        factor = accounts.issue(tx, person, TicketPurpose.FACTOR)
    for _ in range(2):
        reset(session, person)
        office.work()
        held_clock.tick(1)
    first, second = (link_in(it).rpartition("/")[2] for it in mailbox.letters)
    good = {it.token_hash for it in session.scalars(select(Ticket)).all() if it.used_at is None}
    assert {hash_token(second), hash_token(factor)} <= good
    assert hash_token(first) not in good


def test_without_any_number_it_says_whom_to_ask(session, world, office, mailbox):
    close_incident(session, world.incident)
    invite(session, world)
    office.work()
    text, _ = parts(mailbox.letters[0])
    assert "Questions? Ask who you know at the SEOC." in text

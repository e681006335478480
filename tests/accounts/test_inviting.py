"""Invitations of many at once: what becomes of each address, once, and nothing half."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from portal.accounts import addresses, operations
from portal.accounts.models import Membership, Person, Ticket
from portal.accounts.queries import get_person_by_email
from portal.accounts.states import MembershipState, PersonState
from portal.accounts.views.links import SENT_BEFORE, SHOWN_ONCE
from portal.core.actor import Role
from portal.core.errors import FieldError, NotAllowedError
from portal.journal.models import Entry
from portal.journal.transaction import transaction
from tests.factories import suspend_person
from tests.pages import words_of
from tests.threads import BUSY, sorted_out, together

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from sqlalchemy.orm import Session

    from tests.pages import Page, PageClient
    from tests.world import World

    ClientFor = Callable[[str], PageClient]

INVITE, MOVE = "/admin/people/invite", "person.invite"


def typed(world: World, text: str, to: str = "alpha", *roles: str) -> dict:
    return {
        "addresses": text,
        "organization": world.organizations[to].reference,
        "roles": list(roles or ("liaison",)),
    }


def links_of(page: Page) -> list[str]:
    return re.findall(r"http://localhost(/invite/[\w-]{43})<", page.html)


def told(page: Page) -> list[str]:
    (panel,) = [
        it for it in page.all("section") if it.get("aria-label") == "Address by address"
    ]
    return [words_of(it.find("p")) for it in panel]


def count(session: Session, row: type) -> int:
    session.rollback()  # else SQLite counts what was there when this session last looked
    return session.scalar(select(func.count()).select_from(row)) or 0


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("a@b.com", ["a@b.com"]),
        (" a@b.com , c@d.com;e@f.com\n\n;,g@h.com\r\n", None),
        ("Doe, Jane <Jane@B.com>; Lee <l@b.com>", ["jane@b.com", "l@b.com"]),
        ('"Doe, Jane" <jane@b.com>, x@y.com', ["jane@b.com", "x@y.com"]),
        ("jane at b.com\nx@y.com", [None, "x@y.com"]),
        ("a@b, c@-d.com, <>, a@b.com>", [None, None, None, None]),
        ("x" * 300 + "@b.com", [None]),
        ("\x00 , ;", [None]),
    ],
)
def test_addresses_are_read_as_people_paste_them(text, read):
    expected = ["a@b.com", "c@d.com", "e@f.com", "g@h.com"] if read is None else read
    assert [addresses.read(it) for it in addresses.split(text)] == expected


def test_each_address_gets_its_own_answer(
    client_for: ClientFor, anonymous: PageClient, session: Session, world: World
):
    client = client_for("admin")
    suspend_person(session, world.person("charlie"))
    text = (
        "New <new@world.example>\nno address, bravo@world.example; alpha@world.example\n"
        "NEW@world.example\ncharlie@world.example"
    )
    page = client.read(client.send(INVITE, MOVE, **typed(world, text)), 200)
    assert told(page) == [
        "new@world.example Invited",
        "no address Not invited",
        "bravo@world.example Added",
        "alpha@world.example Nothing to do",
        "new@world.example Twice",
        "charlie@world.example Not invited",
    ]
    (link,) = links_of(page)
    assert "Alpha Fuel" in anonymous.page(link).main
    of_bravo = session.scalars(
        select(Membership).where(
            Membership.person_id == world.people["bravo"].id,
            Membership.organization_id == world.organizations["alpha"].id,
        )
    ).one()
    assert (of_bravo.state, of_bravo.roles) == (MembershipState.ACTIVE, ("liaison",))


def test_inviting_again_ends_the_earlier_link(
    client_for: ClientFor, anonymous: PageClient, session: Session, world: World
):
    client = client_for("admin")
    sent = typed(world, "new@world.example")
    first, second = (links_of(client.read(client.send(INVITE, MOVE, **sent))) for _ in range(2))
    anonymous.page(first[0], 410)
    anonymous.page(second[0])
    assert count(session, Person) == len(world.people) + 1


def test_fifty_are_invited_in_one_form_and_fifty_one_are_too_many(
    client_for: ClientFor, session: Session, world: World
):
    client = client_for("admin")
    many = [f"p{number}@world.example" for number in range(51)]
    answer = client.send(INVITE, MOVE, **typed(world, ", ".join(many)))
    page = client.read(answer, 422)
    assert "These are 51 addresses." in page.error_at("addresses")
    assert count(session, Person) == len(world.people)
    page = client.read(client.send(INVITE, MOVE, **typed(world, "\n".join(many[:50]))), 200)
    assert len(set(links_of(page))) == 50
    assert "50 of 50 done." in page.main


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"addresses": ""}, "addresses", "Write at least one e-mail address."),
        ({"addresses": "no address"}, "addresses", "Write an e-mail address"),
        ({"addresses": "x" * 10_001}, "addresses", "10,000 characters at most"),
        ({"organization": "NOSUCH00"}, "organization", "Choose the organization."),
        ({"organization": ""}, "organization", "Choose the organization."),
        ({"roles": []}, "roles", "Choose at least one role."),
        ({"roles": ["admin"]}, "roles", "for agencies only"),
        ({"roles": ["erac_advisor"]}, "roles", "contractors and associations"),
        ({"roles": ["emperor"]}, "roles", "Choose from the list."),
    ],
)
def test_a_poor_form_invites_nobody_and_keeps_what_was_typed(
    client_for: ClientFor, session: Session, world: World, change: dict, field: str, words: str
):
    client = client_for("admin")
    before = count(session, Person), count(session, Entry)
    sent = typed(world, "new@world.example, two@world.example") | change
    page = client.read(client.send(INVITE, MOVE, **sent), 422)
    assert words in page.error_at(field)
    assert page.form(MOVE).filled["addresses"] == [sent["addresses"]]
    assert links_of(page) == []
    assert (count(session, Person), count(session, Entry)) == before


def test_an_agency_has_no_liaisons(client_for: ClientFor, world: World):
    client = client_for("admin")
    sent = typed(world, "new@world.example", "agency", "liaison", "moderator")
    page = client.read(client.send(INVITE, MOVE, **sent), 422)
    assert "roles of the SEOC" in page.error_at("roles")


def test_sent_twice_it_invites_once_and_shows_no_second_link(
    client_for: ClientFor, session: Session, world: World
):
    client = client_for("admin")
    form = client.page(INVITE).form(MOVE)
    sent = typed(world, "new@world.example, bravo@world.example")
    first, second = (client.submit(form, **sent) for _ in range(2))
    assert links_of(client.read(first, 200))
    page = client.follow(second)
    assert SHOWN_ONCE in page.main
    assert links_of(page) == []
    assert count(session, Person) == len(world.people) + 1


def test_fifty_who_send_one_form_at_once_invite_once(
    client_for: ClientFor, session: Session, world: World
):
    client = client_for("admin")
    form = client.page(INVITE).form(MOVE)
    sent = typed(world, "new@world.example, two@world.example")
    before = count(session, Ticket)
    answers = together([lambda: client.submit(form, **sent)] * 50)
    statuses = [it.status_code for it in answers]
    assert {200, 303} <= set(statuses) <= {200, 303, BUSY}, statuses
    assert statuses.count(200) == 1
    session.rollback()
    assert count(session, Person) == len(world.people) + 2
    assert count(session, Ticket) == before + 2


@pytest.mark.parametrize("is_known", [False, True], ids=["new", "invited before"])
def test_of_several_who_invite_one_person_none_leaves_half(
    client_for: ClientFor, session: Session, world: World, is_known: object
):
    """By forms of their own: each invites, invites again, or is asked to send it once more."""
    clients = [client_for("admin") for _ in range(5)]
    if is_known:
        form = clients[0].page(INVITE).form(MOVE)
        clients[0].read(clients[0].submit(form, **typed(world, "new@world.example")), 200)
    forms = [client.page(INVITE).form(MOVE) for client in clients]
    parties = ["alpha", "bravo", "charlie", "alpha", "bravo"]
    answers = together(
        [
            lambda c=client, f=form, to=to: c.submit(f, **typed(world, "new@world.example", to))
            for client, form, to in zip(clients, forms, parties, strict=True)
        ]
    )
    done, refused = sorted_out([it.status_code for it in answers])
    assert refused == []
    assert set(done) <= ({200} if is_known else {200, 409})
    told_so = [it for it in answers if "just now. Send it once more." in it.text]
    assert [it.status_code for it in told_so] == [409] * done.count(409)
    assert 200 in done
    session.rollback()
    person = get_person_by_email(session, "new@world.example")
    assert person is not None
    good = select(Ticket).where(Ticket.person_id == person.id, Ticket.used_at.is_(None))
    assert len(session.scalars(good).all()) == 1


# ---------------------------------------------------------------- by letter


def test_with_a_mail_server_no_link_is_made_or_shown(
    make_app: Callable[..., Flask], session: Session, world: World
):
    client = make_app(smtp_url="smtp://127.0.0.1:1").test_client()
    client.sign_in(world.people["admin"].email, "a password for tests only")
    before = count(session, Ticket)
    form = client.page(INVITE).form(MOVE)
    sent = typed(world, "new@world.example")
    page = client.read(client.submit(form, **sent), 200)
    assert "The link goes there by e-mail." in page.main
    assert links_of(page) == []
    assert count(session, Ticket) == before
    assert SENT_BEFORE in client.follow(client.submit(form, **sent)).main
    session.rollback()
    person = get_person_by_email(session, "new@world.example")
    assert person is not None
    show = f"/admin/people/{person.reference}"
    form = client.page(show).form("person.invite_again")
    page = client.follow(client.submit(form))
    assert "An e-mail with the link goes to new@world.example." in page.main
    form = client.page(show).form("person.invite_again")
    assert links_of(client.read(client.submit(form, how="by_hand"), 200))
    assert count(session, Ticket) == before + 1


# ---------------------------------------------------------------- nobody gets more than theirs


def invitation(world: World, to: str, *roles: Role) -> operations.Invitation:
    return operations.Invitation(
        email="new@world.example", organization=world.organization(to), roles=frozenset(roles)
    )


def test_no_link_lets_its_maker_act_for_others(session: Session, world: World):
    """Whoever invites somebody whom others invited, too, would have a link to both."""
    with transaction(session, world.actor("admin")) as tx:
        person, _ = operations.invite(tx, invitation(world, "bravo", Role.LIAISON))
    keeper = world.actor("alpha_admin")
    with transaction(session, keeper) as tx:
        (became,) = operations.invite_all(
            tx,
            operations.Invitations(
                emails=[person.email],
                organization=world.organization("alpha"),
                roles=frozenset({Role.LIAISON}),
            ),
        )
    assert (became.outcome, became.token) == (operations.Outcome.GRANTED, "")
    for name in ("alpha_admin", "mop3"):
        with pytest.raises(NotAllowedError), transaction(session, world.actor(name)) as tx:
            operations.invite_again(tx, person)


def test_mop3_gives_no_agency_roles(session: Session, world: World):
    for role in (Role.ADMIN, Role.MOP3):
        with pytest.raises(FieldError), transaction(session, world.actor("mop3")) as tx:
            operations.invite(tx, invitation(world, "agency", role))
    with transaction(session, world.actor("admin")) as tx:
        person, _ = operations.invite(tx, invitation(world, "agency", Role.ADMIN))
    with pytest.raises(NotAllowedError), transaction(session, world.actor("mop3")) as tx:
        operations.invite_again(tx, person)
    assert person.state is PersonState.INVITED


def test_a_keeper_invites_for_the_own_organization_alone(session: Session, world: World):
    keeper = world.actor("alpha_admin")
    with pytest.raises(NotAllowedError), transaction(session, keeper) as tx:
        operations.invite(tx, invitation(world, "bravo", Role.LIAISON))
    session.rollback()
    assert get_person_by_email(session, "new@world.example") is None

"""Those without a sign-in: asking to be taken in, a forgotten password; nothing is told."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from portal.accounts import operations
from portal.accounts.models import Application, Ticket
from portal.accounts.states import ApplicationState
from portal.accounts.views import registering
from portal.journal.models import Entry
from portal.journal.transaction import transaction
from tests.factories import suspend_person
from tests.threads import BUSY, together

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from sqlalchemy.orm import Session

    from tests.conftest import HeldClock
    from tests.pages import PageClient
    from tests.world import World

REGISTER, FORGOTTEN = "/register", "/forgotten"

GOOD = {
    "name": "Delta Haulers",
    "kind": "company",
    "sectors": ["TRAN"],
    "counties": ["29097"],
    "website": "delta.example",
    "person_name": "Dee Lee",
    "email": "Dee@Delta.example",
    "telephone": "573-555-0999",
    "why": "We have trucks.\nMany of them.",
}

_VARYING = re.compile(r'(name="(?:csrf_token|once)"[^>]*value=")[^"]*|\d\d:\d\d|\d{4}Z')


def applications(session: Session) -> list[Application]:
    session.rollback()
    session.expire_all()
    return list(session.scalars(select(Application).order_by(Application.id)))


def entries(session: Session) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(Entry)) or 0


# ---------------------------------------------------------------- asking to be taken in


def test_an_application_gets_a_reference_and_a_page_of_its_own(
    anonymous: PageClient, session: Session
):
    assert "/register" in anonymous.page("/sign-in").links
    page = anonymous.follow(anonymous.send(REGISTER, **GOOD))
    (row,) = applications(session)
    assert row.reference in page.main
    assert "calls your organization back" in page.main
    assert (row.email, row.website) == ("dee@delta.example", "https://delta.example")
    (link,) = set(re.findall(r"http://localhost(/register/[\w-]{43})", page.html))
    page = anonymous.page(link)
    assert "Waits to be vetted" in page.main
    assert page.response.headers["Referrer-Policy"] == "strict-origin"
    assert link.rpartition("/")[2] not in "".join(map(str, vars(row).values()))
    anonymous.page("/register/" + "x" * 43, 404)
    anonymous.page("/register/" + "x" * 43 + "/sent", 404)


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"name": ""}, "name", "Write the organization’s name."),
        ({"name": "x" * 121}, "name", "120 characters at most"),
        ({"kind": None}, "kind", "Choose the kind."),
        ({"kind": "agency"}, "kind", "Choose the kind."),
        ({"sectors": ["LUCK"]}, "sectors", "Choose sectors from the list."),
        ({"counties": ["00000"]}, "counties", "Choose counties from the list."),
        ({"website": "nowhere"}, "website", "Write the address of the website"),
        ({"website": "javascript://a.b/%0aalert(1)"}, "website", "Write the address"),
        ({"website": "https://[x"}, "website", "Write the address"),
        ({"website": "x" * 201}, "website", "200 characters at most"),
        ({"person_name": " "}, "person_name", "Write your name."),
        ({"email": "dee at delta"}, "email", "Write an e-mail address"),
        ({"telephone": "call me"}, "telephone", "Write a telephone number"),
        ({"why": ""}, "why", "Say why you want to take part."),
        ({"why": "x" * 1001}, "why", "1,000 characters at most"),
        ({"empty": "buy now"}, "empty", "Leave this empty"),
    ],
)
@pytest.mark.one_backend
def test_what_is_wrong_is_said_at_the_field_and_nothing_is_written(
    anonymous: PageClient, session: Session, change: dict, field: str, words: str
):
    before = entries(session)
    page = anonymous.read(anonymous.send(REGISTER, **{**GOOD, **change}), 422)
    assert words in page.error_at(field)
    kept = page.forms[0].filled
    for name, value in GOOD.items():
        if name not in change:
            assert kept[name] == (value if isinstance(value, list) else [value]), name
    assert applications(session) == []
    assert entries(session) == before


def test_a_form_sent_twice_is_one_application(anonymous: PageClient, session: Session):
    form = anonymous.page(REGISTER).forms[0]
    first, second = (anonymous.submit(form, **GOOD) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    assert len(applications(session)) == 1
    third = anonymous.submit(form, **{**GOOD, "name": "Other Haulers"})
    assert third.headers["Location"] != first.headers["Location"]
    assert len(applications(session)) == 2


def test_a_form_sent_fifty_times_at_once_is_one_application(
    anonymous: PageClient, session: Session
):
    form = anonymous.page(REGISTER).forms[0]
    answers = together([lambda: anonymous.submit(form, **GOOD)] * 50)
    assert {it.status_code for it in answers} <= {303, 429, BUSY}
    taken = [it.headers["Location"] for it in answers if it.status_code == 303]
    assert len(set(taken)) == 1, "those who came first, however often, have one answer"
    busy = [it for it in answers if it.status_code == BUSY]
    assert len(taken) + len(busy) >= 5, "nobody is told to wait before the limit"
    assert len(applications(session)) == 1


def test_nothing_tells_whether_a_name_or_an_address_is_known(
    anonymous: PageClient, session: Session, world: World
):
    """The same status and the same page, but for the reference and the time."""
    told = []
    for name, email in (
        ("Delta Haulers", "dee@delta.example"),
        (world.organizations["bravo"].name, world.people["bravo"].email),
    ):
        answer = anonymous.send(REGISTER, **{**GOOD, "name": name, "email": email})
        page = anonymous.follow(answer)
        row = applications(session)[-1]
        told.append((answer.status_code, page.main.replace(row.reference, "")))
    token = re.compile(r"/register/[\w-]{43}")
    first, second = ((status, token.sub("", main)) for status, main in told)
    assert re.sub(r"\d\d:\d\d|\d{4}Z", "", first[1]) == re.sub(
        r"\d\d:\d\d|\d{4}Z", "", second[1]
    )
    assert first[0] == second[0]


def test_five_an_hour_from_one_address(
    anonymous: PageClient, session: Session, held_clock: HeldClock
):
    for number in range(5):
        assert anonymous.send(REGISTER, **{**GOOD, "name": f"D{number}"}).status_code == 303
    page = anonymous.read(anonymous.send(REGISTER, **GOOD), 429)
    assert registering.SLOW_DOWN in page.main
    assert page.forms[0].filled["name"] == ["Delta Haulers"]
    assert len(applications(session)) == 5
    del held_clock


@pytest.mark.one_backend
def test_so_many_a_day_from_everywhere(
    anonymous: PageClient, session: Session, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(registering, "MOST_A_DAY", 1)
    assert anonymous.send(REGISTER, **GOOD).status_code == 303
    page = anonymous.read(anonymous.send(REGISTER, **{**GOOD, "name": "Two"}), 429)
    assert registering.TOO_MANY in page.main
    assert len(applications(session)) == 1


def test_who_applied_answers_a_question_once(
    anonymous: PageClient, session: Session, world: World
):
    show = anonymous.send(REGISTER, **GOOD).headers["Location"].removesuffix("/sent")
    assert anonymous.page(show).forms == []
    (row,) = applications(session)
    with transaction(session, world.actor("mop3")) as tx:
        operations.ask(tx, row, question="Where are your trucks?")
    page = anonymous.page(show)
    assert "Where are your trucks?" in page.main
    form = page.forms[0]
    assert anonymous.read(anonymous.submit(form, reply=" "), 422).error_at("reply")
    page = anonymous.follow(anonymous.submit(form, reply="In Joplin."))
    assert "In Joplin." in page.main
    assert page.forms == []
    before = entries(session)
    assert anonymous.submit(form, reply="In Joplin.").status_code == 303
    answer = anonymous.submit(form, reply="Or in Monett.")
    assert "changed while you were reading" in anonymous.read(answer, 409).main
    assert entries(session) == before
    assert applications(session)[0].state is ApplicationState.WAITING


# ---------------------------------------------------------------- a forgotten password


@pytest.fixture
def with_mail(make_app: Callable[..., Flask]) -> PageClient:
    client: PageClient = make_app(smtp_url="smtp://127.0.0.1:1").test_client()
    return client


def resets(session: Session) -> int:
    session.rollback()
    asked = (Entry.subject == "person") & (Entry.move == "reset")
    return session.scalar(select(func.count()).select_from(Entry).where(asked)) or 0


def ask(client: PageClient, email: str):
    answer = client.send(FORGOTTEN, email=email)
    answer.get_data()
    answer.close()  # what is done after the answer
    return answer


@pytest.mark.usefixtures("held_clock")
def test_the_answer_is_the_same_for_everybody(
    with_mail: PageClient, session: Session, world: World
):
    suspend_person(session, world.person("charlie"))
    told = set()
    names = ("bravo", "charlie")
    for email in (*(world.people[name].email for name in names), "nobody@world.example"):
        answer = ask(with_mail, email)
        assert answer.status_code == 200
        told.add((_VARYING.sub("", answer.text), str(answer.headers.getlist("Set-Cookie"))[:9]))
    assert len(told) == 1
    assert "a link is on its way" in told.pop()[0]
    assert resets(session) == 1, "the liaison of Bravo alone"


def test_no_link_is_made_before_the_letter_goes(
    with_mail: PageClient, session: Session, world: World
):
    before = session.scalar(select(func.count()).select_from(Ticket))
    session.rollback()
    ask(with_mail, world.people["bravo"].email.upper())
    assert resets(session) == 1
    assert session.scalar(select(func.count()).select_from(Ticket)) == before


def test_three_an_hour_for_one_address(with_mail: PageClient, session: Session, world: World):
    for _ in range(5):
        assert ask(with_mail, world.people["bravo"].email).status_code == 200
    assert resets(session) == 3


@pytest.mark.one_backend
def test_twenty_an_hour_from_one_address(with_mail: PageClient, world: World):
    for number in range(20):
        ask(with_mail, f"nobody{number}@world.example")
    page = with_mail.read(with_mail.send(FORGOTTEN, email=world.people["bravo"].email), 429)
    assert registering.SLOW_DOWN in page.main


def test_without_a_mail_server_the_seoc_is_called(
    anonymous: PageClient, session: Session, world: World
):
    assert FORGOTTEN in anonymous.page("/sign-in").links
    page = anonymous.page(FORGOTTEN)
    assert "Call the SEOC" in page.main
    assert page.forms == []
    token = anonymous.page("/sign-in").forms[0].filled["csrf_token"]
    data = {"csrf_token": token, "email": world.people["bravo"].email}
    answer = anonymous.post(FORGOTTEN, data=data)
    answer.close()
    assert resets(session) == 0

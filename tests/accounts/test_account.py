"""A person's own account: password and open sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from portal.accounts.models import Person, SignIn
from portal.accounts.views.account import NOT_IT
from portal.journal.models import Once
from tests.world import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from tests.pages import PageClient
    from tests.world import World

    ClientFor = Callable[[str], PageClient]

NEW = "correct as a horse is"


def change(client: PageClient, current: str = PASSWORD, password: str = NEW):
    return client.send("/account", "person.change_password", current=current, password=password)


def test_one_reads_who_one_is(client_for: ClientFor):
    client = client_for("alpha_admin")
    page = client.page("/account")
    for words in ("Alpha Admin Person", "alpha_admin@world.example", "Alpha Fuel"):
        assert words in page.main
    assert "Organization administrator" in page.main
    assert client.queries <= 12


def test_a_new_password_ends_the_other_sessions(
    client_for: ClientFor, anonymous: PageClient, world: World
):
    here, there = client_for("alpha"), client_for("alpha")
    page = here.follow(change(here))
    assert "Your password is changed" in page.main
    assert there.get("/account").status_code == 302
    assert anonymous.sign_in(world.people["alpha"].email, PASSWORD).status_code == 422
    assert anonymous.sign_in(world.people["alpha"].email, NEW).status_code == 303


@pytest.mark.parametrize(
    ("current", "password", "field", "words"),
    [
        ("a wrong password", NEW, "current", NOT_IT),
        ("", NEW, "current", "Write your present password."),
        (PASSWORD, "short", "password", "12 characters at least"),
        (PASSWORD, "I am alpha, and who are you", "password", "must not contain"),
    ],
)
def test_what_is_wrong_is_said_at_the_field(
    client_for: ClientFor,
    session: Session,
    world: World,
    current: str,
    password: str,
    field: str,
    words: str,
):
    client = client_for("alpha")
    page = client.read(change(client, current, password), 422)
    assert words in page.error_at(field)
    assert password not in page.html
    person = session.get_one(Person, world.people["alpha"].id)
    assert person.version == 3, "invited, then joined with all that belongs to it"


def test_guessing_the_present_password_is_slowed_down(client_for: ClientFor):
    client = client_for("alpha")
    answers = [change(client, "a wrong password").status_code for _ in range(6)]
    assert answers == [422] * 5 + [429]
    assert change(client).status_code == 429


def test_sent_twice_it_is_changed_once(client_for: ClientFor, session: Session):
    client = client_for("alpha")
    form = client.page("/account").form("person.change_password")
    answers = [client.submit(form, current=PASSWORD, password=NEW) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    kept = session.query(Once).all()
    assert len(kept) == 1
    assert NEW not in kept[0].body_hash


def test_one_sees_and_ends_ones_sessions(client_for: ClientFor):
    here, there = client_for("alpha"), client_for("alpha")
    there.get("/account", headers={"User-Agent": "Mozilla/5.0 (iPhone) Safari/600"})
    page = here.page("/account")
    assert "This one" in page.main
    form = page.form("sign_in.end")
    assert here.follow(here.submit(form)).status == 200
    assert there.get("/account").status_code == 302
    assert here.get("/account").status_code == 200


def test_one_ends_all_others(client_for: ClientFor):
    here, others = client_for("alpha"), [client_for("alpha") for _ in range(3)]
    page = here.page("/account")
    form = next(form for form in page.forms if form.action.endswith("/end-others"))
    here.follow(here.submit(form))
    assert [it.get("/account").status_code for it in others] == [302, 302, 302]
    assert here.get("/account").status_code == 200


def test_a_session_that_ended_meanwhile_is_a_conflict(client_for: ClientFor):
    here, _ = client_for("alpha"), client_for("alpha")
    first, second = here.page("/account"), here.page("/account")
    here.submit(first.form("sign_in.end"))
    answer = here.submit(second.form("sign_in.end"))
    assert here.read(answer, 409).form("person.change_password")


def test_another_persons_session_is_not_there(
    client_for: ClientFor, session: Session, world: World
):
    alpha, bravo = client_for("alpha"), client_for("bravo")
    del alpha
    victim = session.query(SignIn).filter_by(person_id=world.people["alpha"].id).one()
    token = bravo.page("/account").form().filled["csrf_token"]
    answer = bravo.post(f"/account/sessions/{victim.id}/end", data={"csrf_token": token})
    assert answer.status_code == 404

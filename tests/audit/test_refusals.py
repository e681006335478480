"""Refusals: failed sign-ins, throttled tries, pages of other desks; each with its address."""

from __future__ import annotations

from portal.core.throttle import PER_ACCOUNT
from portal.journal.refusals import MOST, WITHIN, note_refusal
from tests.audit.noting import noted
from tests.world import PASSWORD

HERE = "127.0.0.1"


def test_a_wrong_password_is_noted_for_its_person(anonymous, session, world):
    assert anonymous.sign_in(world.people["alpha"].email, "not the password").status_code == 422
    (note,) = noted(session)
    assert (note.subject, note.move) == ("person", "refuse")
    assert note.subject_id == world.people["alpha"].id
    assert note.person_id is None
    assert note.words == {"why": "sign_in", "address": HERE}


def test_what_was_typed_for_an_unknown_address_is_kept_nowhere(anonymous, session, world):
    assert world
    typed = "my-secret-password@typed-in-the-wrong.field"
    assert anonymous.sign_in(typed, "x").status_code == 422
    (note,) = noted(session)
    assert note.subject_id == 0
    assert note.words == {"why": "sign_in", "address": HERE}


def test_throttled_tries_are_noted(anonymous, session, world):
    for _ in range(PER_ACCOUNT.amount):
        anonymous.sign_in(world.people["alpha"].email, "wrong")
    assert anonymous.sign_in(world.people["alpha"].email, PASSWORD).status_code == 429
    *failed, last = noted(session)
    assert {it.words["why"] for it in failed} == {"sign_in"}
    assert last.words == {"why": "throttled", "address": HERE}


def test_signing_in_is_no_refusal(client_for, session):
    client_for("alpha")
    assert noted(session) == []


def test_a_page_of_another_desk_is_noted_with_its_name_and_method(client_for, session, world):
    client = client_for("alpha")
    assert client.get("/admin?q=somebody").status_code == 403
    token = client.page("/account").form().filled["csrf_token"]
    path = f"/organizations/{world.organizations['bravo'].reference}/suspend"
    assert client.post(path, data={"csrf_token": token}).status_code == 403
    assert [it.words for it in noted(session)] == [
        {"why": "page", "address": HERE, "page": "people.index", "method": "GET"},
        {"why": "page", "address": HERE, "page": "organizations.suspend", "method": "POST"},
    ]
    assert {(it.subject_id, it.person_id) for it in noted(session)} == {
        (world.people["alpha"].id, world.people["alpha"].id)
    }


def test_a_forged_form_of_somebody_signed_in_is_noted(client_for, session):
    client = client_for("alpha")
    assert client.post("/sign-out").status_code == 403
    (note,) = noted(session)
    assert note.words["page"] == "accounts.sign_out"


def test_what_is_hidden_is_no_refusal(client_for, session):
    assert client_for("alpha").get("/incidents/EX27/offers/EX27-0000").status_code == 404
    assert noted(session) == []


def test_the_anonymous_are_not_noted_page_by_page(anonymous, session):
    assert anonymous.post("/sign-out").status_code == 403
    assert anonymous.get("/admin").status_code == 302
    assert noted(session) == []


def test_a_flood_from_one_address_is_bounded_and_others_are_still_heard(
    held_clock, session, world
):
    assert world

    def flood(address: str, why: str = "sign_in") -> int:
        before = len(noted(session))
        for _ in range(100):
            note_refusal(session, why, address=address)
        return len(noted(session)) - before

    assert flood("192.0.2.1") == MOST
    assert flood("192.0.2.1") == 0
    assert flood("192.0.2.1", "throttled") == MOST
    assert flood("192.0.2.2") == MOST
    held_clock.tick(WITHIN.total_seconds())
    assert flood("192.0.2.1") == MOST

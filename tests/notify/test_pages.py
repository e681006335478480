"""Where people see what became of an e-mail."""

from __future__ import annotations

import html5lib
import pytest
from flask import render_template
from sqlalchemy import select

from portal.core.errors import NotAllowedError, StateGoneError
from portal.journal.models import Entry
from portal.journal.transaction import transaction
from portal.notify import operations
from portal.notify.models import Delivery
from portal.notify.queries import masked
from portal.notify.states import DeliveryState
from tests.factories import make_post, reject
from tests.notify.acts import nudge, publish_to_acknowledge, wait_too_long
from tests.notify.conftest import PostOffice
from tests.pages import words_of
from tests.world import PASSWORD

DELIVERIES = "/admin/deliveries"


@pytest.fixture
def office(make_office):
    """A portal that is opened without TLS, as test clients open it."""
    return make_office(base_url="")


def bounced(session, world, office, mailbox, name="alpha"):
    mailbox.manner = "5xx"
    reject(session, world.actor("moderator"), make_post(session, world.actor(name)))
    office.work()
    mailbox.manner = ""
    return office.all()[-1]


def client_of(office: PostOffice, world, name):
    client = office.app.test_client()
    assert client.sign_in(world.people[name].email, PASSWORD).status_code == 303
    return client


def test_administrators_see_what_was_not_delivered_and_try_it_again(
    session, world, office, mailbox
):
    told = bounced(session, world, office, mailbox)
    admin = client_of(office, world, "admin")
    page = admin.page(DELIVERIES)
    assert "0 on the way, 1 not delivered" in page.main
    for words in (told.address, "Alpha Person", told.about, "Report not published", "Bounced"):
        assert words in page.main
    assert "550 5.1.1 no such user here" in page.main
    form = page.form()
    assert form.action.endswith(f"/{told.reference}/retry")
    after = admin.follow(admin.submit(form))
    assert f"The e-mail about {told.about} is tried again." in after.main
    assert "Waiting" in after.main
    assert admin.submit(form).status_code == 303  # the same form again: the same answer
    office.work()
    assert (office.one().state, office.one().tries) == (DeliveryState.SENT, 2)
    assert len(mailbox.letters) == 1
    noted = session.scalars(select(Entry).where(Entry.subject == "delivery")).one()
    assert (noted.move, noted.person_id) == ("retry", world.people["admin"].id)


def test_what_failed_can_be_shown_alone(session, world, office, mailbox):
    reject(session, world.actor("moderator"), make_post(session, world.actor("bravo")))
    office.work()
    bounced(session, world, office, mailbox)
    admin = client_of(office, world, "admin")
    page = admin.page(DELIVERIES)
    assert page.main.index("alpha@world.example") < page.main.index("bravo@world.example")
    page = admin.page(f"{DELIVERIES}?show=failed")
    assert "alpha@world.example" in page.main
    assert "bravo@world.example" not in page.main


def test_what_the_duty_address_was_told_stands_there_too_and_is_tried_again(
    session, world, office, mailbox, held_clock
):
    mailbox.manner = "5xx"
    wait_too_long(session, world.actor("alpha"), held_clock)
    office.work()
    mailbox.manner = ""
    admin = client_of(office, world, "admin")
    page = admin.page(DELIVERIES)
    for words in ("seoc@world.example", "The SEOC’s duty address", "Reports wait too long"):
        assert words in page.main
    after = admin.follow(admin.submit(page.form()))
    assert "The e-mail about EX27 is tried again." in after.main
    office.work()
    assert office.one().state is DeliveryState.SENT
    assert mailbox.rcpts == ["seoc@world.example"]


@pytest.mark.one_backend
def test_an_empty_page_says_what_will_stand_there(world, office):
    admin = client_of(office, world, "admin")
    assert "No e-mails yet" in admin.page(DELIVERIES).main
    assert "Everything was delivered" in admin.page(f"{DELIVERIES}?show=failed").main


@pytest.mark.one_backend
def test_the_page_asks_the_database_as_often_for_many_as_for_one(
    session, world, office, mailbox
):
    bounced(session, world, office, mailbox)
    admin = client_of(office, world, "admin")
    once = admin.page(DELIVERIES).queries
    for _ in range(4):
        bounced(session, world, office, mailbox)
    assert admin.page(DELIVERIES).queries == once


@pytest.mark.one_backend
def test_what_goes_on_its_way_meanwhile_is_not_tried_twice(session, world, office, mailbox):
    bounced(session, world, office, mailbox)
    admin = client_of(office, world, "admin")
    first, second = (admin.page(DELIVERIES).form() for _ in range(2))
    assert admin.submit(first).status_code == 303
    page = admin.read(admin.submit(second), 409)
    assert "This e-mail is on its way already, or has been sent." in page.main


@pytest.mark.one_backend
@pytest.mark.parametrize("name", ["alpha", "moderator", "erac", "records", "observer"])
def test_the_page_is_for_administrators(session, world, office, mailbox, name):
    told = bounced(session, world, office, mailbox)
    client = client_of(office, world, name)
    assert client.get(DELIVERIES).status_code == 403
    with pytest.raises(NotAllowedError), transaction(session, world.actor(name)) as tx:
        operations.retry(tx, session.get_one(Delivery, told.id))


@pytest.mark.one_backend
def test_only_what_was_not_delivered_is_tried_again(session, world, office):
    reject(session, world.actor("moderator"), make_post(session, world.actor("alpha")))
    office.work()
    told = office.one()
    with pytest.raises(StateGoneError), transaction(session, world.actor("admin")) as tx:
        operations.retry(tx, session.get_one(Delivery, told.id))
    admin = client_of(office, world, "admin")
    assert admin.post(f"{DELIVERIES}/NOTTHERE/retry").status_code in {403, 404}


def beside_the_story(office, about):
    with office.app.test_request_context():
        page = render_template("notify/mails.html", about=about)
    return words_of(html5lib.parse(page, namespaceHTMLElements=False))


@pytest.mark.one_backend
def test_a_story_says_what_became_of_its_e_mail(session, world, office, mailbox, held_clock):
    reject(session, world.actor("moderator"), make_post(session, world.actor("alpha")))
    office.notices.step()
    told = office.one()
    assert beside_the_story(office, told.about) == "E-mail to a…@world.example is on its way"
    mailbox.stop()
    office.work_off()
    assert "is delayed; the portal keeps trying" in beside_the_story(office, told.about)
    mailbox.start()
    held_clock.tick(60)
    office.work()
    said = beside_the_story(office, told.about)
    assert said.startswith("E-mail sent ")
    assert said.endswith(" to a…@world.example")


@pytest.mark.one_backend
def test_a_story_says_that_somebody_must_be_called(session, world, office, mailbox):
    about = bounced(session, world, office, mailbox).about
    said = "E-mail to a…@world.example could not be delivered; call."
    assert beside_the_story(office, about) == said
    assert beside_the_story(office, "EX27-NONE") == ""


@pytest.mark.one_backend
def test_a_story_says_why_nothing_was_sent(session, world, make_office):
    office = make_office(smtp_url="")
    reject(session, world.actor("moderator"), make_post(session, world.actor("alpha")))
    office.work()
    said = beside_the_story(office, office.one().about)
    assert said == "No e-mail to a…@world.example: no mail server is set"


@pytest.mark.one_backend
def test_a_story_does_not_say_who_else_was_written_to(session, world, office, mailbox):
    post = make_post(session, world.actor("alpha"))
    publish_to_acknowledge(session, world.actor("moderator"), post)
    nudge(session, world.actor("moderator"), post)
    office.work()
    assert len(mailbox.letters) == 1 + 5 + 5
    assert beside_the_story(office, post.reference).count("E-mail") == 1
    assert beside_the_story(office, world.incident.code) == ""


def test_an_address_is_shown_by_its_first_sign_and_its_host():
    assert masked("dana.brandt@ozark.example") == "d…@ozark.example"

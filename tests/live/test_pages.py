"""A page and the heads it was given: whatever happens in between is not missed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from portal.core.actor import SYSTEM
from portal.incidents import operations as incidents
from portal.journal.transaction import transaction
from tests import factories
from tests.live.markup import read_fragment, read_page
from tests.live.server import live_of
from tests.live.test_tail import just_before

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@pytest.mark.parametrize("moment", ["FROM incident", "FROM room_head", "FROM post"])
def test_what_happens_while_a_page_is_made_is_not_missed(
    ear_of, database, session, world, moment
):
    ear = ear_of("alpha", follows=False)
    post = factories.make_post(session, world.actor("bravo"))

    def level_and_publish(session: Session) -> None:
        here = world.within(session)
        with transaction(session, SYSTEM) as tx:
            incidents.set_level(tx, here.incident, level="full")
        factories.publish(
            session, here.actor("moderator"), session.get_one(type(post), post.id)
        )

    with just_before(database, moment, level_and_publish):
        page = ear.browser.page(ear.path).html
    shown, _ = read_page(page)
    for frame in ear.follow(**live_of(page))["frames"]:
        shown[frame["view"], frame["subject"]], _ = read_fragment(frame["html"])
    assert shown == read_page(ear.browser.page(ear.path).html)[0]

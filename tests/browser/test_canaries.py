"""The check that the other tests here end with: does it find what it is there for?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.canaries import canaries, leaks
from tests.databases import opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.orm import Session

    from tests.browser.conftest import Site
    from tests.browser.people import Person

DRAFT = "Nine whimbrels behind the hangar, undecided."
PRICE = "87,654.32"


@pytest.fixture
def session(site: Site) -> Iterator[Session]:
    with opened(site.server.database_url) as database, database.sessions() as session:
        yield session


def test_there_are_words_of_many_organizations_and_kinds(session: Session):
    found = canaries(session)
    assert len({it.organization for it in found}) > 20
    assert len(found) > 300
    assert any(it.is_draft for it in found)
    assert any(it.words.startswith("$") for it in found)
    assert any("@" in it.words for it in found)


def test_what_an_owner_is_given_would_be_a_leak_to_anybody_else(
    site: Site, session: Session, meet: Callable[..., Person]
):
    owner = meet(site.server.url, "liaison")
    reference = owner.offer(DRAFT, price=PRICE)
    owner.open(f"offers/{reference}")
    owner.open("presence")
    heard = owner.heard()
    assert leaks(session, "liaison", heard) == []
    found = leaks(session, "liaison2", heard)
    assert {DRAFT, f"${PRICE}", reference} <= set(found)
    assert not set(found) & set(leaks(session, "erac", heard)) & {DRAFT, reference}, (
        "sent: ERAC's"
    )


def test_what_a_socket_brings_is_looked_at(
    site: Site, session: Session, meet: Callable[..., Person]
):
    owner, colleague = meet(site.server.url, "liaison"), meet(site.server.url, "liaison")
    colleague.open("offers")
    colleague.is_live()
    before = len(colleague.heard())
    reference = owner.offer("Whimbrels on a raft, ready.")
    colleague.row("offers", reference).wait_for()
    assert colleague.has_not_reloaded()
    brought = colleague.heard()[before:]
    assert reference in leaks(session, "liaison2", brought)


def test_a_draft_is_not_even_for_the_agency(session: Session):
    draft = next(it for it in canaries(session) if it.is_draft)
    page = f"<p>They offer: {draft.words}</p>"
    assert leaks(session, "erac", page) == [draft.words]
    assert leaks(session, "admin", page) == [draft.words]

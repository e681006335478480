"""What lies before people when a browser test begins: made through operations, not by hand."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portal.accounts.queries import actor_of, get_person_by_email
from portal.core.actor import Actor
from portal.core.writes import Held
from portal.feed import operations
from portal.incidents.models import Incident
from portal.incidents.queries import current_incident
from portal.journal.audience import PARTNERS
from portal.journal.transaction import transaction
from tests import factories as make
from tests.browser.pictures import snapshot
from tests.databases import opened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from portal.feed.models import Post
    from tests.browser.conftest import DemoServer


@dataclass(frozen=True, slots=True)
class Stage:
    """The database of a site, while a test arranges it."""

    session: Session

    @property
    def incident(self) -> Incident:
        """Return the demo's incident."""
        return current_incident(self.session)

    def actor(self, name: str) -> Actor:
        """Return one of the demo's people, such as "liaison"."""
        person = get_person_by_email(self.session, f"{name}@demo.example")
        assert person is not None
        actor = actor_of(self.session, person.id)
        assert actor is not None
        return actor

    def report(self, words: str, by: str = "liaison", photos: int = 0, **changes: Any) -> Post:
        """Hand a report to the desk, with as many pictures as asked."""
        made = [snapshot(120, 90) for _ in range(photos)]
        with transaction(self.session, self.actor(by)) as tx:
            report = make.report(words=words, **changes)
            return operations.submit(tx, self.incident, report, made)

    def do(self, move: str, post: Post, who: str = "moderator", **words: Any) -> Post:
        """Make one move of a post, such as "retract"."""
        with transaction(self.session, self.actor(who), held=[Held(post)]) as tx:
            getattr(operations, move)(tx, post, **words)
        return post

    def published(self, words: str, by: str = "liaison", **changes: Any) -> Post:
        """Let a report out to all partners, or to those whom it asks for."""
        post = self.report(words, by, **changes)
        rooms = changes.get("asked_for", (PARTNERS,))
        return make.publish(self.session, self.actor("moderator"), post, seen_by=rooms)


@contextmanager
def arranging(server: DemoServer) -> Iterator[Stage]:
    """Lend the database of a site; the server hears of what was done within a second."""
    with opened(server.database_url) as database, database.sessions() as session:
        yield Stage(session)

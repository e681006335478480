"""Fixtures of the notices: a mail server, and a portal that sends through it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from portal.notify.models import Delivery
from portal.notify.service import Notices
from tests.notify.mailbox import Mailbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask
    from sqlalchemy.orm import Session


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as mailbox:
        yield mailbox


@dataclass
class PostOffice:
    """The notices of one portal, worked by hand: each step in the test's own thread."""

    app: Flask
    session: Session
    notices: Notices = field(init=False)

    def __post_init__(self) -> None:
        self.notices = Notices(self.app)

    def restart(self, *, losing_jobs: bool = False) -> None:
        """Begin anew as another process would, perhaps without what huey had kept."""
        self.notices.huey.storage.close()
        if losing_jobs:
            for path in self.app.extensions["settings"].instance.glob("jobs.db*"):
                path.unlink()
        self.notices = Notices(self.app)

    def work(self) -> None:
        """Read on, take up what is due, and send it."""
        self.notices.step()
        self.work_off()

    def work_off(self) -> None:
        """Do what the workers do, until nothing is left to them."""
        huey = self.notices.huey
        while (task := huey.dequeue()) is not None:
            huey.execute(task)

    def all(self) -> list[Delivery]:
        """Return every delivery as it now stands, oldest first."""
        self.session.rollback()
        self.session.expire_all()
        return list(self.session.scalars(select(Delivery).order_by(Delivery.id)))

    def one(self) -> Delivery:
        (delivery,) = self.all()
        return delivery


@pytest.fixture
def make_office(
    make_app: Callable[..., Flask], mailbox: Mailbox, session: Session
) -> Iterator[Callable[..., PostOffice]]:
    """Return a maker of post offices; it takes `Settings` by name."""
    made: list[PostOffice] = []

    def make(**settings: Any) -> PostOffice:
        known = {
            "smtp_url": mailbox.url,
            "base_url": "https://portal.example",
            "mail_from": "BEOC Partner Portal <portal@portal.example>",
        }
        made.append(PostOffice(make_app(**known | settings), session))
        return made[-1]

    yield make
    for office in made:
        office.notices.huey.storage.close()


@pytest.fixture
def office(make_office: Callable[..., PostOffice]) -> PostOffice:
    return make_office()

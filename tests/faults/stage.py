"""Where a fault happens: the portal, people who write, people who follow, and the ledger."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from benchmarks.world import sign_in
from portal.core.actor import Role
from tests.databases import opened
from tests.faults.following import Follower, wait_for_all
from tests.faults.ledger import Verdict, Watcher, ledger_check
from tests.faults.logs import Ack, Log
from tests.faults.proof import scaled
from tests.faults.writing import Crowd, Writer
from tests.live.server import KEY
from tests.world import add_person

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from sqlalchemy.orm import Session

    from benchmarks.world import Visa
    from portal.core.db import Database
    from tests.world import World

#: Who writes: so many people of each company, and of the desk. A company's people may send so
#: many reports an hour; the desk's own posts are not counted.
LIAISONS, DESK = scaled((2, 3), (12, 20))
SEOC = "seoc"

#: Who follows which page, and whose words they may see.
FOLLOWERS = {
    "alpha": ("feed/mine", {"alpha", SEOC}),
    "bravo": ("feed/mine", {"bravo", SEOC}),
    "charlie": ("feed", {SEOC}),
    "moderator": ("feed/queue", {"alpha", "bravo", SEOC}),
    "observer": ("feed", {SEOC}),
}


def crowd(session: Session, world: World) -> None:
    """Arrange those who write."""
    for number in range(LIAISONS):
        for name in ("alpha", "bravo"):
            row = world.organization(name)
            add_person(session, row, Role.LIAISON, f"writer_{name}_{number}")
    for number in range(DESK):
        row = world.organization("agency")
        add_person(session, row, Role.MODERATOR, f"writer_{SEOC}_{number}")


@dataclass
class Stage:
    """A running portal with a database that the test can look into, too."""

    server: Any
    database: Database
    world: World
    folder: Path
    followers: list[Follower] = field(default_factory=list)
    crowds: list[Crowd] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.acks = Log(self.folder / "acks.log")

    def visa(self, name: str) -> Visa:
        """Return somebody's open session."""
        with self.database.sessions() as session:
            return sign_in(session, [f"{name}@world.example"], KEY)[0]

    def writers(self, *, liaisons: int = 0, desk: int = 0, port: int = 0) -> Crowd:
        """Return people who have the form open; they send by `port` if it is given."""
        names = [(w, f"writer_{w}_{n}") for n in range(liaisons) for w in ("alpha", "bravo")]
        names = names[:liaisons] + [(SEOC, f"writer_{SEOC}_{n}") for n in range(desk)]
        made = [self._writer(whose, name, port) for whose, name in names]
        self.crowds.append(Crowd(made, self.acks))
        return self.crowds[-1]

    def _writer(self, whose: str, name: str, port: int) -> Writer:
        page = "post" if whose == SEOC else "new"
        path = f"/incidents/{self.world.code}/feed/{page}"
        writer = Writer(port or self.server.port, self.visa(name).cookie, whose, path=path)
        writer.open(self.server.port)
        return writer

    def follow(self, *names: str, server: Any = None) -> list[Follower]:
        """Let these people follow, by a proxy if one is given."""
        began = []
        for name in names or FOLLOWERS:
            page, reads = FOLLOWERS[name]
            path = f"/incidents/{self.world.code}/{page}"
            visa = self.visa(name)
            began.append(Follower(server or self.server, visa, path, self.folder, reads=reads))
        self.followers += began
        return began

    def settle(
        self, patience_s: float = 60, followers: Iterable[Follower] | None = None
    ) -> float:
        """Wait until every follower has taken in everything, and return how long it took."""
        began = time.monotonic()
        followers = self.followers if followers is None else followers
        wait_for_all(followers, self.database, self.world.incident_id, patience_s)
        return time.monotonic() - began

    def judge(self, others: Mapping[str, Watcher] = MappingProxyType({})) -> Verdict:
        """Compare what was acknowledged, what is there and what was seen, by others, too."""
        acks, sent = self.acks.read(Ack), {key for it in self.crowds for key in it.sent}
        watchers = {it.visitor.email: it.watcher for it in self.followers} | dict(others)
        with self.database.sessions() as session:
            return ledger_check(session, self.world.incident_id, acks, watchers, sent)

    def close(self) -> None:
        for it in self.followers:
            it.close()
        self.acks.close()


@contextmanager
def staged(server: Any, url: str, world: World, folder: Path) -> Iterator[Stage]:
    """Lend a stage round a portal that runs; `url` is where its database is."""
    with opened(url) as database:
        stage = Stage(server, database, world, folder)
        try:
            yield stage
        finally:
            stage.close()

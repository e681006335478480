"""Clients that follow as docs/protocol.md says, and write down everything that they take in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.faults.ledger import Watcher
from tests.faults.logs import Log, Seen, canaries_in
from tests.live.follower import FollowingClient, Heard
from tests.live.server import Visitor, live_of, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from benchmarks.world import Visa
    from portal.core.db import Database


class Guest(Visitor):
    """A visitor who has signed in already."""

    def __init__(self, server: Any, visa: Visa) -> None:
        super().__init__(server, visa.email)
        self._visa = visa
        self._enter()

    def _enter(self) -> None:
        name, _, value = self._visa.cookie.partition("=")
        self.http.cookies.set(name, value, domain="127.0.0.1", path="/")

    def sign_in(self) -> None:
        """Take the session that is there."""
        self._enter()

    def renew(self, visa: Visa) -> None:
        """Use another session from the next sign-in on."""
        self._visa = visa


class Follower(FollowingClient):
    """Follows one page; what it takes in stands in its log, not in memory.

    server : anything with a `url`: the portal, or a proxy before it.
    reads  : whose words it may see.
    """

    def __init__(
        self, server: Any, visa: Visa, path: str, folder: Path, *, reads: Iterable[str]
    ) -> None:
        self.rooms, self.reads = visa.rooms, frozenset(reads)
        self.log = Log(folder / f"seen-{visa.email.partition('@')[0]}.log")
        super().__init__(Guest(server, visa), [path], "websocket")
        self.come_back()

    @property
    def watcher(self) -> Watcher:
        """What the ledger wants to know of it."""
        return Watcher(self.rooms, self.reads, self.log.read(Seen))

    def close(self) -> None:
        super().close()
        self.log.close()

    def _load(self) -> None:
        page = self._pages()[0]
        self.loads += 1
        self._start = live_of(page)
        self.heads = dict(self._start["heads"])
        self.log.add(Seen("page", heads=self.heads, canaries=canaries_in(page)))

    def _apply(self, _frame: dict[str, Any]) -> None:
        self.applied += 1

    def _hear(self, event: str, data: Any) -> None:
        self.heard = [*self.heard[-4:], Heard(0, self.life, "", event, data)]
        words = canaries_in(data) if data else []
        frames = [
            (it["room"], it["n"], it.get("subject", ""))
            for it in (data["frames"] if event == "answer" and "frames" in data else [])
        ]
        if event == "answer" and "heads" in data:
            self.log.add(Seen("answer", data["heads"], frames, words))
        elif event == "entry" and data["n"] == self.heads.get(data["room"], 0) + 1:
            frame = (data["room"], data["n"], data.get("subject", ""))
            self.log.add(Seen("frame", {}, [frame], words))
        elif words:
            self.log.add(Seen("noise", canaries=words))


def wait_for_all(
    followers: Iterable[Follower], database: Database, incident_id: int, patience_s: float = 60
) -> None:
    """Wait until all have taken in everything that is in the database."""
    from portal.journal import queries as journal  # noqa: PLC0415

    def has_all(follower: Follower) -> bool:
        with database.sessions() as session:
            heads = journal.heads(session, incident_id, follower.rooms)
            return follower.stands_at(journal.generation(session), heads)

    for follower in followers:
        try:
            wait_until(lambda it=follower: has_all(it), "has heard everything", patience_s)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{follower.told}") from error

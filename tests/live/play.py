"""A play of chance: people act, networks and servers fail, and every screen is watched."""

from __future__ import annotations

import random
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests
from sqlalchemy import select

from portal.accounts.queries import actor_of
from portal.feed.models import Post
from portal.journal import queries as journal
from portal.journal.audience import rooms_of
from tests.live import ledger
from tests.live.follower import FollowingClient
from tests.live.ledger import Ledger
from tests.live.server import SignedOutError, Visitor, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.orm import Session

    from portal.core.actor import Actor
    from portal.core.db import Database
    from tests.live.server import Server
    from tests.world import World

#: Who watches, by which transport, and which pages beside the feed.
CAST = {
    "alpha": ("websocket", ("feed/mine", "offers")),
    "bravo": ("polling", ("feed/mine", "offers")),
    "guild": ("websocket", ("feed/mine", "offers")),
    "moderator": ("websocket", ("feed/queue",)),
    "cikr": ("polling", ("feed/queue", "erac")),
    "erac": ("websocket", ("erac",)),
    "observer": ("polling", ()),
    "records": ("websocket", ("offers",)),
}


@dataclass(frozen=True, slots=True)
class Bar:
    """A time in which somebody did not sit in a room, and the room's number when it began."""

    name: str
    room: str
    n: int
    since: float
    until: float = float("inf")


class Play:
    """What happens, by chance from a seed; `script` says what did, for who reads a failure."""

    def __init__(self, server: Server, database: Database, world: World, seed: int) -> None:
        self.server, self.database, self.world = server, database, world
        self.chance = random.Random(seed)  # noqa: S311 - chance without secrets
        self.script = [f"seed {seed}"]
        self.count = 0
        self._hands: dict[str, Visitor] = {}
        self._copy: dict[str, dict[str, float]] = {}
        self._bars: dict[tuple[str, str], Bar] = {}
        self._lifted: list[Bar] = []
        with database.sessions() as session:
            self.ledger = Ledger(journal.generation(session))
            self._rooms = self._rooms_now(session)
        self.clients = {
            name: FollowingClient(self._visitor(name), self._paths(pages), transport)
            for name, (transport, pages) in CAST.items()
        }
        for client in self.clients.values():
            client.come_back()

    def _visitor(self, name: str) -> Visitor:
        return Visitor(self.server, self.world.people[name].email)

    def _paths(self, pages: tuple[str, ...]) -> list[str]:
        return [f"/incidents/{self.world.code}/{page}" for page in ("feed", *pages)]

    def close(self) -> None:
        for client in self.clients.values():
            client.close()
        for hand in self._hands.values():
            hand.close()

    # ------------------------------------------------------------ acting

    def run(self, acts: dict[Any, int], times: int) -> None:
        """Let things happen; what is not possible just now does not."""
        for act in self.chance.choices(list(acts), list(acts.values()), k=times):
            self.do(act)
            time.sleep(self.chance.choice((0, 0, 0.02, 0.1)))

    def do(self, act: Any) -> None:
        """Let one thing happen, and note whose rooms it changed."""
        began = time.monotonic()
        with self.database.sessions() as session:
            said = act(self, session)
            session.rollback()
            self._note_rooms(session, began)
        if said:
            self.script.append(f"{began:.2f} {said}")

    def actor(self, session: Session, name: str) -> Actor | None:
        """Return who acts as somebody, unless they may not."""
        return actor_of(session, self.world.people[name].id)

    def any_of(self, session: Session, row: type[Any], *states: Any) -> Any:
        """Return some row in one of these states."""
        rows = session.scalars(select(row).where(row.state.in_(states)).order_by(row.id)).all()
        return self.chance.choice(rows) if rows else None

    def canary(self) -> str:
        """Return a word that nobody has said before."""
        self.count += 1
        return f"canary{self.count:03}x{self.chance.getrandbits(32):08x}"

    def send(self, name: str, page: str, move: str, **fields: Any) -> str:
        """Do something by a page; returns where it leads to, or "" if it was not possible."""
        hand = self._hands.setdefault(name, self._visitor(name))
        path = f"/incidents/{self.world.code}/{page}"
        try:
            try:
                answer = hand.send(path, move, **fields)
            except SignedOutError:
                hand.sign_in()
                answer = hand.send(path, move, **fields)
        except (SignedOutError, requests.RequestException):
            return ""
        assert answer.status_code in {303, 401}, f"{path} {move}: {answer.status_code}"
        return answer.headers.get("Location", "")

    def note_post(self, session: Session, reference: str) -> None:
        """Note in the ledger who may read what of a post as it now stands."""
        session.rollback()
        post = session.scalars(select(Post).where(Post.reference == reference)).one()
        entry = ledger.numbers_of_last_entry(session, "post", post.id)
        self.ledger.note(post.words.split()[1], ledger.rooms_of_words(post), entry)
        if post.note:
            self.ledger.note(post.note.split()[1], ledger.rooms_of_note(post), entry)

    # ------------------------------------------------------------ who sits where

    def _rooms_now(self, session: Session) -> dict[str, frozenset[str]]:
        actors = {name: self.actor(session, name) for name in CAST}
        return {name: rooms_of(it) if it else frozenset() for name, it in actors.items()}

    def _note_rooms(self, session: Session, began: float) -> None:
        """Whoever lost a room may hear nothing that was numbered in it afterwards."""
        was, self._rooms = self._rooms, self._rooms_now(session)
        lost = {(name, r) for name in CAST for r in was[name] - self._rooms[name]}
        heads = journal.heads(session, self.world.incident_id, {room for _, room in lost})
        now = time.monotonic()
        self._lift(began)
        for name, room in lost:
            self._bars[name, room] = Bar(name, room, heads[room], now)

    def _lift(self, at: float, *, everything: bool = False) -> None:
        for (name, room), bar in list(self._bars.items()):
            if everything or room in self._rooms[name]:
                del self._bars[name, room]
                self._lifted.append(Bar(name, room, bar.n, bar.since, at))

    # ------------------------------------------------------------ servers and databases fail

    def restart(self, acts: dict[Any, int]) -> None:
        """End the server, let things happen without it, and start it again."""
        how = self.chance.choice((signal.SIGKILL, signal.SIGTERM))
        self.script.append(f"{time.monotonic():.2f} {how.name}")
        self.server.kill(how)
        self.run(acts, 5)
        self.server.start()

    def copy(self, file: Path) -> None:
        """Copy the database while everybody goes on."""
        self.server.run("backup", str(file))
        self._copy = self.ledger.copied()

    def restore(self, file: Path) -> None:
        """Put the copy in place of the database while everybody watches."""
        began = time.monotonic()
        self._lift(began, everything=True)
        self.server.run("restore", "--replace", str(file))
        with self.database.sessions() as session:
            self.ledger.restore(self._copy, journal.generation(session))
            session.rollback()
            self._note_rooms(session, began)
        self.script.append(f"{began:.2f} restored")

    # ------------------------------------------------------------ the end

    def settle(self, last_act: Any) -> None:
        """Let everybody who may come back, and wait until all have heard everything.

        The last act is one that all hear of: whoever heard it was asked before who they are.
        """
        self.do(last_act)
        try:
            wait_until(self._is_settled, "all have heard everything")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self._story()}") from error

    def _is_settled(self) -> bool:
        inside = {name for name in CAST if self._rooms[name]}
        for name in inside:
            if self.clients[name].is_out:
                self.clients[name].come_back()
        return all(
            self._has_all(name) if name in inside else self.clients[name].is_out
            for name in CAST
        )

    def _has_all(self, name: str) -> bool:
        with self.database.sessions() as session:
            heads = journal.heads(session, self.world.incident_id, self._rooms[name])
            return self.clients[name].stands_at(journal.generation(session), heads)

    def judge(self) -> None:
        """Compare every screen with its page, and everything heard with what might be."""
        faults = [fault for name in CAST for fault in self._faults(name)]
        assert not faults, "\n".join([*faults[:20], self._story()])

    def _faults(self, name: str) -> list[str]:
        client = self.clients[name]
        shown = client.fetch() if self._rooms[name] else {}
        faults = [
            f"{name} shows {key}:\n  {client.views.get(key)}\nthe page:\n  {shown.get(key)}"
            for key in sorted(client.views.keys() | shown.keys())
            if client.views.get(key) != shown.get(key)
        ]
        faults += [f"{name} shows {it}" for it in self.ledger.strays(shown, self._rooms[name])]
        faults += [
            f"{name} heard {it}" for h in client.heard for it in self.ledger.stray_words(h)
        ]
        faults += [f"{name} {it}" for it in ledger.broken_counts(client.heard)]
        bars = [bar for bar in (*self._bars.values(), *self._lifted) if bar.name == name]
        return faults + [
            f"{name} heard past {bar}: {frame}"
            for bar in bars
            for heard in client.heard
            if bar.since <= heard.at < bar.until
            for frame in heard.frames
            if frame["room"] == bar.room
            and (frame["n"] > bar.n or self.ledger.was_born_after(bar.since, frame))
        ]

    def _story(self) -> str:
        told = [client.told for client in self.clients.values()]
        return "\n".join([*self.script, *told, self.server.log[-3000:]])

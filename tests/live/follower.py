"""A Python client of the live channel, true to docs/protocol.md and static/live/follower.js."""

from __future__ import annotations

import queue
import random
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests
import socketio

from tests.live.markup import Lists, Views, belongs, read_fragment, read_page
from tests.live.server import SignedOutError, live_of
from tests.live.wire import Line, OrderedClient, finish, make_client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.live.server import Visitor

NAMESPACE = "/live"
ASK_S = 5.0


class LostError(Exception):
    """The connection is gone; the client comes back by itself."""


class ReloadError(Exception):
    """The server says that the pages must be loaded again."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Something that came over the wire, as it came.

    life       : which of the client's connections it came by.
    generation : the database's name on the pages that the client had open.
    """

    at: float
    life: int
    generation: str
    event: str
    data: Any

    @property
    def frames(self) -> list[dict[str, Any]]:
        """The frames in it: one, or what an answer to `follow` brought."""
        if self.event == "entry":
            return [self.data]
        return list(self.data.get("frames", ())) if self.event == "answer" else []


class FollowingClient:
    """A person's pages, kept true by what the socket says; a thread of its own does the work.

    views  : what the pages show now, by view and subject.
    heads  : the last number of each room that has been applied.
    is_out : the session has ended; `come_back` signs in again.
    """

    def __init__(self, visitor: Visitor, paths: list[str], transport: str) -> None:
        self.visitor, self.paths, self.transport = visitor, paths, transport
        self.views: Views = {}
        self.heads: dict[str, int] = {}
        self.heard: list[Heard] = []
        self.is_out = True
        self.is_live = False
        self.failure: BaseException | None = None
        self.applied = self.loads = self.life = 0
        self._start: dict[str, Any] | None = None
        self._lists: Lists = {}
        self._inbox: queue.Queue[tuple[str, Any]] = queue.Queue()
        self._line: Line | None = None
        self._returns, self._ends = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()

    # ------------------------------------------------------------ what the test says

    def come_back(self) -> None:
        """Sign in, and open the pages."""
        self._returns.set()

    def drop(self) -> None:
        """Cut the connection, as a network does."""
        if self._line is not None:
            self._line.cut()

    def close(self) -> None:
        """Go for good."""
        self._ends.set()
        self._returns.set()
        self._thread.join(3 * ASK_S)
        self.visitor.close()
        assert not self._thread.is_alive()

    def stands_at(self, generation: str, heads: dict[str, int]) -> bool:
        """Return whether all has been applied up to these heads."""
        if self.failure is not None:
            raise self.failure
        same = self._start is not None and self._start["generation"] == generation
        return self.is_live and same and self.heads == heads

    @property
    def told(self) -> str:
        """How it stands, for whoever has to read why a test failed."""
        last = [(f"{it.at:.2f}", it.event, str(it.data)[:200]) for it in self.heard[-5:]]
        state = "out" if self.is_out else "live" if self.is_live else "not live"
        return f"{self.visitor.email} is {state} at {self.heads} of {self._start}: {last}"

    def fetch(self) -> Views:
        """Return what the person's pages show, asked for now."""
        views: Views = {}
        for page in self._pages():
            views |= read_page(page)[0]
        return views

    def _pages(self) -> list[str]:
        """Open the pages; those of another desk stay shut."""
        answers = [self.visitor.open(path) for path in self.paths]
        if any(answer.status_code == 503 for answer in answers):
            raise LostError("the portal is busy")
        return [answer.text for answer in answers if answer.status_code == 200]

    # ------------------------------------------------------------ its own thread

    def _live(self) -> None:
        try:
            while not self._ends.is_set():
                self._live_on()
        except BaseException as failure:  # noqa: BLE001 - the test raises it where it waits
            self.failure = failure

    def _live_on(self) -> None:
        """Follow until something ends it: the connection, the session, a reload, the test."""
        try:
            if self.is_out:
                self._return()
            if self._start is None:
                self._load()
            with self._connected() as io:
                self._await_followed(io)
                while not self._ends.is_set():
                    with suppress(queue.Empty):
                        self._take(io, *self._inbox.get(timeout=0.2))
        except SignedOutError:
            self._forget()
            self.is_out = True
        except ReloadError:
            self._forget()
        except (LostError, requests.RequestException):
            self._ends.wait(random.uniform(0.05, 0.3))  # noqa: S311 - no secret
        finally:
            self.is_live = False

    def _return(self) -> None:
        self._returns.wait()
        if not self._ends.is_set():
            self.visitor.sign_in()
        self._returns.clear()
        self.is_out = False

    def _forget(self) -> None:
        self.views, self.heads, self._start, self._lists = {}, {}, None, {}

    def _load(self) -> None:
        """Open the pages; the heads of the first are older than all their rows."""
        pages = self._pages()
        self.loads += 1
        self._start = live_of(pages[0])
        self.heads = dict(self._start["heads"])
        for page in pages:
            views, lists = read_page(page)
            self.views |= views
            self._lists |= lists

    @contextmanager
    def _connected(self) -> Iterator[OrderedClient]:
        line = Line()
        io = make_client(line, OrderedClient)
        self._inbox = inbox = queue.Queue()
        io.on("*", lambda event, data: inbox.put((event, data)), namespace=NAMESPACE)
        io.on("disconnect", lambda _why: inbox.put(("disconnect", None)), namespace=NAMESPACE)
        try:
            io.connect(
                self.visitor.server.url,
                headers={"Cookie": self.visitor.cookie},
                transports=[self.transport],
                namespaces=[NAMESPACE],
                auth=self._question,
                wait_timeout=ASK_S,
            )
            self._line, self.life = line, self.life + 1
            yield io
        except socketio.exceptions.ConnectionError as error:
            # Refused, or nobody there: the page knows which.
            self.visitor.open(self.paths[0])
            raise LostError from error
        finally:
            self._line = None
            finish(io, line)

    @property
    def _question(self) -> dict[str, Any]:
        assert self._start is not None
        return self._start | {"heads": self.heads}

    def _await_followed(self, io: OrderedClient) -> None:
        """Take the answer to what was asked while connecting, then what came before it."""
        held, until = [], time.monotonic() + ASK_S
        while time.monotonic() < until:
            with suppress(queue.Empty):
                event, data = self._inbox.get(timeout=0.1)
                if event == "followed":
                    self._settle(data)
                    for came in held:
                        self._take(io, *came)
                    return
                if event in {"disconnect", "closing"}:
                    self._take(io, event, data)
                held.append((event, data))
        raise LostError("nobody answered what was asked while connecting")

    def _follow(self, io: OrderedClient) -> None:
        """Ask what was missed; what comes meanwhile waits in the inbox."""
        self._settle(self._ask(io, self._question))

    def _settle(self, answer: dict[str, Any]) -> None:
        self._hear("answer", answer)
        if "reload" in answer:
            raise ReloadError(answer["reload"])
        if "error" in answer:
            raise LostError(answer["error"])
        for frame in answer["frames"]:
            self._apply(frame)
        self.heads = dict(answer["heads"])
        self.is_live = True

    def _ask(self, io: OrderedClient, message: dict[str, Any]) -> dict[str, Any]:
        answers: queue.Queue[dict[str, Any]] = queue.Queue()
        with suppress(socketio.exceptions.BadNamespaceError):
            io.emit("follow", message, namespace=NAMESPACE, callback=answers.put)
        until = time.monotonic() + ASK_S
        while io.connected and time.monotonic() < until:
            with suppress(queue.Empty):
                return answers.get(timeout=0.1)
        raise LostError("no answer to follow")

    def _take(self, io: OrderedClient, event: str, data: Any) -> None:
        self._hear(event, data)
        if event == "entry":
            self._take_frame(io, data)
        elif event == "heads":
            if any(n > self.heads.get(room, 0) for room, n in data.items()):
                self._follow(io)
        elif event in {"reload", "purge"} or (event == "closing" and data["retry_s"] is None):
            raise ReloadError(event)
        elif event in {"disconnect", "closing"}:
            raise LostError(event)

    def _take_frame(self, io: OrderedClient, frame: dict[str, Any]) -> None:
        head = self.heads.get(frame["room"], 0)
        if frame["n"] <= head:
            return
        if frame["n"] > head + 1:
            self._follow(io)
            return
        self._apply(frame)
        self.heads[frame["room"]] = frame["n"]

    def _apply(self, frame: dict[str, Any]) -> None:
        self.applied += 1
        if frame.get("view") not in self._lists:
            return
        key = (frame["view"], frame["subject"])
        row, state = ("", "") if frame.get("gone") else read_fragment(frame["html"])
        if row and belongs(state, self._lists[frame["view"]]):
            self.views[key] = row
        else:
            self.views.pop(key, None)

    def _hear(self, event: str, data: Any) -> None:
        generation = self._start["generation"] if self._start else ""
        self.heard.append(Heard(time.monotonic(), self.life, generation, event, data))

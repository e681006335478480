"""People who send reports over HTTP, and again what was in doubt, until it is acknowledged."""

from __future__ import annotations

import html
import random
import re
import socket
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from tests.faults.logs import Ack, canary
from tests.faults.proof import scaled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.faults.logs import Log

_CSRF = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
_REPORT = {"county": "29097", "lifeline": "ENERGY", "standing": "closed", "asked_for": "staff"}
_POST = {"kind": "status", "seen_by": "partners"}

#: A partner may send sixty reports at once and then one a minute: whoever sends for long rests.
REPORT_PAUSE_S = scaled(0.0, 2.0)

#: How long one try may take, and how long somebody keeps trying, in seconds.
TRY_S = 15.0
PATIENCE_S = 90.0


class HalfAnswerError(OSError):
    """The line broke in the middle of an answer: it says nothing."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; names of headers are in lower case."""

    status: int
    headers: dict[str, str]
    text: str


def ask(port: int, request: bytes, patience_s: float = TRY_S) -> Answer:
    """Send a request on a connection of its own; raises OSError without a whole answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=patience_s) as line:
        line.sendall(request)
        got = bytearray()
        while data := line.recv(65536):
            got += data
    head, end, body = bytes(got).partition(b"\r\n\r\n")
    if not end:
        raise HalfAnswerError("the line broke before the answer")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(": ") for line in lines)
    headers = {name.lower(): value for name, _, value in pairs}
    if len(body) < int(headers.get("content-length", 0)):
        raise HalfAnswerError("the line broke within the answer")
    return Answer(int(first.split()[1]), headers, body.decode("utf-8", "replace"))


def request(port: int, method: str, path: str, cookie: str, fields: dict[str, str]) -> bytes:
    """Return a browser's request for one connection."""
    body = urlencode(fields).encode()
    host = f"127.0.0.1:{port}"
    head = [
        f"{method} {path} HTTP/1.1",
        f"Host: {host}",
        f"Cookie: {cookie}",
        f"Origin: http://{host}",
        f"Referer: http://{host}{path}",
        "Connection: close",
    ]
    if method == "POST":
        head.append("Content-Type: application/x-www-form-urlencoded")
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*head, "", ""]).encode() + (body if method == "POST" else b"")


@dataclass(slots=True)
class Told:
    """What all writers together were told, but for acknowledgements.

    statuses : how often each status came.
    broken   : tries that ended without a whole answer.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    broken: int = 0
    strange: list[str] = field(default_factory=list)


class Writer:
    """One person with one window of the form; `whose` marks the words."""

    def __init__(self, port: int, cookie: str, whose: str, *, path: str) -> None:
        self.port, self.cookie, self.whose, self.path = port, cookie, whose, path
        self.told = Told()
        self.fault = ""
        self._csrf = ""

    @property
    def rest_s(self) -> float:
        """How long it rests between two tries; the desk's own posts are not counted."""
        return 0.0 if self.path.endswith("/post") else REPORT_PAUSE_S

    def open(self, port: int = 0) -> None:
        """Open the form, by a port other than the usual one if told so."""
        port = port or self.port
        answer = ask(port, request(port, "GET", self.path, self.cookie, {}))
        found = _CSRF.search(answer.text)
        assert found, f"{self.path} answers {answer.status}: {answer.text[:300]}"
        self._csrf = html.unescape(found[1])
        if answer.headers.get("set-cookie", "").startswith("sid="):
            self.cookie = answer.headers["set-cookie"].partition(";")[0]

    def fields(self, key: str) -> dict[str, str]:
        """Return the form as it is sent with a key."""
        known = {"csrf_token": self._csrf, "once": key}
        if self.path.endswith("/new"):
            return known | _REPORT | {"words": f"Report {canary(self.whose, key)}"}
        return known | _POST | {"said": f"News {canary(self.whose, key)}"}

    def send(self, key: str) -> Answer:
        """Send the form once; raises OSError unless a whole answer comes."""
        form = request(self.port, "POST", self.path, self.cookie, self.fields(key))
        if self.fault:
            head, end, body = form.partition(b"\r\n\r\n")
            form = head + f"\r\nX-Fault: {self.fault}".encode() + end + body
        return ask(self.port, form)

    def submit(self, key: str, patience_s: float = PATIENCE_S) -> Ack | None:
        """Send with the same key until it is acknowledged; None when it never was."""
        began, tries = time.monotonic(), 0
        while time.monotonic() < began + patience_s:
            tries += 1
            try:
                answer = self.send(key)
            except OSError:
                self.told.broken += 1
                time.sleep(random.uniform(0.01, 0.1))  # noqa: S311 - no secret
                continue
            self.told.statuses[answer.status] += 1
            if answer.status == 303:
                where = answer.headers["location"]
                return Ack(key, self.cookie, where, began, time.monotonic(), tries)
            if answer.status not in {429, 503}:
                self.told.strange.append(f"{answer.status}: {answer.text[:2000]}")
                return None
            time.sleep(random.uniform(0.05, 0.3) + self.rest_s)  # noqa: S311 - no secret
        return None


class Crowd:
    """Writers at work, each in a thread of its own, and the log of what was acknowledged."""

    def __init__(self, writers: Iterable[Writer], acks: Log) -> None:
        self.writers, self.acks = list(writers), acks
        self.sent: dict[str, float] = {}
        self._ends = threading.Event()
        self._threads: list[threading.Thread] = []

    def write(self, times: int = 1_000_000, pause_s: float = 0.0) -> None:
        """Begin: each writer sends so often, or until `stop`, with a pause between."""
        for writer in self.writers:
            it = threading.Thread(target=self._work, args=(writer, times, pause_s), daemon=True)
            self._threads.append(it)
            it.start()

    @property
    def is_writing(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)

    def wait(self) -> None:
        """Wait until all have sent what they were to send."""
        for thread in self._threads:
            thread.join()
        self._threads = []

    def stop(self) -> None:
        """Let everybody end what they are sending, and send nothing more."""
        self._ends.set()
        self.wait()
        self._ends.clear()

    @property
    def told(self) -> Told:
        every = [writer.told for writer in self.writers]
        return Told(
            sum((it.statuses for it in every), Counter()),
            sum(it.broken for it in every),
            [words for it in every for words in it.strange],
        )

    def _work(self, writer: Writer, times: int, pause_s: float) -> None:
        pause_s = max(pause_s, writer.rest_s)
        for _ in range(times):
            if self._ends.wait(pause_s and random.uniform(0, 2 * pause_s)):  # noqa: S311
                return
            self.submit(writer)

    def new_key(self) -> str:
        """Return a key with which something is going to be sent."""
        key = uuid.uuid4().hex
        self.sent[key] = time.monotonic()
        return key

    def submit(
        self, writer: Writer, key: str = "", patience_s: float = PATIENCE_S
    ) -> Ack | None:
        """Send something, by default new, and write down that it was acknowledged."""
        key = key or self.new_key()
        ack = writer.submit(key, patience_s)
        if ack is not None:  # it may have taken effect when it was tried for the first time
            self.acks.add(replace(ack, began=self.sent[key]))
        return ack

    def try_once(self, writer: Writer, key: str) -> bool:
        """Send once; return whether it was acknowledged, and write it down then."""
        return self.submit(writer, key, 0.001) is not None

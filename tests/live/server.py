"""The real server in a process of its own, and people who use it over HTTP."""

from __future__ import annotations

import html
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import requests

from portal.config import ROOT
from tests.pages import Page
from tests.passkeys import asked_of, of_person
from tests.world import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE_S = 60
KEY = "a key for tests only, of thirty-two bytes or more"

HIDDEN = re.compile(r'name="(csrf_token|once)"[^>]*?value="([^"]+)"')
_LIVE = re.compile(r"data-live='([^']*)'")


class SignedOutError(Exception):
    """The page asked for is not shown: the session has ended."""


def wait_until(happens: Callable[[], Any], what: str, patience_s: float = PATIENCE_S) -> Any:
    """Wait for something to be true, and return it; fail saying what did not happen."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        found = happens()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"not within {patience_s} s: {what}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Server:
    """One serving process on a port of its own, which a successor takes over.

    folder : where its instance folder and its log are.
    root   : the folder that holds wsgi.py, portal/, templates/ and static/.
    """

    database_url: str
    folder: Path
    root: Path = ROOT
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """What the process said, over all its lives."""
        return (self.folder / "server.log").read_text()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.kill()

    @property
    def environment(self) -> dict[str, str]:
        ours = {
            "PORTAL_INSTANCE": str(self.folder / "instance"),
            "PORTAL_DATABASE_URL": self.database_url,
            "PORTAL_SECRET_KEY": KEY,
        }
        theirs = {k: v for k, v in os.environ.items() if not k.startswith("PORTAL_")}
        return {**theirs, **ours}

    def start(self) -> None:
        """Start the process, and wait until it answers."""
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(self.root / "wsgi.py"), "127.0.0.1", str(self.port)],
                cwd=self.root,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_until(self._answers, f"the server answers\n{self.log[-2000:]}")

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End the process: by default at once, with no chance to tidy up."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(PATIENCE_S)
            self.process = None

    def run(self, *command: str) -> str:
        """Run a `portal` command beside the server, and return what it says."""
        done = subprocess.run(
            [sys.executable, "-c", "from portal.app import main; main()", *command],
            cwd=self.root,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"the server ended:\n{self.log[-2000:]}"
        try:
            return requests.get(f"{self.url}/healthz", timeout=2).ok
        except requests.RequestException:
            return False


class Visitor:
    """A person with a browser that knows no JavaScript."""

    def __init__(self, server: Server, email: str) -> None:
        self.server, self.email = server, email
        self.http = requests.Session()

    def sign_in(self) -> None:
        """Sign in with the form of the page; fails when the portal refuses."""
        self.close()
        self.http = requests.Session()
        held = dict(HIDDEN.findall(self._get("/sign-in").text))
        answer = self._post("/sign-in", {**held, "email": self.email, "password": PASSWORD})
        if answer.headers.get("Location", "").startswith("/sign-in/second"):
            page = self._get("/sign-in/second").text
            passkey = of_person(self.email, self.server.url)
            held = dict(HIDDEN.findall(page))
            shown = passkey.show(asked_of(page))
            answer = self._post("/sign-in/second/passkey", {**held, "credential": shown})
        if answer.status_code != 303:
            raise SignedOutError(f"{self.email} is refused: {answer.status_code}")

    @property
    def cookie(self) -> str:
        """What a socket sends along to be known."""
        return f"sid={self.http.cookies.get('sid', '')}"

    def open(self, path: str) -> requests.Response:
        """Ask for a page; fails when the session has ended."""
        answer = self._get(path)
        if answer.status_code == 302 and "/sign-in" in answer.headers["Location"]:
            raise SignedOutError(path)
        return answer

    def send(self, path: str, move: str, **fields: Any) -> requests.Response:
        """Open a page, fill in the form of a move and send it; the answer is not followed."""
        answer = self.open(path)
        form = Page(path, answer.status_code, answer.text, 0, answer).form(move)
        return self.http.post(
            self.server.url + form.action,
            data={**form.filled, **fields},
            headers={"Referer": self.server.url + path},
            allow_redirects=False,
            timeout=PATIENCE_S,
        )

    def _post(self, path: str, data: dict[str, Any]) -> requests.Response:
        return self.http.post(
            self.server.url + path, data=data, allow_redirects=False, timeout=PATIENCE_S
        )

    def _get(self, path: str) -> requests.Response:
        return self.http.get(self.server.url + path, allow_redirects=False, timeout=PATIENCE_S)

    def close(self) -> None:
        self.http.close()


@contextmanager
def visiting(server: Server, email: str) -> Iterator[Visitor]:
    """Lend a visitor who has signed in."""
    visitor = Visitor(server, email)
    try:
        visitor.sign_in()
        yield visitor
    finally:
        visitor.close()


def live_of(page: str) -> dict[str, Any]:
    """Return what a page says a socket must know: incident, generation and heads."""
    found = _LIVE.search(page)
    assert found, f"not a live page: {page[:1000]}"
    told: dict[str, Any] = json.loads(html.unescape(found[1]))
    return told

"""A provider of somebody else's making: npm `oidc-provider`, in a process of its own."""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import socket
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests

from tests.live.server import free_port, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(__file__).with_name("provider")


@dataclass(frozen=True)
class Real:
    """The provider as a test meets it."""

    port: int

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def let_in(self, account: str, acr: str = "strong") -> None:
        """Say who comes from now on, and how strongly they sign in."""
        requests.get(f"{self.issuer}/as/{account}/{acr}", timeout=10).raise_for_status()

    def sign_in(self, address: str) -> str:
        """Sign in there as a browser does; return the path of the portal that follows."""
        with requests.Session() as browser:
            for _ in range(6):
                answer = browser.get(address, allow_redirects=False, timeout=10)
                assert answer.is_redirect, answer.text
                address = requests.compat.urljoin(address, answer.headers["Location"])
                if urlsplit(address).port != self.port:
                    back = urlsplit(address)
                    return f"{back.path}?{back.query}"
        raise AssertionError(f"the provider leads nowhere: {address}")


def installed(cache: Path) -> Path:
    """Return the provider's folder with all it needs, installed once for each lock file."""
    with (cache / "turn").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # other workers may want it at this moment
        return _installed(cache)


def _installed(cache: Path) -> Path:
    lock = (SOURCE / "package-lock.json").read_bytes()
    folder = cache / hashlib.sha256(lock).hexdigest()[:16]
    if not (folder / "done").exists():
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(SOURCE / name, folder)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=300)
        (folder / "done").touch()
    shutil.copy(SOURCE / "server.js", folder)
    return folder


@contextmanager
def real_provider(folder: Path, **settings: Any) -> Iterator[Real]:
    """Lend the provider, with what `server.js` asks for."""
    real = Real(free_port())
    told = json.dumps({"port": real.port, **settings})
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(
            ["node", "server.js", told], cwd=folder, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        wait_until(lambda: _answers(process, real.port), "the provider answers")
        yield real
    finally:
        process.kill()
        process.wait()


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    assert process.poll() is None, "the provider ended; see server.log"
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0

"""Running the portal's real processes, and waiting for what they do."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from portal.config import ROOT
from tests.notify.mailbox import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE_S = 90

COMMANDS = {
    "serve": [str(ROOT / "wsgi.py"), "127.0.0.1"],
    "worker": ["-c", "from portal.app import main; main()", "worker"],
}


@contextmanager
def process(
    name: str, database_url: str, folder: Path, smtp_url: str, redis_url: str = ""
) -> Iterator[subprocess.Popen[bytes]]:
    """Run one of the portal's processes for the length of a block."""
    ours = {
        "PORTAL_INSTANCE": str(folder / "instance"),
        "PORTAL_DATABASE_URL": database_url,
        "PORTAL_SMTP_URL": smtp_url,
        "PORTAL_REDIS_URL": redis_url,
    }
    theirs = {k: v for k, v in os.environ.items() if not k.startswith("PORTAL_")}
    command = [sys.executable, *COMMANDS[name]]
    if name == "serve":
        command.append(str(free_port()))
    with (folder / f"{name}.log").open("ab") as log:
        running = subprocess.Popen(command, cwd=ROOT, env=theirs | ours, stdout=log, stderr=log)
    try:
        yield running
    finally:
        if running.poll() is None:
            running.kill()
        running.wait(PATIENCE_S)


def wait_until(happens, what, patience_s=PATIENCE_S):
    deadline = time.monotonic() + patience_s
    while not happens():
        assert time.monotonic() < deadline, f"not within {patience_s} s: {what}"
        time.sleep(0.05)

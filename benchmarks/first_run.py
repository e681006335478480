"""How long `make run` takes on a fresh clone until somebody of the demo sees the floor."""

import os
import signal
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

from benchmarks import world
from benchmarks.report import Report, say
from benchmarks.server import free_port
from benchmarks.visitor import Visitor
from portal.cli.demo_data import PASSWORD
from portal.config import ROOT

_PATIENCE_S, _PAUSE_S = 300.0, 0.2
_SLOWEST_S = 60.0
_FLOOR = f"/incidents/{world.CODE}/"


def measure(report: Report) -> None:
    """Clone what is committed, run it, sign in, and open the floor."""
    say("Running a fresh clone …")
    with TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)  # noqa: S607
        began, port = time.monotonic(), free_port()
        settings = {k: v for k, v in os.environ.items() if not k.startswith("PORTAL_")}
        process = subprocess.Popen(
            ["make", "--silent", "run", f"PORT={port}"],  # noqa: S607
            cwd=clone,
            env=settings,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            _see_the_floor(port, began + _PATIENCE_S)
            took = time.monotonic() - began
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()
    report.add("fresh clone: make run until the floor is seen", "s", took, bar=_SLOWEST_S)


def _see_the_floor(port: int, until: float) -> None:
    """Sign in as soon as the server answers; raises TimeoutError when it never does."""
    while time.monotonic() < until:
        visitor = Visitor(port)
        try:
            token = visitor.csrf_token("/sign-in")
        except (OSError, LookupError):
            time.sleep(_PAUSE_S)
            continue
        fields = {"csrf_token": token, "email": world.AUTHOR, "password": PASSWORD}
        visitor.post(f"/sign-in?{urlencode({'next': _FLOOR})}", fields)
        answer = visitor.get(_FLOOR)
        visitor.close()
        if answer.status != 200 or "Needs you now" not in answer.text:
            message = f"the floor answered {answer.status}"
            raise LookupError(message)
        return
    raise TimeoutError("make run served nothing")

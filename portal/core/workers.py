"""Several serving processes on one address, and the one that starts them and keeps them going.

They share one listening socket, so none that comes is turned away while a process is replaced.
This module is a program of its own: it loads nothing of the portal, so that it stays small and
does not fall over what makes a worker fall.

SIGTERM and SIGINT end all; SIGHUP replaces one after the other, each by one that answers
already. A worker that dies is started anew, ever later if it dies at once.
"""

import logging
import os
import signal
import socket
import subprocess  # nosec B404
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from portal.core import logs

log = logging.getLogger("portal.workers")

#: How often is looked after the workers, in seconds.
LOOK_S = 0.2
#: How long a worker may take to answer, and to end once it is told, in seconds.
START_S, END_S = 60.0, 20.0
#: The pause before a worker is started anew: after the first death, and at most; whoever lived
#: so long died of something else.
FIRST_PAUSE_S, LONGEST_PAUSE_S, LONG_LIFE_S = 0.5, 30.0, 30.0

_BACKLOG = 4096


@dataclass(slots=True)
class Worker:
    """One serving process. name : stands in its clients' session ids; never given twice."""

    name: str
    process: subprocess.Popen[bytes]
    started_at: float
    address: Path

    def answers(self) -> bool:
        """Return whether it takes requests on its own socket."""
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self.address)) == 0


class Workers:
    """The workers of one address."""

    def __init__(self, command: list[str], address: tuple[str, int], count: int) -> None:
        """Take the address; raises OSError where somebody has it.

        command : how a worker is started, but for what it is told of its place.
        """
        self._command, self._count = command, count
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._shared = socket.create_server(address, family=family, backlog=_BACKLOG)
        self._folder = tempfile.TemporaryDirectory(prefix="portal-")
        # Whoever reads it hears when this process is gone, however it went.
        self._lifeline, self._held = os.pipe()
        self._running: list[Worker] = []
        self._given = 0
        self._pause_s = FIRST_PAUSE_S
        self._not_before = 0.0
        self._woken = threading.Event()
        self._is_told_to_end = False
        self._is_told_to_renew = False

    def run(self) -> None:
        """Keep the workers going until told to end."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._tell_to_end())
        signal.signal(signal.SIGHUP, lambda *_: self._tell_to_renew())
        try:
            while not self._is_told_to_end:
                self._look()
                if self._is_told_to_renew:
                    self._is_told_to_renew = False
                    self._renew()
                self._woken.wait(LOOK_S)
                self._woken.clear()
        finally:
            self._shared.close()
            self._end(self._running)
            self._folder.cleanup()

    def _tell_to_end(self) -> None:
        self._is_told_to_end = True
        self._woken.set()

    def _tell_to_renew(self) -> None:
        self._is_told_to_renew = True
        self._woken.set()

    def _look(self) -> None:
        """Bury the dead, and start those that are missing when it is time."""
        for worker in [it for it in self._running if it.process.poll() is not None]:
            self._running.remove(worker)
            worker.address.unlink(missing_ok=True)
            code, lived_s = worker.process.returncode, time.monotonic() - worker.started_at
            log.error("worker %s ended with %s after %.0f s", worker.name, code, lived_s)
            if lived_s > LONG_LIFE_S:
                self._pause_s = FIRST_PAUSE_S
            self._not_before = time.monotonic() + self._pause_s
            self._pause_s = min(self._pause_s * 2, LONGEST_PAUSE_S)
        while len(self._running) < self._count and time.monotonic() >= self._not_before:
            self._running.append(self._start())

    def _start(self) -> Worker:
        self._given += 1
        name, folder = str(self._given), Path(self._folder.name)
        handed = (self._shared.fileno(), self._lifeline)
        place = [name, str(folder), *map(str, handed)]
        process = subprocess.Popen(  # noqa: S603 - our own file, no shell  # nosec B603
            [*self._command, *place],
            pass_fds=handed,
            process_group=0,  # an interrupt at the terminal is for the keeper, who passes it on
        )
        log.info("worker %s has process %s", name, process.pid)
        return Worker(name, process, time.monotonic(), folder / f"{name}.sock")

    def _renew(self) -> None:
        """Replace each worker once its successor answers; the first that does not ends it."""
        for old in list(self._running):
            new = self._start()
            if not self._waited_for(new):
                log.error("worker %s does not answer; the others stay", new.name)
                self._end([new])
                return
            self._running.append(new)
            self._running.remove(old)
            self._end([old])
        log.info("all workers are new")

    def _waited_for(self, worker: Worker) -> bool:
        until = time.monotonic() + START_S
        while not worker.answers():
            if (
                self._is_told_to_end
                or worker.process.poll() is not None
                or time.monotonic() > until
            ):
                return False
            time.sleep(LOOK_S)
        return True

    def _end(self, workers: list[Worker]) -> None:
        """Tell workers to end, and wait; kill those that do not."""
        for worker in workers:
            worker.process.terminate()
        until = time.monotonic() + END_S
        for worker in workers:
            try:
                worker.process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.warning("worker %s does not end; it is killed", worker.name)
                worker.process.kill()
                worker.process.wait()
            worker.address.unlink(missing_ok=True)


def main() -> None:
    """Serve: HOST PORT COUNT COMMAND …, where COMMAND takes host, port and its place."""
    host, port, count, *command = sys.argv[1:]
    logs.to_stderr()
    try:
        workers = Workers([*command, host, port], (host, int(port)), int(count))
    except OSError as error:
        sys.exit(f"Cannot listen on {host}, port {port}: {error.strerror}.")
    log.info("serving on http://%s:%s with %s workers", host, port, count)
    workers.run()


if __name__ == "__main__":
    main()

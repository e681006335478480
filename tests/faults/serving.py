"""The real portal in a process that can be ended at a named point, and is back in an instant.

`python serving.py` reads what the portal is made of once, and then a command from each line:
`start {"port": …, "log": …, "env": {…}}` forks a process that builds the portal and serves, and
says its number; `reap NUMBER` waits until that process has ended, and says how. It ends with
its input, and all these processes with it.

A request with the header `X-Fault: POINT` ends the serving process by SIGKILL when its write
has come to that point; see POINTS in server.py.
"""

from gevent import monkey

monkey.patch_all()

import json  # noqa: E402
import os  # noqa: E402
import signal  # noqa: E402
import sys  # noqa: E402
from typing import Any  # noqa: E402

import gevent  # noqa: E402
from gevent.local import local  # noqa: E402
from sqlalchemy import event  # noqa: E402

from portal.app import create_app, start  # noqa: E402
from portal.core import logs  # noqa: E402
from portal.live import service  # noqa: E402

# What PostgreSQL does in one statement has another beginning; the last is then on its way only.
_STATEMENTS = {
    "INSERT INTO once": "single-use key claimed",
    "INSERT INTO post": "post written",
    "UPDATE head": "stream's head moved",
    "WITH taken": "stream's head moved",
    "INSERT INTO entry_room": "entry written",
    "WITH into_entry": "entry written",
}

_armed = local()
_fan_out: list[bool] = []


def _reach(point: str) -> None:
    """Be at a point: whoever asked for it is served no further, nor is anybody else."""
    if getattr(_armed, "point", "") == point:
        os.kill(os.getpid(), signal.SIGKILL)


def _arm_database(database: Any) -> None:
    engine, wake = database.engine, database.wake

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        if "portal_begin" in connection.get_execution_options():
            _reach("before the transaction")

    @event.listens_for(engine, "after_cursor_execute")
    def executed(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        for beginning, point in _STATEMENTS.items():
            if statement.startswith(beginning + " "):
                _reach(point)

    @event.listens_for(engine, "commit")
    def commit(_connection: Any) -> None:
        _reach("before COMMIT")

    def woken() -> None:
        _reach("after COMMIT")
        if getattr(_armed, "point", "") == "within the fan-out":
            _fan_out.append(True)
        wake()
        _reach("readers woken")

    database.wake = woken


def _arm_channel(channel: Any) -> None:
    say = channel.say

    def said(name: str, *message: Any, **to: Any) -> None:
        say(name, *message, **to)
        if _fan_out and name == "entry":
            gevent.sleep(0)
            os.kill(os.getpid(), signal.SIGKILL)

    channel.say = said


def _arm_answers(app: Any) -> None:
    inner = app.wsgi_app

    def answer(environ: Any, start_response: Any) -> Any:
        _armed.point = environ.get("HTTP_X_FAULT", "")

        def started(*args: Any) -> Any:
            _reach("before the answer")
            return start_response(*args)

        body = inner(environ, started)
        return _broken(body) if _armed.point == "within the answer" else body

    app.wsgi_app = answer


def _broken(body: Any) -> Any:
    for piece in body:
        yield piece[:10]
        gevent.sleep(0.01)
        _reach("within the answer")


def _serve(port: int, log: str, env: dict[str, str]) -> None:
    gevent.reinit()
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for number in (1, 2):
        os.dup2(file, number)
    os.environ.clear()
    os.environ.update(env)
    app = create_app()
    _arm_database(app.extensions["database"])
    _arm_channel(app.extensions["channel"])
    _arm_answers(app)
    logs.to_stderr()
    start(app)
    service.serve(app, "127.0.0.1", port)


def main() -> None:
    fork, wait = (monkey.get_original("os", name) for name in ("fork", "waitpid"))
    children: set[int] = set()
    for line in iter(sys.stdin.readline, ""):
        command, _, told = line.partition(" ")
        if command == "start":
            child = fork()
            if not child:
                os.close(0)
                _serve(**json.loads(told))
                os._exit(0)
            children.add(child)
            print(child, flush=True)  # noqa: T201 - this is how it answers
        else:
            print(wait(int(told), 0)[1], flush=True)  # noqa: T201
            children.remove(int(told))
    for child in children:
        os.kill(child, signal.SIGKILL)


if __name__ == "__main__":
    main()

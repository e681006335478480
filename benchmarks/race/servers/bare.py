"""Two bare servers, alike but for the driver: Flask-SocketIO as it comes, and on ours.

They sign nobody in, ask no database and render nothing: what is left is the price of the wire.
bare.py PORT plain|ours
"""
# ruff: noqa: E402 - patches for gevent before it imports anything

from gevent import monkey

monkey.patch_all()

import gc
import sys
import time
from itertools import cycle, islice

import gevent
from flask import Flask, request
from flask_socketio import SocketIO
from gevent import pywsgi, socket

FILLER = "Rack 2 at Monett loads; the next word follows at the full hour. "
BACKLOG = 4096

app = Flask(__name__)
app.json.sort_keys = False  # type: ignore[attr-defined]  # the same bytes as the others send
is_ours = sys.argv[2] == "ours"
if is_ours:
    from portal.live import driver

    socketio = driver.make_socketio(app, manage_session=False, cors_allowed_origins="*")
else:
    socketio = SocketIO(app, async_mode="gevent", cors_allowed_origins="*")


@app.get("/")
def ready() -> str:
    """Answer that the server lives."""
    return "ready"


@app.post("/tell")
def tell() -> str:
    """Tell all `count` things, so long each, `pause` µs apart; below 0 in one turn."""
    first, count, size, pause = (
        int(request.args[name]) for name in ("first", "count", "size", "pause")
    )
    words = "".join(islice(cycle(FILLER), size))
    for n in range(first, first + count):
        frame = {"room": "partners", "n": n, "t": time.monotonic_ns(), "html": words}
        socketio.emit("entry", frame)
        if pause >= 0:
            gevent.sleep(pause / 1e6)
    return "told"


def connect(*_anything: object) -> None:
    """Let everybody in."""


if is_ours:  # as the portal does it: the same event without a Flask request around it
    socketio.server.on("connect", connect)  # type: ignore[attr-defined]
else:
    socketio.on("connect")(connect)


def _handler() -> type[pywsgi.WSGIHandler]:
    """Return what Flask-SocketIO's own `run` would take."""
    try:
        from geventwebsocket.handler import WebSocketHandler  # noqa: PLC0415 - may be missing
    except ImportError:
        return pywsgi.WSGIHandler
    return WebSocketHandler  # type: ignore[no-any-return]


def main() -> None:
    """Serve until ended."""
    port = int(sys.argv[1])
    gc.collect()
    gc.freeze()
    if is_ours:
        driver.serve(app, "127.0.0.1", port)
        return
    door = socket.socket()
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    door.bind(("127.0.0.1", port))
    door.listen(BACKLOG)
    door.setblocking(False)  # noqa: FBT003 - a socket's own word
    pywsgi.WSGIServer(door, app, log=None, handler_class=_handler()).serve_forever()


if __name__ == "__main__":
    main()

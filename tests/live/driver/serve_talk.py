"""A talkative Socket.IO server, on the library's own driver or on ours.

serve_talk.py PORT theirs|ours
"""
# ruff: noqa: E402 - patches for gevent before it imports anything

from gevent import monkey

monkey.patch_all()

import sys

from flask import Flask, request
from flask_socketio import ConnectionRefusedError as Refused
from flask_socketio import SocketIO, call, disconnect, emit, join_room, leave_room, rooms
from gevent.pywsgi import WSGIServer

from portal.live import driver

OPTIONS = {
    "manage_session": False,
    "cors_allowed_origins": "*",
    # Whoever comes has half an interval and a timeout to enter somewhere; machines are busy.
    "ping_interval": 3,
    "ping_timeout": 3,
    "max_http_buffer_size": 20_000,
}

app = Flask(__name__)
is_ours = sys.argv[2] == "ours"
socketio = (
    driver.make_socketio(app, **OPTIONS)
    if is_ours
    else SocketIO(app, async_mode="gevent", **OPTIONS)
)
left: list[str] = []


@app.get("/left")
def who_left():
    """Return why clients left, in turn."""
    return left


@app.get("/sockets")
def sockets():
    """Return how many there are, and in how many rooms."""
    server = socketio.server
    return [len(server.eio.sockets), len(server.manager.rooms.get("/", {}).get("a", {}))]


@app.post("/tell")
def tell():
    """Tell all so many things, so long each, in one turn."""
    count, size = int(request.args["count"]), int(request.args["size"])
    for n in range(count):
        socketio.emit("entry", {"n": n, "words": "x" * size})
    return "told"


@socketio.on("connect")
@socketio.on("connect", namespace="/other")
def connect(auth=None):
    """Refuse who says so."""
    if auth == {"refuse": "me"}:
        raise Refused("not you")


@socketio.on("disconnect")
def gone(reason):
    """Note why."""
    left.append(reason)


@socketio.on("echo")
@socketio.on("echo", namespace="/other")
def echo(*words):
    """Answer with the same."""
    return words


@socketio.on("again")
def again(*words):
    """Send the same back."""
    emit("again", words)


@socketio.on("join")
def join(room):
    """Enter a room, and say in which one is."""
    join_room(room)
    return sorted(it for it in rooms() if it != request.sid)


@socketio.on("leave")
def leave(room):
    """Leave a room, and say in which one is."""
    leave_room(room)
    return sorted(it for it in rooms() if it != request.sid)


@socketio.on("to")
def to(where, words):
    """Tell a room, or several."""
    socketio.emit("told", words, to=where)


@socketio.on("others")
def others(words):
    """Tell all but who asks."""
    socketio.emit("told", words, skip_sid=request.sid)


@socketio.on("ask")
def ask(words):
    """Ask the client back, and answer with its answer."""
    return call("asked", words)


@socketio.on("out")
def out():
    """Say a last word and hang up."""
    emit("last", "word")
    disconnect()


def main():
    """Serve until ended."""
    if is_ours:
        driver.serve(app, "127.0.0.1", int(sys.argv[1]))
    else:
        WSGIServer(("127.0.0.1", int(sys.argv[1])), app, log=None).serve_forever()


if __name__ == "__main__":
    main()

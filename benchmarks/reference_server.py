"""The bare server that ours is compared with: Flask-SocketIO on gevent, one room, one event.

It signs nobody in, asks no database and renders nothing: what is left is the price of the wire.
"""
# ruff: noqa: E402 - patches for gevent before it imports anything

from gevent import monkey

monkey.patch_all()

import sys
import time

from flask import Flask, request
from flask_socketio import SocketIO, join_room

#: As long as one of our own short frames.
_SIZE = 600

app = Flask(__name__)
socketio = SocketIO(app, async_mode="gevent", manage_session=False, http_compression=False)
told = 0


@app.get("/")
def ready() -> str:
    """Answer that the server lives."""
    return "ready"


@app.post("/tell")
def tell() -> dict[str, float]:
    """Tell the room one thing, and answer when that was."""
    global told  # noqa: PLW0603 - one room, one counter
    told += 1
    frame = {"room": "partners", "n": told, "view": "feed", "subject": "x", "html": ""}
    frame["html"] = request.form["words"].ljust(_SIZE - len(str(frame)), ".")
    at = time.time()
    socketio.emit("entry", frame, to="partners", namespace="/live")
    return {"at": at}


@socketio.on("connect", namespace="/live")
def connect() -> None:
    """Let everybody in."""


@socketio.on("follow", namespace="/live")
def follow(_message: object = None) -> dict[str, object]:
    """Seat a client."""
    join_room("partners", namespace="/live")
    return {"frames": [], "heads": {"partners": told}}


if __name__ == "__main__":
    socketio.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_output=False)

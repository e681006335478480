"""The live channel as one service of an application: made with it, started by the server."""

import threading

from flask import Flask
from flask_socketio import SocketIO
from gevent import monkey

from portal.config import Settings
from portal.core.db import Database
from portal.live.channel import NAMESPACE, Channel
from portal.live.sockets import register
from portal.live.tail import Tail

#: A message from a client is at most this long, in bytes.
_MAX_MESSAGE = 16_384


def attach(app: Flask, settings: Settings) -> SocketIO:
    """Give the application its sockets; they say nothing until `start`.

    A serving process is patched for gevent; the command line and tests run on plain threads.
    """
    socketio = SocketIO(
        app,
        async_mode="gevent" if monkey.is_module_patched("socket") else "threading",
        manage_session=False,
        namespaces=[NAMESPACE],  # type: ignore[call-arg]  # newer than the stubs
        # None: the same host
        cors_allowed_origins=settings.base_url or None,  # type: ignore[arg-type]
        max_http_buffer_size=_MAX_MESSAGE,
        ping_interval=25,
        ping_timeout=20,
        http_compression=False,
    )
    channel = Channel(socketio)
    register(socketio, channel)
    app.extensions["channel"] = channel
    return socketio


def start(app: Flask) -> Tail:
    """Begin to follow the journal, woken by each commit of this process."""
    database: Database = app.extensions["database"]
    tail = Tail(app, database, app.extensions["channel"])
    database.readers.append(tail.wake)
    threading.Thread(target=tail.run, name="tail", daemon=True).start()
    return tail

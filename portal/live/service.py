"""The live channel as one service of an application: made with it, started by the server."""

import threading
from datetime import timedelta

from flask import Flask
from flask_socketio import SocketIO
from gevent import monkey
from gevent.pywsgi import WSGIServer

from portal.core.db import Database
from portal.live.channel import NAMESPACE, Channel
from portal.live.door import MAX_MESSAGE, Door
from portal.live.handler import Handler
from portal.live.leases import Leases
from portal.live.sockets import register
from portal.live.tail import Tail
from portal.presence.connections import LEASE


def attach(app: Flask) -> SocketIO:
    """Give the application its sockets; they say nothing until `start`.

    A serving process is patched for gevent; the command line and tests run on plain threads.
    """
    socketio = SocketIO(
        app,
        async_mode="gevent" if monkey.is_module_patched("socket") else "threading",
        manage_session=False,
        namespaces=[NAMESPACE],  # type: ignore[call-arg]  # newer than the stubs
        # The door has looked: an empty list asks no further, and allows no other site to read.
        cors_allowed_origins=[],
        max_http_buffer_size=MAX_MESSAGE,
        ping_interval=25,
        ping_timeout=20,
        http_compression=False,
    )
    app.extensions["door"] = app.wsgi_app = Door(app, app.wsgi_app)  # type: ignore[method-assign]
    channel = Channel(socketio)
    register(socketio, channel)
    app.extensions["channel"] = channel
    return socketio


def serve(app: Flask, host: str, port: int) -> None:
    """Answer requests and sockets on an address, until interrupted."""
    WSGIServer((host, port), app, handler_class=Handler, log=None).serve_forever()


def start(app: Flask, *, lease: timedelta = LEASE) -> Tail:
    """Begin to follow the journal, woken by each commit of this process, and to keep leases.

    lease : how long the people at this process count as connected once it has died.
    """
    database: Database = app.extensions["database"]
    channel: Channel = app.extensions["channel"]
    tail = Tail(app, database, channel)
    leases = Leases(database, channel, length=lease)
    database.readers.append(tail.wake)
    for job in (tail, leases):
        threading.Thread(target=job.run, name=type(job).__name__.lower(), daemon=True).start()
    return tail

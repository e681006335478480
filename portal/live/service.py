"""The live channel as one service of an application: made with it, started by the server."""

import threading
from datetime import timedelta
from typing import Any

from flask import Flask
from flask_socketio import SocketIO
from gevent import monkey

from portal.core.db import Database
from portal.core.rates import Pace, Rate
from portal.live import driver, stopping
from portal.live.arrivals import Arrivals
from portal.live.channel import NAMESPACE, Channel
from portal.live.door import MAX_MESSAGE, Door
from portal.live.driver import encoding
from portal.live.driver.wire import Limits
from portal.live.follows import Follows
from portal.live.leases import Leases
from portal.live.siblings import PRIVATE, Place, Siblings
from portal.live.sockets import register
from portal.live.tail import Tail
from portal.presence.connections import LEASE

#: Frames of a connection, of whatever kind: a page sends its handshake, `follow`, and a sign of
#: life every 25 s.
FRAMES = Rate(burst=20, every=timedelta(seconds=1))


def _limits() -> Limits:
    """Return what one client may send."""
    return Limits(message=MAX_MESSAGE, pace=Pace(FRAMES), binary=False)


def attach(app: Flask) -> SocketIO:
    """Give the application its sockets; they say nothing until `start`.

    A serving process is patched for gevent; the command line and tests run on plain threads.
    """
    options: dict[str, Any] = {
        "manage_session": False,
        "namespaces": [NAMESPACE],
        # The door has looked: an empty list asks no further, and allows no other site to read.
        "cors_allowed_origins": [],
        "max_http_buffer_size": MAX_MESSAGE,
        "ping_interval": 25,
        "ping_timeout": 20,
        "http_compression": False,
        "async_handlers": False,  # one socket's messages are taken in turn anyway
        "json": encoding,
        "serializer": encoding.TextPacket,
    }
    if monkey.is_module_patched("socket"):
        socketio = driver.make_socketio(app, limits=_limits, **options)
    else:
        socketio = SocketIO(app, async_mode="threading", **options)
    app.extensions["door"] = app.wsgi_app = Door(app, app.wsgi_app)  # type: ignore[method-assign]
    channel = Channel(socketio)
    follows = Follows(app, channel)
    register(socketio, channel, Arrivals(app), follows)
    app.extensions["channel"], app.extensions["follows"] = channel, follows
    return socketio


def serve(app: Flask, host: str, port: int, place: Place | None = None) -> None:
    """Answer requests and sockets on an address until told to end; see `portal.live.stopping`.

    place : where the process stands among several that share the address.
    """
    stopping.Running(app)
    driver.settle()
    if place is None:
        stopping.serve(app, [driver.server_on(app, driver.listening(host, port))])
        return
    app.extensions["metrics"].place = place
    app.wsgi_app = Siblings(app, app.wsgi_app, place)  # type: ignore[method-assign]
    shared, own = place.listen()
    driver.set_up(shared)
    servers = [driver.server_on(app, shared), driver.server_on(app, own)]
    servers[1].environ[PRIVATE] = True
    for server in servers:
        server.max_accept = 1  # the others are there to take the next one
    stopping.serve(app, servers, lifeline=place.lifeline)


def start(app: Flask, *, lease: timedelta = LEASE) -> Tail:
    """Begin to follow the journal, woken by each commit of this process, and to keep leases.

    lease : how long the people at this process count as connected once it has died.
    """
    database: Database = app.extensions["database"]
    channel: Channel = app.extensions["channel"]
    tail = Tail(app, database, channel)
    leases = Leases(database, channel, length=lease)
    database.readers.append(tail.wake)
    app.extensions["leases"] = leases
    for job in (tail, leases):
        threading.Thread(target=job.run, name=type(job).__name__.lower(), daemon=True).start()
    return tail

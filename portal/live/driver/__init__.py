"""Socket.IO for many: an event is encoded once, and the same bytes go to all who hear of it.

Flask-SocketIO and its protocol stay what they are; what is ours is the Engine.IO websocket
under them, and who is in which room.
"""

from portal.live.driver.engine import make_socketio
from portal.live.driver.seam import MovedError
from portal.live.driver.serving import Server, listening, serve, server_on, set_up, settle

__all__ = [
    "MovedError",
    "Server",
    "listening",
    "make_socketio",
    "serve",
    "server_on",
    "set_up",
    "settle",
]

"""The check that the libraries under the driver are the ones that it was tested on."""

import hashlib
import inspect
from pkgutil import resolve_name

#: What we stand in for, and what calls it; with the digest of its source when last looked at.
KNOWN = {
    "engineio.server:Server._handle_connect": "049f7c2b2c23",
    "engineio.server:Server.handle_request": "79302edd007f",
    "engineio.server:Server._trigger_event": "bc536417c304",
    "engineio.socket:Socket.receive": "4126eb2537d0",
    "engineio.socket:Socket.close": "05fac5583199",
    "engineio.socket:Socket.handle_get_request": "d45c0d8f9884",
    "engineio.socket:Socket._upgrade_websocket": "02f6ac054416",
    "engineio.base_socket:BaseSocket": "d787ee3666d0",
    "socketio.server:Server._handle_connect": "1b0ba130a57d",
    "socketio.server:Server._handle_disconnect": "fb93d61de8cb",
    "socketio.server:Server._handle_eio_disconnect": "5c0002fcdb35",
    "socketio.manager:Manager": "cfeabf92435f",
    "socketio.base_manager:BaseManager": "b393b4c05dbd",
    "flask_socketio:SocketIO.init_app": "12a3a6c8e896",
    "gevent.pywsgi:WSGIHandler.handle": "9e7238affc12",
    "gevent.pywsgi:WSGIHandler.handle_one_response": "16fcb501fa89",
}


class MovedError(RuntimeError):
    """A library under the driver is another one than was tested."""


def digest_of(name: str) -> str:
    """Return the digest of the source of something; raises AttributeError if it is gone."""
    return hashlib.sha256(inspect.getsource(resolve_name(name)).encode()).hexdigest()[:12]


def check() -> None:
    """Raise MovedError if something that the driver stands in for has changed."""
    for name, known in KNOWN.items():
        found = digest_of(name)
        if found != known:
            raise MovedError(
                f"{name} has changed ({found}): read it, mend portal/live/driver, run its "
                "tests, and write down in seam.py what it is now."
            )

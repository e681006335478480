"""The door before the sockets: who may knock is looked at before anything is read."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from flask import Flask
from werkzeug.exceptions import SecurityError
from werkzeug.wsgi import get_host

from portal.core.web.headers import is_https, plain_headers
from portal.core.web.origins import is_from_elsewhere

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: A message from a client is at most this long, in bytes.
MAX_MESSAGE = 16_384

_PATH = "/socket.io/"

#: What is asked of a request.
_ASKED = (
    "wsgi.url_scheme",
    "SERVER_NAME",
    "SERVER_PORT",
    "HTTP_HOST",
    "HTTP_ORIGIN",
    "HTTP_SEC_FETCH_SITE",
    "HTTP_UPGRADE",
)


class Door:
    """Stands before everything the server is asked; only sockets are its business.

    An Origin that is not our own is always refused. One must be there for a websocket, which
    asks nobody else; polling without one is left to `Sec-Fetch-Site`.
    """

    def __init__(self, app: Flask, inner: "WSGIApplication") -> None:
        """Stand before `inner`."""
        self._app, self._inner = app, inner

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Let through, with the portal's headers on the answer, or refuse."""
        if not self.is_mine(environ):
            return self._inner(environ, start_response)
        refused = self.refusal(environ)
        answer = self._answering(start_response)
        if refused is None:
            return self._inner(environ, answer)
        answer(refused, [("Content-Type", "text/plain; charset=utf-8")])
        return [f"{refused}\n".encode()]

    def is_mine(self, environ: "WSGIEnvironment") -> bool:
        """Return whether a request is for the sockets."""
        return f"{environ.get('PATH_INFO', '')}/".startswith(_PATH)

    def refusal(self, environ: "WSGIEnvironment") -> str | None:
        """Return the status of a refusal; None where there is nothing to refuse."""
        config = self._app.config
        said = tuple((name, environ[name]) for name in _ASKED if name in environ)
        refused = _refusal(config["ORIGIN"], tuple(config["TRUSTED_HOSTS"] or ()), said)
        length = str(environ.get("CONTENT_LENGTH") or "0")
        if refused is None and not (length.isdecimal() and int(length) <= MAX_MESSAGE):
            return "413 Content Too Large"
        return refused

    def _answering(self, start_response: "StartResponse") -> Callable[..., Any]:
        def answer(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            known = {name.lower() for name, _ in headers}
            ours = plain_headers(is_https=is_https(self._app))
            added = [it for it in ours if it[0].lower() not in known]
            return start_response(status, headers + added, *more)

        return answer


@lru_cache(maxsize=256)  # all browsers say the same
def _refusal(
    origin: str, trusted: tuple[str, ...], said: tuple[tuple[str, str], ...]
) -> str | None:
    """Return the status of a refusal for what a request says of where it comes from."""
    environ = dict(said)
    try:
        get_host(environ, trusted or None)
    except SecurityError:
        return "400 Bad Request"
    if is_from_elsewhere(origin, environ):
        return "403 Forbidden"
    is_websocket = "websocket" in environ.get("HTTP_UPGRADE", "").lower()
    return "403 Forbidden" if is_websocket and "HTTP_ORIGIN" not in environ else None

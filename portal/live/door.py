"""The door before the sockets: who may knock is looked at before anything is read."""

from collections.abc import Callable, Iterable
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
        try:
            get_host(environ, self._app.config["TRUSTED_HOSTS"])
        except SecurityError:
            return "400 Bad Request"
        if is_from_elsewhere(self._app.config["ORIGIN"], environ):
            return "403 Forbidden"
        is_websocket = "websocket" in environ.get("HTTP_UPGRADE", "").lower()
        if is_websocket and "HTTP_ORIGIN" not in environ:
            return "403 Forbidden"
        length = str(environ.get("CONTENT_LENGTH") or "0")
        if not length.isdecimal() or int(length) > MAX_MESSAGE:
            return "413 Content Too Large"
        return None

    def _answering(self, start_response: "StartResponse") -> Callable[..., Any]:
        ours = dict(plain_headers(is_https=is_https(self._app)))

        def answer(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            known = {name.lower() for name, _ in headers}
            added = [it for it in ours.items() if it[0].lower() not in known]
            return start_response(status, headers + added, *more)

        return answer

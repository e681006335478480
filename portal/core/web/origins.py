"""Where a request comes from: no page of another site writes, or listens, in a person's name.

A browser says whose page made a request, and no page can make it say otherwise. Whoever says
nothing is no browser of these ten years; then the token of the form speaks.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from flask import Flask, current_app, request

from portal.core.errors import NotAllowedError

#: Whatever else is asked for may write.
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

_PORTS = {"http": 80, "https": 443}


def own_origin(configured: str, environ: Mapping[str, str]) -> str:
    """Return the origin of the portal's own pages, as a browser writes it.

    configured : the address of this installation; "" on a lone machine, where it is the host
                 that was asked for, once that is known to be this machine. What is no
                 address has the origin "", which no page has.
    """
    address = configured or f"{environ['wsgi.url_scheme']}://{environ.get('HTTP_HOST', '')}"
    parts = urlsplit(address.lower())
    try:
        port = "" if parts.port in {None, _PORTS.get(parts.scheme)} else f":{parts.port}"
    except ValueError:
        return ""
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}{port}"


def is_from_elsewhere(configured: str, environ: Mapping[str, str]) -> bool:
    """Return whether a browser says that another site's page made this request."""
    if environ.get("HTTP_SEC_FETCH_SITE", "none") not in {"same-origin", "none"}:
        return True
    origin = environ.get("HTTP_ORIGIN")
    return origin is not None and origin != own_origin(configured, environ)


def _refuse_other_sites() -> None:
    if request.method in SAFE:
        return
    if is_from_elsewhere(current_app.config["ORIGIN"], request.environ):
        raise NotAllowedError(
            "This was sent from a page of another site. Open the page here, and send it again."
        )


def init_app(app: Flask) -> None:
    """Refuse what another site's page sends, before anything of it is read."""
    app.before_request(_refuse_other_sites)

"""Answers: headers of every response, and error pages in plain words."""

import logging

from flask import Flask, Response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from portal.core.errors import AlreadyDoneError, PortalError
from portal.core.web.requests import unsay

log = logging.getLogger(__name__)

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}

#: What to say of a status: what happened, what to do.
_WORDS = {
    400: (
        "The portal did not understand this",
        "Go back, open the page again and try once more.",
    ),
    401: ("You are signed out", "Sign in again; then send what you wrote."),
    403: ("This is not open to you", "If you need it, call the SEOC."),
    404: ("Page not found", "Check the reference, or go back to the floor."),
    405: ("This page cannot be used like that", "Go back and use the buttons of the page."),
    413: ("What you sent is too large", "Shorten the text and send it again."),
    429: ("Too many tries", "Wait a few minutes, or call the SEOC."),
    500: (
        "Something went wrong here",
        "What you wrote was not saved. Try again, or call the SEOC.",
    ),
    503: ("The portal is busy", "What you wrote was not saved. Send it again in a moment."),
}


def error_page(status: int, what: str = "", title: str = "") -> tuple[str, int]:
    """Return the page of a status, with the SEOC's telephone on it."""
    unsay()
    known, todo = _WORDS.get(status, _WORDS[500])
    try:
        page = render_template(
            "error.html", status=status, title=title or known, what=what, todo=todo
        )
    except Exception:
        # The database may be what went wrong, and a page's frame needs it.
        log.exception("the error page cannot be made")
        page = f"{title or known}. {todo}\n"
    return page, status


def _on_portal_error(error: PortalError) -> ResponseReturnValue:
    page, status = error_page(error.status, str(error), error.title)
    headers = {"Retry-After": "2"} if status == 503 else {}
    return page, status, headers


def _on_http_error(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    if status < 400:
        return error.get_response()
    if request.content_length and status == 413:
        # Plain: the body was not read, so there is no form to show again.
        return Response("What you sent is too large. Shorten it.\n", 413, mimetype="text/plain")
    return error_page(status)


def _on_csrf_error(_error: CSRFError) -> ResponseReturnValue:
    return error_page(
        403, "This page was open for too long, or was not opened from the portal."
    )


def _on_already_done(done: AlreadyDoneError) -> ResponseReturnValue:
    return redirect(done.answer or "/", 303)


def _add_headers(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint == "static":
        # Read whole, so that clients that know gzip alone get it compressed, too.
        response.direct_passthrough = False
        response.make_sequence()
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    else:
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def init_app(app: Flask) -> None:
    """Register headers and error pages."""
    app.after_request(_add_headers)
    app.register_error_handler(PortalError, _on_portal_error)
    app.register_error_handler(CSRFError, _on_csrf_error)
    app.register_error_handler(HTTPException, _on_http_error)
    app.register_error_handler(AlreadyDoneError, _on_already_done)

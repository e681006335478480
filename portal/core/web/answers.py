"""Answers to what goes wrong: error pages in plain words."""

import logging

from flask import Flask, Response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from sqlalchemy import exc
from werkzeug.exceptions import HTTPException

from portal.core.errors import AlreadyDoneError, PortalError, TooFastError
from portal.core.web.requests import unsay

log = logging.getLogger(__name__)

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


#: A write may have been on its way when the database went: nobody knows what became of it.
_IN_DOUBT = (
    "It is not certain that what you wrote was saved. Go back and send it again in a moment: "
    "it counts once."
)


def error_page(status: int, what: str = "", title: str = "", todo: str = "") -> tuple[str, int]:
    """Return the page of a status, with the SEOC's telephone on it."""
    unsay()
    known, usual = _WORDS.get(status, _WORDS[500])
    todo = todo or usual
    try:
        page = render_template(
            "error.html", status=status, title=title or known, what=what, todo=todo
        )
    except (exc.OperationalError, exc.TimeoutError):
        # The database is what went wrong, and a page's frame needs it.
        page = f"{title or known}. {todo}\n"
    except Exception:
        log.exception("the error page cannot be made")
        page = f"{title or known}. {todo}\n"
    return page, status


def _on_portal_error(error: PortalError) -> ResponseReturnValue:
    page, status = error_page(error.status, str(error), error.title)
    headers = {"Retry-After": "2"} if status == 503 else {}
    if isinstance(error, TooFastError):
        headers["Retry-After"] = str(error.retry_s)
    return page, status, headers


def _on_http_error(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    if status < 400:
        return error.get_response()
    if request.content_length and status == 413:
        # Plain: the body was not read, so there is no form to show again.
        return Response("What you sent is too large. Shorten it.\n", 413, mimetype="text/plain")
    return error_page(status)


def _on_database_error(error: Exception) -> ResponseReturnValue:
    """Say that the portal is busy: the database is away, or full."""
    log.error("the database did not answer: %s", str(error).partition("\n")[0])
    page, status = error_page(503, todo=_IN_DOUBT if request.method == "POST" else "")
    return page, status, {"Retry-After": "5"}


def _on_csrf_error(_error: CSRFError) -> ResponseReturnValue:
    return error_page(
        403, "This page was open for too long, or was not opened from the portal."
    )


def _on_already_done(done: AlreadyDoneError) -> ResponseReturnValue:
    return redirect(done.answer or "/", 303)


def init_app(app: Flask) -> None:
    """Register error pages."""
    app.register_error_handler(PortalError, _on_portal_error)
    app.register_error_handler(exc.OperationalError, _on_database_error)
    app.register_error_handler(exc.TimeoutError, _on_database_error)
    app.register_error_handler(CSRFError, _on_csrf_error)
    app.register_error_handler(HTTPException, _on_http_error)
    app.register_error_handler(AlreadyDoneError, _on_already_done)

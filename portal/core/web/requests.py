"""The request: its session, its actor, and who may come in."""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

from flask import Flask, abort, current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy.orm import Session
from werkzeug.routing import IntegerConverter

from portal.core.actor import Actor, Role
from portal.core.db import Database
from portal.core.errors import AbsentError, NotAllowedError

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

_PUBLIC = "is_public"

#: The largest number that a row can have; a database cannot even be asked for a larger one.
_LARGEST_ID = 2**63 - 1


class _RowId(IntegerConverter):
    """The number of a row in a path; what no row can have leads nowhere."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Set the bound where the route sets none."""
        super().__init__(*args, **{"max": _LARGEST_ID, **kwargs})


def public(view: Callable[P, R]) -> Callable[P, R]:
    """Mark a view that needs no sign-in; everything else is refused by default."""
    setattr(view, _PUBLIC, True)
    return view


def for_roles(*roles: Role) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Mark a view that only people of these roles may open; others get 403."""

    def mark(view: Callable[P, R]) -> Callable[P, R]:
        setattr(view, "roles", frozenset(roles))  # noqa: B010 - mypy knows no such attribute
        return view

    return mark


def is_public(endpoint: str) -> bool:
    """Return whether an endpoint is open to the anonymous."""
    return endpoint == "static" or hasattr(current_app.view_functions[endpoint], _PUBLIC)


def db_session() -> Session:
    """Return the request's database session; it is closed with the request."""
    if "db_session" not in g:
        database: Database = current_app.extensions["database"]
        g.db_session = database.sessions()
    return cast("Session", g.db_session)


def current_actor() -> Actor:
    """Return who acts; raises NotAllowedError for the anonymous, who do not get this far."""
    if not current_user.is_authenticated:
        raise NotAllowedError("Please sign in.")
    return cast("Actor", current_user.actor)


def or_404(found: T | None) -> T:
    """Return what was found; what is hidden looks absent."""
    if found is None:
        raise AbsentError("There is nothing here, or it is not for you.")
    return found


def is_own_path(target: str) -> bool:
    """Return whether a redirect target is a plain path of this portal."""
    return (
        target.startswith("/")
        and not target.startswith("//")
        and target.isprintable()
        and "\\" not in target
    )


def _refuse_nul() -> None:
    """Find nothing under a name with a NUL in it: PostgreSQL stumbles over the question."""
    asked = [request.path, *(text for _, text in request.args.items(multi=True))]
    if any("\0" in text for text in asked):
        raise AbsentError("There is nothing here, or it is not for you.")


def _guard_the_door() -> ResponseReturnValue | None:
    endpoint = request.endpoint
    if endpoint is None or is_public(endpoint):
        return None
    if not current_user.is_authenticated:
        if request.method in {"GET", "HEAD"}:
            path = request.full_path.rstrip("?")
            return redirect(url_for("accounts.sign_in", next=path))
        abort(401)
    roles = getattr(current_app.view_functions[endpoint], "roles", None)
    if roles is not None and not current_actor().has(*roles):
        raise NotAllowedError("This page belongs to another desk.")
    return None


def _close_session(_error: BaseException | None = None) -> None:
    session: Any = g.pop("db_session", None)
    if session is not None:
        session.close()


def init_app(app: Flask) -> None:
    """Refuse the anonymous everywhere but on public pages; close sessions."""
    app.url_map.converters["int"] = _RowId
    app.before_request(_refuse_nul)
    app.before_request(_guard_the_door)
    app.teardown_appcontext(_close_session)

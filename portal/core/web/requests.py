"""The request: its session, its actor, and who may come in."""

import re
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

from flask import Flask, Request, abort, current_app, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy.orm import Session
from werkzeug.datastructures import ImmutableMultiDict, MultiDict
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


#: Signs that nobody sees: NUL and its kin (but tab and line ends), those that turn the
#: direction of what follows, so that it reads otherwise than it is stored, and what is none.
_UNSEEN = re.compile(
    "[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef"
    + "".join(chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF))
    + "]"
)


def _cleaned(text: Any) -> Any:
    """Take out what nobody sees; nothing but blanks is nothing typed."""
    if not isinstance(text, str):
        return text  # a file
    text = _UNSEEN.sub("", text)
    return text if text.strip() else ""


class _Typed(ImmutableMultiDict[str, Any]):
    """What a form or a query says, cleaned before anybody reads it."""

    def __init__(self, mapping: Any = None) -> None:
        """Keep the order, and what is there several times."""
        pairs = MultiDict(mapping).items(multi=True)
        super().__init__([(name, _cleaned(text)) for name, text in pairs])


class _Request(Request):
    parameter_storage_class = _Typed


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


def takes(size: int) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Mark a view whose forms carry files: the body may have this many bytes."""

    def mark(view: Callable[P, R]) -> Callable[P, R]:
        setattr(view, "takes", size)  # noqa: B010 - mypy knows no such attribute
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


def unsay() -> None:
    """Take back what was to be said on the next page: the write it speaks of did not happen."""
    if request.method == "POST":
        session.pop("_flashes", None)


def is_own_path(target: str) -> bool:
    """Return whether a redirect target is a plain path of this portal."""
    return (
        target.startswith("/")
        and not target.startswith("//")
        and target.isprintable()
        and "\\" not in target
    )


def _refuse_unseen() -> None:
    """Find nothing at a path with unseen signs: PostgreSQL stumbles over the very question."""
    if _UNSEEN.search(request.path):
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


def allow_files() -> None:
    """Let the body of a form that carries files be as large as its view takes.

    Has to run before anything reads the form.
    """
    view = current_app.view_functions.get(request.endpoint or "")
    size = getattr(view, "takes", None)
    if size is not None and request.mimetype == "multipart/form-data":
        request.max_content_length = size


def _close_session(_error: BaseException | None = None) -> None:
    session: Any = g.pop("db_session", None)
    if session is not None:
        session.close()


def init_app(app: Flask) -> None:
    """Refuse the anonymous everywhere but on public pages; close sessions."""
    app.url_map.converters["int"] = _RowId
    app.request_class = _Request
    app.before_request(_refuse_unseen)
    app.before_request(_guard_the_door)
    app.teardown_appcontext(_close_session)

"""`portal import-alerts`: the Weather Service's alerts, from a file or from its address."""

import http.client
import time
from typing import IO
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    UnknownHandler,
)

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy.orm import Session

from portal.alerts.geojson import MAX_BYTES, Alert, BrokenFileError, read_alerts
from portal.alerts.operations import Fate, Imported, import_alerts
from portal.cli.database import is_current
from portal.core.actor import SYSTEM
from portal.core.db import Database
from portal.core.errors import PortalError
from portal.incidents.models import Incident
from portal.incidents.queries import current_incident, get_incident
from portal.journal.transaction import transaction

#: How long the service may say nothing, and how long all of it may take, in seconds.
SILENCE_S = 20.0
WHOLE_S = 120.0

#: The service asks who is calling.
HEADERS = {
    "Accept": "application/geo+json",
    "User-Agent": "BEOC-Partner-Portal/0.1 (import-alerts)",
}

#: The portal's own addresses are of the web; a file is named by its path.
_SCHEMES = ("http", "https")

_CHUNK = 64 * 1024

#: A line for each fate, in the order in which they are told.
WORDS = {
    Fate.NEW: "new, waiting at the desk",
    Fate.JOINED: "updating or cancelling one that is here, waiting at the desk",
    Fate.KNOWN: "left out, here already",
    Fate.OVERTAKEN: "left out, an update of it is here already",
    Fate.UNREAL: "left out, no real alert",
    Fate.ELSEWHERE: "left out, not for this incident's counties",
    Fate.OVER: "left out, over already",
}


@click.command("import-alerts")
@click.argument("source", metavar="FILE|URL")
@click.option("--incident", "code", help="Its code; the current incident unless given.")
@with_appcontext
def import_alerts_(source: str, code: str | None) -> None:
    """Put the Weather Service's alerts before the desk, each once.

    FILE is GeoJSON as api.weather.gov/alerts gives it; "-" reads standard input. A file that
    is broken anywhere is refused whole.
    """
    database: Database = current_app.extensions["database"]
    if not is_current(database):
        raise click.ClickException("The database needs `portal db upgrade` first.")
    alerts = _read(source)
    with database.sessions() as session:
        try:
            incident = _incident(session, code)
            with transaction(session, SYSTEM) as tx:
                imported = import_alerts(tx, incident, alerts)
            told = incident.code
        except PortalError as error:
            raise click.ClickException(str(error)) from error
    _tell(told, imported)


def _read(source: str) -> tuple[Alert, ...]:
    try:
        found = _bytes_of(source)
    except HTTPError as error:
        error.close()
        why = f"the answer is {error.code} ({' '.join(str(error.reason).split())})"
        raise click.ClickException(f"{source} cannot be read: {why}.") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise click.ClickException(f"{source} cannot be read: {_why(error)}.") from error
    try:
        return read_alerts(found)
    except BrokenFileError as error:
        raise click.ClickException(f"Nothing was brought in: {error}.") from error


def _bytes_of(source: str) -> bytes:
    """Return what is there, up to one byte more than the reader of alerts takes."""
    if "://" in source:
        return _fetched(source)
    with click.open_file(source, "rb") as file:
        found: bytes = file.read(MAX_BYTES + 1)
    return found


def _incident(session: Session, code: str | None) -> Incident:
    incident = get_incident(session, code) if code else current_incident(session)
    if incident is None:
        raise click.ClickException(f"There is no incident {code}.")
    return incident


def _tell(code: str, imported: Imported) -> None:
    click.echo(f"{imported.fates.total()} alerts read for incident {code}:")
    for fate, words in WORDS.items():
        click.echo(f"{imported.fates[fate]:7} {words}")


# ---------------------------------------------------------------- by HTTP


class _Redirects(HTTPRedirectHandler):
    """Follows to another address of the web; from a protected one to a protected one only."""

    def redirect_request(
        self,
        req: Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> Request | None:
        """Return the next request; raises HTTPError for an address that is not followed."""
        allowed = _SCHEMES if req.type == "http" else ("https",)
        if urlsplit(newurl).scheme not in allowed:
            raise HTTPError(req.full_url, code, "leads to an unsafe address", headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _fetched(url: str) -> bytes:
    if urlsplit(url).scheme not in _SCHEMES:
        raise ValueError("only http and https addresses are asked")
    until = time.monotonic() + WHOLE_S
    found = bytearray()
    with _opener().open(Request(url, headers=HEADERS), timeout=SILENCE_S) as answer:  # noqa: S310 - checked above
        while len(found) <= MAX_BYTES and (chunk := answer.read1(_CHUNK)):
            found += chunk
            if time.monotonic() > until:
                raise TimeoutError(f"it takes more than {WHOLE_S:.0f} seconds")
    return bytes(found)


def _opener() -> OpenerDirector:
    """Return what opens addresses of the web, and no files."""
    opener = OpenerDirector()
    for handler in (
        ProxyHandler(),
        UnknownHandler(),
        HTTPHandler(),
        HTTPSHandler(),
        HTTPDefaultErrorHandler(),
        HTTPErrorProcessor(),
        _Redirects(),
    ):
        opener.add_handler(handler)
    return opener


def _why(error: Exception) -> str:
    """Return the reason in as few words as there are."""
    reason = getattr(error, "reason", None)
    if isinstance(reason, Exception):
        return _why(reason)
    told = reason or getattr(error, "strerror", None) or str(error)
    return str(told or type(error).__name__)

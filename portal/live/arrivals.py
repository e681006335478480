"""Who comes: the people of many sockets are read in one query."""

from collections.abc import Sequence
from typing import Any

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import BadSignature
from sqlalchemy.orm import Session
from werkzeug.http import parse_cookie

from portal.accounts.queries import signed_in_by, still_signed_in
from portal.core import clock
from portal.core.db import Database
from portal.journal import queries as journal
from portal.journal.notes import QUIET
from portal.live.batches import Batches
from portal.live.driver import encoding
from portal.live.frames import look_anew
from portal.live.seats import CONCERNS, Seat

#: So many people are read in one query.
AT_ONCE = 512

#: A seat that is behind by more account entries than this is read anew without looking at them.
_MOST_ENTRIES = 1000

#: The stream of the accounts.
ACCOUNTS = 0

Comer = tuple[str, str]


class Arrivals:
    """Makes seats for who comes, and says which of them stand no more as they did."""

    def __init__(self, app: Flask) -> None:
        """Begin with nobody."""
        self._app = app
        self._reading: Any = None
        self._batches = Batches[Comer, Seat | None](self._read, AT_ONCE)

    @property
    def waiting(self) -> int:
        """Return how many wait to be known."""
        return self._batches.waiting

    def seat_for(self, sid: str, environ: dict[str, Any]) -> Seat | None:
        """Return a seat for a socket's person, by the session's cookie; None for nobody."""
        token = self._token_in(environ)
        return self._batches.ask((sid, token)) if isinstance(token, str) else None

    def _token_in(self, environ: dict[str, Any]) -> object:
        """Return the session's token out of the cookie, as Flask would for a request."""
        app = self._app
        cookie = parse_cookie(environ).get(app.config["SESSION_COOKIE_NAME"])
        if not cookie:
            return None
        if self._reading is None:  # making these costs more than reading a cookie
            serializer: Any = SecureCookieSessionInterface().get_signing_serializer(app)
            longest = int(app.permanent_session_lifetime.total_seconds())
            self._reading = serializer, serializer.make_signer(serializer.salt), longest
        serializer, signer, longest = self._reading
        try:
            payload = signer.unsign(cookie, max_age=longest)
        except BadSignature:
            return None
        return serializer.load_payload(payload, encoding).get("_user_id")

    def _read(self, comers: Sequence[Comer]) -> list[Seat | None]:
        database: Database = self._app.extensions["database"]
        with database.sessions() as session:
            look_anew(session)
            known_at = accounts_head(session)
            found = signed_in_by(session, {token for _, token in comers})
            return [
                Seat(sid, *found[token], known_at=known_at) if token in found else None
                for sid, token in comers
            ]


def accounts_head(session: Session) -> int:
    """Return the number of the last account entry."""
    return journal.stream_heads(session).get(ACCOUNTS, 0)


def renewed(session: Session, seats: Sequence[Seat]) -> tuple[list[Seat], list[Seat]]:
    """Bring seats up to what the session reads: return who moved, and who may stay no longer.

    Only those are read whom an account entry since then may concern, or whose time is up.
    """
    head, now = accounts_head(session), clock.now()
    doubtful = _concerned(session, [it for it in seats if it.known_at < head], head)
    doubtful |= {it.sid: it for it in seats if it.ends_at <= now}
    found = (
        still_signed_in(session, {it.actor.sign_in_id or 0 for it in doubtful.values()})
        if doubtful
        else {}
    )
    moved, gone = [], []
    for seat in doubtful.values():
        standing = found.get(seat.actor.sign_in_id or 0)
        if standing is None:
            gone.append(seat)
        elif standing[0].epoch != seat.actor.epoch:
            seat.renew(*standing)
            moved.append(seat)
        else:
            seat.renew(*standing)
    for seat in seats:
        seat.known_at = max(seat.known_at, head)
    return moved, gone


def _concerned(session: Session, seats: Sequence[Seat], head: int) -> dict[str, Seat]:
    """Return the seats, by socket, that an account entry up to `head` may concern."""
    if not seats:
        return {}
    since = min(it.known_at for it in seats)
    if head - since > _MOST_ENTRIES:
        return {it.sid: it for it in seats}
    entries = journal.entries_after(session, ACCOUNTS, since, head)
    told = {
        (it.subject, it.subject_id)
        for it in entries
        if it.move not in QUIET and it.subject in CONCERNS
    }
    return {it.sid: it for it in seats if any(it.is_concerned_by(*one) for one in told)}

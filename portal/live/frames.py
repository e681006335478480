"""Frames: what goes out about an entry, made of the rows as they stand at one instant."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from flask import Flask, g
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from portal.core.db import database_of
from portal.core.web import times
from portal.incidents.models import Incident
from portal.journal.queries import News
from portal.live import fragments
from portal.live.fragments import KINDS, Fragment

log = logging.getLogger(__name__)

#: Moves that change how other subjects look, too: offers end with their incident, and what it
#: says of itself stands on every page.
_CHANGES_EVERYTHING = {("incident", "close"), ("incident", "revise")}


def look_anew(session: Session) -> None:
    """End what the session read; all it reads from now on is of one instant."""
    session.rollback()
    if not database_of(session).is_sqlite:  # where a transaction is that by itself
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def enter_incident(incident: Incident) -> None:
    """Let links and times of what is rendered next be those of the incident."""
    g.incident = incident
    times.use_zone(incident.time_zone)


def changes_everything(news: News) -> bool:
    """Return whether those who see the subject must load the page again after this."""
    is_shown = fragments.view_of(news.subject, news.room) is not None
    return is_shown and (news.subject, news.move) in _CHANGES_EVERYTHING


class Renderer:
    """Renders news in one snapshot: each row loaded once, each fragment made once."""

    def __init__(self, app: Flask, session: Session, batch: Iterable[News]) -> None:
        """Load the rows that the batch is about, one query for each kind."""
        self._app = app
        self._made: dict[tuple[str, int, str], Fragment | None] = {}
        ids: dict[str, set[int]] = {}
        for news in batch:
            if fragments.view_of(news.subject, news.room) is not None:
                ids.setdefault(news.subject, set()).add(news.subject_id)
        self._rows = {kind: _load(session, kind, wanted) for kind, wanted in ids.items()}

    def frame(self, news: News) -> dict[str, object]:
        """Return the frame in which a room hears of an entry; see docs/protocol.md.

        Raises whatever rendering raises, and KeyError for a row that could not be read.
        """
        frame: dict[str, object] = {"room": news.room, "n": news.n}
        fragment = self._fragment(news)
        if fragment is not None:
            frame |= {"view": fragment.view, "subject": fragment.subject}
            frame |= {"gone": True} if fragment.html is None else {"html": fragment.html}
        return frame

    def _fragment(self, news: News) -> Fragment | None:
        """Return what the room is to show for the news' subject now."""
        if fragments.view_of(news.subject, news.room) is None:
            return None
        key = (news.subject, news.subject_id, news.room)
        if key not in self._made:
            row = self._rows[news.subject][news.subject_id]
            self._made[key] = fragments.render(self._app, news.subject, row, news.room)
        return self._made[key]


def _load(session: Session, kind: str, ids: set[int]) -> Mapping[int, Any]:
    """Return rows by id; one that cannot be read does not take the others with it."""
    try:
        return KINDS[kind].load(session, ids)
    except DBAPIError:
        raise  # no fault of a row: the database is in trouble
    except Exception:
        log.exception("cannot read some of %s %s", kind, sorted(ids))
    if len(ids) == 1:
        return {}
    return {i: row for each in ids for i, row in _load(session, kind, {each}).items()}

"""Statements compiled once for all databases of a kind, which tests open by the thousand.

Compiling them anew for each would be a fifth of a run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

if TYPE_CHECKING:
    from portal.core.db import Database

#: More statements than the portal and its tests have together.
_MOST = 10_000

_compiled: dict[str, Any] = {}


def _is_alike(one: object, other: object) -> bool:
    return type(one) is type(other)


def _hash_of(one: object) -> int:
    return hash(type(one))


for _kind in (SQLiteDialect_pysqlite, PGDialect_psycopg):  # an engine brings one of its own
    _kind.__eq__ = _is_alike  # type: ignore[method-assign]
    _kind.__hash__ = _hash_of  # type: ignore[assignment, method-assign]


def share(database: Database) -> None:
    """Let a database find what was compiled for others; all of a kind are set up alike."""
    kept = _compiled.setdefault(database.engine.dialect.name, LRUCache(_MOST))
    for engine in (database.engine, database.sessions.kw["bind"]):
        engine.update_execution_options(compiled_cache=kept)

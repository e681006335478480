"""All rows of one database into another one of the same schema, whatever the two are."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import (
    Connection,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    Table,
    func,
    insert,
    select,
)
from sqlalchemy.schema import AddConstraint, DropConstraint

from portal.core.columns import Row

#: So many rows are held at once; of tables with pictures and files fewer.
_AT_ONCE, _HEAVY_AT_ONCE = 1000, 20

#: Hears how many rows were dealt with.
Told = Callable[[int], object]


def tables() -> list[Table]:
    """Return the tables, each behind those that its rows point at."""
    return Row.metadata.sorted_tables


def count_rows(connection: Connection) -> dict[str, int]:
    """Return how many rows each table holds."""
    return {
        table.name: connection.scalar(select(func.count()).select_from(table)) or 0
        for table in tables()
    }


def copy_rows(source: Connection, target: Connection, told: Told) -> None:
    """Put every row of the source into the target, whose tables are empty.

    The source has to show one moment throughout. Nothing is committed.
    """
    with _without_own_references(target):
        for table in tables():
            is_heavy = any(isinstance(it.type, LargeBinary) for it in table.columns)
            most = _HEAVY_AT_ONCE if is_heavy else _AT_ONCE
            rows = source.execution_options(yield_per=most).execute(select(table))
            for some in rows.mappings().partitions(most):
                target.execute(insert(table), [dict(row) for row in some])
                told(len(some))
    if target.dialect.name == "sqlite":
        _index_words(target)
    else:
        _set_counters(target)


def empty(connection: Connection) -> None:
    """Delete every row; nothing is committed."""
    if connection.dialect.name == "sqlite":
        for table in reversed(tables()):
            connection.execute(table.delete())
        return
    quoted = connection.dialect.identifier_preparer.format_table
    names = ", ".join(quoted(table) for table in tables())
    connection.exec_driver_sql(f"TRUNCATE {names}")


@contextmanager
def _without_own_references(target: Connection) -> Iterator[None]:
    """Let rows come before those of the same table that they point at."""
    if target.dialect.name == "sqlite":
        yield  # nobody looks at references in a connection that did not ask for it
        return
    own = [
        it
        for table in tables()
        for it in table.constraints
        if isinstance(it, ForeignKeyConstraint) and it.referred_table is table
    ]
    for it in own:
        target.execute(DropConstraint(it))
    yield
    for it in own:
        target.execute(AddConstraint(it, isolate_from_table=False))


def _index_words(target: Connection) -> None:
    """Make findable again what is: the trigger knows only what is published as it comes."""
    target.exec_driver_sql("DELETE FROM post_search")
    target.exec_driver_sql(
        "INSERT INTO post_search (rowid, said) SELECT id, said FROM post "
        "WHERE state IN ('published', 'superseded')"
    )


def _set_counters(target: Connection) -> None:
    """Let numbers go on after the largest that is there."""
    for table in tables():
        keys = list(table.primary_key.columns)
        if len(keys) != 1 or not isinstance(keys[0].type, Integer) or keys[0].foreign_keys:
            continue
        counter = target.scalar(select(func.pg_get_serial_sequence(table.name, keys[0].name)))
        if counter is None:
            continue
        last = target.scalar(select(func.max(keys[0]))) or 0
        target.execute(select(func.setval(counter, last or 1, last > 0)))

"""Column types and the base of every row."""

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import Enum
from typing import Annotated, Any, ClassVar, cast

from sqlalchemy import (
    BigInteger,
    DateTime,
    Dialect,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)
from sqlalchemy import Enum as EnumColumn
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, declared_attr, mapped_column

from portal.core import clock


class Instant(TypeDecorator[datetime]):
    """An aware instant, stored in UTC with microseconds (RFC 3339)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive time; SQLite keeps the digits of UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give UTC back, which SQLite forgets."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


class Codes(TypeDecorator[tuple[str, ...]]):
    """A short set of codes without blanks in them, in the order given; `()` when empty."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Iterable[str] | None, dialect: Dialect) -> str:
        """Join with blanks."""
        del dialect
        return " ".join(value or ())

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...]:
        """Split at blanks."""
        del dialect
        return tuple((value or "").split())


Id = Annotated[
    int, mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
]
#: An amount in thousandths of its unit: SQLite's NUMERIC is a float, so amounts are integers.
Thousandths = Annotated[int, mapped_column(BigInteger)]
#: A code of a code list.
CodeColumn = Annotated[str, mapped_column(String(40))]
CodesColumn = Annotated[tuple[str, ...], mapped_column(Codes)]
#: What people say of a row on the telephone and what URLs carry: random, not a counter.
Reference = Annotated[str, mapped_column(String(24), unique=True)]


class Row(DeclarativeBase):
    """The base of every row: names for constraints, instants and enumerations by value.

    A row points to another by its id alone. Its relations to rows that it does not own are
    `viewonly`: they are read, and a flush need not look what became of each.
    """

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own form
        datetime: Instant,
        str: Text,
        int: BigInteger().with_variant(Integer, "sqlite"),
        dict[str, Any]: Text,
        Enum: EnumColumn(
            Enum,
            native_enum=False,
            length=32,
            values_callable=lambda enum: [member.value for member in enum],
        ),
    }


def table_of(row: type[Row]) -> Table:
    """Return the table itself, for statements that are made once and read no objects."""
    return cast("Table", row.__table__)


class MovedRow(Row):
    """A row that a machine moves.

    version  : counts the writes, so that a stale page is found out.
    moved_at : time of the row's last entry.
    stamps   : columns that get the entry's time, by the name of the move.
    """

    __abstract__ = True
    stamps: ClassVar[dict[str, tuple[str, ...]]] = {}

    id: Mapped[Id]
    version: Mapped[int]
    moved_at: Mapped[datetime] = mapped_column(default=clock.now)

    def stamped(self, session: Session, move: str, at: datetime) -> None:
        """Hear the time of the entry of a move; for rows that keep it in more than columns."""

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805 - SQLAlchemy hands the class
        return {"version_id_col": cls.version}

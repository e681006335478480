"""Offers of several lines, the promise of an answer, the catalogue's changes, saved views."""

from typing import Any

import sqlalchemy as sa
from alembic import op

import portal.core.columns
from portal.core import codes

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = portal.core.columns.Instant(timezone=True)
CODES = portal.core.columns.Codes()
CODE = sa.String(length=40)

#: Columns of offers that were not there, with what those made before get.
GIVEN: tuple[tuple[str, Any, str], ...] = (
    ("spoken_by", sa.String(length=120), "''"),
    ("edition", NUMBER, "1"),
    ("lead_hours", NUMBER, "0"),
    ("transport", CODE, "'either'"),
    ("operator", CODE, "'not_needed'"),
    ("restrictions", sa.Text(), "''"),
    ("insurance", sa.Text(), "''"),
    ("support", sa.Text(), "''"),
    ("contact", sa.String(length=120), "''"),
    ("telephone", CODE, "''"),
    ("priority", CODE, "'routine'"),
    ("checks", CODES, "''"),
    ("question", sa.Text(), "''"),
    ("reply", sa.Text(), "''"),
)
EMPTY: tuple[tuple[str, Any], ...] = (
    ("reach_miles", NUMBER),
    *((name, INSTANT) for name in ("price_until", "waiting_since", "answer_by")),
    *((name, INSTANT) for name in ("escalate_at", "escalated_at", "warned_at", "answered_at")),
    ("assignee_id", NUMBER),
)
#: What moves to the lines.
MOVED = ("item", "description", "amount", "unit", "county", "price_cents", "member_id")

INDEXES = (
    ("assignee_id", "incident_id", "state"),
    ("incident_id", "answered_at"),
    ("incident_id", "available_until"),
    ("incident_id", "state", "answer_by"),
    ("incident_id", "submitted_at"),
    ("state", "escalated_at", "escalate_at"),
)


def upgrade() -> None:
    shown = sa.text("standing <> '' AND lifeline <> ''")
    op.create_index(
        "ix_post_standings",
        "post",
        ["incident_id", "published_at"],
        sqlite_where=shown,
        postgresql_where=shown,
    )
    _make_tables()
    with op.batch_alter_table("offer") as batch_op:
        for name, kind, value in GIVEN:
            column = sa.Column(name, kind, nullable=False, server_default=sa.text(value))
            batch_op.add_column(column)
        for name, kind in EMPTY:
            batch_op.add_column(sa.Column(name, kind, nullable=True))
    _carry_lines()
    _tag_what_was_sent()
    op.execute(
        "UPDATE offer SET waiting_since = submitted_at, answer_by = submitted_at, "
        "escalate_at = submitted_at WHERE state IN ('submitted', 'in_review')"
    )
    with op.batch_alter_table("offer") as batch_op:
        for name, _, _ in GIVEN:
            batch_op.alter_column(name, server_default=None)
        batch_op.drop_constraint(batch_op.f("fk_offer_member_id"), type_="foreignkey")
        for name in ("amount_positive", "price_positive"):
            batch_op.drop_constraint(batch_op.f(f"ck_offer_{name}"), type_="check")
        for name in MOVED:
            batch_op.drop_column(name)
        _check(batch_op, "lead_not_negative", "lead_hours >= 0")
        batch_op.create_foreign_key(
            batch_op.f("fk_offer_assignee_id"), "person", ["assignee_id"], ["id"]
        )
        for columns in INDEXES:
            batch_op.create_index(batch_op.f("ix_offer_" + "_".join(columns)), list(columns))


def _check(batch_op: Any, name: str, condition: str) -> None:
    batch_op.create_check_constraint(batch_op.f(f"ck_offer_{name}"), condition)


def _make_tables() -> None:
    op.create_table(
        "catalogue_item",
        sa.Column("code", CODE, nullable=False),
        sa.Column("label", sa.String(length=120), nullable=False),
        sa.Column("kind", CODE, nullable=False),
        sa.Column("priority", CODE, nullable=False),
        sa.Column("units", CODES, nullable=False),
        sa.Column("attributes", sa.JSON(), nullable=False),
        _state("itemstate", "in_use", "retired"),
        *_moved(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue_item")),
        sa.UniqueConstraint("code", name=op.f("uq_catalogue_item_code")),
    )
    op.create_table(
        "saved_view",
        sa.Column("name", CODE, nullable=False),
        sa.Column("query", sa.String(length=300), nullable=False),
        _state("viewstate", "kept", "dropped"),
        *_moved(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
    )
    op.create_index(op.f("ix_saved_view_state"), "saved_view", ["state"])
    _make_tables_of_an_offer()


def _make_tables_of_an_offer() -> None:
    op.create_table(
        "offer_line",
        sa.Column("offer_id", NUMBER, nullable=False),
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("item", CODE, nullable=False),
        sa.Column("label", sa.String(length=120), nullable=False),
        sa.Column("kind", CODE, nullable=False),
        sa.Column("about", sa.JSON(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("unit", CODE, nullable=False),
        sa.Column("may_split", sa.Boolean(), nullable=False),
        sa.Column("smallest", sa.BigInteger(), nullable=True),
        sa.Column("county", CODE, nullable=False),
        sa.Column("place", sa.String(length=80), nullable=False),
        sa.Column("price_cents", sa.BigInteger(), nullable=True),
        sa.Column("member_id", NUMBER, nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_offer_line_amount_positive")),
        sa.CheckConstraint("price_cents > 0", name=op.f("ck_offer_line_price_positive")),
        sa.CheckConstraint(
            "smallest > 0 AND smallest <= amount",
            name=op.f("ck_offer_line_smallest_in_amount"),
        ),
        _points("offer_line", "member_id", "organization"),
        _points("offer_line", "offer_id", "offer"),
        sa.PrimaryKeyConstraint("offer_id", "number", name=op.f("pk_offer_line")),
    )
    op.create_table(
        "offer_sheet",
        sa.Column("offer_id", NUMBER, nullable=False),
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("mimetype", CODE, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        _points("offer_sheet", "offer_id", "offer"),
        sa.PrimaryKeyConstraint("offer_id", "number", name=op.f("pk_offer_sheet")),
    )
    op.create_table(
        "offer_tag",
        sa.Column("incident_id", NUMBER, nullable=False),
        sa.Column("tag", sa.String(length=48), nullable=False),
        sa.Column("offer_id", NUMBER, nullable=False),
        sa.Column("submitted_at", INSTANT, nullable=True),
        _points("offer_tag", "incident_id", "incident"),
        _points("offer_tag", "offer_id", "offer"),
        sa.PrimaryKeyConstraint("incident_id", "tag", "offer_id", name=op.f("pk_offer_tag")),
    )
    for columns in (("incident_id", "tag", "submitted_at"), ("offer_id",)):
        name = op.f("ix_offer_tag_" + "_".join(columns))
        op.create_index(name, "offer_tag", list(columns))


def _state(name: str, *values: str) -> sa.Column[Any]:
    kind = sa.Enum(*values, name=name, native_enum=False, length=32)
    return sa.Column("state", kind, nullable=False)


def _moved() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("moved_at", INSTANT, nullable=False),
    )


def _points(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}"))


def _carry_lines() -> None:
    """Make what each offer offered its one line."""
    catalogue = codes.load("catalogue")
    line = sa.table(
        "offer_line",
        *map(sa.column, ("offer_id", "number", *MOVED, "label", "kind")),
        sa.column("about", sa.JSON()),
        sa.column("may_split", sa.Boolean()),
        sa.column("place"),
    )
    offers = op.get_bind().execute(sa.text(f"SELECT id, {', '.join(MOVED)} FROM offer"))  # noqa: S608  # nosec B608
    rows = []
    for it in offers.mappings().all():
        item = catalogue.get(it["item"])
        rows.append(
            {name: it[name] for name in MOVED}
            | {"offer_id": it["id"], "number": 1, "about": {}, "may_split": True, "place": ""}
            | {
                "label": item.label if item else it["item"],
                "kind": item["kind"] if item else "Other",
            }
        )
    if rows:
        op.bulk_insert(line, rows)


def _tag_what_was_sent() -> None:
    """Give offers the tags by which the desk's filters find them."""
    counties = codes.load("counties")
    tags = sa.table(
        "offer_tag", *map(sa.column, ("incident_id", "tag", "offer_id", "submitted_at"))
    )
    offers = op.get_bind().execute(
        sa.text("SELECT id, incident_id, item, county, submitted_at FROM offer")
    )
    rows = [
        {"incident_id": it.incident_id, "tag": tag, "offer_id": it.id,
         "submitted_at": it.submitted_at}
        for it in offers.all()
        for tag in (
            f"item:{it.item}", f"county:{it.county}", f"region:{counties[it.county]['region']}"
        )
    ]  # fmt: skip
    if rows:
        op.bulk_insert(tags, rows)


def downgrade() -> None:
    op.drop_index("ix_post_standings", "post")
    with op.batch_alter_table("offer") as batch_op:
        for columns in INDEXES:
            batch_op.drop_index(batch_op.f("ix_offer_" + "_".join(columns)))
        batch_op.drop_constraint(batch_op.f("fk_offer_assignee_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("ck_offer_lead_not_negative"), type_="check")
        for name in (*(name for name, _, _ in GIVEN), *(name for name, _ in EMPTY)):
            batch_op.drop_column(name)
        for name, kind, value in (
            ("item", CODE, "''"), ("description", sa.Text(), "''"),
            ("amount", sa.BigInteger(), "1"), ("unit", CODE, "''"), ("county", CODE, "''"),
        ):  # fmt: skip
            batch_op.add_column(
                sa.Column(name, kind, nullable=False, server_default=sa.text(value))
            )
        batch_op.add_column(sa.Column("price_cents", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("member_id", NUMBER, nullable=True))
        _check(batch_op, "amount_positive", "amount > 0")
        _check(batch_op, "price_positive", "price_cents > 0")
        batch_op.create_foreign_key(
            batch_op.f("fk_offer_member_id"), "organization", ["member_id"], ["id"]
        )
    lines = "SELECT {} FROM offer_line WHERE offer_id = offer.id AND number = 1"
    sets = ", ".join(f"{name} = ({lines.format(name)})" for name in MOVED)
    op.execute(f"UPDATE offer SET {sets}")  # noqa: S608  # nosec B608
    for table in ("offer_tag", "offer_sheet", "offer_line", "saved_view", "catalogue_item"):
        op.drop_table(table)

"""Alerts from outside: which are known, what became of them, what overtook them."""

import sqlalchemy as sa
from alembic import op

import portal.core.columns

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "outside_alert",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("incident_id", NUMBER, nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("identifier", sa.Text(), nullable=False),
        sa.Column("sent", portal.core.columns.Instant(timezone=True), nullable=False),
        sa.Column("post_id", NUMBER, nullable=True),
        sa.Column("overtaken_by_id", NUMBER, nullable=True),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incident.id"], name=op.f("fk_outside_alert_incident_id")
        ),
        sa.ForeignKeyConstraint(
            ["overtaken_by_id"],
            ["outside_alert.id"],
            name=op.f("fk_outside_alert_overtaken_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["post_id"], ["post.id"], name=op.f("fk_outside_alert_post_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outside_alert")),
        sa.UniqueConstraint(
            "incident_id", "key", name=op.f("uq_outside_alert_incident_id_key")
        ),
        sa.UniqueConstraint("post_id", name=op.f("uq_outside_alert_post_id")),
    )


def downgrade() -> None:
    op.drop_table("outside_alert")

"""Connections: whose pages are open, as leases of the serving processes."""

import sqlalchemy as sa
from alembic import op

import portal.core.columns

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "connection",
        sa.Column(
            "incident_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("process", sa.String(length=40), nullable=False),
        sa.Column("until", portal.core.columns.Instant(timezone=True), nullable=False),
        sa.Column("heard_at", portal.core.columns.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incident.id"], name=op.f("fk_connection_incident_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_connection_person_id")
        ),
        sa.PrimaryKeyConstraint(
            "incident_id", "person_id", "process", name=op.f("pk_connection")
        ),
    )
    with op.batch_alter_table("connection", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_connection_until"), ["until"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("connection", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_connection_until"))
    op.drop_table("connection")

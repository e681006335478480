"""Notices: e-mails to an incident's duty address, which belongs to no person."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DUTY = sa.text("person_id IS NULL")


def upgrade() -> None:
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.alter_column("person_id", existing_type=NUMBER, nullable=True)
        batch_op.create_index(
            batch_op.f("ix_delivery_kind_subject_id"), ["kind", "subject_id"], unique=False
        )
        batch_op.create_index(
            "uq_delivery_incident_id_seq_kind_duty",
            ["incident_id", "seq", "kind"],
            unique=True,
            sqlite_where=DUTY,
            postgresql_where=DUTY,
        )


def downgrade() -> None:
    op.execute("DELETE FROM delivery WHERE person_id IS NULL")
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_delivery_incident_id_seq_kind_duty",
            sqlite_where=DUTY,
            postgresql_where=DUTY,
        )
        batch_op.drop_index(batch_op.f("ix_delivery_kind_subject_id"))
        batch_op.alter_column("person_id", existing_type=NUMBER, nullable=False)

"""Second factors, identities of providers, applications, deputies, terms of use."""

from typing import Any

import sqlalchemy as sa
from alembic import op

import portal.core.columns

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = portal.core.columns.Instant(timezone=True)
CODES = portal.core.columns.Codes()
CODE = sa.String(length=40)

#: By table: columns that were not there, with what older rows get; None where that is nothing.
ADDED: dict[str, tuple[tuple[str, Any, str | None], ...]] = {
    "membership": (
        ("acting_roles", CODES, "''"),
        ("acting_until", INSTANT, None),
        ("acting_for", sa.String(length=120), "''"),
    ),
    "organization": (("provider", CODE, "''"), ("attested_at", INSTANT, None)),
    "person": (("joined_at", INSTANT, None), ("terms_version", NUMBER, "0")),
    "sign_in": (
        ("proved_at", INSTANT, "'2000-01-01 00:00:00'"),
        ("how", CODE, "'password_code'"),
    ),
}

WORDS = ("why", "question", "reply", "reason")

DROPPED = ("recovery_code", "passkey", "identity", "authenticator", "application", "spent")


def upgrade() -> None:
    for table, columns in ADDED.items():
        with op.batch_alter_table(table) as batch_op:
            for name, kind, value in columns:
                default = None if value is None else sa.text(value)
                batch_op.add_column(
                    sa.Column(name, kind, nullable=value is None, server_default=default)
                )
        with op.batch_alter_table(table) as batch_op:
            for name, _, value in columns:
                if value is not None:
                    batch_op.alter_column(name, server_default=None)
    op.execute("UPDATE person SET joined_at = moved_at WHERE password_hash IS NOT NULL")
    op.execute("UPDATE sign_in SET proved_at = started_at")
    _make_factors()
    _make_application()


def _make_factors() -> None:
    op.create_table(
        "spent",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("until", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_spent")),
    )
    op.create_index(op.f("ix_spent_until"), "spent", ["until"])
    op.create_table(
        "authenticator",
        sa.Column("person_id", NUMBER, nullable=False),
        sa.Column("secret", sa.String(length=300), nullable=False),
        sa.Column("last_step", NUMBER, nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        _of_person("authenticator"),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_authenticator")),
    )
    op.create_table(
        "identity",
        *_named("identity"),
        sa.Column("issuer", sa.String(length=300), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        *_used(),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_identity_issuer_subject")),
        sa.UniqueConstraint("reference", name=op.f("uq_identity_reference")),
    )
    op.create_index(op.f("ix_identity_person_id"), "identity", ["person_id"])
    op.create_table(
        "passkey",
        *_named("passkey"),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("credential_id", sa.String(length=1400), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", NUMBER, nullable=False),
        *_used(),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkey_credential_id")),
        sa.UniqueConstraint("reference", name=op.f("uq_passkey_reference")),
    )
    op.create_index(op.f("ix_passkey_person_id"), "passkey", ["person_id"])
    op.create_table(
        "recovery_code",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("person_id", NUMBER, nullable=False),
        sa.Column("mark", sa.String(length=4), nullable=False),
        sa.Column("code_hash", sa.String(length=200), nullable=False),
        sa.Column("used_at", INSTANT, nullable=True),
        _of_person("recovery_code"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_code")),
        sa.UniqueConstraint("person_id", "mark", name=op.f("uq_recovery_code_person_id_mark")),
    )


def _named(table: str) -> tuple[Any, ...]:
    return (
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("reference", sa.String(length=24), nullable=False),
        sa.Column("person_id", NUMBER, nullable=False),
        _of_person(table),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )


def _used() -> tuple[Any, ...]:
    return (
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT, nullable=True),
    )


def _of_person(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["person_id"], ["person.id"], name=op.f(f"fk_{table}_person_id")
    )


def _make_application() -> None:
    op.create_table(
        "application",
        sa.Column("reference", sa.String(length=24), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("kind", CODE, nullable=False),
        sa.Column("sectors", CODES, nullable=False),
        sa.Column("counties", CODES, nullable=False),
        sa.Column("website", sa.String(length=200), nullable=False),
        sa.Column("person_name", sa.String(length=120), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("telephone", CODE, nullable=False),
        *(
            sa.Column(n, sa.Text(), nullable=False)
            for n in ("why", "question", "reply", "reason")
        ),
        sa.Column("call_back_number", CODE, nullable=False),
        sa.Column("call_back_source", sa.String(length=200), nullable=False),
        sa.Column("applied_at", INSTANT, nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("organization_id", NUMBER, nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                *("waiting", "asked", "approved", "refused"),
                name="applicationstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("moved_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organization.id"],
            name=op.f("fk_application_organization_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application")),
        sa.UniqueConstraint("key", name=op.f("uq_application_key")),
        sa.UniqueConstraint("reference", name=op.f("uq_application_reference")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_application_token_hash")),
    )
    op.create_index(
        op.f("ix_application_state_applied_at"), "application", ["state", "applied_at"]
    )


def downgrade() -> None:
    for table in DROPPED:
        op.drop_table(table)
    for table, columns in ADDED.items():
        with op.batch_alter_table(table) as batch_op:
            for name, _, _ in columns:
                batch_op.drop_column(name)

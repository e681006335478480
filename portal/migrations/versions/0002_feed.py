"""The feed and its desk: what readers, moderators and outside alerts need of a post."""

import sqlalchemy as sa
from alembic import op

import portal.core.columns
from portal.core import codes

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

#: Columns whose rows that were there got a value; from now on the portal gives it.
DEFAULTED = {
    "post": (
        *("spoken_by", "link", "kind", "counties", "place", "source", "is_urgent", "pictures"),
        *("said", "said_before", "correction", "tlp", "confidence", "question", "reply"),
    ),
    "incident": ("review_minutes", "needs_second"),
}

SQLITE_SEARCH = (
    "CREATE VIRTUAL TABLE post_search USING fts5(said, tokenize = 'porter unicode61')",
    """CREATE TRIGGER post_search_insert AFTER INSERT ON post
    WHEN new.state = 'published' BEGIN
    INSERT INTO post_search (rowid, said) VALUES (new.id, new.said); END""",
    """CREATE TRIGGER post_search_update AFTER UPDATE OF said, state ON post BEGIN
    DELETE FROM post_search WHERE rowid = old.id;
    INSERT INTO post_search (rowid, said) SELECT new.id, new.said
    WHERE new.state IN ('published', 'superseded'); END""",
)


def upgrade() -> None:
    op.create_table(
        "read_mark",
        sa.Column("person_id", NUMBER, nullable=False),
        sa.Column("incident_id", NUMBER, nullable=False),
        sa.Column("read_until", portal.core.columns.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incident.id"], name=op.f("fk_read_mark_incident_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_read_mark_person_id")
        ),
        sa.PrimaryKeyConstraint("person_id", "incident_id", name=op.f("pk_read_mark")),
    )
    op.create_table(
        "acknowledgement",
        sa.Column("post_id", NUMBER, nullable=False),
        sa.Column("organization_id", NUMBER, nullable=False),
        sa.Column("person_id", NUMBER, nullable=False),
        sa.Column("given_at", portal.core.columns.Instant(timezone=True), nullable=True),
        sa.Column(
            "state",
            sa.Enum("given", name="acknowledgementstate", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("moved_at", portal.core.columns.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organization.id"],
            name=op.f("fk_acknowledgement_organization_id"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_acknowledgement_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["post_id"], ["post.id"], name=op.f("fk_acknowledgement_post_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acknowledgement")),
    )
    with op.batch_alter_table("acknowledgement", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_acknowledgement_post_id_organization_id"),
            ["post_id", "organization_id"],
            unique=True,
        )

    op.create_table(
        "photo",
        sa.Column("post_id", NUMBER, nullable=False),
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("width", NUMBER, nullable=False),
        sa.Column("height", NUMBER, nullable=False),
        sa.Column("jpeg", sa.LargeBinary(), nullable=False),
        sa.Column("small", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_photo_post_id")),
        sa.PrimaryKeyConstraint("post_id", "number", name=op.f("pk_photo")),
    )
    op.create_table(
        "post_tag",
        sa.Column("incident_id", NUMBER, nullable=False),
        sa.Column("tag", sa.String(length=48), nullable=False),
        sa.Column("post_id", NUMBER, nullable=False),
        sa.Column("published_at", portal.core.columns.Instant(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incident.id"], name=op.f("fk_post_tag_incident_id")
        ),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_post_tag_post_id")),
        sa.PrimaryKeyConstraint("incident_id", "tag", "post_id", name=op.f("pk_post_tag")),
    )
    with op.batch_alter_table("post_tag", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_post_tag_incident_id_tag_published_at"),
            ["incident_id", "tag", "published_at"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_post_tag_post_id"), ["post_id"], unique=False)

    op.create_table(
        "claim",
        sa.Column("post_id", NUMBER, nullable=False),
        sa.Column("person_id", NUMBER, nullable=False),
        sa.Column("sign_in_id", NUMBER, nullable=True),
        sa.Column("until", portal.core.columns.Instant(timezone=True), nullable=False),
        sa.Column(
            "state",
            sa.Enum("held", "free", name="claimstate", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("moved_at", portal.core.columns.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_claim_person_id")),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_claim_post_id")),
        sa.ForeignKeyConstraint(
            ["sign_in_id"], ["sign_in.id"], name=op.f("fk_claim_sign_in_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim")),
        sa.UniqueConstraint("post_id", name=op.f("uq_claim_post_id")),
    )
    with op.batch_alter_table("claim", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_claim_state_until"), ["state", "until"], unique=False
        )

    with op.batch_alter_table("incident", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("review_minutes", NUMBER, nullable=False, server_default=sa.text("'15'"))
        )
        batch_op.add_column(
            sa.Column("needs_second", sa.Boolean(), nullable=False, server_default=sa.false())
        )

    with op.batch_alter_table("post", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "spoken_by", sa.String(length=120), nullable=False, server_default=sa.text("''")
            )
        )
        batch_op.add_column(
            sa.Column(
                "link", sa.String(length=40), nullable=False, server_default=sa.text("'portal'")
            )
        )
        batch_op.add_column(
            sa.Column(
                "kind", sa.String(length=40), nullable=False, server_default=sa.text("'status'")
            )
        )
        batch_op.add_column(
            sa.Column(
                "counties",
                portal.core.columns.Codes(),
                nullable=False,
                server_default=sa.text("''"),
            )
        )
        batch_op.add_column(
            sa.Column(
                "place", sa.String(length=80), nullable=False, server_default=sa.text("''")
            )
        )
        batch_op.add_column(
            sa.Column(
                "source",
                sa.String(length=40),
                nullable=False,
                server_default=sa.text("'partner_verified'"),
            )
        )
        batch_op.add_column(
            sa.Column("is_urgent", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        batch_op.add_column(
            sa.Column(
                "pictures",
                portal.core.columns.Codes(),
                nullable=False,
                server_default=sa.text("''"),
            )
        )
        batch_op.add_column(
            sa.Column("said", sa.Text(), nullable=False, server_default=sa.text("''"))
        )
        batch_op.add_column(
            sa.Column("said_before", sa.Text(), nullable=False, server_default=sa.text("''"))
        )
        batch_op.add_column(
            sa.Column("correction", sa.Text(), nullable=False, server_default=sa.text("''"))
        )
        batch_op.add_column(
            sa.Column(
                "tlp", sa.String(length=40), nullable=False, server_default=sa.text("'GREEN'")
            )
        )
        batch_op.add_column(
            sa.Column(
                "confidence", sa.String(length=40), nullable=False, server_default=sa.text("''")
            )
        )
        batch_op.add_column(
            sa.Column("review_by", portal.core.columns.Instant(timezone=True), nullable=True)
        )
        batch_op.add_column(
            sa.Column("ends_at", portal.core.columns.Instant(timezone=True), nullable=True)
        )
        batch_op.add_column(
            sa.Column(
                "acknowledge_by", portal.core.columns.Instant(timezone=True), nullable=True
            )
        )
        batch_op.add_column(
            sa.Column("pinned_until", portal.core.columns.Instant(timezone=True), nullable=True)
        )
        batch_op.add_column(
            sa.Column("doubted_at", portal.core.columns.Instant(timezone=True), nullable=True)
        )
        batch_op.add_column(
            sa.Column("question", sa.Text(), nullable=False, server_default=sa.text("''"))
        )
        batch_op.add_column(
            sa.Column("reply", sa.Text(), nullable=False, server_default=sa.text("''"))
        )
        batch_op.add_column(sa.Column("successor_id", NUMBER, nullable=True))
        batch_op.add_column(sa.Column("replaces_id", NUMBER, nullable=True))
        batch_op.add_column(
            sa.Column(
                "waiting_since", portal.core.columns.Instant(timezone=True), nullable=True
            )
        )
        batch_op.add_column(
            sa.Column("corrected_at", portal.core.columns.Instant(timezone=True), nullable=True)
        )
        batch_op.add_column(
            sa.Column("confirmed_at", portal.core.columns.Instant(timezone=True), nullable=True)
        )
        batch_op.add_column(
            sa.Column("reminded_at", portal.core.columns.Instant(timezone=True), nullable=True)
        )
        batch_op.alter_column("organization_id", existing_type=NUMBER, nullable=True)
        batch_op.alter_column("person_id", existing_type=NUMBER, nullable=True)
        batch_op.drop_index(batch_op.f("ix_post_incident_id_state_submitted_at"))
        batch_op.create_index(
            batch_op.f("ix_post_incident_id_acknowledge_by"),
            ["incident_id", "acknowledge_by"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_post_incident_id_doubted_at"),
            ["incident_id", "doubted_at"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_post_incident_id_moved_at"),
            ["incident_id", "moved_at"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_post_incident_id_pinned_until"),
            ["incident_id", "pinned_until"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_post_incident_id_state_waiting_since"),
            ["incident_id", "state", "waiting_since"],
            unique=False,
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_post_replaces_id"), "post", ["replaces_id"], ["id"]
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_post_successor_id"), "post", ["successor_id"], ["id"]
        )

    op.execute("UPDATE post SET counties = county, waiting_since = submitted_at")
    op.execute("UPDATE post SET said = words WHERE state IN ('published', 'retracted')")
    for table, names in DEFAULTED.items():
        with op.batch_alter_table(table) as batch_op:
            for name in names:
                batch_op.alter_column(name, server_default=None)
            if table == "post":
                batch_op.drop_column("county")
    _tag_what_is_out()
    _index_words()


def _tag_what_is_out() -> None:
    """Give the posts that readers see the tags by which the feed's filters find them."""
    counties = codes.load("counties")
    tags = sa.table(
        "post_tag", *map(sa.column, ("incident_id", "tag", "post_id", "published_at"))
    )
    posts = op.get_bind().execute(
        sa.text(
            "SELECT post.id, incident_id, published_at, post.counties, lifeline, seen_by, "
            "sectors "
            "FROM post JOIN organization ON organization.id = organization_id "
            "WHERE published_at IS NOT NULL"
        )
    )
    rows = [
        {
            "incident_id": it.incident_id,
            "tag": tag,
            "post_id": it.id,
            "published_at": it.published_at,
        }
        for it in posts.all()
        for tag in {
            "kind:status",
            f"county:{it.counties}",
            f"region:{counties[it.counties]['region']}",
            f"lifeline:{it.lifeline}",
            *(f"sector:{code}" for code in it.sectors.split()),
            *(room for room in it.seen_by.split() if room.startswith("sector:")),
        }
    ]
    if rows:
        op.bulk_insert(tags, rows)


def _index_words() -> None:
    """Make what people read searchable by its words."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "ALTER TABLE post ADD COLUMN said_words tsvector "
            "GENERATED ALWAYS AS (to_tsvector('english', said)) STORED"
        )
        op.execute("CREATE INDEX ix_post_said_words ON post USING gin (said_words)")
        return
    for statement in SQLITE_SEARCH:
        op.execute(statement)
    op.execute(
        "INSERT INTO post_search (rowid, said) SELECT id, said FROM post "
        "WHERE state = 'published'"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name in ("post_search_insert", "post_search_update"):
            op.execute(f"DROP TRIGGER {name}")
        op.execute("DROP TABLE post_search")
    else:
        op.drop_column("post", "said_words")
    with op.batch_alter_table("post", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("county", sa.String(length=40), nullable=False, server_default="")
        )
        batch_op.drop_constraint(batch_op.f("fk_post_successor_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_post_replaces_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_post_incident_id_state_waiting_since"))
        batch_op.drop_index(batch_op.f("ix_post_incident_id_pinned_until"))
        batch_op.drop_index(batch_op.f("ix_post_incident_id_moved_at"))
        batch_op.drop_index(batch_op.f("ix_post_incident_id_doubted_at"))
        batch_op.drop_index(batch_op.f("ix_post_incident_id_acknowledge_by"))
        batch_op.create_index(
            batch_op.f("ix_post_incident_id_state_submitted_at"),
            ["incident_id", "state", "submitted_at"],
            unique=False,
        )
        batch_op.alter_column("person_id", existing_type=NUMBER, nullable=False)
        batch_op.alter_column("organization_id", existing_type=NUMBER, nullable=False)
        batch_op.drop_column("reminded_at")
        batch_op.drop_column("confirmed_at")
        batch_op.drop_column("corrected_at")
        batch_op.drop_column("waiting_since")
        batch_op.drop_column("replaces_id")
        batch_op.drop_column("successor_id")
        batch_op.drop_column("reply")
        batch_op.drop_column("question")
        batch_op.drop_column("doubted_at")
        batch_op.drop_column("pinned_until")
        batch_op.drop_column("acknowledge_by")
        batch_op.drop_column("ends_at")
        batch_op.drop_column("review_by")
        batch_op.drop_column("confidence")
        batch_op.drop_column("tlp")
        batch_op.drop_column("correction")
        batch_op.drop_column("said_before")
        batch_op.drop_column("said")
        batch_op.drop_column("pictures")
        batch_op.drop_column("is_urgent")
        batch_op.drop_column("source")
        batch_op.drop_column("place")
        batch_op.drop_column("counties")
        batch_op.drop_column("kind")
        batch_op.drop_column("link")
        batch_op.drop_column("spoken_by")

    with op.batch_alter_table("incident", schema=None) as batch_op:
        batch_op.drop_column("needs_second")
        batch_op.drop_column("review_minutes")

    with op.batch_alter_table("claim", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_claim_state_until"))

    op.drop_table("claim")
    with op.batch_alter_table("post_tag", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_post_tag_post_id"))
        batch_op.drop_index(batch_op.f("ix_post_tag_incident_id_tag_published_at"))

    op.drop_table("post_tag")
    op.drop_table("photo")
    with op.batch_alter_table("acknowledgement", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_acknowledgement_post_id_organization_id"))

    op.drop_table("acknowledgement")
    op.drop_table("read_mark")

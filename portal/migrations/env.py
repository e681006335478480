"""Alembic's way in: runs the migrations against the database it was handed."""

from alembic import context
from sqlalchemy import create_engine, event, pool

from portal.core.columns import Row
from portal.core.db import keep_for_oneself
from portal.migrations import is_ours, load_models

load_models()


def run() -> None:
    """Run what is asked inside one transaction; on SQLite tables are rebuilt to be altered."""
    engine = create_engine(context.config.attributes["url"], poolclass=pool.NullPool)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "do_connect", keep_for_oneself)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Row.metadata,
            render_as_batch=connection.dialect.name == "sqlite",
            compare_type=True,
            include_name=is_ours,
        )
        with context.begin_transaction():
            context.run_migrations()


run()

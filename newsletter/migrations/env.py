"""Run the migrations on the connection that `newsletter.db` brings."""

from alembic import context
from sqlmodel import SQLModel

# Imported so that the metadata knows every table.
from newsletter import search, tables  # noqa: F401


def run() -> None:
    """Upgrade inside the caller's transaction."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=SQLModel.metadata,
        # SQLite cannot alter a table in place; Alembic then copies it.
        render_as_batch=True,
        # The index of words is not in the metadata.
        include_name=lambda name, _kind, _parents: not search.is_ours(name),
    )
    context.run_migrations()


run()

"""Run the migrations on the connection that `newsletter.db` brings."""

from alembic import context
from sqlmodel import SQLModel

# Imported so that the metadata knows every table.
from newsletter import tables  # noqa: F401


def run() -> None:
    """Upgrade inside the caller's transaction."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=SQLModel.metadata,
        # SQLite cannot alter a table in place; Alembic then copies it.
        render_as_batch=True,
    )
    context.run_migrations()


run()

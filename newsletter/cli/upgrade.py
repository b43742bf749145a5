"""`newsletter upgrade`: bring the database to what this release needs."""

import typer

from newsletter import db
from newsletter.cli import screen
from newsletter.cli.office import Office, config_of, connect, move_in
from newsletter.sender import utc_now

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def upgrade(context: typer.Context) -> None:
    """Bring the database to this release; nothing is lost, and twice does no harm."""
    config = config_of(context)
    engine = connect(context, config)
    db.upgrade(engine, now=utc_now())
    if config.settings.queue.enabled:
        from newsletter import queue  # noqa: PLC0415 - an optional part

        queue.install(engine)
    move_in(Office(config, engine))
    screen.say(f"The database {db.shown(engine)} is ready.")

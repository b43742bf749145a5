"""`newsletter restore`: a backup into an empty database, fenced."""

from pathlib import Path
from typing import Annotated

import typer

from newsletter import backup as backups
from newsletter import db
from newsletter.cli import screen
from newsletter.cli.backup import show
from newsletter.cli.office import config_of, connect
from newsletter.sender import utc_now

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def restore(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Written by `newsletter backup`.")
    ],
) -> None:
    """Bring a backup into the empty database that the settings name.

    It may be of the other kind: SQLite or PostgreSQL. Nothing is sent from it until
    `newsletter takeover`.
    """
    engine = connect(context, config_of(context))
    rows = backups.restore(engine, file, now=utc_now())
    show(file, rows)
    screen.say()
    screen.say(
        f"Restored into {db.shown(engine)}. Look at it: newsletter verify. It sends "
        "nothing until you say that it is the live one: newsletter takeover"
    )

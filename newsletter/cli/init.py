"""`newsletter init`: write `config.toml` with a fresh secret, and make the database."""

import os
import secrets
from pathlib import Path
from typing import Annotated, cast

import typer

from newsletter import config as settings_room
from newsletter import db
from newsletter.cli import screen
from newsletter.cli.office import Office, connect, move_in
from newsletter.config.example import example_toml
from newsletter.errors import ConfigError, DatabaseProblem
from newsletter.sender import utc_now

app = typer.Typer(add_completion=False, rich_markup_mode=None)


class AlreadyThere(ConfigError):
    """There is a configuration already; it is never overwritten."""

    def __init__(self, *, path: Path) -> None:
        self.path = path
        super().__init__(
            f"{path} is there already and is left as it is. Name another file with "
            "--config, or move it away first."
        )


@app.command()
def init(
    context: typer.Context,
    database: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help="sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME.",
        ),
    ] = "sqlite:///newsletter.db",
) -> None:
    """Write config.toml and make the database; an existing file is never touched."""
    path = cast(Path, context.obj).expanduser().absolute()
    text = example_toml(
        {"newsletter.secret": secrets.token_urlsafe(48), "database.url": database}
    )
    try:
        # Readable by its owner only, from the first instant: it holds a secret.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise AlreadyThere(path=path) from error
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    try:
        # With the environment, as every other command will read them.
        config = settings_room.load(path, os.environ)
        engine = connect(context, config)
        db.upgrade(engine, now=utc_now())
        move_in(Office(config, engine))
    except (ConfigError, DatabaseProblem):
        # So that the next try, with another database, can write it.
        path.unlink()
        raise
    screen.facts([("Settings", path), ("Database", db.shown(engine))])
    screen.heading("Next")
    screen.facts(
        [
            ("1", "Open the settings: name, addresses, schedule, relay."),
            ("2", "newsletter doctor"),
            ("3", "newsletter tips import FOLDER"),
            ("4", "newsletter subscribers import PEOPLE.csv --source HOW_THEY_AGREED"),
            ("5", "newsletter preview --open"),
            ("6", "newsletter run"),
        ]
    )

"""`newsletter backup`: everything in one file, also while letters go out."""

from pathlib import Path
from typing import Annotated

import typer

from newsletter import backup as backups
from newsletter.cli import screen
from newsletter.cli.office import enter

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file.")],
) -> None:
    """Write everything into one new file, also while letters go out.

    The file restores into SQLite and PostgreSQL alike, and never sends by itself. Keep
    config.toml with it: it holds the secret of the links.
    """
    office = enter(context)
    rows = backups.back_up(office.engine, file, now=office.clock())
    show(file, rows)
    screen.aside(f"Keep {office.config.source} with it, for its secret.")


def show(file: Path, rows: backups.Rows) -> None:
    """Print what a backup holds, in the words of the house."""
    size = f"{file.stat().st_size / 1_048_576:,.1f} MB"
    screen.facts(
        [
            ("Backup", f"{file}, {size}"),
            ("Tips", rows["tip"]),
            ("People", rows["subscriber"]),
            ("Issues", rows["issue"]),
            ("Letters", rows["delivery"]),
        ]
    )

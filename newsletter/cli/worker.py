"""`newsletter worker`: one of many machines that send what the coordinator opens."""

import logging
from threading import Event
from typing import Annotated

import typer

from newsletter import db, queue
from newsletter.cli import screen
from newsletter.cli.office import enter
from newsletter.cli.stopping import ending_gently
from newsletter.errors import MissingSetting

app = typer.Typer(add_completion=False, rich_markup_mode=None)

MOST_AT_ONCE = 64


@app.command()
def worker(
    context: typer.Context,
    concurrency: Annotated[
        int,
        typer.Option(
            min=1,
            max=MOST_AT_ONCE,
            metavar="N",
            help="Shards sent at once, each with smtp.connections of its own.",
        ),
    ] = 1,
) -> None:
    """Send what `newsletter run` opens, together with workers on other machines.

    SIGTERM and Ctrl-C finish the letters in hand and end with exit code 0.
    """
    logging.getLogger("newsletter").setLevel(logging.INFO)
    office = enter(context)
    if not office.config.settings.queue.enabled:
        why = "workers take what they send from a queue. Set it to true everywhere."
        raise MissingSetting(key="queue.enabled", why=why)
    stop = Event()
    with ending_gently(stop):
        screen.aside(f"Working for {db.shown(office.engine)}. Ctrl-C stops.")
        queue.work(office.desk, concurrency=concurrency, stop=stop)
    screen.aside("Stopped; the letters in hand were finished.")

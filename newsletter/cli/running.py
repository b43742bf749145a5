"""`newsletter run`: the main job, until it is told to stop."""

import logging
import signal
from threading import Event
from types import FrameType

import typer

from newsletter import db, fence, scheduler
from newsletter.cli import screen
from newsletter.cli.office import enter

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def run(context: typer.Context) -> None:
    """Send the weekly tip, week after week, until stopped.

    SIGTERM and Ctrl-C finish the letters in hand and end with exit code 0.
    """
    logging.getLogger("newsletter").setLevel(logging.INFO)
    office = enter(context)
    desk = office.desk()
    heed_signals(desk.stop)
    with db.transaction(office.engine) as session:
        fence.check(session, office.mark)
    timetable = desk.timetable
    latest = timetable.latest(desk.clock())
    following = next(timetable.coming(latest.shift(1)))
    when = screen.local(timetable.moment(following), office.zone)
    screen.aside(
        f"Running on {db.shown(office.engine)}. Next slot: {following}, {when} "
        f"({timetable.zone.key}). Ctrl-C stops."
    )
    scheduler.run(desk, forward=office.forward)
    screen.aside("Stopped; the letters in hand were finished.")


def heed_signals(stop: Event) -> None:
    """Set *stop* when the process is asked to end."""

    def set_it(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, set_it)

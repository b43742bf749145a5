"""`newsletter run`: the main job, until it is told to stop."""

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext

import typer

from newsletter import db, fence, scheduler
from newsletter.cli import screen
from newsletter.cli.office import Office, enter
from newsletter.cli.stopping import ending_gently
from newsletter.errors import CannotListen
from newsletter.sender import Desk, Watch, mailbox_of

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def run(context: typer.Context) -> None:
    """Send the weekly tip, week after week, until stopped; serve the site.

    It reads the mailbox, too, if [mailbox] names one.
    SIGTERM and Ctrl-C finish the letters in hand and end with exit code 0.
    """
    logging.getLogger("newsletter").setLevel(logging.INFO)
    office = enter(context)
    desk = office.desk()
    with db.transaction(office.engine) as session:
        fence.check(session, office.mark)
    timetable = desk.timetable
    latest = timetable.latest(desk.clock())
    following = next(timetable.coming(latest.shift(1)))
    when = screen.local(timetable.moment(following), office.zone)
    with ending_gently(desk.stop), _site(office), _mailbox(desk):
        screen.aside(
            f"Running on {db.shown(office.engine)}. Next slot: {following}, {when} "
            f"({timetable.zone.key}). Ctrl-C stops."
        )
        scheduler.run(desk, forward=office.forward)
    screen.aside("Stopped; the letters in hand were finished.")


def _mailbox(desk: Desk) -> AbstractContextManager[object]:
    """Read the mailbox meanwhile, if there is one."""
    mailbox = mailbox_of(desk.config)
    if mailbox is None:
        return nullcontext()
    every = desk.config.settings.mailbox.interval
    return Watch(desk, mailbox, look_seconds=every.total_seconds())


@contextmanager
def _site(office: Office) -> Iterator[None]:
    """Serve the site meanwhile; a taken port is no reason to send no tips."""
    if not office.config.settings.web.enabled:
        yield
        return
    # It brings a web server with it, which a sender without a site need not load.
    from newsletter.cli.serve import serving, tell_address  # noqa: PLC0415

    with ExitStack() as stack:
        try:
            tell_address(office, stack.enter_context(serving(office)))
        except CannotListen as error:
            screen.aside(str(error))
        yield

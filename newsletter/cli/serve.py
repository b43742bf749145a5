"""`newsletter serve`: the public site alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

import typer

from newsletter.cli import screen
from newsletter.cli.office import Office, enter
from newsletter.cli.stopping import ending_gently
from newsletter.sender import Desk, Messenger
from newsletter.web import Server, Site, build

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def serve(context: typer.Context) -> None:
    """Serve the public site alone, until stopped; `newsletter run` serves it too.

    It sends automatic letters, such as requests to confirm, and no tips.
    """
    office = enter(context)
    stop = Event()
    with serving(office) as server, ending_gently(stop):
        tell_address(office, server)
        screen.aside("Ctrl-C stops.")
        stop.wait()
    screen.aside("Stopped.")


@contextmanager
def serving(office: Office, desk: Desk | None = None) -> Iterator[Server]:
    """Serve the site, and send its automatic letters, for the time of a block.

    Args:
        desk: sends the letters, with a transport that no other thread uses; None for
            the one that the settings ask for.

    Raises:
        MissingSetting: there is no secret, so no link could be read.
        CannotListen: the port is taken; the block does not begin.
    """
    messenger = Messenger(desk or office.desk())
    site = Site(office.config, office.engine, clock=office.clock, wake=messenger.wake)
    with Server(build(site), office.config.settings) as server, messenger:
        yield server


def tell_address(office: Office, server: Server) -> None:
    """Say where the site is."""
    screen.aside(f"The site: {address_of(office, server)}/")


def address_of(office: Office, server: Server) -> str:
    """Return where the site listens, without a final slash."""
    host = office.config.settings.web.host
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{server.port}"

"""`newsletter serve`: the public site alone."""

from threading import Event

import typer

from newsletter.cli import screen
from newsletter.cli.office import Office, enter
from newsletter.cli.stopping import ending_gently
from newsletter.web import Server, Site, build

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def serve(context: typer.Context) -> None:
    """Serve the public site alone, until stopped; `newsletter run` serves it too."""
    office = enter(context)
    stop = Event()
    with site_server(office) as server, ending_gently(stop):
        tell_address(office, server)
        screen.aside("Ctrl-C stops.")
        stop.wait()
    screen.aside("Stopped.")


def site_server(office: Office) -> Server:
    """Return the site's server, listening but not begun.

    Raises:
        MissingSetting: there is no secret, so no link could be read.
        CannotListen: the port is taken.
    """
    site = Site(office.config, office.engine, clock=office.clock)
    return Server(build(site), office.config.settings)


def tell_address(office: Office, server: Server) -> None:
    """Say where the site is."""
    host = office.config.settings.web.host
    shown = f"[{host}]" if ":" in host else host
    screen.aside(f"The site: http://{shown}:{server.port}/")

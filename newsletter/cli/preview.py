"""`newsletter preview`: the very email that would be sent."""

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from newsletter import db
from newsletter.cli import screen
from newsletter.cli.office import Office, enter
from newsletter.cli.plan import first_open_slot
from newsletter.errors import RelayRefused, TipRefused
from newsletter.outcome import Accepted
from newsletter.render import summary
from newsletter.sender import As, Preview, open_transport
from newsletter.sender import preview as render_preview
from newsletter.slots import Slot
from newsletter.tips import library
from newsletter.tips.choosing import choose
from newsletter.tips.library import TipView
from newsletter.tips.planning import candidates
from newsletter.transport import send_all
from subscribers import roster

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def preview(
    context: typer.Context,
    slug: Annotated[
        str | None, typer.Argument(help="The tip; else the next one.", metavar="SLUG")
    ] = None,
    as_address: Annotated[
        str | None,
        typer.Option("--as", help="As this subscriber gets it.", metavar="ADDRESS"),
    ] = None,
    to: Annotated[
        list[str] | None,
        typer.Option(help="Mail it there; may be repeated.", metavar="ADDRESS"),
    ] = None,
    open_browser: Annotated[
        bool, typer.Option("--open", help="Open it in the browser.")
    ] = False,
    output: Annotated[
        Path, typer.Option(help="Where the files go.", metavar="DIR")
    ] = Path("preview"),
) -> None:
    """The very email that would be sent, as files, in the browser, or by mail.

    Nothing is written down, and its links cannot unsubscribe a real person.
    """
    office = enter(context)
    with db.transaction(office.engine) as session:
        slot = first_open_slot(office, session)
        tip = _tip(office, session, slot, slug)
        reader = _reader(office, session, as_address)
    made = render_preview(office.config, tip, slot, reader, now=office.clock())
    files = write(made, output, tip.slug)
    screen.facts(
        [
            ("Subject", made.subject),
            ("Slot", slot),
            ("Size", f"{len(made.letter.message) / 1024:.1f} KB"),
            *((path.suffix[1:], path) for path in files),
        ]
    )
    if open_browser:
        webbrowser.open(files[0].absolute().as_uri())
    for address in to or ():
        _mail(office, tip, slot, address, reader)
    screen.heading("Lint")
    for finding in made.findings:
        screen.say(f"{finding.level}: {finding.message}")
    screen.say(summary(made.findings))


def write(made: Preview, folder: Path, name: str) -> list[Path]:
    """Write the preview as HTML, text and EML, and return the three paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.{suffix}" for suffix in ("html", "txt", "eml")]
    paths[0].write_text(made.html, "utf-8")
    paths[1].write_text(made.text, "utf-8")
    paths[2].write_bytes(made.letter.message)
    return paths


def _tip(office: Office, session: db.Session, slot: Slot, slug: str | None) -> TipView:
    if slug:
        return library.find(session, slug)
    after = office.config.settings.library.recycles_after
    choice = choose(candidates(session), slot, recycle_after_weeks=after)
    if choice is None:
        raise TipRefused(
            slug="(next)", reason=f"there is none for {slot}. Name one: preview SLUG."
        )
    return library.get(session, choice.tip_id)


def _reader(office: Office, session: db.Session, address: str | None) -> As:
    if address is None:
        identity = office.config.settings.identity
        return As(identity.operator_address or identity.from_address, "Zoë")
    person = roster.find(session, address)
    return As(person.address, person.name, person.signed_up_at)


def _mail(office: Office, tip: TipView, slot: Slot, address: str, reader: As) -> None:
    """Mail a marked copy to *address*, as *reader* would read it."""
    to = As(address, reader.name, reader.signed_up_at)
    made = render_preview(office.config, tip, slot, to, now=office.clock(), marked=True)
    transport = open_transport(office.config)
    (outcome,) = send_all(transport, [made.letter])
    transport.close()
    if not isinstance(outcome, Accepted):
        host = office.config.settings.smtp.host
        raise RelayRefused(relay=host, reason=outcome.reason)
    screen.say(f"Mailed to {address}.")

"""`newsletter demo`: everything at once, with nothing real in it."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from shlex import quote
from threading import Event
from typing import Annotated

import typer

from newsletter import db, ledger
from newsletter.cli import screen
from newsletter.cli.office import Office
from newsletter.cli.plan import coming, table
from newsletter.cli.send import deliver_with_progress, tell_held, unfinished
from newsletter.cli.serve import address_of, serving
from newsletter.cli.stopping import ending_gently
from newsletter.demo import MailServer, Stage, set_up
from newsletter.errors import CannotListen
from newsletter.issues import IssueView
from newsletter.ledger import Tally
from newsletter.sender import Nothing, open_slot
from subscribers import roster

app = typer.Typer(add_completion=False, rich_markup_mode=None)

FOLDER = Path("demo")
WEEKS_SHOWN = 5
READERS_SHOWN = 100


@app.command()
def demo(
    folder: Annotated[
        Path, typer.Option(metavar="DIR", help="Where everything of the demo is kept.")
    ] = FOLDER,
    next_week: Annotated[
        bool,
        typer.Option("--next-week", help="Move the demo's clock a week on first."),
    ] = False,
    site: Annotated[
        bool | None,
        typer.Option(
            "--site/--no-site",
            help="Serve the site until Ctrl-C; by default in a terminal only.",
        ),
    ] = None,
) -> None:
    """Try everything with sample tips, invented readers and a mail server of its own.

    Sends this week's tip for real, to mailboxes in a folder, and opens the site. Run
    again, it sends nothing twice; with --next-week it sends the next tip.
    """
    stage = set_up(folder)
    if next_week:
        stage.move_clock()
    office = Office(stage.config, stage.engine, clock=stage.now)
    is_watched = sys.stdout.isatty() and sys.stdin.isatty()
    with MailServer(stage.received, stage.rendered) as mail:
        if not (is_watched if site is None else site):
            _send(office, stage, mail)
            _show_folder(stage)
            return
        with _site(office, stage, mail) as address:
            _send(office, stage, mail)
            _show_folder(stage)
            _stay_open(stage, address)


def _send(office: Office, stage: Stage, mail: MailServer) -> None:
    """Send this week's tip, unless it was sent, and show what came of it."""
    desk = stage.desk(mail.port)
    slot = desk.timetable.slot_at(stage.now())
    opened = unfinished(office, slot) or open_slot(desk, slot)
    if isinstance(opened, Nothing):
        screen.say(f"Nothing was sent: {opened.reason}")
    else:
        tally = deliver_with_progress(desk, opened)
        desk.transport.close()
        _show_issue(office, opened, tally, mail)
        tell_held(desk, tally)
    _show_plan(office)


@contextmanager
def _site(office: Office, stage: Stage, mail: MailServer) -> Iterator[str]:
    """Serve the site, wherever there is room, and give its address."""
    desk = stage.desk(mail.port)
    with ExitStack() as stack:
        try:
            server = stack.enter_context(serving(office, desk))
        except CannotListen:
            server = stack.enter_context(serving(_on_any_port(office), desk))
        address = address_of(office, server)
        mail.redirect(office.config.settings.newsletter.base_url, address)
        yield address


def _on_any_port(office: Office) -> Office:
    """Return the same office; its site takes whichever port is free."""
    settings = office.config.settings
    web = settings.web.model_copy(update={"port": 0})
    settings = settings.model_copy(update={"web": web})
    return replace(office, config=replace(office.config, settings=settings))


def _stay_open(stage: Stage, address: str) -> None:
    """Leave the site open until Ctrl-C."""
    stop = Event()
    screen.say()
    screen.say(f"The site is open: {address}/  Ctrl-C ends it.")
    screen.say(f"Sign up there, and read what you get in {stage.rendered}.")
    with ending_gently(stop):
        stop.wait()


def _show_issue(
    office: Office, issue: IssueView, tally: Tally, server: MailServer
) -> None:
    """Print what went out, and to whom, as the ledger and the mail server tell it."""
    screen.heading(f"{issue.slot}: {issue.tip_title}")
    screen.facts(
        [
            ("Why this tip", issue.reason),
            (
                "Ledger",
                f"{tally.sent} of {screen.count(issue.enrolled, 'letter')} sent",
            ),
            ("Mail server", f"{len(server.recipients)} received"),
        ]
    )
    screen.say()
    with db.transaction(office.engine) as session:
        lines = [
            (person, line)
            for person in roster.page(session, limit=READERS_SHOWN)
            for line in ledger.history(session, person.id)
            if line.slot == issue.slot
        ]
    screen.table(
        ("Reader", "Address", "Time zone", "Letter"),
        [
            (person.name or "(no name)", person.address, person.timezone, line.status)
            for person, line in lines
        ],
    )


def _show_plan(office: Office) -> None:
    with db.transaction(office.engine) as session:
        lasts, planned = coming(office, session, weeks=WEEKS_SHOWN)
    screen.heading("The next five weeks")
    table(planned, office)
    screen.say()
    screen.facts([("Runway", screen.count(lasts, "week"))])


def _show_folder(stage: Stage) -> None:
    screen.heading("Look at it")
    again = "" if stage.folder == FOLDER else f" --folder {quote(str(stage.folder))}"
    config = quote(f"{stage.folder}/config.toml")
    first = next(iter(sorted(stage.rendered.glob("*.html"), reverse=True)), None)
    screen.facts(
        [
            ("As received", f"{stage.received}/*.eml"),
            ("In a browser", first or stage.rendered),
            ("The next week", f"{_program()} demo{again} --next-week"),
            ("The site", f"{_program()} demo{again} --site"),
            ("Explore", f"{_program()} --config {config} status"),
        ]
    )


def _program() -> str:
    """Return how to call this program from here: by its name, if a shell finds it."""
    path = Path(sys.argv[0])
    if shutil.which("newsletter") or path.name != "newsletter":
        return "newsletter"
    return str(
        path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    )

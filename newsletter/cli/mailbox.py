"""`newsletter mailbox`: who asks to leave by mail is taken off the list."""

import logging
import sys
from typing import Annotated

import typer

from newsletter.cli import failures, screen
from newsletter.cli.office import enter
from newsletter.errors import MissingSetting
from newsletter.mailbox.base import HEAD_OCTETS
from newsletter.sender import Reading, mailbox_of, read_mailbox, take_mail

app = typer.Typer(add_completion=False, rich_markup_mode=None)

log = logging.getLogger(__name__)

READ_AT_ONCE = 1_048_576


@app.command()
def mailbox(
    context: typer.Context,
    stdin: Annotated[
        bool,
        typer.Option(
            "--stdin",
            help="Take one mail from standard input, as an alias of a mail server "
            "hands it over. Any trouble ends with 75: come again later.",
        ),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Read the mailbox once, now, and take off the list who asks for it.

    `newsletter run` does it every mailbox.every. Mail without one of our tokens stays
    unread: who wrote it is not proven, so a person must decide.
    """
    read = _take_from_stdin(context) if stdin else _read(context)
    if json:
        screen.as_json(read)
    else:
        _tell(read)


def _read(context: typer.Context) -> Reading:
    office = enter(context)
    box = mailbox_of(office.config)
    if box is None:
        why = 'no mailbox is read. Set it to "imap" or "maildir", or use --stdin.'
        raise MissingSetting(key="mailbox.kind", why=why)
    return read_mailbox(office.desk(), box)


def _take_from_stdin(context: typer.Context) -> Reading:
    """Take one mail; a mail server that brings it must never lose it by our trouble."""
    head = sys.stdin.buffer.read(HEAD_OCTETS)
    while sys.stdin.buffer.read(READ_AT_ONCE):
        # To the end, or whoever writes it would take the broken pipe for a failure.
        pass
    try:
        return take_mail(enter(context).desk(), head)
    except Exception as error:
        if isinstance(error, failures.KNOWN):
            screen.aside(f"newsletter: {failures.words(error)}")
        else:
            log.exception("a mail was not taken")
        raise typer.Exit(failures.TRY_LATER) from error


def _tell(read: Reading) -> None:
    if read == Reading():
        screen.say("Nobody asks to leave.")
    if read.left:
        screen.say(f"{screen.count(read.left, 'person', 'people')} left.")
    if read.before:
        number = screen.count(read.before, "mail")
        screen.say(f"{number} of somebody who had left before.")
    if read.waiting:
        asks = screen.count(read.waiting, "mail asks", "mails ask")
        screen.say(
            f"{asks} to leave without a token of ours: that is for you to judge. Take "
            "off who really asks: newsletter subscribers remove ADDRESS"
        )

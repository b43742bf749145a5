"""`newsletter subscribers`: what the law gives a person, done for those who ask.

Everything about them as JSON, to be erased, and never to be mailed again.
"""

from pathlib import Path
from typing import Annotated

import typer

from newsletter import db, privacy
from newsletter.cli import screen
from newsletter.cli.office import enter
from subscribers import roster, suppression
from subscribers.addresses import parse_address
from subscribers.errors import UnknownSubscriber
from subscribers.tables import SuppressionReason

Address = Annotated[
    str, typer.Argument(metavar="ADDRESS", help="The person's address.")
]


def export_one(
    context: typer.Context,
    address: Address,
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="Where to write; else to stdout."),
    ] = None,
) -> None:
    """Write all that is kept about a person, as JSON."""
    office = enter(context)
    with db.snapshot(office.engine) as session:
        person = roster.find(session, address)
        found = privacy.everything(session, person.id, hasher=office.hasher)
    if file is None or file == Path("-"):
        screen.as_json(found)
        return
    with file.open("w", encoding="utf-8") as out:
        screen.as_json(found, out)
    screen.aside(f"Everything about {person.address} is in {file}.")


def erase(
    context: typer.Context,
    address: Address,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first.")] = False,
) -> None:
    """Erase a person for good; no import brings them back.

    The counts of what was sent stay true. Erase them from your backups and other
    copies of the list yourself.
    """
    office = enter(context)
    with db.snapshot(office.engine) as session:
        person = roster.find(session, address)
    if not yes:
        typer.confirm(f"Erase {person.address} ({person.status}) for good?", abort=True)
    with db.transaction(office.engine) as session:
        privacy.erase(session, person.id, hasher=office.hasher, now=office.clock())
    screen.say(f"{person.address} is erased and will not be mailed again.")


def suppress(context: typer.Context, address: Address) -> None:
    """Never mail an address, on the list or not."""
    office = enter(context)
    parsed = parse_address(address)
    now = office.clock()
    with db.transaction(office.engine) as session:
        suppression.suppress(
            session,
            office.hasher.hash(parsed.key),
            SuppressionReason.OPERATOR,
            now=now,
        )
        try:
            stopped = roster.remove(session, address, now=now)
        except UnknownSubscriber:
            stopped = False
    more = " They were on the list and get no more mail." if stopped else ""
    screen.say(f"{parsed.address} is never mailed.{more}")


def unsuppress(context: typer.Context, address: Address) -> None:
    """Let an address be mailed again, if its owner asked for that."""
    office = enter(context)
    parsed = parse_address(address)
    with db.transaction(office.engine) as session:
        lifted = suppression.lift(session, office.hasher.hash(parsed.key))
    if lifted:
        screen.say(
            f"{parsed.address} may be on the list again. They sign up themselves, or "
            "you add or import them."
        )
    else:
        screen.say(f"{parsed.address} is not suppressed; nothing was changed.")

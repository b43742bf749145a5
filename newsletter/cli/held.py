"""`newsletter subscribers held`: departures that a machine seems to have made."""

from typing import Annotated

import typer

from newsletter import db
from newsletter.cli import screen
from newsletter.cli.office import Office, enter
from subscribers import held as departures


def held(
    context: typer.Context,
    keep: Annotated[
        bool, typer.Option("--keep", help="They left like everybody; nothing waits.")
    ] = False,
    undo: Annotated[
        bool, typer.Option("--undo", help="Put all of them back on the list.")
    ] = False,
    after: Annotated[
        int, typer.Option(min=0, metavar="N", help="Go on after this number.")
    ] = 0,
    limit: Annotated[
        int, typer.Option(min=1, max=10_000, metavar="N", help="How many.")
    ] = 50,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List who left as if by a machine; keep or undo it.

    They get no mail meanwhile. Without options it only lists them.
    """
    if keep and undo:
        raise typer.BadParameter("Say either --keep or --undo.")
    office = enter(context)
    if keep or undo:
        _settle(office, undo=undo)
    else:
        _list(office, after=after, limit=limit, json=json)


def _settle(office: Office, *, undo: bool) -> None:
    with db.transaction(office.engine) as session:
        if undo:
            number = departures.undo(session, now=office.clock())
        else:
            number = departures.keep(session)
    if undo:
        people = screen.count(number, "person is", "people are")
        screen.say(f"{people} back on the list and get the next tip.")
    else:
        screen.say(f"{screen.count(number, 'departure')} kept; nothing is held.")


def _list(office: Office, *, after: int, limit: int, json: bool) -> None:
    with db.transaction(office.engine) as session:
        number = departures.count(session)
        found = departures.page(session, after=after, limit=limit)
    if json:
        screen.as_json(found)
        return
    if not number:
        screen.say("No departure is held.")
        return
    screen.table(
        ("No.#", "Address", "Left", "After letter#", "Way", "Network"),
        [
            (
                str(one.id),
                one.address,
                screen.local(one.at, office.zone),
                "" if one.seconds_after_letter is None else one.seconds_after_letter,
                one.way,
                one.network,
            )
            for one in found
        ],
    )
    screen.say()
    screen.say(
        f"{screen.count(number, 'departure is', 'departures are')} held: so many at "
        "once, right after their letters (in seconds) or from one network, look like "
        "a machine that follows links. Nobody of them gets mail."
    )
    screen.say("They meant it: newsletter subscribers held --keep")
    screen.say("They did not:  newsletter subscribers held --undo")
    if len(found) == limit:
        screen.say(f"More: newsletter subscribers held --after {found[-1].id}")

"""`newsletter takeover`: this database is the live one from now on."""

from typing import Annotated

import typer

from newsletter import db, fence, ledger
from newsletter.cli import screen
from newsletter.cli.office import Office, enter

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def takeover(
    context: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Make this database the live one, after a restore, a copy or a move.

    What any other copy sent since is not in it and may go out again; so end every
    other copy first.
    """
    office = enter(context)
    path = office.mark
    with db.snapshot(office.engine) as session:
        doubt = fence.doubt(session, path)
    if not doubt:
        screen.say(f"{db.shown(office.engine)} may send already; nothing was changed.")
        return
    _warn(office, doubt)
    if not yes:
        typer.confirm("Is every other copy stopped, for good?", abort=True)
    with db.transaction(office.engine) as session:
        mark = fence.take_over(session, path)
    fence.keep(mark, path)
    screen.say(
        f"{db.shown(office.engine)} is the live one from now on. The one that it was "
        "copied from cannot know that: never start it again."
    )


def _warn(office: Office, doubt: str) -> None:
    """Say why it is asked for, how much this database knows, and what is at risk."""
    with db.snapshot(office.engine) as session:
        last = ledger.last_sent(session)
        held = ledger.in_hand(session)
    known = "nothing yet"
    if last:
        slot, moment = last
        known = f"a letter of {slot}, {screen.local(moment, office.zone)}"
    screen.facts(
        [
            ("Database", db.shown(office.engine)),
            ("Refused", doubt),
            ("Last sent", known),
        ]
    )
    screen.say(
        "What was sent after that, from wherever it was sent, is not recorded here: "
        "those letters go out once more, and who left since is on the list again. In "
        "doubt, compare with the relay's log, and cancel or retire first."
    )
    if held:
        letters = screen.count(held, "letter was", "letters were")
        seconds = office.config.settings.delivery.lease_seconds
        screen.say(
            f"{letters} in hand when this copy was made. They are taken up again "
            f"when their lease of {seconds} seconds is over; those on the wire as "
            f'uncertain, which delivery.uncertain = "'
            f'{office.config.settings.delivery.uncertain}" decides.'
        )

"""`newsletter history`: every tip that one person was sent."""

from typing import Annotated

import typer

from newsletter import db, ledger
from newsletter.cli import screen
from newsletter.cli.office import enter
from subscribers import roster

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def history(
    context: typer.Context,
    address: Annotated[
        str, typer.Argument(metavar="ADDRESS", help="The person's address.")
    ],
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Every tip that one person was sent, when, and how it went."""
    office = enter(context)
    with db.transaction(office.engine) as session:
        person = roster.find(session, address)
        lines = ledger.history(session, person.id)
    if json:
        screen.as_json({"person": person, "history": lines})
        return
    screen.facts(
        [
            ("Person", f"{person.name} <{person.address}>".strip()),
            ("State", person.status),
            ("Signed up", screen.local(person.signed_up_at, office.zone) or "unknown"),
        ]
    )
    if not lines:
        screen.say("Was sent nothing yet.")
        return
    screen.say()
    screen.table(
        ("Slot", "Tip", "State", "When", "Reason"),
        [
            (
                line.slot,
                line.tip_title,
                line.status,
                screen.local(line.at, office.zone),
                line.reason if line.status != "sent" else "",
            )
            for line in lines
        ],
    )

"""`newsletter subscribers`: the people who get the newsletter."""

from dataclasses import asdict
from typing import Annotated

import typer

from newsletter import db
from newsletter.cli import lists, rights, screen
from newsletter.cli.held import held
from newsletter.cli.office import enter
from subscribers import consent, roster, suppression
from subscribers.consent import ConsentLine
from subscribers.tables import ConsentStep, SubscriberStatus

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    help="The people who get the newsletter.",
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Address = Annotated[
    str, typer.Argument(metavar="ADDRESS", help="The person's address.")
]


@app.command()
def add(
    context: typer.Context,
    address: Address,
    name: Annotated[str, typer.Option(metavar="NAME", help="How to greet them.")] = "",
    timezone: Annotated[
        str, typer.Option(metavar="ZONE", help="Such as Europe/Berlin.")
    ] = "",
    language: Annotated[
        str, typer.Option(metavar="TAG", help="Such as en or pt-BR.")
    ] = "",
    source: Annotated[
        str, typer.Option(metavar="TEXT", help="How they agreed; kept with them.")
    ] = "added by the operator",
) -> None:
    """Add one person who asked for the newsletter."""
    office = enter(context)
    now = office.clock()
    with db.transaction(office.engine) as session:
        suppression.check(session, address, hasher=office.hasher)
        person = roster.add(
            session,
            address,
            name=name,
            timezone=timezone,
            language=language,
            source=source,
            signed_up_at=now,
            now=now,
        )
        consent.note(
            session, person.id, ConsentStep.ADDED, now=now, wording=person.source
        )
    screen.say(f"{person.address} is on the list and gets the next tip.")


@app.command()
def show(context: typer.Context, address: Address, json: Json = False) -> None:
    """Show one person, and the proof that they wanted this mail."""
    office = enter(context)
    with db.transaction(office.engine) as session:
        person = roster.find(session, address)
        proof = consent.history(session, person.id)
    if json:
        screen.as_json(asdict(person) | {"consent": proof})
        return
    screen.facts(
        [
            ("Address", person.address),
            ("Name", person.name),
            ("State", person.status),
            ("Since", screen.local(person.status_at, office.zone)),
            ("Time zone", person.timezone or f"{office.zone} (the newsletter's)"),
            ("Language", person.language or "the newsletter's"),
            ("Signed up", screen.local(person.signed_up_at, office.zone) or "unknown"),
            ("Source", person.source),
            *([("Bounces", person.bounces)] if person.bounces else []),
        ]
    )
    screen.heading("Proof of consent, times in UTC")
    screen.facts([(f"{line.at:%Y-%m-%d %H:%M:%S}", _step(line)) for line in proof])
    if not proof:
        screen.say("No step was written down; the source above says how they came.")


@app.command(name="list")
def list_people(
    context: typer.Context,
    status: Annotated[SubscriberStatus | None, typer.Option(help="Only these.")] = None,
    after: Annotated[
        int, typer.Option(min=0, metavar="N", help="Go on after this number.")
    ] = 0,
    limit: Annotated[
        int, typer.Option(min=1, max=10_000, metavar="N", help="How many.")
    ] = 50,
    json: Json = False,
) -> None:
    """List people in the order in which they came."""
    office = enter(context)
    with db.transaction(office.engine) as session:
        people = roster.page(session, after=after, limit=limit, status=status)
        counts = roster.count_by_status(session)
    if json:
        screen.as_json(people)
        return
    screen.table(
        ("No.#", "Address", "Name", "State", "Signed up"),
        [
            (
                str(person.id),
                person.address,
                person.name,
                person.status,
                person.signed_up_at.astimezone(office.zone).date()
                if person.signed_up_at
                else "",
            )
            for person in people
        ],
    )
    screen.say()
    screen.say(
        ", ".join(f"{n:,} {state}" for state, n in counts.items() if n)
        or "Nobody yet. Add people: newsletter subscribers import FILE"
    )
    if len(people) == limit:
        screen.say(f"More: newsletter subscribers list --after {people[-1].id}")


@app.command()
def remove(context: typer.Context, address: Address) -> None:
    """Stop mailing a person; the row stays, as a proof."""
    office = enter(context)
    with db.transaction(office.engine) as session:
        changed = roster.remove(session, address, now=office.clock())
        person = roster.find(session, address)
    if changed:
        screen.say(f"{person.address} gets no more mail, from this moment on.")
    else:
        screen.say(f"{person.address} gets no mail anyway: {person.status}.")


# Whole lists, and what the law gives a person, in files of their own.
app.command(name="import")(lists.import_people)
app.command(name="export")(lists.export)
app.command(name="export-one")(rights.export_one)
app.command(name="erase")(rights.erase)
app.command(name="suppress")(rights.suppress)
app.command(name="unsuppress")(rights.unsuppress)
app.command()(held)


def _step(line: ConsentLine) -> str:
    """Return a step of the proof in a sentence: what, where, and in which words."""
    said = line.step.replace("_", " ")
    said += f" on {line.page}" if line.page else ""
    said += f" from {line.network}" if line.network else ""
    said += f", form {line.form_version}" if line.form_version else ""
    return f'{said}: "{line.wording}"' if line.wording else said

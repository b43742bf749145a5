"""`newsletter subscribers`: the people who get the newsletter."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TextIO

import typer

from newsletter import db
from newsletter.cli import screen
from newsletter.cli.office import Office, enter
from subscribers import roster
from subscribers.csv_columns import Column
from subscribers.errors import ImportRefused
from subscribers.exporting import export_csv
from subscribers.import_report import ImportReport
from subscribers.importing import ImportOptions, import_csv
from subscribers.tables import SubscriberStatus

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    help="The people who get the newsletter.",
)

# Lines read and people added are told even when they are none.
ALWAYS_TOLD = 2

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
    screen.say(f"{person.address} is on the list and gets the next tip.")


@app.command()
def show(context: typer.Context, address: Address, json: Json = False) -> None:
    """Show one person."""
    office = enter(context)
    with db.transaction(office.engine) as session:
        person = roster.find(session, address)
    if json:
        screen.as_json(person)
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
    """Stop mailing a person; the row stays, as the proof that they left."""
    office = enter(context)
    with db.transaction(office.engine) as session:
        changed = roster.remove(session, address, now=office.clock())
        person = roster.find(session, address)
    if changed:
        screen.say(f"{person.address} gets no more mail, from this moment on.")
    else:
        screen.say(f"{person.address} gets no mail anyway: {person.status}.")


@app.command(name="import")
def import_people(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", dir_okay=False, help="A CSV file.")
    ],
    source: Annotated[
        str,
        typer.Option(metavar="TEXT", help="How these people agreed; kept with each."),
    ] = "",
    column: Annotated[
        list[str] | None,
        typer.Option(
            help="What a column is, if the guess is wrong: address='E-mail 1'.",
            metavar="WHAT=HEADER",
        ),
    ] = None,
    encoding: Annotated[
        str, typer.Option(metavar="NAME", help="Of the file.")
    ] = "utf-8",
    rejects: Annotated[
        Path | None,
        typer.Option(help="Where refused lines go, to be mended.", metavar="FILE"),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Change nothing unless all is right.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would change.")
    ] = False,
    json: Json = False,
) -> None:
    """Add the people of a CSV file. Lines that are wrong are reported, not lost.

    Whoever left before is never put back. The columns are guessed from the header.
    """
    office = enter(context)
    options = ImportOptions(
        encoding=encoding, columns=_told(column or []), strict=strict
    )
    kept = rejects or file.with_name(f"{file.stem}.refused.csv")
    label = source or file.name
    with _replaced(kept) as draft:
        with draft.open("w", encoding="utf-8", newline="") as refused:
            report = _import(office, file, label, options, refused, dry_run=dry_run)
        if not report.refused + report.duplicates and rejects is None:
            draft.unlink()
    if json:
        screen.as_json(report)
        return
    _show_report(report, dry_run=dry_run)
    if report.refused + report.duplicates:
        screen.say(f"Refused lines with their reasons: {kept}. Mend and import it.")


@app.command()
def export(
    context: typer.Context,
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE", help="Where to write; else, or with -, to stdout."
        ),
    ] = None,
    status: Annotated[SubscriberStatus | None, typer.Option(help="Only these.")] = None,
) -> None:
    """Write everybody as a CSV that imports back to the same people."""
    office = enter(context)
    if file == Path("-"):
        file = None
    with db.transaction(office.engine) as session, _writable(file) as out:
        number = export_csv(session, out, status=status)
    if file:
        screen.aside(f"{screen.count(number, 'person', 'people')} in {file}.")


def _import(
    office: Office,
    file: Path,
    source: str,
    options: ImportOptions,
    refused: TextIO,
    *,
    dry_run: bool,
) -> ImportReport:
    """Import under a progress counter, and take it all back after a dry run."""
    with db.Session(office.engine) as session, screen.counter("Lines read") as bar:
        (task,) = bar.task_ids
        report = import_csv(
            session,
            file,
            source_label=source,
            now=office.clock(),
            options=options,
            rejects=refused,
            progress=lambda read: bar.update(task, completed=read),
        )
        if dry_run:
            session.rollback()
        else:
            session.commit()
    return report


def _told(columns: list[str]) -> dict[Column, str]:
    """Read the columns that the operator names."""
    told = {}
    for text in columns:
        what, found, header = text.partition("=")
        if not found or what not in list(Column):
            raise typer.BadParameter(
                f"{text!r}: write WHAT=HEADER, where WHAT is one of "
                f"{', '.join(Column)}."
            )
        told[Column(what)] = header
    return told


def _show_report(report: ImportReport, *, dry_run: bool) -> None:
    counts = (
        ("Lines read", report.read),
        ("Would be added" if dry_run else "Added", report.added),
        ("Added, not mailed", report.added_silent),
        ("On the list already", report.already),
        ("Had left, stay so", report.left),
        ("Same address twice", report.duplicates),
        ("Refused", report.refused),
        ("Warnings", report.warnings),
    )
    screen.facts(
        (name, number)
        for at, (name, number) in enumerate(counts)
        if number or at < ALWAYS_TOLD
    )
    if report.examples:
        screen.say()
        screen.table(
            ("Line#", "What", "Value", "Reason"),
            [(e.line, e.kind, e.value, e.reason) for e in report.examples],
        )


@contextmanager
def _replaced(kept: Path) -> Iterator[Path]:
    """Give a file to write, which takes *kept*'s place once it is whole.

    What stood there may hold lines that somebody is mending, so it outlives an import
    that was broken off or could not begin.
    """
    draft = kept.with_name(f"{kept.name}.part")
    try:
        yield draft
    except ImportRefused:
        draft.replace(kept)
        raise
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    if draft.exists():
        draft.replace(kept)


@contextmanager
def _writable(file: Path | None) -> Iterator[TextIO]:
    if file is None:
        yield sys.stdout
        return
    with file.open("w", encoding="utf-8", newline="") as out:
        yield out

"""`newsletter subscribers import` and `export`: whole lists of people."""

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
from subscribers.mail_hosts import MailHosts
from subscribers.tables import SubscriberStatus

# Lines read and people added are told even when they are none.
ALWAYS_TOLD = 2

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def import_people(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", dir_okay=False, help="A CSV file.")
    ],
    source: Annotated[
        str,
        typer.Option(
            metavar="TEXT",
            help="How these people agreed; kept with each. Needed unless the file has "
            "a column that says it.",
        ),
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
    check_mx: Annotated[
        bool,
        typer.Option(
            "--check-mx", help="Ask name servers whether each domain takes mail. Slow."
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Add the people of a CSV file. Lines that are wrong are reported, not lost.

    Whoever left before is never put back, and who is there stays as they are. The
    columns are guessed from the header.
    """
    office = enter(context)
    options = ImportOptions(
        encoding=encoding,
        columns=_told(column or []),
        strict=strict,
        mail_hosts=MailHosts() if check_mx else None,
    )
    kept = rejects or file.with_name(f"{file.stem}.refused.csv")
    with _replaced(kept) as draft:
        with draft.open("w", encoding="utf-8", newline="") as refused:
            report = _import(office, file, source, options, refused, dry_run=dry_run)
        if not report.refused + report.duplicates and rejects is None:
            draft.unlink()
    if json:
        screen.as_json(report)
        return
    _show_report(report, dry_run=dry_run)
    if report.refused + report.duplicates:
        screen.say(f"Refused lines with their reasons: {kept}. Mend and import it.")


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
    with db.snapshot(office.engine) as session, _writable(file) as out:
        counts = roster.count_by_status(session)
        total = counts[status] if status else sum(counts.values())
        with screen.progress("Writing", total, vanish=True) as bar:
            (task,) = bar.task_ids
            number = export_csv(
                session,
                out,
                status=status,
                progress=lambda written: bar.update(task, completed=written),
            )
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
    """Import under a progress bar, and take it all back after a dry run."""
    with (
        db.failures_said(office.engine),
        db.Session(office.engine) as session,
        screen.octets("Reading", _size(file)) as bar,
    ):
        (task,) = bar.task_ids
        report = import_csv(
            session,
            file,
            source_label=source,
            hasher=office.hasher,
            now=office.clock(),
            options=options,
            rejects=refused,
            progress=lambda _, octets: bar.update(task, completed=octets),
        )
        if dry_run:
            session.rollback()
        else:
            session.commit()
    return report


def _size(file: Path) -> int | None:
    """Return how long a file is; None of what has no length, or is not there."""
    try:
        return file.stat().st_size or None
    except OSError:
        return None


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
        ("On it, but different", report.different),
        ("Had left, stay so", report.left),
        ("Suppressed, stay out", report.suppressed),
        ("Same address twice", report.duplicates),
        ("Refused", report.refused),
        ("Warnings", report.warnings),
    )
    screen.facts(
        (name, number)
        for at, (name, number) in enumerate(counts)
        if number or at < ALWAYS_TOLD
    )
    if report.differing:
        each = ", ".join(f"{name} {n:,}" for name, n in report.differing.items())
        screen.say(f"They stay as they are here. What differs: {each}.")
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

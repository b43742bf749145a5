"""`newsletter tips`: the library, from the terminal."""

import re
from collections import Counter
from collections.abc import Iterable
from contextlib import nullcontext
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from newsletter import comments, db
from newsletter.cli import editor, screen
from newsletter.cli.office import enter
from newsletter.cli.plan import coming
from newsletter.tables import TipStatus
from newsletter.tips import exporting, library
from newsletter.tips.drafts import TipDraft
from newsletter.tips.importing import (
    ImportPlan,
    ImportReport,
    apply_import,
    plan_import,
)
from newsletter.tips.labels import slug_for
from newsletter.tips.library import TipChanges
from newsletter.tips.sources import read_source
from newsletter.tips.views import TipView

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    help="The library of tips.",
)

ALL_COMMENTS = 10_000_000

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Slug = Annotated[str, typer.Argument(metavar="SLUG", help="The tip.")]
Tags = Annotated[str | None, typer.Option(metavar="TAGS", help="Separated by commas.")]
Body = Annotated[
    typer.FileText | None,
    typer.Option(
        metavar="FILE",
        encoding="utf-8",
        help="Its Markdown; - reads standard input.",
    ),
]


@app.command(name="list")
def list_tips(
    context: typer.Context,
    status: Annotated[TipStatus | None, typer.Option(help="Only these.")] = None,
    tag: Annotated[
        str | None, typer.Option(metavar="TAG", help="Only those with this tag.")
    ] = None,
    json: Json = False,
) -> None:
    """List the tips in the order of the queue."""
    office = enter(context)
    with db.transaction(office.engine) as session:
        tips = library.list_tips(session, status=status, tag=tag)
    if json:
        screen.as_json(tips)
        return
    if not tips:
        screen.say("No tip here. Bring some in: newsletter tips import FOLDER")
        return
    screen.table(
        ("#", "Slug", "Title", "State"),
        [(tip.position, tip.slug, tip.title, _state(tip)) for tip in tips],
    )


@app.command()
def show(context: typer.Context, slug: Slug, json: Json = False) -> None:
    """Show one tip: its text, and where it was sent."""
    office = enter(context)
    with db.transaction(office.engine) as session:
        tip = library.find(session, slug)
        said = comments.list_comments(session, tip=slug, limit=ALL_COMMENTS)
        votes = comments.votes(session, tip.id)
    if json:
        screen.as_json({"tip": tip, "comments": said, "votes": votes})
        return
    states = Counter(str(comment.status) for comment in said)
    useful = f"{votes.useful:,} of {votes.total:,} readers said so"
    rows: list[tuple[str, object]] = [
        ("Title", tip.title),
        ("State", _state(tip)),
        ("Place", tip.position),
        ("Pinned to", tip.pin),
        ("Author", tip.author),
        ("Tags", ", ".join(label.name for label in tip.tags)),
        ("Categories", ", ".join(label.name for label in tip.categories)),
        ("Summary", tip.summary),
        ("Comments", ", ".join(f"{n:,} {state}" for state, n in states.items())),
        ("Useful", useful if votes.total else None),
    ]
    screen.facts((name, value) for name, value in rows if value)
    screen.say()
    screen.say(tip.body)


@app.command()
def add(
    context: typer.Context,
    title: Annotated[
        str,
        typer.Argument(metavar="TITLE", help="Its title, the subject of the email."),
    ],
    body: Body = None,
    slug: Annotated[
        str, typer.Option(metavar="SLUG", help="Its slug; else from the title.")
    ] = "",
    summary: Annotated[
        str, typer.Option(metavar="TEXT", help="Shown beside the subject.")
    ] = "",
    author: Annotated[str, typer.Option(metavar="NAME", help="Who wrote it.")] = "",
    tags: Tags = None,
    draft: Annotated[bool, typer.Option("--draft", help="Not to be sent yet.")] = False,
) -> None:
    """Add a tip to the end of the queue. Without --body it opens the editor."""
    office = enter(context)
    new = TipDraft(
        slug=slug or slug_for(title),
        title=title,
        body=_words_of(body) or "",
        where=f'The tip "{title}"',
        summary=summary,
        author=author,
        tags=_names(tags) or (),
        status=TipStatus.DRAFT if draft else TipStatus.READY,
    )
    written = nullcontext(new) if body else editor.write(new)
    with written as draft_of_it, db.transaction(office.engine) as session:
        tip = library.add(session, draft_of_it, now=office.clock())
    screen.say(f"{tip.slug} stands at place {tip.position}.")


@app.command()
def edit(
    context: typer.Context,
    slug: Slug,
    title: Annotated[
        str | None, typer.Option(metavar="TITLE", help="A new title.")
    ] = None,
    body: Body = None,
    summary: Annotated[
        str | None, typer.Option(metavar="TEXT", help="A new summary.")
    ] = None,
    author: Annotated[
        str | None, typer.Option(metavar="NAME", help="Another author.")
    ] = None,
    tags: Tags = None,
    new_slug: Annotated[
        str | None, typer.Option("--slug", metavar="SLUG", help="A new slug.")
    ] = None,
) -> None:
    """Change a tip; without options in the editor. What was sent stays as it was."""
    office = enter(context)
    changes = TipChanges(
        slug=new_slug,
        title=title,
        body=_words_of(body),
        summary=summary,
        author=author,
        tags=_names(tags),
    )
    with db.transaction(office.engine) as session:
        tip = library.find(session, slug)
    said = nullcontext(changes) if changes != TipChanges() else editor.change(tip)
    with said as changed, db.transaction(office.engine) as session:
        tip = library.edit(session, slug, changed, now=office.clock())
    screen.say(f"{tip.slug} is changed.")


@app.command()
def move(
    context: typer.Context,
    slug: Slug,
    before: Annotated[
        str | None, typer.Option(metavar="SLUG", help="Right before this one.")
    ] = None,
    after: Annotated[
        str | None, typer.Option(metavar="SLUG", help="Right after this one.")
    ] = None,
) -> None:
    """Move a tip to another place in the queue."""
    if (before is None) == (after is None):
        raise typer.BadParameter("Say either --before SLUG or --after SLUG.")
    office = enter(context)
    with db.transaction(office.engine) as session:
        tip = library.move(
            session, slug, before=before, after=after, now=office.clock()
        )
    screen.say(f"{tip.slug} stands at place {tip.position}.")


@app.command()
def pin(
    context: typer.Context,
    slug: Slug,
    day: Annotated[
        str | None,
        typer.Argument(metavar="DATE", help="A day of the week; none unpins."),
    ] = None,
) -> None:
    """Ask for the week of a date. Without a date the tip goes back into the queue."""
    wanted = _date(day) if day else None
    office = enter(context)
    with db.transaction(office.engine) as session:
        tip = library.pin(session, slug, wanted, now=office.clock())
    place = f"is pinned to the week of {tip.pin}" if tip.pin else "is not pinned"
    screen.say(f"{tip.slug} {place}.")


@app.command()
def retire(context: typer.Context, slug: Slug) -> None:
    """Take a tip out of the queue. It is kept, and can be made ready again."""
    office = enter(context)
    with db.transaction(office.engine) as session:
        tip = library.retire(session, slug, now=office.clock())
    screen.say(f"{tip.slug} is retired. Back again: newsletter tips ready {tip.slug}")


@app.command()
def ready(context: typer.Context, slug: Slug) -> None:
    """Let a draft or a retired tip be sent."""
    office = enter(context)
    with db.transaction(office.engine) as session:
        tip = library.ready(session, slug, now=office.clock())
    screen.say(f"{tip.slug} is ready, at place {tip.position}.")


@app.command(name="next")
def show_next(context: typer.Context, json: Json = False) -> None:
    """Say which tip goes out next, when and why."""
    office = enter(context)
    with db.transaction(office.engine) as session:
        lasts, (week,) = coming(office, session, weeks=1)
    if json:
        screen.as_json({"runway_weeks": lasts, "next": week})
        return
    tip = week.choice
    screen.facts(
        [
            ("Slot", f"{week.slot}, {screen.local(week.moment, office.zone)}"),
            ("Tip", f"{tip.title} ({tip.slug})" if tip else "(nothing)"),
            ("Why", week.reason),
            ("Runway", screen.count(lasts, "week")),
        ]
    )


@app.command(name="import")
def import_tips(
    context: typer.Context,
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH", help="Folders, .md, .csv, WordPress exports, RSS or Atom."
        ),
    ],
    as_archive: Annotated[
        bool,
        typer.Option("--as-archive", help="Sent elsewhere before; never mailed."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would change.")
    ] = False,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Import the others of a bad source.")
    ] = False,
    json: Json = False,
) -> None:
    """Bring tips in. The same source twice changes nothing, a changed one updates."""
    office = enter(context)
    found = (draft for path in paths for draft in read_source(path))
    with db.transaction(office.engine) as session:
        plan = plan_import(session, found, as_archive=as_archive)
        report: ImportPlan | ImportReport = plan
        if not dry_run:
            report = apply_import(session, plan, now=office.clock(), skip_bad=skip_bad)
    if json:
        screen.as_json(report)
        return
    _show_import(report)


@app.command()
def export(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where the files go.")
    ],
) -> None:
    """Write the library as Markdown files, comments and all.

    They import to the same library. `newsletter backup` has everything.
    """
    office = enter(context)
    with db.transaction(office.engine) as session:
        number = exporting.export_folder(session, folder)
    screen.say(f"{screen.count(number, 'tip')} in {folder}.")


def _show_import(report: ImportPlan | ImportReport) -> None:
    """Print what an import did, or would do."""
    would = isinstance(report, ImportPlan)
    added = len(report.new) if isinstance(report, ImportPlan) else len(report.added)
    left_out: dict[tuple[str, str], int] = {}
    for item in report.left_out:
        key = (item.kind, item.reason)
        left_out[key] = left_out.get(key, 0) + 1
    screen.facts(
        [
            ("Would be added" if would else "Added", added),
            ("Would change" if would else "Changed", len(report.changed)),
            ("Same as before", len(report.same)),
            ("Refused", len(report.refused)),
            ("Left out", len(report.left_out)),
        ]
    )
    _section(
        "Changed",
        (f"{change.slug}: {', '.join(change.fields)}" for change in report.changed),
    )
    _section(
        "Left out",
        (f"{n} {kind}: {reason}" for (kind, reason), n in sorted(left_out.items())),
    )
    _section("Notes", (f"{where}: {note}" for where, note in report.notes))
    _section("Refused", (str(refused) for refused in report.refused))


def _section(title: str, lines: Iterable[str]) -> None:
    """Print a heading and its lines, if there are any."""
    rows = list(lines)
    if rows:
        screen.heading(title)
    for row in rows:
        screen.say(row)


def _state(tip: TipView) -> str:
    """Return where a tip stands, in a word or two."""
    if tip.sent_in:
        return f"sent {tip.sent_in[-1]}"
    if tip.archived_on:
        return f"archive {tip.archived_on}"
    pinned = f", pinned to {tip.pin}" if tip.pin else ""
    return f"{tip.status}{pinned}"


def _date(text: str) -> date:
    try:
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
            raise ValueError("it is not written as one")
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is not a date: {error}. Write year, month and day like "
            "2026-11-24."
        ) from error


def _words_of(body: typer.FileText | None) -> str | None:
    """Return what a file says; None when there is none."""
    try:
        return body.read() if body else None
    except UnicodeDecodeError as error:
        raise typer.BadParameter(
            f"--body: it is not UTF-8 ({error.reason})."
        ) from error


def _names(tags: str | None) -> tuple[str, ...] | None:
    """Return names separated by commas; None when nothing was said."""
    if tags is None:
        return None
    return tuple(name.strip() for name in tags.split(",") if name.strip())

"""`newsletter comments`: what readers write below the tips, and who gets to see it."""

from typing import Annotated

import typer

from newsletter import comments, db
from newsletter.cli import screen
from newsletter.cli.office import enter
from newsletter.comments import CommentView
from newsletter.render.plain import shorten
from newsletter.tables import CommentStatus
from newsletter.tips import library

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    help="What readers write below the tips.",
)

# As much as fits beside the rest.
OPENING = 60

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Number = Annotated[int, typer.Argument(metavar="N", help="The comment's number.")]
Numbers = Annotated[
    list[int], typer.Argument(metavar="N", help="The numbers of comments.")
]


@app.command(name="list")
def list_comments(
    context: typer.Context,
    status: Annotated[CommentStatus | None, typer.Option(help="Only these.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Not only those that wait for you.")
    ] = False,
    tip: Annotated[
        str | None, typer.Option(metavar="SLUG", help="Only those on this tip.")
    ] = None,
    after: Annotated[
        int, typer.Option(min=0, metavar="N", help="Go on after this number.")
    ] = 0,
    limit: Annotated[
        int, typer.Option(min=1, max=10_000, metavar="N", help="How many.")
    ] = 50,
    json: Json = False,
) -> None:
    """List the comments that wait, or with --all every one."""
    office = enter(context)
    wanted = status if status or everything else CommentStatus.HELD
    with db.transaction(office.engine) as session:
        if tip:
            library.find(session, tip)
        found = comments.list_comments(
            session, status=wanted, tip=tip, after=after, limit=limit
        )
    if json:
        screen.as_json(found)
        return
    if not found:
        waiting = wanted is CommentStatus.HELD
        screen.say("No comment waits for you." if waiting else "No comment here.")
        return
    screen.table(
        ("No.#", "State", "Who", "On", "What"),
        [
            (
                str(it.id),
                it.status,
                _who(it),
                it.tip_slug,
                shorten(_line(it), limit=OPENING),
            )
            for it in found
        ],
    )
    if len(found) == limit:
        screen.say(f"More: add --after {found[-1].id}")
    if wanted is CommentStatus.HELD:
        screen.say()
        screen.say(
            "Read: comments show N. Then: comments approve N, hide N or delete N."
        )


@app.command()
def show(context: typer.Context, number: Number, json: Json = False) -> None:
    """Print one comment, all of it."""
    office = enter(context)
    with db.transaction(office.engine) as session:
        found = comments.find(session, number)
    if json:
        screen.as_json(found)
        return
    screen.facts(
        [
            ("Number", str(found.id)),
            ("State", found.status),
            ("Who", _who(found)),
            ("When", screen.local(found.written_at, office.zone)),
            ("Tip", f"{found.tip_title} ({found.tip_slug})"),
            *([("Answers", "another comment")] if found.is_reply else []),
        ]
    )
    screen.say()
    screen.say(found.body)


@app.command()
def approve(context: typer.Context, numbers: Numbers) -> None:
    """Let readers see comments. What else the same people write then shows at once."""
    office = enter(context)
    with db.transaction(office.engine) as session:
        found = comments.show(session, numbers)
    _tell(found, "shown")


@app.command()
def hide(context: typer.Context, numbers: Numbers) -> None:
    """Keep comments from readers. What else the same people write is held."""
    office = enter(context)
    with db.transaction(office.engine) as session:
        found = comments.hide(session, numbers)
    _tell(found, "hidden")


@app.command()
def delete(
    context: typer.Context,
    numbers: Numbers,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete comments for good. An import brings back one that it brought before."""
    office = enter(context)
    with db.transaction(office.engine) as session:
        for number in numbers:
            it = comments.find(session, number)
            screen.say(f"{it.id}, {_who(it)}: {shorten(_line(it), limit=OPENING)}")
    if not yes:
        typer.confirm("Delete for good?", abort=True)
    with db.transaction(office.engine) as session:
        found = comments.delete(session, numbers)
    screen.say(f"{screen.count(len(found), 'comment')} deleted.")


def _tell(found: list[CommentView], state: str) -> None:
    for it in found:
        screen.say(f"{it.id}, {_who(it)} on {it.tip_slug}: {state}.")


def _who(it: CommentView) -> str:
    """Return the name, and whether readers have seen something of them."""
    return f"{it.author or '(no name)'}{' (known)' if it.is_known else ''}"


def _line(it: CommentView) -> str:
    return " ".join(it.body.split())

"""`newsletter issues`: look at issues, and stop or go on with one."""

from collections.abc import Sequence
from typing import Annotated

import typer

from newsletter import db, issues, ledger, sender
from newsletter.cli import screen
from newsletter.cli.office import enter
from newsletter.cli.status import letter_counts, without_bodies
from newsletter.issues import IssueView
from newsletter.ledger import Trouble
from newsletter.slots import Slot
from newsletter.tables import IssueStatus

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    help="Look at issues, and stop or resume one.",
)

TROUBLES_SHOWN = 20
ALL_TROUBLES = 10_000_000

Week = Annotated[str, typer.Argument(metavar="WEEK", help="Such as 2026-W47.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command(name="list")
def list_issues(
    context: typer.Context,
    limit: Annotated[
        int, typer.Option(min=1, max=1000, metavar="N", help="How many.")
    ] = 20,
    json: Json = False,
) -> None:
    """List issues, newest first."""
    office = enter(context)
    with db.transaction(office.engine) as session:
        found = issues.newest(session, limit=limit)
    if json:
        screen.as_json([without_bodies(issue) for issue in found])
        return
    if not found:
        screen.say("No issue yet. The first one: newsletter send, or newsletter run.")
        return
    screen.table(
        ("Slot", "Tip", "State", "Readers#", "Finished"),
        [
            (
                issue.slot,
                issue.tip_title,
                issue.status,
                issue.enrolled,
                screen.local(issue.finished_at, office.zone),
            )
            for issue in found
        ],
    )


@app.command()
def show(
    context: typer.Context,
    week: Week,
    everything: Annotated[
        bool, typer.Option("--all", help="Every letter in trouble, not the first few.")
    ] = False,
    json: Json = False,
) -> None:
    """Show one issue, and the letters that are in trouble."""
    office = enter(context)
    with db.transaction(office.engine) as session:
        issue = issues.find(session, Slot.parse(week))
        tally = ledger.tally(session, issue.id)
        most = ALL_TROUBLES if json or everything else TROUBLES_SHOWN
        # One more than is shown, to know whether that is all.
        troubles = ledger.troubles(session, issue.id, limit=most + 1)
    if json:
        letters = {"letters": tally, "troubles": troubles}
        screen.as_json(without_bodies(issue) | letters)
        return
    screen.facts(
        [
            ("Issue", f"{issue.slot}, {issue.tip_title}"),
            ("Why", issue.reason),
            ("State", issue.status),
            ("Opened", screen.local(issue.created_at, office.zone)),
            ("Finished", screen.local(issue.finished_at, office.zone) or "not yet"),
            ("Readers", issue.enrolled),
            *letter_counts(tally),
        ]
    )
    if issue.status is IssueStatus.PAUSED:
        screen.say(f"Paused: {issue.paused_because or 'by hand'}.")
    _name_troubles(issue, troubles, most=most)


def _name_troubles(issue: IssueView, troubles: Sequence[Trouble], *, most: int) -> None:
    """Print the letters in trouble, and how to see the others."""
    if troubles:
        screen.heading("Letters in trouble")
        screen.table(
            ("Address", "State", "Tries#", "Reason"),
            [(t.address, t.status, t.attempts, t.reason) for t in troubles[:most]],
        )
    if len(troubles) > most:
        screen.say(f"The first {most}. All: newsletter issues show {issue.slot} --all")


@app.command()
def pause(context: typer.Context, week: Week) -> None:
    """Stop an issue that is going out; letters on the wire still end."""
    office = enter(context)
    with db.transaction(office.engine) as session:
        issue = issues.pause(session, Slot.parse(week), because="by hand")
    screen.say(f"{issue.slot} is paused. Go on: newsletter issues resume {issue.slot}")


@app.command()
def resume(context: typer.Context, week: Week) -> None:
    """Go on with a paused issue where it stopped."""
    office = enter(context)
    with db.transaction(office.engine) as session:
        issue = issues.resume(session, Slot.parse(week))
    screen.say(
        f"{issue.slot} goes on with the next round of `newsletter run`, or now with "
        f"`newsletter send --slot {issue.slot}`."
    )


@app.command()
def resend(context: typer.Context, week: Week) -> None:
    """Send the letters in doubt once more. With uncertain = "hold" they wait."""
    office = enter(context)
    issue, letters = sender.resend(office.desk(), Slot.parse(week))
    screen.say(
        f"{screen.count(letters, 'letter')} of {issue.slot} "
        f"{'goes' if letters == 1 else 'go'} out once more with the next round of "
        f"`newsletter run`, or now with `newsletter send --slot {issue.slot}`."
    )


@app.command()
def cancel(
    context: typer.Context,
    week: Week,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """End an issue for good. What was sent stays sent; the rest is withdrawn."""
    office = enter(context)
    slot = Slot.parse(week)
    if not yes:
        with db.transaction(office.engine) as session:
            title = issues.find(session, slot).tip_title
        typer.confirm(f"Cancel {slot}, {title}, for good?", abort=True)
    issue, withdrawn = sender.cancel(office.desk(), slot)
    screen.say(
        f"{issue.slot} is cancelled; {screen.count(withdrawn, 'letter')} withdrawn. "
        "Nothing else goes out in that week, unless you send it by hand."
    )

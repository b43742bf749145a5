"""`newsletter send`: send now what the scheduler would."""

from datetime import timedelta
from math import ceil
from typing import Annotated

import typer

from newsletter import db, fence, issues
from newsletter.cli import screen
from newsletter.cli.office import Office, enter
from newsletter.cli.plan import first_open_slot
from newsletter.cli.status import letter_counts, resting, waits
from newsletter.cli.stopping import ending_gently
from newsletter.issues import IssueView
from newsletter.ledger import Freed, Tally
from newsletter.sender import (
    Desk,
    Nothing,
    choose_for,
    deliver,
    open_slot,
    take_up_lapsed,
    tell_operator,
)
from newsletter.slots import Slot
from newsletter.tables import IssueStatus
from newsletter.tips.choosing import Choice
from subscribers.audience import count_mailable, week_ordinal

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def send(
    context: typer.Context,
    slot: Annotated[
        str | None,
        typer.Option(help="The week, such as 2026-W47; else this one.", metavar="WEEK"),
    ] = None,
    tip: Annotated[
        str | None,
        typer.Option(help="This tip instead of the next one.", metavar="SLUG"),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Even if that tip was sent before.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be sent.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Send this week's tip now; or go on with an issue that was not finished.

    SIGTERM and Ctrl-C finish the letters in hand and end with exit code 0.
    """
    office = enter(context)
    desk = office.desk()
    week = Slot.parse(slot) if slot else _this_week(office, desk)
    going_out = unfinished(office, week)
    if not going_out:
        if not _announce(office, week, choose_for(desk, week, slug=tip, again=again)):
            return
        if not dry_run and not yes:
            typer.confirm("Send it now?", abort=True)
    else:
        screen.say(f"{week} is going out already; `newsletter send` goes on with it.")
    if dry_run:
        return
    opened = going_out or open_slot(desk, week, slug=tip, again=again)
    if isinstance(opened, Nothing):
        screen.say(opened.reason)
        return
    if going_out:
        with db.transaction(office.engine) as session:
            fence.check(session, office.mark)
        tell_taken_up(take_up_lapsed(desk, going_out))
    with ending_gently(desk.stop):
        tell_operator(desk)
        tally = deliver_with_progress(desk, opened)
        tell_operator(desk)
        desk.transport.close()
    report(opened, tally)
    tell_held(desk, tally)
    if tally.open:
        tell_rest(office)


def deliver_with_progress(desk: Desk, issue: IssueView) -> Tally:
    """Deliver an issue under a progress bar, and return how its letters stand."""
    with screen.progress(str(issue.slot), issue.enrolled) as bar:
        (task,) = bar.task_ids
        return deliver(desk, issue, on_progress=lambda done: bar.advance(task, done))


def report(issue: IssueView, tally: Tally) -> None:
    """Print how an issue went."""
    title = f"{issue.slot}, {issue.tip_title}"
    screen.facts([("Issue", title), *letter_counts(tally)])
    if tally.deferred or tally.pending:
        screen.say("The rest is tried again by `newsletter run`, or by sending again.")
    if tally.failed or tally.uncertain:
        screen.say(f"Who and why: newsletter issues show {issue.slot}")


def tell_taken_up(freed: Freed) -> None:
    """Say what a killed process left, which need not wait for its lease."""
    if not any(freed):
        return
    letters = screen.count(sum(freed), "letter was", "letters were")
    doubtful = (
        f"; {freed.doubtful} may have reached the relay" if freed.doubtful else ""
    )
    screen.say(
        f"{letters} in the hands of a process that was killed. They are taken up "
        f"now{doubtful}."
    )


def tell_held(desk: Desk, tally: Tally) -> None:
    """Say why letters that nobody here sends wait all the same."""
    if held := tally.claimed + tally.sending:
        minutes = ceil(desk.lease / timedelta(minutes=1))
        screen.say(
            f"{screen.count(held, 'letter')} in the hands of another process. If it "
            "is killed, they are taken up by the next one that sends on its machine, "
            f"and elsewhere after {minutes} minutes at most."
        )


def tell_rest(office: Office) -> None:
    """Say until when letters wait for the hour, the day or the warm-up, if they do."""
    with db.transaction(office.engine) as session:
        rest = resting(office, session)
    if rest:
        screen.say(f"The others wait {waits(rest, office)}.")


def _this_week(office: Office, desk: Desk) -> Slot:
    """Return the week of today, unless its issue is over; say so, then."""
    slot = desk.timetable.slot_at(desk.clock())
    with db.transaction(office.engine) as session:
        known = issues.in_slot(session, slot)
        following = first_open_slot(office, session)
    if known and known.status in (IssueStatus.SENT, IssueStatus.CANCELLED):
        when = screen.local(desk.timetable.moment(following), office.zone)
        screen.say(
            f'{slot} is {known.status}: "{known.tip_title}". The next week is '
            f"{following}, {when}. Send it early with --slot {following}."
        )
        raise typer.Exit(0)
    return slot


def unfinished(office: Office, week: Slot) -> IssueView | None:
    """Return the issue of *week* if it is going out and was not finished."""
    with db.transaction(office.engine) as session:
        known = issues.in_slot(session, week)
    return known if known and known.status is IssueStatus.SENDING else None


def _announce(office: Office, week: Slot, choice: Choice | Nothing | None) -> bool:
    """Say what is about to be sent, why, and to how many; tell whether it is."""
    if not isinstance(choice, Choice):
        none_left = f"There is no unsent tip for {week}; see `newsletter tips list`."
        screen.say(choice.reason if choice else none_left)
        return False
    with db.transaction(office.engine) as session:
        readers = count_mailable(session, week=week_ordinal(week.monday))
    people = screen.count(readers, "person", "people")
    screen.say(f'{week}: "{choice.title}" ({choice.reason}) to {people}.')
    return True

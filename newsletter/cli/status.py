"""`newsletter status`: did it go out, to whom, and what comes next."""

from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Annotated

import typer

from newsletter import (
    comments,
    db,
    fence,
    issues,
    ledger,
    notices,
    outbox,
    rates,
)
from newsletter.cli import screen
from newsletter.cli.office import Office, enter
from newsletter.cli.plan import coming
from newsletter.db import Session
from newsletter.errors import Fenced
from newsletter.issues import IssueView
from newsletter.ledger import Tally
from newsletter.notices import NoticeView
from newsletter.outbox import Queue
from newsletter.rates import Rest
from newsletter.tips.planning import PlannedWeek
from subscribers import held
from subscribers.roster import count_by_status

app = typer.Typer(add_completion=False, rich_markup_mode=None)

# Older notices are history; the log has them.
NOTICES_SHOWN = timedelta(weeks=3)
# Greylisting takes some minutes; whoever confirms nothing for longer is lost.
LONG_WAIT = timedelta(hours=1)
AUTOMATIC_WAIT = "automatic letters wait"


@dataclass(frozen=True)
class Standing:
    """How the newsletter stands; `runway_weeks` counts from the next slot.

    `fenced` says why nothing is sent from this database; empty when it is the live one.
    `rest` says until when letters wait for the hour, the day or the warm-up.
    `automatic` counts the letters that the program writes by itself, such as requests
    to confirm.
    """

    newsletter: str
    fenced: str
    next: PlannedWeek
    runway_weeks: int
    people: dict[str, int]
    last_issue: IssueView | None
    letters: Tally | None
    rest: Rest | None
    automatic: Queue
    attention: list[str]
    notices: list[NoticeView]


@app.command()
def status(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """What went out, what comes next, and what needs attention."""
    office = enter(context)
    standing = look(office)
    if json:
        last = standing.last_issue
        shown = {"last_issue": without_bodies(last) if last else None}
        screen.as_json({**vars(standing), **shown})
        return
    _show(standing, office)


def look(office: Office) -> Standing:
    """Read how the newsletter stands."""
    with db.transaction(office.engine) as session:
        lasts, planned = coming(office, session, weeks=1)
        last = next(iter(issues.newest(session, limit=1)), None)
        tally = ledger.tally(session, last.id) if last else None
        rest = resting(office, session)
        paused = issues.paused(session)
        people = {str(s): n for s, n in count_by_status(session).items() if n}
        fenced = fence.doubt(session, office.mark)
        written = _written_to_you(session)
        queue = outbox.look(session)
        recent = notices.recent(session, since=office.clock() - NOTICES_SHOWN)
        waiting = held.count(session)
    return Standing(
        newsletter=office.config.settings.newsletter.name,
        fenced=fenced,
        next=planned[0],
        runway_weeks=lasts,
        people=people,
        last_issue=last,
        letters=tally,
        rest=rest,
        automatic=queue,
        attention=[
            *_attention(office, planned[0], lasts, paused, last, tally),
            *written,
            *_departures(waiting),
            *_stuck(office, queue),
        ],
        notices=recent,
    )


def resting(office: Office, session: Session) -> Rest | None:
    """Return what the letters of issues that are going out wait for, if they do."""
    if not issues.sending(session):
        return None
    limits = office.config.settings.limits
    return rates.rest(session, limits, now=office.clock())


def waits(rest: Rest, office: Office) -> str:
    """Say until when letters wait, and which setting says so."""
    return f"until {screen.local(rest.until, office.zone)} ({rest.because})"


def _attention(
    office: Office,
    following: PlannedWeek,
    lasts: int,
    paused: list[IssueView],
    last: IssueView | None,
    tally: Tally | None,
) -> list[str]:
    """Return what the operator should do something about, most urgent first."""
    found = [
        f"{issue.slot} is paused: {issue.paused_because or 'by hand'}. "
        f"Go on with: newsletter issues resume {issue.slot}"
        for issue in paused
    ]
    if tally and last and (tally.failed or tally.uncertain):
        letters = screen.count(tally.failed + tally.uncertain, "letter")
        found.append(
            f"{letters} of {last.slot} failed or in doubt. "
            f"Who and why: newsletter issues show {last.slot}"
        )
    if following.choice is None:
        found.append(f"Nothing goes out in {following.slot}: {following.reason}.")
    if lasts < office.config.settings.library.warn_weeks:
        weeks = screen.count(lasts, "week")
        found.append(f"The library lasts {weeks}. Add tips: newsletter tips import")
    return found


def _written_to_you(session: Session) -> list[str]:
    """Return what is to be done about comments and messages that wait."""
    found = []
    if held := comments.count_held(session):
        waiting = f"{screen.count(held, 'comment')} {'waits' if held == 1 else 'wait'}"
        found.append(f"{waiting} for you. Read them: newsletter comments list")
    messages, reason = outbox.messages_held_up(session)
    if messages:
        found.append(
            f"{screen.count(messages, 'message')} of the contact page could not be "
            f"mailed to you yet: {reason}. Nothing is lost, and it is tried again. Is "
            "identity.operator_address right?"
        )
    return found


def _departures(waiting: int) -> list[str]:
    """Say that departures look like a machine's, if any do."""
    if not waiting:
        return []
    number = screen.count(waiting, "departure looks", "departures look")
    return [f"{number} like a machine's. Who and what: newsletter subscribers held"]


def _stuck(office: Office, queue: Queue) -> list[str]:
    """Say so when somebody waits too long in front of an empty mailbox."""
    if queue.since is None or office.clock() - queue.since < LONG_WAIT:
        return []
    letters = screen.count(queue.letters, "automatic letter waits", AUTOMATIC_WAIT)
    since = screen.local(queue.since, office.zone)
    return [f"{letters}, the oldest since {since}. Why: newsletter doctor, and the log"]


def _show(standing: Standing, office: Office) -> None:
    following, last, tally = standing.next, standing.last_issue, standing.letters
    tip = following.choice
    screen.say(standing.newsletter, style="bold")
    screen.facts(
        [
            (
                "Next",
                f"{following.slot}, {screen.local(following.moment, office.zone)}",
            ),
            ("Tip", f"{tip.title} ({tip.reason})" if tip else following.reason),
            ("Runway", screen.count(standing.runway_weeks, "week")),
            (
                "People",
                ", ".join(f"{n:,} {status}" for status, n in standing.people.items())
                or "nobody yet",
            ),
            *_automatic(standing.automatic, office),
        ]
    )
    screen.heading("Last issue")
    if last and tally:
        screen.facts(
            [
                ("Issue", f"{last.slot}, {last.tip_title}"),
                ("State", last.status),
                *letter_counts(tally),
                *([("Waits", waits(standing.rest, office))] if standing.rest else []),
                ("Finished", screen.local(last.finished_at, office.zone) or "not yet"),
            ]
        )
    else:
        screen.say("None yet.")
    screen.heading("Needs attention")
    fenced = [str(Fenced(reason=standing.fenced))] if standing.fenced else []
    for line in [*fenced, *standing.attention] or ["Nothing."]:
        screen.say(line)
    if standing.notices:
        screen.heading("Notices of the last three weeks")
        screen.facts(
            (screen.local(notice.created_at, office.zone), notice.message)
            for notice in standing.notices
        )


def _automatic(queue: Queue, office: Office) -> list[tuple[str, object]]:
    if queue.since is None:
        return []
    since = screen.short(queue.since, office.zone)
    words = f"{queue.letters:,} automatic, the oldest since {since}"
    return [("Letters", words)]


def letter_counts(tally: Tally) -> list[tuple[str, object]]:
    """Return the counts of an issue's letters: the sent ones, and what is not 0."""
    return [
        (field.name.capitalize(), getattr(tally, field.name))
        for field in fields(tally)
        if field.name == "sent" or getattr(tally, field.name)
    ]


def without_bodies(issue: IssueView) -> dict[str, object]:
    """Return an issue for JSON, without the email itself."""
    hidden = ("html", "text")
    names = (field.name for field in fields(issue) if field.name not in hidden)
    return {name: getattr(issue, name) for name in names}

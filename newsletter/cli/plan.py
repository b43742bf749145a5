"""`newsletter plan`: who gets which tip when, and why."""

from typing import Annotated

import typer

from newsletter import db, issues
from newsletter.cli import screen
from newsletter.cli.office import Office, enter
from newsletter.slots import Slot
from newsletter.tips.planning import PlannedWeek, candidates, plan, runway
from subscribers.audience import count_mailable, week_ordinal

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(name="plan")
def show(
    context: typer.Context,
    weeks: Annotated[
        int, typer.Option(min=1, max=520, metavar="N", help="How far ahead.")
    ] = 8,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Who gets which tip when, and why. What it announces is what is sent."""
    office = enter(context)
    with db.transaction(office.engine) as session:
        lasts, planned = coming(office, session, weeks=weeks)
        week = week_ordinal(planned[0].slot.monday)
        readers = count_mailable(session, week=week)
    if json:
        screen.as_json({"readers": readers, "runway_weeks": lasts, "weeks": planned})
        return
    table(planned, office)
    screen.say()
    screen.facts(
        [
            ("Readers", screen.count(readers, "person", "people")),
            ("Runway", screen.count(lasts, "week")),
        ]
    )


def coming(
    office: Office, session: db.Session, *, weeks: int
) -> tuple[int, list[PlannedWeek]]:
    """Return the runway in weeks, and the plan from the first open week on."""
    settings = office.config.settings
    timetable = settings.schedule.timetable
    first = first_open_slot(office, session)
    library = candidates(session)
    planned = plan(
        library,
        timetable,
        first,
        weeks=weeks,
        recycle_after_weeks=settings.library.recycles_after,
    )
    return runway(library, timetable, first), planned


def first_open_slot(office: Office, session: db.Session) -> Slot:
    """Return the first week that can still get its tip."""
    timetable = office.config.settings.schedule.timetable
    now = office.clock()
    slot = timetable.latest(now)
    founded = db.installation(session).created_at
    is_open = timetable.may_open(slot, now) and timetable.moment(slot) >= founded
    if not is_open:
        slot = slot.shift(1)
    while issues.in_slot(session, slot) is not None:
        slot = slot.shift(1)
    return slot


def table(planned: list[PlannedWeek], office: Office) -> None:
    """Print the planned weeks."""
    screen.table(
        ("Slot", "Goes out", "Tip", "Why"),
        [
            (
                week.slot,
                screen.short(week.moment, office.zone),
                week.choice.title if week.choice else "(nothing)",
                week.reason,
            )
            for week in planned
        ],
    )

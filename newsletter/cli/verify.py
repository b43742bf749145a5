"""`newsletter verify`: every promise that the database can be asked for."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

import typer

from newsletter import archive, db, fence, issues, privacy, soundness
from newsletter.cli import screen
from newsletter.cli.office import Office, config_of, connect
from newsletter.db import Session
from newsletter.errors import DatabaseProblem
from newsletter.ledger import promises
from subscribers import suppression

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@dataclass(frozen=True)
class Promise:
    """One promise: kept, or what is wrong."""

    promise: str
    state: str
    found: str


Answer = int | str | list[str]

# What should be true, and the question whose answer is then none.
QUESTIONS: tuple[tuple[str, Callable[[Session], Answer]], ...] = (
    ("No page or index is damaged", soundness.damaged),
    ("Tables, indexes and references are there", soundness.unlike_the_release),
    ("No row points to one that is not there", soundness.dangling),
    ("Each week has one issue", issues.opened_twice),
    ("An issue has an end when it is over, and only then", issues.with_a_wrong_end),
    ("Each issue has the letters it enrolled", promises.miscounted),
    ("Nothing waits in an issue that is sent", promises.open_in_a_sent_issue),
    ("Nobody has two letters of an issue", promises.twice_in_an_issue),
    ("Nobody has a tip twice in a round", promises.twice_in_a_round),
    (
        "A letter is of an issue, and carries its tip and round",
        promises.unlike_their_issue,
    ),
    ("A letter has an end when it is done, and only then", promises.with_a_wrong_end),
    ("What reached the wire has its date and try", promises.never_tried),
    ("Letters in hand have a lease, others none", promises.with_a_wrong_lease),
    ("Nobody was mailed after leaving", promises.begun_after_leaving),
    ("What was sent is public, and only that", archive.wrongly_public),
    ("Of the erased nothing is left", privacy.left_behind),
)


@app.command()
def verify(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Ask the database for every promise that it can keep: ok, or what is wrong.

    It reads every row, changes nothing and can run while letters go out.
    """
    found = list(_ask(context))
    if json:
        screen.as_json(found)
    else:
        rows = [(line.promise, line.state, line.found) for line in found]
        screen.table(("Promise", "State", "What was found"), rows)
    if any(line.state != "ok" for line in found):
        raise typer.Exit(1)


def _ask(context: typer.Context) -> Iterator[Promise]:
    """Yield every promise, all as of one instant."""
    config = config_of(context)
    engine = connect(context, config)
    try:
        db.check(engine)
    except DatabaseProblem as error:
        yield _line("The database is of this release", str(error))
        return
    yield _line("The database is of this release", "")
    office = Office(config, engine)
    with db.snapshot(engine) as session:
        doubt = fence.doubt(session, office.mark)
        for promise, question in QUESTIONS:
            yield _line(promise, question(session))
        yield _line("No letter is held beyond its lease", _held(office, session))
        yield _line("Nobody suppressed is mailed", _suppressed(office, session))
        yield _line("It is the live one, no copy", doubt)


def _held(office: Office, session: Session) -> int:
    """Return how many letters are in hand for longer than any lease lasts."""
    lease = timedelta(seconds=office.config.settings.delivery.lease_seconds)
    return promises.held_beyond(session, office.clock() + lease)


def _suppressed(office: Office, session: Session) -> str:
    """Return how many people are mailed though they are suppressed, in words."""
    if not office.config.settings.newsletter.secret.get_secret_value():
        # Nothing can be sent, or was ever suppressed, without one.
        return ""
    found = suppression.mailed_all_the_same(session, office.hasher)
    return screen.count(found, "person", "people") if found else ""


def _line(promise: str, answer: Answer) -> Promise:
    """Return a promise with what its question was answered."""
    if isinstance(answer, int):
        answer = screen.count(answer, "letter") if answer else ""
    elif isinstance(answer, list):
        answer = ", ".join(answer)
    return Promise(promise, "error" if answer else "ok", answer)

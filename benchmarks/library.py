"""A library that has grown for a hundred years: public tips with tags and comments."""

import random
from datetime import timedelta
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session, SQLModel

from benchmarks.stage import NOW, Stage
from newsletter import db
from newsletter.tables import LabelKind, Tip, TipComment, TipLabel, TipStatus

TAGS = 40
TAGS_OF_A_TIP = 3
# The first tag is on every other tip: a long list, as a newsletter's subject is.
COMMON_TAG = "tag-0"
ROWS_AT_ONCE = 5_000
SENTENCE = (
    "say what happens next before you turn away and keep your word a customer who "
    "waits is listening for the second question borrow their glasses read it once as a "
    "stranger would then change one thing by Friday"
)


def fill(stage: Stage, *, tips: int, comments: int) -> None:
    """Write so many public tips, a week apart, and spread the comments over them."""
    db.upgrade(stage.engine, now=NOW)
    chance = random.Random(7)  # noqa: S311 - figures are to be the same each time
    with db.transaction(stage.engine) as session:
        _write(session, Tip, [_tip(number, chance) for number in range(tips)])
        labels = [row for n in range(tips) for row in _labels(n + 1, chance)]
        _write(session, TipLabel, labels)
        spread = [_comment(number, tips, chance) for number in range(comments)]
        _write(session, TipComment, spread)
    if stage.engine.dialect.name == "postgresql":
        # As autovacuum has long done where a library grew over years.
        with stage.engine.begin() as connection:
            connection.exec_driver_sql("ANALYZE")


def _write(session: Session, table: type[SQLModel], rows: list[dict[str, Any]]) -> None:
    for start in range(0, len(rows), ROWS_AT_ONCE):
        session.execute(insert(table), rows[start : start + ROWS_AT_ONCE])


def _tip(number: int, chance: random.Random) -> dict[str, Any]:
    at = NOW - timedelta(weeks=number)
    return {
        "slug": f"tip-{number}",
        "title": _words(chance, 5).capitalize(),
        "body": "\n\n".join(_words(chance, 60).capitalize() + "." for _ in range(5))
        + f"\n\n*{_words(chance, 9).capitalize()}.*",
        "summary": "",
        "author": "",
        "position": number,
        "status": TipStatus.READY,
        "published_at": at,
        "created_at": at,
        "updated_at": at,
    }


def _labels(tip_id: int, chance: random.Random) -> list[dict[str, Any]]:
    tags = chance.sample(range(1, TAGS), TAGS_OF_A_TIP - 1)
    names = [f"Tag {tag}" for tag in ([0] if tip_id % 2 else []) + tags]
    rows = [(LabelKind.TAG, name) for name in names]
    rows.append((LabelKind.CATEGORY, "Tip of the week"))
    return [
        {
            "tip_id": tip_id,
            "kind": kind,
            "slug": name.lower().replace(" ", "-"),
            "name": name,
            "position": position,
        }
        for position, (kind, name) in enumerate(rows)
    ]


def _comment(number: int, tips: int, chance: random.Random) -> dict[str, Any]:
    return {
        "tip_id": chance.randrange(tips) + 1,
        "origin": f"c-{number}",
        "author": f"Reader {number % 900}",
        "body": _words(chance, 40).capitalize() + ".",
        "written_at": NOW,
    }


def _words(chance: random.Random, count: int) -> str:
    return " ".join(chance.choices(SENTENCE.split(), k=count))

"""`newsletter history`: what one person was sent, and how it went."""

import json
from datetime import timedelta
from typing import Any

from sqlmodel import select

from newsletter import db
from newsletter.tables import Delivery, DeliveryStatus


def test_every_tip_that_a_person_was_sent(program: Any) -> None:
    """The newest first, with slot, state and when."""
    program("send", "-y")
    program.clock.tick(timedelta(weeks=1))
    program("send", "-y")

    result = program("history", "ZOE@example.org")

    assert "Zoë Krüger <zoe@example.org>" in result.stdout
    lines = [line for line in result.stdout.splitlines() if "2026-W" in line]
    assert [line.split()[:4] for line in lines] == [
        ["2026-W49", "Tip", "2", "sent"],
        ["2026-W48", "Tip", "1", "sent"],
    ]
    assert "Tue 2026-11-24 10:00" in lines[1]


def test_json_says_the_same(program: Any) -> None:
    """The person, and a list of letters."""
    program("send", "-y")

    told = json.loads(program("history", "zoe@example.org", "--json").stdout)

    assert told["person"]["name"] == "Zoë Krüger"
    (line,) = told["history"]
    assert (line["slot"], line["tip_slug"]) == ("2026-W48", "tip-1")
    assert line["status"] == "sent"


def test_a_letter_that_failed_says_why(program: Any) -> None:
    """The relay's words, or ours."""
    program("send", "-y")
    engine = program.engine()
    with db.transaction(engine) as session:
        letter = session.exec(select(Delivery).limit(1)).one()
        letter.status, letter.reason = DeliveryStatus.FAILED, "5.1.1 no such user"
    engine.dispose()

    shown = program("history", "zoe@example.org").stdout

    assert "failed" in shown
    assert "5.1.1 no such user" in shown


def test_somebody_new_was_sent_nothing(program: Any) -> None:
    """Said in words, not by an empty table."""
    assert "Was sent nothing yet." in program("history", "bob@example.net").stdout


def test_a_stranger_is_unknown(program: Any) -> None:
    """The nearest address is offered; what is no address is refused."""
    near = program("history", "zoé@example.org", code=1)
    none = program("history", "zoe", code=1)

    assert "Nobody with the address" in near.stderr
    assert "is not a usable email address" in none.stderr

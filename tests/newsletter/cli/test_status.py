"""`newsletter status`: did it go out, to whom, what comes next, what needs a look."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from newsletter import db, fence, outbox
from newsletter.tables import LetterKind


def test_a_healthy_newsletter_in_one_look(program: Any) -> None:
    """The next slot and its tip, the runway, the people, the last issue's figures."""
    program("send", "-y")

    shown = program("status").stdout

    assert "2026-W49, Tue 2026-12-01 09:00" in shown
    assert "Tip 2 (next in queue)" in shown
    assert "8 weeks" in shown
    assert "2 active, 1 unsubscribed" in shown
    assert "2026-W48, Tip 1" in shown
    assert "Tue 2026-11-24 10:00" in shown
    attention = shown.split("Needs attention\n")[1]
    assert attention.startswith("Nothing.")


def test_an_empty_newsletter_says_what_is_missing(empty: Any) -> None:
    """No tip, nobody, no issue, each in words."""
    shown = empty("status").stdout

    assert "nobody yet" in shown
    assert "None yet." in shown
    assert "Nothing goes out in 2026-W48" in shown
    assert "newsletter tips import" in shown


def test_what_needs_attention_names_the_command(program: Any) -> None:
    """A paused issue, and letters that failed."""
    program.add_unmailable()
    program("send", "-y")
    failed = program("status").stdout
    program.clock.tick(timedelta(weeks=1))
    program.settings(delivery__folder="/proc/nowhere", library__warn_weeks=9)
    program("send", "-y")
    program("issues", "pause", "2026-W49")
    paused = program("status").stdout

    assert "1 letter of 2026-W48 failed or in doubt." in failed
    assert "newsletter issues show 2026-W48" in failed
    assert "2026-W49 is paused: by hand." in paused
    assert "newsletter issues resume 2026-W49" in paused
    assert "The library lasts 7 weeks." in paused
    assert "Notices of the last three weeks" in paused


def test_json_has_everything_but_the_emails(program: Any) -> None:
    """One object; the bodies of the last issue are not in it."""
    before = json.loads(program("status", "--json").stdout)
    program("send", "-y")
    after = json.loads(program("status", "--json").stdout)

    assert before["last_issue"] is None
    assert before["next"]["slot"] == "2026-W48"
    assert after["last_issue"]["tip_slug"] == "tip-1"
    assert not {"html", "text"} & after["last_issue"].keys()
    assert after["letters"]["sent"] == 2
    assert after["people"] == {"active": 2, "unsubscribed": 1}
    assert after["attention"] == []


def test_letters_that_wait_for_the_rate_say_until_when(program: Any) -> None:
    """In words and as JSON; nothing is wrong, so nothing needs attention."""
    program.settings(smtp__max_per_day=1)
    sent = program("send", "-y").stdout

    shown = program("status").stdout
    rest = json.loads(program("status", "--json").stdout)["rest"]

    until = "until Wed 2026-11-25 10:01 (smtp.max_per_day)"
    assert f"The others wait {until}." in sent
    assert until in shown
    assert "Nothing." in shown
    assert rest == {"until": "2026-11-25T10:01:00+00:00", "because": "smtp.max_per_day"}
    program.clock.tick(timedelta(hours=24, minutes=1))
    assert program("send", "-y").stdout.split()[-2:] == ["Sent", "2"]
    assert json.loads(program("status", "--json").stdout)["rest"] is None


def test_automatic_letters_that_wait_are_counted(program: Any) -> None:
    """With since when; after an hour it is something to look at."""
    engine = program.engine()
    with db.transaction(engine) as session:
        for name in ("ada", "eve"):
            outbox.post(
                session,
                LetterKind.CONFIRM,
                f"{name}@example.org",
                facts={},
                subscriber_id=None,
                to_hash=name,
                now=datetime(2026, 11, 24, 10, tzinfo=UTC),
            )
    engine.dispose()

    fresh = program("status").stdout
    told = json.loads(program("status", "--json").stdout)
    program.clock.tick(timedelta(hours=1))
    stuck = program("status").stdout.split("Needs attention")[1]

    assert "2 automatic, the oldest since Tue 24 Nov 10:00" in fresh
    assert "Nothing." in fresh.split("Needs attention")[1]
    assert told["automatic"] == {"letters": 2, "since": "2026-11-24T10:00:00+00:00"}
    assert "2 automatic letters wait, the oldest since Tue 2026-11-24 10:00" in stuck


def test_old_notices_are_history(program: Any) -> None:
    """After three weeks `status` shows them no more."""
    program.settings(library__warn_weeks=20)
    program("send", "-y")

    fresh = program("status").stdout
    program.clock.tick(timedelta(weeks=4))
    old = program("status").stdout

    assert "The library lasts 8 more weeks after 2026-W48" in " ".join(fresh.split())
    assert "Notices of the last three weeks" not in old


def test_a_database_that_may_not_send_says_so(program: Any) -> None:
    """First of all that needs attention, in `doctor` too."""
    engine = program.engine()
    with db.transaction(engine) as session:
        fence.withhold(session)
    engine.dispose()

    shown = program("status").stdout.splitlines()
    told = json.loads(program("status", "--json").stdout)
    examined = json.loads(program("doctor", "--json", code=1).stdout)

    line = shown[shown.index("Needs attention") + 1]
    assert line.startswith("This database may not send: it was restored")
    assert told["fenced"] == "it was restored from a backup"
    (live,) = [check for check in examined if check["name"] == "Live"]
    assert live["state"] == "error"
    assert "newsletter takeover" in live["message"]

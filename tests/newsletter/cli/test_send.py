"""`newsletter send`: what it announces is what it does, and nothing twice."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session

from newsletter import fence, issues, ledger
from newsletter.holders import holding
from newsletter.slots import Slot


def test_it_sends_this_weeks_tip_after_asking(program: Any) -> None:
    """The tip, why, and to how many; then the figures of what went out."""
    result = program("send", typed="y\n")

    assert '2026-W48: "Tip 1" (next in queue) to 2 people.' in result.stdout
    assert "Send it now? [y/N]: y" in result.stdout
    assert result.stdout.split("\n")[-3].split() == ["Issue", "2026-W48,", "Tip", "1"]
    assert result.stdout.split("\n")[-2].split() == ["Sent", "2"]
    assert "2/2" in result.stderr
    assert [name.split("--")[0] for name in program.outbox] == [
        "bob@example.net",
        "zoe@example.org",
    ]


def test_no_is_no(program: Any) -> None:
    """Nothing is sent without a yes, and the exit code says so."""
    result = program("send", typed="n\n", code=1)

    assert "Aborted" in result.stderr
    assert program.outbox == []


def test_a_dry_run_only_says_it(program: Any) -> None:
    """Nothing is asked, opened or written."""
    result = program("send", "--dry-run")

    assert result.stdout == '2026-W48: "Tip 1" (next in queue) to 2 people.\n'
    assert program.outbox == []
    assert "No issue yet" in program("issues", "list").stdout


def test_a_second_time_says_that_it_was_sent(program: Any) -> None:
    """Nothing goes out twice; the way to send early is named."""
    program("send", "--yes")

    again = program("send", "--yes").stdout
    named = program("send", "--yes", "--slot", "2026-W48").stdout

    assert '2026-W48 is sent: "Tip 1".' in again
    assert "--slot 2026-W49" in again
    assert named == "2026-W48 was sent already: Tip 1.\n"
    assert len(program.outbox) == 2


def test_a_tip_and_a_week_can_be_named(program: Any) -> None:
    """The week ahead, the tip of one's choice."""
    result = program("send", "--slot", "2026-w49", "--tip", "tip-5", "-y")

    assert '2026-W49: "Tip 5" (chosen by hand) to 2 people.' in result.stdout
    assert len(program.outbox) == 2


def test_a_sent_tip_needs_again(program: Any) -> None:
    """Refused before anything is asked; with --again everybody gets it once more."""
    program("send", "-y")
    words = ("send", "--slot", "2026-W49", "--tip", "tip-1")

    refused = program(*words, code=1)
    program(*words, "--again", "-y")

    assert "it was sent in 2026-W48" in refused.stderr
    assert "--again" in refused.stderr
    assert "Send it now?" not in refused.stdout
    assert len(program.outbox) == 4


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--tip", "tip-3"), "it is draft; only ready tips are sent."),
        (("--tip", "tip-99"), 'There is no tip "tip-99". Did you mean "tip-9"?'),
        (("--slot", "2026-W01"), "that week is over."),
        (("--slot", "2025-W53"), "'2025-W53' is not a week"),
        (("--slot", "next"), "Write it like 2026-W47."),
    ],
)
def test_what_cannot_be_sent_is_refused_also_in_a_dry_run(
    program: Any, words: tuple[str, ...], says: str
) -> None:
    """The dry run never promises what the real one refuses."""
    for more in ((), ("--dry-run",)):
        assert says in program("send", *words, *more, code=1).stderr


def test_a_paused_issue_is_not_sent_around(program: Any) -> None:
    """It says that the week is paused, and never offers another tip for it."""
    program.settings(delivery__folder="/proc/nowhere")
    program("send", "-y")
    program("issues", "pause", "2026-W48")

    result = program("send", "-y")

    assert result.stdout == "2026-W48 is paused already: Tip 1.\n"


def test_an_unfinished_issue_is_gone_on_with(program: Any) -> None:
    """While the folder cannot be written the letters wait; later they go out."""
    program.settings(delivery__folder="/proc/nowhere")
    first = program("send", "-y").stdout
    dry = program("send", "--dry-run").stdout
    program.settings()
    program.clock.tick(600)
    second = program("send").stdout

    assert "tried again by `newsletter run`" in first
    assert "Pending" in first
    assert "2026-W48 is going out already" in dry
    assert second.split()[-2:] == ["Sent", "2"]
    assert len(program.outbox) == 2


def test_letters_in_other_hands_are_explained(program: Any) -> None:
    """Whoever sends again after a crash hears why nothing goes out, and until when."""
    program.settings(delivery__folder="/proc/nowhere")
    program("send", "-y")
    program.settings()
    program.clock.tick(600)
    engine = program.engine()
    with Session(engine) as session:
        issue = issues.find(session, Slot(2026, 48))
        now, lease = datetime.now(UTC), timedelta(minutes=30)
        ledger.claim(session, issue.id, limit=9, now=now, lease=lease)
        session.commit()
    engine.dispose()

    held = program("send").stdout
    program.clock.tick(1801)
    freed = program("send").stdout

    assert "2 letters in the hands of another process." in held
    assert "after 30 minutes at most" in held
    assert freed.split()[-2:] == ["Sent", "2"]


def test_letters_of_a_killed_process_go_out_at_once(program: Any) -> None:
    """Whoever starts it again does not wait, and hears what was left."""
    program.settings(delivery__folder="/proc/nowhere")
    program("send", "-y")
    program.settings()
    program.clock.tick(600)
    engine = program.engine()
    mark = fence.mark_path(engine, program.folder)
    with suppress(KeyboardInterrupt), holding(41, mark) as holder:
        now = datetime.now(UTC)
        holder.note(now)
        lease = holder.lease(timedelta(minutes=30), now=now)
        with Session(engine) as session:
            issue = issues.find(session, Slot(2026, 48))
            claims = ledger.claim(session, issue.id, limit=9, now=now, lease=lease)
            ledger.mark_sending(session, claims[:1], now=now, lease=lease)
            session.commit()
        raise KeyboardInterrupt
    engine.dispose()

    said = program("send").stdout

    assert "2 letters were in the hands of a process that was killed." in said
    assert "1 may have reached the relay" in said
    assert said.split()[-2:] == ["Sent", "2"]


def test_letters_that_fail_are_pointed_at(program: Any) -> None:
    """Who and why is one command away."""
    program.add_unmailable()

    result = program("send", "-y")

    assert "Failed  1" in result.stdout
    assert "Who and why: newsletter issues show 2026-W48" in result.stdout


def test_an_empty_library_sends_nothing(empty: Any) -> None:
    """And says where tips come from."""
    for more in ((), ("--dry-run",)):
        result = empty("send", *more)
        assert "There is no unsent tip for 2026-W48" in result.stdout
        assert "newsletter tips" in result.stdout


def test_a_cancelled_week_takes_the_next_tip_by_hand(program: Any) -> None:
    """Only when the week is named; the scheduler leaves it alone."""
    program.settings(delivery__folder="/proc/nowhere")
    program("send", "-y")
    program("issues", "cancel", "2026-W48", "-y")
    program.settings()

    unnamed = program("send", "-y").stdout
    program("send", "--slot", "2026-W48", "-y")

    assert "2026-W48 is cancelled" in unnamed
    shown = program("issues", "show", "2026-W48").stdout
    assert "2026-W48, Tip 2" in shown


def test_without_a_secret_nothing_is_opened(program: Any) -> None:
    """A wrong setting ends with 78 and what to do."""
    program.settings(newsletter__secret="")

    result = program("send", "-y", code=78)

    assert "`newsletter init` makes one" in result.stderr
    assert "No issue yet" in program("issues", "list").stdout

"""`newsletter takeover`: says what it means before it is done, and then it holds."""

import shutil
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from newsletter.tables import Delivery, DeliveryStatus
from tests.newsletter.cli.conftest import NOW


@pytest.fixture
def restored(program: Any) -> Any:
    """A program whose week was sent, on a database that was restored since."""
    program("send", "-y")
    program("backup", "tips.backup")
    program.settings(database__url="sqlite:///new.db")
    program("restore", "tips.backup")
    return program


def test_it_says_why_what_is_known_and_what_may_happen(restored: Any) -> None:
    """The last recorded letter, what is not recorded, and the question."""
    result = restored("takeover", typed="y\n")

    words = " ".join(result.stdout.split())
    assert "Refused it was restored from a backup" in words
    assert "Last sent a letter of 2026-W48, Tue 2026-11-24 10:0" in words
    assert "those letters go out once more" in words
    assert "Is every other copy stopped, for good? [y/N]: y" in words
    assert "is the live one from now on" in words
    restored("send", "--slot", "2026-W49", "-y")


def test_no_is_no(restored: Any) -> None:
    """Nothing is changed without a yes."""
    assert "Aborted" in restored("takeover", typed="n\n", code=1).stderr

    restored("send", "--slot", "2026-W49", "-y", code=1)


def test_the_live_one_has_nothing_to_take_over(program: Any) -> None:
    """No question, no change; neither before its first letter nor after."""
    for words in (("takeover",), ("send", "-y"), ("takeover",)):
        assert "Refused" not in program(*words).stdout

    mark = (program.folder / "newsletter.db.mark").read_text("utf-8")
    assert "nothing was changed" in program("takeover").stdout
    assert (program.folder / "newsletter.db.mark").read_text("utf-8") == mark


def test_letters_that_were_in_hand_are_spoken_of(program: Any) -> None:
    """They follow their lease; the setting that decides is named."""
    program("send", "-y")
    engine = program.engine()
    with Session(engine) as session:
        letter = session.scalars(select(Delivery)).first()
        assert letter
        letter.status = DeliveryStatus.SENDING
        letter.lease_until = NOW + timedelta(minutes=10)
        session.commit()
    engine.dispose()
    (program.folder / "newsletter.db.mark").unlink()

    result = program("takeover", "-y")

    words = " ".join(result.stdout.split())
    assert "1 letter was in hand" in words
    assert 'delivery.uncertain = "resend"' in words


def test_a_database_put_back_is_refused_until_taken_over(program: Any) -> None:
    """The very thing the mark is for: yesterday's file over today's."""
    file = program.folder / "newsletter.db"
    program("send", "-y")
    shutil.copy(file, program.folder / "kept.db")
    program("send", "--slot", "2026-W49", "-y")
    # In place, as `cp` does it: the file keeps its inode.
    shutil.copyfile(program.folder / "kept.db", file)

    refused = program("send", "--slot", "2026-W49", "-y", code=1)
    assert "it is older than" in refused.stderr
    assert len(program.outbox) == 4

    program("takeover", "-y")
    sent = program("send", "--slot", "2026-W49", "-y").stdout
    assert sent.split()[-2:] == ["Sent", "2"]

"""A Maildir: unread mail is shown, marking renames, and not an octet is changed."""

from pathlib import Path

import pytest

from newsletter.errors import MailboxProblem
from newsletter.mailbox import Mail, MaildirMailbox
from newsletter.mailbox.base import HEAD_OCTETS

MAIL = b"Subject: unsubscribe\r\n\r\nPlease.\r\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An empty Maildir."""
    for name in ("new", "cur", "tmp"):
        (tmp_path / "Maildir" / name).mkdir(parents=True)
    return tmp_path / "Maildir"


def put(path: Path, *names: str, mail: bytes = MAIL) -> None:
    """Let a mail arrive under each name."""
    for name in names:
        (path / name).write_bytes(mail)


def files(path: Path) -> list[str]:
    """Return where each mail is."""
    found = (file.relative_to(path) for file in path.rglob("*") if file.is_file())
    return sorted(map(str, found))


def keys(path: Path, *, after: str = "", limit: int = 100) -> list[str]:
    """Return the keys of the mail that is shown."""
    with MaildirMailbox(path).open() as opened:
        return [mail.key for mail in opened.unread(after=after, limit=limit)]


def test_only_mail_that_nobody_read_is_shown(path: Path) -> None:
    """New, and seen by a mail program that did not open it; none that was deleted."""
    put(path, "new/3.c.host", "cur/1.a.host:2,", "cur/2.b.host:2,F", "cur/4.d.host")
    put(path, "cur/5.e.host:2,S", "cur/6.f.host:2,RS", "cur/7.g.host:2,T", "new/.x")

    assert keys(path) == ["1.a.host", "2.b.host", "3.c.host", "4.d.host"]
    assert keys(path, after="2.b.host") == ["3.c.host", "4.d.host"]
    assert keys(path, after="1.a.host", limit=1) == ["2.b.host"]


def test_of_a_long_mail_only_the_beginning_is_read(path: Path) -> None:
    """Its headers, and however long it is, no more than a bounded part."""
    put(path, "new/1.a.host", mail=MAIL + b"x" * HEAD_OCTETS)

    with MaildirMailbox(path).open() as opened:
        (mail,) = opened.unread(after="", limit=10)

    assert mail == Mail("1.a.host", (MAIL + b"x" * HEAD_OCTETS)[:HEAD_OCTETS])


def test_marking_renames_and_changes_nothing_else(path: Path) -> None:
    """The other flags stay, in their order, and so does what was not named."""
    put(path, "new/1.a.host", "cur/2.b.host:2,RF", "new/3.c.host")

    with MaildirMailbox(path).open() as opened:
        opened.mark_seen(["1.a.host", "2.b.host"])

    assert files(path) == ["cur/1.a.host:2,S", "cur/2.b.host:2,FRS", "new/3.c.host"]
    assert {(path / name).read_bytes() for name in files(path)} == {MAIL}
    assert keys(path) == ["3.c.host"]


def test_a_mail_that_somebody_moved_is_still_found(path: Path) -> None:
    """A mail program sorts new mail into ``cur`` while we read; or throws it away."""
    put(path, "new/1.a.host", "new/2.b.host")

    with MaildirMailbox(path).open() as opened:
        shown = [mail.key for mail in opened.unread(after="", limit=10)]
        (path / "new/1.a.host").rename(path / "cur/1.a.host:2,F")
        (path / "new/2.b.host").unlink()
        opened.mark_seen(shown)

    assert files(path) == ["cur/1.a.host:2,FS"]


def test_what_is_no_maildir_is_told(path: Path) -> None:
    """With its path, and what to look at."""
    for folder in ("new", "cur", "tmp"):
        (path / folder).rmdir()
    with pytest.raises(MailboxProblem, match="No such file") as caught:
        keys(path)

    assert str(caught.value).startswith(f"The mailbox {path} cannot be read: ")
    assert "[mailbox]" in str(caught.value)


def test_one_that_goes_away_while_it_is_open_is_told(path: Path) -> None:
    """Its disk, most often; nothing is marked, and so nothing lost."""
    put(path, "new/1.a.host")
    with MaildirMailbox(path).open() as opened:
        path.rename(path.with_name("elsewhere"))
        with pytest.raises(MailboxProblem):
            opened.unread(after="", limit=10)
        with pytest.raises(MailboxProblem):
            opened.mark_seen(["1.a.host"])


def test_a_mail_that_cannot_be_moved_is_told(path: Path) -> None:
    """Here ``cur`` has a folder in its way; it is no mail that somebody moved."""
    put(path, "new/1.a.host")
    (path / "cur/1.a.host:2,S").mkdir()

    with MaildirMailbox(path).open() as opened, pytest.raises(MailboxProblem):
        opened.mark_seen(["1.a.host"])

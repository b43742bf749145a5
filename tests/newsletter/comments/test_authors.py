"""What the law gives whoever commented: to see it all, and to be unnamed."""

from sqlmodel import Session

from newsletter import comments
from newsletter.tables import CommentStatus
from tests.factories import make_comment, make_tip

ADA, BO = "a" * 64, "b" * 64


def test_a_person_gets_all_that_they_said(session: Session) -> None:
    """What waits, too; and nothing of anybody else, imported comments least of all."""
    tip = make_tip(session)
    make_comment(session, tip, "one", author_key=ADA)
    make_comment(session, tip, "two", author_key=ADA, status=CommentStatus.HELD)
    make_comment(session, tip, "other", author_key=BO)
    make_comment(session, tip, "imported")

    assert [it.body for it in comments.said_by(session, ADA)] == ["one", "two"]
    assert comments.said_by(session, "") == []


def test_whoever_is_forgotten_has_no_name(session: Session) -> None:
    """The words stay; nothing tells any more that two of them are of one person."""
    tip = make_tip(session)
    mine = make_comment(session, tip, author="Ada", author_key=ADA)
    imported = make_comment(session, tip, author="Cy")

    assert comments.forget_author(session, ADA) == 1
    assert comments.forget_author(session, "") == 0

    assert (mine.author, mine.author_key, mine.body) == ("", "", "So true.")
    assert imported.author == "Cy"

"""The operator decides: shown, hidden, or gone; all of what was named, or nothing."""

import pytest
from sqlmodel import Session

from newsletter import comments
from newsletter.errors import UnknownComment
from newsletter.tables import CommentStatus
from tests.factories import make_comment, make_tip

ADA = "a" * 64
HELD, SHOWN, HIDDEN = CommentStatus.HELD, CommentStatus.SHOWN, CommentStatus.HIDDEN


def test_comments_are_listed_as_they_came(session: Session) -> None:
    """By status and by tip; in portions."""
    one, two = make_tip(session, "one"), make_tip(session, "two")
    ids = [
        make_comment(session, tip, status=status).id or 0
        for tip in (one, two)
        for status in (HELD, SHOWN)
    ]

    def listed(**wanted: object) -> list[int]:
        found = comments.list_comments(session, **wanted)  # type: ignore[arg-type]
        return [comment.id for comment in found]

    assert listed() == ids
    assert listed(status=HELD) == [ids[0], ids[2]]
    assert listed(tip="two") == ids[2:]
    assert listed(after=ids[0], limit=2) == ids[1:3]
    assert comments.count_held(session) == 2


def test_a_comment_says_whether_its_author_is_known(session: Session) -> None:
    """Whoever was imported has no key, and is not known for it."""
    tip = make_tip(session, "one", title="The tip")
    make_comment(session, tip, author_key=ADA)
    second = make_comment(session, tip, author_key=ADA, status=HELD, reply_to="1")
    imported = make_comment(session, tip)

    found = comments.find(session, second.id or 0)

    assert (found.tip_slug, found.tip_title, found.author) == ("one", "The tip", "Bo")
    assert (found.is_known, found.is_reply) == (True, True)
    assert not comments.find(session, imported.id or 0).is_known


def test_comments_are_shown_and_hidden(session: Session) -> None:
    """Several at once, and back again."""
    tip = make_tip(session)
    ids = [make_comment(session, tip, status=HELD).id or 0 for _ in range(2)]

    assert [it.status for it in comments.show(session, ids)] == [SHOWN, SHOWN]
    assert comments.counts(session, [tip.id or 0]) == {tip.id: 2}
    assert [it.status for it in comments.hide(session, ids[:1])] == [HIDDEN]
    assert comments.counts(session, [tip.id or 0]) == {tip.id: 1}


def test_a_deleted_comment_is_gone_and_its_answers_stay(session: Session) -> None:
    """They begin threads of their own."""
    tip = make_tip(session)
    first = make_comment(session, tip, "first", origin="first")
    make_comment(session, tip, "answer", reply_to="first")
    number = first.id or 0

    (gone,) = comments.delete(session, [number])

    assert gone.body == "first"
    (thread,) = comments.shown(session, tip.id or 0)
    assert (thread.first.body, thread.replies) == ("answer", ())
    with pytest.raises(UnknownComment, match=f"no comment {number}"):
        comments.find(session, number)


def test_an_unknown_number_changes_nothing(session: Session) -> None:
    """The error names it; the caller rolls back."""
    comment = make_comment(session, make_tip(session), status=HELD)
    session.commit()
    ids = [comment.id or 0, 4_711]

    for verb in (comments.show, comments.hide, comments.delete):
        with pytest.raises(UnknownComment, match="4711"):
            verb(session, ids)
        session.rollback()

    assert comments.find(session, ids[0]).status is HELD

"""What readers see of comments: threads of one level, and never what waits."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime

import pytest
from sqlmodel import Session

from newsletter import comments
from newsletter.comments import Thread
from newsletter.errors import UnknownTip
from newsletter.tables import CommentStatus
from tests.factories import make_comment, make_tip

CountQueries = Callable[[], AbstractContextManager[list[str]]]
HELD, HIDDEN = CommentStatus.HELD, CommentStatus.HIDDEN


def bodies(threads: tuple[Thread, ...]) -> list[list[str]]:
    """Return the words of each thread, the first one first."""
    return [
        [thread.first.body, *(reply.body for reply in thread.replies)]
        for thread in threads
    ]


def test_answers_stand_below_what_they_answer(session: Session) -> None:
    """In the order in which they were written; an answer to an answer joins them."""
    tip = make_tip(session)
    make_comment(session, tip, "a", origin="a", author="Ada")
    make_comment(session, tip, "b", origin="b", author="Bo")
    make_comment(session, tip, "b1", origin="b1", reply_to="b", author="Cy")
    make_comment(session, tip, "a1", origin="a1", reply_to="a", author="Dee")
    make_comment(session, tip, "b2", origin="b2", reply_to="b1", author="Eve")

    threads = comments.shown(session, tip.id or 0)

    assert bodies(threads) == [["a", "a1"], ["b", "b1", "b2"]]
    assert [reply.answering for reply in threads[1].replies] == ["", "Cy"]


def test_what_waits_or_was_hidden_is_not_there(session: Session) -> None:
    """Answers to it, and to what was never imported, begin threads of their own."""
    tip = make_tip(session)
    make_comment(session, tip, "held", origin="held", status=HELD)
    make_comment(session, tip, "hidden", origin="hidden", status=HIDDEN)
    make_comment(session, tip, "one", origin="one", reply_to="held")
    make_comment(session, tip, "two", origin="two", reply_to="hidden")
    make_comment(session, tip, "three", origin="three", reply_to="never imported")
    make_comment(session, make_tip(session), "elsewhere", origin="held")

    assert bodies(comments.shown(session, tip.id or 0)) == [["one"], ["two"], ["three"]]


def test_comments_in_a_circle_are_all_shown(session: Session) -> None:
    """What was imported may be in a circle, or answer itself."""
    tip = make_tip(session)
    make_comment(session, tip, "a", origin="a", reply_to="b")
    make_comment(session, tip, "b", origin="b", reply_to="a")
    make_comment(session, tip, "self", origin="self", reply_to="self")
    make_comment(session, tip, "c", origin="c", reply_to="a")

    found = bodies(comments.shown(session, tip.id or 0))

    assert sorted(body for thread in found for body in thread) == [
        "a",
        "b",
        "c",
        "self",
    ]


def test_hundreds_of_comments_are_one_statement(
    session: Session, count_queries: CountQueries
) -> None:
    """So are the counts of a page of tips."""
    tips = [make_tip(session) for _ in range(3)]
    for number in range(300):
        tip = tips[number % 2]
        make_comment(session, tip, reply_to=str(number), status=_every_tenth(number))
    ids = [tip.id or 0 for tip in tips]

    with count_queries() as statements:
        threads = comments.shown(session, ids[0])
        counted = comments.counts(session, ids)

    assert len(statements) == 2
    shown = sum(len(thread) for thread in bodies(threads))
    assert counted == {ids[0]: shown, ids[1]: 150}
    assert shown == 120
    assert comments.counts(session, []) == {}


def test_only_public_tips_are_discussed(session: Session, now: datetime) -> None:
    """Nobody learns which tips are still to come."""
    make_tip(session, "sent", published_at=now)
    make_tip(session, "queued")

    found = comments.tip_to_discuss(session, "sent")

    assert (found.slug, found.title) == ("sent", "Sent")
    for slug in ("queued", "nothing"):
        with pytest.raises(UnknownTip):
            comments.tip_to_discuss(session, slug)


def test_a_comment_is_found_below_its_tip(session: Session) -> None:
    """As long as readers see it."""
    tip = make_tip(session)
    comment = make_comment(session, tip, "Here.")
    held = make_comment(session, tip, status=HELD)

    found = comments.find_shown(session, tip.id or 0, comment.id or 0)

    assert found
    assert found.body == "Here."
    assert comments.find_shown(session, tip.id or 0, held.id or 0) is None
    assert comments.find_shown(session, make_tip(session).id or 0, found.id) is None


def _every_tenth(number: int) -> CommentStatus:
    return HELD if number % 10 == 0 else CommentStatus.SHOWN

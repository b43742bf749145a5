"""Comments: who waits for the operator, who shows at once, and nothing twice."""

from datetime import datetime

import pytest
from sqlalchemy import select
from sqlmodel import Session

from newsletter import comments
from newsletter.comments import NewComment
from newsletter.comments.posting import looks_like_advertising
from newsletter.tables import CommentStatus, TipComment
from tests.factories import make_comment, make_tip

ADA = "a" * 64
HELD, SHOWN, HIDDEN = CommentStatus.HELD, CommentStatus.SHOWN, CommentStatus.HIDDEN


def said(body: str = "So true.", *, reply_to: int | None = None) -> NewComment:
    """Return a comment of Ada's."""
    return NewComment("Ada", body, ADA, reply_to)


@pytest.mark.parametrize(
    ("before", "hold_first", "status"),
    [
        ((), True, HELD),
        ((), False, SHOWN),
        ((HELD,), True, HELD),
        ((SHOWN,), True, SHOWN),
        ((SHOWN, HELD), True, SHOWN),
        ((SHOWN, HIDDEN), True, HELD),
        ((HIDDEN,), False, HELD),
    ],
)
def test_whoever_is_known_shows_at_once(
    session: Session,
    now: datetime,
    before: tuple[CommentStatus, ...],
    hold_first: bool,
    status: CommentStatus,
) -> None:
    """Once one was shown, on any tip; and never again after one was hidden."""
    elsewhere, tip = make_tip(session), make_tip(session)
    for number, its in enumerate(before):
        make_comment(session, elsewhere, str(number), status=its, author_key=ADA)

    posted = comments.post(session, tip.id or 0, said(), hold_first=hold_first, now=now)

    assert (posted.status, posted.is_new) == (status, True)
    row = session.get_one(TipComment, posted.id)
    assert (row.author, row.body, row.author_key) == ("Ada", "So true.", ADA)
    assert (row.status, row.written_at, row.reply_to) == (status, now, None)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("See https://a.example/ and http://b.example/.", False),
        ("https://a.example/ https://b.example/ www.c.example", True),
        ('<a href="https://a.example/">cheap</a>', True),
        ("[url=https://a.example/]cheap[/url]", True),
        ("[cheap](https://a.example/)", True),
        ("I paid 100 < 200, [as she said] (https is fine).", False),
    ],
)
def test_many_links_look_like_advertising(text: str, is_one: bool) -> None:
    """And links in the languages of programs; a link or two of a person does not."""
    assert looks_like_advertising(text) is is_one


def test_advertising_waits_whoever_it_comes_from(
    session: Session, now: datetime
) -> None:
    """Somebody may have found out which address is known here."""
    tip = make_tip(session)
    make_comment(session, tip, author_key=ADA)

    posted = comments.post(
        session, tip.id or 0, said("https:// " * 3), hold_first=False, now=now
    )

    assert posted.status is HELD


def test_a_button_pressed_twice_is_one_comment(session: Session, now: datetime) -> None:
    """The same words of the same person below the same tip; and only those."""
    tip, other = make_tip(session).id or 0, make_tip(session).id or 0

    first = comments.post(session, tip, said(), hold_first=True, now=now)
    again = comments.post(session, tip, said(), hold_first=True, now=now)
    elsewhere = comments.post(session, other, said(), hold_first=True, now=now)

    assert (again.id, again.status, again.is_new) == (first.id, HELD, False)
    assert elsewhere.is_new
    assert len(session.scalars(select(TipComment)).all()) == 2


def test_an_answer_names_the_comment_that_it_answers(
    session: Session, now: datetime
) -> None:
    """One that readers see, below the same tip; else it answers the tip."""
    tip, other = make_tip(session), make_tip(session)
    shown = make_comment(session, tip)
    held = make_comment(session, tip, status=HELD)
    foreign = make_comment(session, other)

    replies = [
        comments.post(
            session,
            tip.id or 0,
            said(f"{number}", reply_to=number),
            hold_first=True,
            now=now,
        )
        for number in (shown.id, held.id, foreign.id, 4_711)
    ]

    named = [session.get_one(TipComment, reply.id).reply_to for reply in replies]
    assert named == [shown.origin, None, None, None]

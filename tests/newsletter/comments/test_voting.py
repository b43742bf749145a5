"""Was this useful? Every answer is counted, and nothing else is kept."""

from sqlalchemy import Engine
from sqlmodel import Session

from newsletter import comments, db
from newsletter.comments import Votes
from tests.factories import make_tip


def test_answers_are_counted(session: Session) -> None:
    """For each tip apart; one that nobody answered has none."""
    one, other = make_tip(session).id or 0, make_tip(session).id or 0

    for useful in (True, False, True):
        comments.vote(session, one, useful=useful)

    assert comments.votes(session, one) == Votes(useful=2, not_useful=1)
    assert comments.votes(session, one).total == 3
    assert comments.votes(session, other) == Votes(0, 0)


def test_answers_of_many_processes_are_all_counted(engine: Engine) -> None:
    """Each adds to what is there, not to what it read before."""
    with db.transaction(engine) as session:
        tip = make_tip(session).id or 0
        comments.vote(session, tip, useful=True)
    with Session(engine) as first, Session(engine) as second:
        comments.votes(first, tip)
        first.rollback()
        comments.vote(second, tip, useful=True)
        second.commit()
        comments.vote(first, tip, useful=True)
        first.commit()

        assert comments.votes(first, tip) == Votes(useful=3, not_useful=0)

"""What one person said, for whoever has the right to know it, or to be forgotten."""

from sqlalchemy import update
from sqlmodel import Session, col

from newsletter.comments.rows import views
from newsletter.comments.views import CommentView
from newsletter.tables import TipComment


def said_by(session: Session, author_key: str) -> list[CommentView]:
    """Return all comments of a person, oldest first, held and hidden ones too.

    Args:
        author_key: their address as `AddressHasher` gives it.
    """
    if not author_key:
        return []
    query = views().where(col(TipComment.author_key) == author_key)
    rows = session.execute(query.order_by(col(TipComment.id)))
    return [CommentView(*row) for row in rows]


def forget_author(session: Session, author_key: str) -> int:
    """Take a person's name off their comments, and what they were known by.

    The words stay below the tip, as others may have answered them; the operator can
    delete them.

    Returns:
        How many comments that were.
    """
    if not author_key:
        return 0
    changed = session.execute(
        update(TipComment)
        .where(col(TipComment.author_key) == author_key)
        .values(author="", author_key="")
        .returning(col(TipComment.id))
        .execution_options(synchronize_session=False)
    ).all()
    session.expire_all()
    return len(changed)

"""How often mail to a person came to nobody: a fact beside their status.

A count goes up with each letter whose relay says that nobody has the address, and back
to nothing with the first one that is taken. What follows from it is not settled here.
"""

from collections.abc import Collection

from sqlalchemy import update
from sqlmodel import Session, col

from subscribers.tables import Subscriber


def count_bounces(session: Session, subscriber_ids: Collection[int]) -> None:
    """Count one more letter that came to nobody, for each of these people."""
    _write(session, subscriber_ids, bounces=col(Subscriber.bounces) + 1)


def forget_bounces(session: Session, subscriber_ids: Collection[int]) -> None:
    """Start again at 0: a letter to each of these people was taken."""
    _write(session, subscriber_ids, bounces=0)


def _write(session: Session, subscriber_ids: Collection[int], **values: object) -> None:
    if subscriber_ids:
        session.execute(
            update(Subscriber)
            .where(col(Subscriber.id).in_(subscriber_ids))
            .values(**values)
            .execution_options(synchronize_session=False)
        )

"""What the operator must know: kept, said once, and mailed at most once.

A notice is named by its kind and a key, such as the slot it is about; however many
processes find out, it is kept once. Knows nothing of mail: the sender takes what was
not mailed yet and brings it out.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlmodel import Session, col

from newsletter.db import insert_once
from newsletter.tables import Notice, NoticeKind


@dataclass(frozen=True)
class NoticeView:
    """A notice as the rooms above see it; `created_at` is UTC."""

    id: int
    kind: NoticeKind
    key: str
    message: str
    created_at: datetime


def post(
    session: Session, kind: NoticeKind, key: str, message: str, *, now: datetime
) -> bool:
    """Keep a notice and tell whether it is new."""
    row = {"kind": kind, "key": key, "message": message, "created_at": now}
    return insert_once(session, Notice, row) is not None


def is_posted(session: Session, kind: NoticeKind, key: str) -> bool:
    """Tell whether this was said before."""
    found = select(col(Notice.id)).where(
        col(Notice.kind) == kind, col(Notice.key) == key
    )
    return session.scalar(found) is not None


def recent(session: Session, *, since: datetime) -> list[NoticeView]:
    """Return the notices since *since*, newest first, at most twenty."""
    rows = session.scalars(
        select(Notice)
        .where(col(Notice.created_at) >= since)
        .order_by(col(Notice.id).desc())
        .limit(20)
    )
    return [_view(row) for row in rows]


def take_unmailed(session: Session, *, now: datetime) -> list[NoticeView]:
    """Return the notices that nobody mailed yet, and mark them as mailed.

    The caller commits before it mails: a crash in between loses a mail, which
    `newsletter status` still shows, rather than mailing the operator twice.
    """
    rows = list(
        session.scalars(
            select(Notice)
            .where(col(Notice.mailed_at).is_(None))
            .order_by(col(Notice.id))
            .with_for_update(skip_locked=True)
        )
    )
    if not rows:
        return []
    session.execute(
        update(Notice)
        .where(col(Notice.id).in_([row.id for row in rows]))
        .values(mailed_at=now)
        .execution_options(synchronize_session=False)
    )
    return [_view(row) for row in rows]


def put_back(session: Session, notice_id: int) -> None:
    """Let a notice be mailed later, since its mail certainly never left."""
    session.execute(
        update(Notice)
        .where(col(Notice.id) == notice_id)
        .values(mailed_at=None)
        .execution_options(synchronize_session=False)
    )


def _view(row: Notice) -> NoticeView:
    return NoticeView(row.id or 0, row.kind, row.key, row.message, row.created_at)

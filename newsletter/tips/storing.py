"""Write drafts into the tables of the library, and tell in what they differ from it.

The one place where a draft becomes rows. Whatever comes here is cleaned first, so that
nothing unsafe can be stored, whoever brings it.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, date, datetime, time

from sqlalchemy import delete, func, select
from sqlmodel import Session, col

from newsletter.tables import LabelKind, Tip, TipComment, TipLabel, TipStatus
from newsletter.tips.cleaning import clean_markdown, printable
from newsletter.tips.drafts import CommentDraft, TipDraft
from newsletter.tips.labels import distinct, label
from newsletter.tips.views import TipView

# The fields of a draft that are columns of the same meaning, by the column's name.
_COLUMNS = (
    "title",
    "body",
    "summary",
    "author",
    "pin",
    "status",
    "written_on",
    "archived_on",
)
_LABELS = {"tags": LabelKind.TAG, "categories": LabelKind.CATEGORY}


def cleaned(draft: TipDraft) -> TipDraft:
    """Return *draft* with safe text, and without idle space around its fields."""
    body = clean_markdown(draft.body)
    return replace(
        draft,
        title=printable(draft.title).strip(),
        body=body.markdown,
        summary=None if draft.summary is None else printable(draft.summary).strip(),
        author=None if draft.author is None else printable(draft.author).strip(),
        tags=None if draft.tags is None else distinct(draft.tags),
        categories=None if draft.categories is None else distinct(draft.categories),
        comments=None
        if draft.comments is None
        else tuple(
            replace(c, body=printable(c.body), author=printable(c.author).strip())
            for c in draft.comments
        ),
        notes=(*draft.notes, *body.notes),
    )


def differences(
    tip: TipView, comments: Collection[CommentDraft], draft: TipDraft
) -> tuple[str, ...]:
    """Return the fields in which *draft* says something else than the library."""
    fields = [
        name
        for name in _COLUMNS
        if getattr(draft, name) not in (None, getattr(tip, name))
    ]
    for name in _LABELS:
        names = getattr(draft, name)
        if names is not None and names != tuple(it.name for it in getattr(tip, name)):
            fields.append(name)
    # Comments that are only here were written here; an import never takes them away.
    if not set(draft.comments or ()) <= set(comments):
        fields.append("comments")
    return tuple(fields)


def next_position(session: Session) -> int:
    """Return the place at the end of the queue."""
    last = session.execute(select(func.max(col(Tip.position)))).scalar_one()
    return (last or 0) + 1


def insert(session: Session, draft: TipDraft, *, position: int, now: datetime) -> int:
    """Add *draft* to the library at *position*, and return the id of the new tip."""
    tip = Tip(
        slug=draft.slug,
        title=draft.title,
        body=draft.body,
        summary=draft.summary or "",
        author=draft.author or "",
        position=position,
        pin=draft.pin,
        status=draft.status or TipStatus.READY,
        written_on=draft.written_on,
        archived_on=draft.archived_on,
        published_at=_public_since(draft.archived_on),
        origin=draft.origin,
        created_at=now,
        updated_at=now,
    )
    session.add(tip)
    session.flush()
    tip_id = _id_of(tip)
    for name, kind in _LABELS.items():
        _add_labels(session, tip_id, kind, getattr(draft, name) or ())
    _merge_comments(session, tip_id, draft.comments or ())
    session.flush()
    return tip_id


def update(
    session: Session,
    tip_id: int,
    draft: TipDraft,
    fields: Collection[str],
    *,
    now: datetime,
) -> None:
    """Give the tip the values that *draft* has for *fields*; nothing without any."""
    if not fields:
        return
    tip = session.get_one(Tip, tip_id)
    for name in set(_COLUMNS) & set(fields):
        setattr(tip, name, getattr(draft, name))
    if "archived_on" in fields:
        tip.published_at = _public_since(draft.archived_on)
    for name in _LABELS.keys() & set(fields):
        _replace_labels(session, tip_id, _LABELS[name], getattr(draft, name))
    if "comments" in fields:
        _merge_comments(session, tip_id, draft.comments or ())
    tip.updated_at = now
    session.flush()


def _public_since(archived_on: date | None) -> datetime | None:
    """Return since when a tip of the archive is public: noon of its day."""
    return datetime.combine(archived_on, time(12), UTC) if archived_on else None


def _id_of(tip: Tip) -> int:
    if tip.id is None:
        raise ValueError("the tip was not written yet")
    return tip.id


def _replace_labels(
    session: Session, tip_id: int, kind: LabelKind, names: Collection[str]
) -> None:
    session.execute(
        delete(TipLabel).where(
            col(TipLabel.tip_id) == tip_id, col(TipLabel.kind) == kind
        )
    )
    _add_labels(session, tip_id, kind, names)


def _add_labels(
    session: Session, tip_id: int, kind: LabelKind, names: Collection[str]
) -> None:
    for position, name in enumerate(names):
        slug = label(name).slug
        row = TipLabel(
            tip_id=tip_id, kind=kind, slug=slug, name=name, position=position
        )
        session.add(row)


def _merge_comments(
    session: Session, tip_id: int, comments: Collection[CommentDraft]
) -> None:
    """Add the comments that are new, and renew the words of those that changed.

    Whether readers see one is the operator's to say; an import never says it again.
    """
    if not comments:
        return
    rows = session.execute(
        select(TipComment).where(col(TipComment.tip_id) == tip_id)
    ).scalars()
    known = {row.origin: row for row in rows}
    for comment in comments:
        row = known.get(comment.origin) or TipComment(
            tip_id=tip_id,
            origin=comment.origin,
            body=comment.body,
            written_at=comment.written_at,
        )
        row.reply_to = comment.reply_to
        row.author = comment.author
        row.body = comment.body
        row.written_at = comment.written_at
        session.add(row)

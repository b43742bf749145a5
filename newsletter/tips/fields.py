"""What an operator may write about a tip, checked; the same for every file format.

Knows neither YAML nor CSV: a reader brings each field with its text and its place.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from difflib import get_close_matches

from newsletter.tables import TipStatus
from newsletter.tips.cleaning import clean_markdown, plain_text, printable
from newsletter.tips.drafts import CommentDraft, Refused, TipDraft, check, check_length
from newsletter.tips.labels import distinct, is_slug, slug_for
from newsletter.tips.to_markdown import top_heading

CELL_FIELDS = (
    "slug",
    "tags",
    "categories",
    "summary",
    "author",
    "pin",
    "date",
    "status",
)
FIELDS = ("title", *CELL_FIELDS, "archived", "origin", "comments")
COMMENT_FIELDS = ("origin", "reply_to", "author", "date", "body")


# A time of day behind the date is common in other programs' files.
_DAY = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ]\d\d:\d\d.*)?")


# A text, a list of texts, or a list of small tables.
Value = str | tuple[str, ...] | tuple[Mapping[str, str], ...]


@dataclass(frozen=True)
class Field:
    """One field as it was written: a text, a list, or a list of small tables."""

    value: Value
    where: str

    @property
    def text(self) -> str:
        """The value when it is one text; its items with commas when it is a list."""
        if isinstance(self.value, str):
            return printable(self.value).strip()
        return ", ".join(str(item) for item in self.value)


class BadField(Exception):
    """A field that cannot be used; the reader turns it into a refusal."""

    def __init__(self, refused: Refused) -> None:
        self.refused = refused
        super().__init__(str(refused))


def draft(
    fields: Mapping[str, Field], body: str, *, where: str, default_slug: str
) -> TipDraft | Refused:
    """Build a tip from what was written about it.

    Args:
        fields: by their names in `FIELDS`; a missing one is not said.
        body: Markdown.
        where: the place of the whole tip.
        default_slug: used when there is neither a slug nor a usable one here; empty
            to make one of the title.
    """
    too_long = check_length(body, where)
    if too_long:
        return too_long
    body = printable(body)
    body, heading = (body, "") if "title" in fields else take_heading(body)
    try:
        tip = _draft(fields, body, heading=heading, where=where)
    except BadField as bad:
        return bad.refused
    if not tip.slug:
        tip = replace(tip, slug=default_slug or slug_for(tip.title))
    return check(tip) or tip


def unknown_field(name: str, where: str, known: Sequence[str]) -> Refused:
    """Return the refusal of a field that no tip has, with the nearest that it has."""
    near = get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    hint = f'Did you mean "{near[0]}"?' if near else f"Known are {', '.join(known)}."
    return Refused(where, name, "is not a field of a tip", hint)


def take_heading(body: str) -> tuple[str, str]:
    """Return *body* without its first top heading, and the words of that heading."""
    found = top_heading(body)
    if found is None:
        return body, ""
    lines = body.split("\n")
    return "\n".join(lines[: found.start] + lines[found.end :]), plain_text(found.html)


def _draft(
    fields: Mapping[str, Field], body: str, *, heading: str, where: str
) -> TipDraft:
    cleaned = clean_markdown(body)
    return TipDraft(
        slug=_slug(fields.get("slug")),
        title=_text(fields.get("title")) or heading,
        body=cleaned.markdown,
        where=where,
        summary=_text(fields.get("summary")),
        author=_text(fields.get("author")),
        tags=_names(fields.get("tags")),
        categories=_names(fields.get("categories")),
        pin=_day(fields.get("pin")),
        written_on=_day(fields.get("date")),
        archived_on=_day(fields.get("archived")),
        status=_status(fields.get("status")),
        origin=_text(fields.get("origin")) or None,
        comments=_comments(fields.get("comments")),
        notes=cleaned.notes,
    )


def _refuse(field: Field, reason: str, remedy: str) -> BadField:
    return BadField(Refused(field.where, field.text, reason, remedy))


def _text(field: Field | None) -> str | None:
    if field is None:
        return None
    if not isinstance(field.value, str):
        raise _refuse(field, "is a list", "Write one text.")
    return field.text


def _slug(field: Field | None) -> str:
    text = _text(field)
    if field is None or not text:
        return ""
    if not is_slug(text):
        better = slug_for(text)
        reason = "cannot be part of an address"
        raise _refuse(field, reason, f'Write it like "{better}".')
    return text


def _names(field: Field | None) -> tuple[str, ...] | None:
    if field is None:
        return None
    items = field.value.split(",") if isinstance(field.value, str) else field.value
    if not all(isinstance(item, str) for item in items):
        raise _refuse(field, "is not a list of names", "Write it like [one, two].")
    return distinct(printable(str(item)) for item in items)


def _day(field: Field | None) -> date | None:
    text = _text(field)
    if field is None or not text:
        return None
    found = _DAY.fullmatch(text)
    try:
        if found is None:
            raise ValueError("it is not written as one")
        return date.fromisoformat(found[1])
    except ValueError as error:
        remedy = "Write year, month and day like 2026-11-24."
        raise _refuse(field, f"is not a date: {error}", remedy) from error


def _status(field: Field | None) -> TipStatus | None:
    text = _text(field)
    if field is None or not text:
        return None
    try:
        return TipStatus(text.lower())
    except ValueError as error:
        known = ", ".join(status.value for status in TipStatus)
        raise _refuse(field, "is not a status", f"Write one of {known}.") from error


def _comments(field: Field | None) -> tuple[CommentDraft, ...] | None:
    if field is None:
        return None
    if isinstance(field.value, str):
        if field.value.strip():
            raise _refuse(field, "is not a list of comments", _COMMENT_REMEDY)
        return ()
    return tuple(_comment(item, field) for item in field.value)


_COMMENT_REMEDY = f"Write each with {', '.join(COMMENT_FIELDS)}."


def _comment(item: str | Mapping[str, str], field: Field) -> CommentDraft:
    if isinstance(item, str) or not {"origin", "date", "body"} <= item.keys():
        raise _refuse(field, "holds a comment that is not complete", _COMMENT_REMEDY)
    wrong = item.keys() - set(COMMENT_FIELDS)
    if wrong:
        raise BadField(unknown_field(min(wrong), field.where, COMMENT_FIELDS))
    try:
        written_at = datetime.fromisoformat(item["date"])
    except ValueError as error:
        bad = Refused(
            field.where,
            item["date"],
            "is not the time of a comment",
            "Write it like 2026-11-24T09:00:00+00:00.",
        )
        raise BadField(bad) from error
    return CommentDraft(
        origin=item["origin"],
        body=printable(item["body"]),
        written_at=_aware(written_at),
        author=printable(item.get("author", "")),
        reply_to=item.get("reply_to") or None,
    )


def _aware(instant: datetime) -> datetime:
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)

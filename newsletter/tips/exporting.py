"""Write the whole library as a folder of Markdown files that imports to the same again.

Everything of a tip is in its one file, so that nothing comes apart; of its comments,
those that readers see. What waits for the operator or was hidden is not published that
way either: `newsletter backup` has it.
Line breaks within a field are written as signs: no field can end the front matter.
"""

from pathlib import Path
from typing import Any

import yaml
from sqlmodel import Session

from newsletter.errors import ExportRefused
from newsletter.tips.drafts import CommentDraft
from newsletter.tips.labels import Label
from newsletter.tips.views import TipView, comments_of, list_tips

_SEPARATORS = frozenset("\n\x85\u2028\u2029")
# File systems allow 255 bytes; a slug is plain ASCII.
_LONGEST_NAME = 200
_NEVER_FOLD = 1_000_000


def export_folder(session: Session, folder: Path) -> int:
    """Write one file for each tip into *folder*, in the order of the queue.

    Returns:
        How many tips were written.

    Raises:
        ExportRefused: the folder holds Markdown files already, or cannot be written.
    """
    tips = list_tips(session)
    comments = comments_of(session, [tip.id for tip in tips], only_shown=True)
    digits = max(3, len(str(len(tips))))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Files of an earlier export would come back as tips of their own.
        if next(folder.rglob("*.md"), None):
            raise ExportRefused(folder=folder, reason="it holds Markdown files already")
        for number, tip in enumerate(tips, start=1):
            name = f"{number:0{digits}}-{tip.slug[:_LONGEST_NAME]}.md"
            text = as_file(tip, comments.get(tip.id, ()))
            (folder / name).write_text(text, "utf-8", newline="\n")
    except OSError as error:
        reason = error.strerror or str(error)
        raise ExportRefused(folder=folder, reason=reason) from error
    return len(tips)


def as_file(tip: TipView, comments: tuple[CommentDraft, ...]) -> str:
    """Return *tip* as a Markdown file with front matter."""
    fields = {
        "title": tip.title,
        "slug": tip.slug,
        "status": tip.status.value,
        "tags": _names(tip.tags),
        "categories": _names(tip.categories),
        "summary": tip.summary,
        "author": tip.author,
        "date": tip.written_on,
        "pin": tip.pin,
        "archived": tip.archived_on,
        "origin": tip.origin,
        "comments": [_comment(comment) for comment in comments],
    }
    front = yaml.dump(
        {name: value for name, value in fields.items() if value},
        Dumper=_Dumper,
        allow_unicode=True,
        default_flow_style=False,
        sort_keys=False,
        width=_NEVER_FOLD,
    )
    return f"---\n{front}---\n\n{tip.body}\n"


def _names(labels: tuple[Label, ...]) -> list[str]:
    return [label.name for label in labels]


def _comment(comment: CommentDraft) -> dict[str, str]:
    values = {
        "origin": comment.origin,
        "reply_to": comment.reply_to or "",
        "author": comment.author,
        "date": comment.written_at.isoformat(),
        "body": comment.body,
    }
    return {name: value for name, value in values.items() if value or name == "body"}


class _Dumper(yaml.SafeDumper):
    """Writes every text of several lines on one."""

    def ignore_aliases(self, _data: Any) -> bool:  # noqa: ANN401 - as the base has it
        """Write equal values out each time; an alias would puzzle an operator."""
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if _SEPARATORS & set(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)

"""Write or change a tip in the operator's own editor, as a file with front matter.

What was typed is never lost: when it cannot be used, the file stays and is named.
"""

import json
import os
import shlex
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from newsletter.errors import TipRefused
from newsletter.tables import TipStatus
from newsletter.tips.drafts import Refused, TipDraft
from newsletter.tips.exporting import as_file
from newsletter.tips.library import TipChanges
from newsletter.tips.markdown_files import read_file
from newsletter.tips.views import TipView

NEW = """\
---
title: {title}
slug: {slug}
status: {status}
tags: {tags}
summary: {summary}
author: {author}
---

Write the tip here, in Markdown. Its last paragraph is the takeaway when it is
wholly emphasised.

*Say what happens next.*
"""


@contextmanager
def write(draft: TipDraft) -> Iterator[TipDraft]:
    """Let the operator write the body of a new tip, and what else is to be changed.

    Raises:
        TipRefused: nothing was written, or it is no usable tip, or the block could not
            take it; says where the text is kept.
    """
    text = NEW.format(
        title=_quoted(draft.title),
        slug=draft.slug,
        status=draft.status,
        tags=_quoted(", ".join(draft.tags or ())),
        summary=_quoted(draft.summary),
        author=_quoted(draft.author),
    )
    with _edited(text, draft.slug) as found:
        yield found


@contextmanager
def change(tip: TipView) -> Iterator[TipChanges]:
    """Let the operator change what a tip says; where it stands has its own commands.

    Raises:
        TipRefused: it was left as it is, or is no usable tip any more, or the block
            could not take it; says where the text is kept.
    """
    shown = replace(
        tip, pin=None, status=TipStatus.READY, archived_on=None, origin=None
    )
    with _edited(as_file(shown, ()), tip.slug) as draft:
        if draft.pin or draft.status is not TipStatus.READY:
            reason = "pin and status are changed with `newsletter tips pin`, `retire` "
            raise TipRefused(slug=tip.slug, reason=f"{reason}and `ready`.")
        yield TipChanges(
            slug=draft.slug,
            title=draft.title,
            body=draft.body,
            summary=draft.summary,
            author=draft.author,
            tags=draft.tags,
            categories=draft.categories,
            written_on=draft.written_on,
        )


@contextmanager
def _edited(text: str, slug: str) -> Iterator[TipDraft]:
    """Give what the operator made of *text*; the file goes when the block ends well."""
    path = Path(tempfile.mkdtemp(prefix="newsletter-")) / f"{slug}.md"
    path.write_text(text, "utf-8")
    try:
        yield _read_back(path, text, slug)
    except TipRefused as error:
        if path.read_bytes() == text.encode():
            _remove(path)
            raise
        kept = f"{error.reason} Your text is kept in {path}."
        raise TipRefused(slug=slug, reason=kept) from error
    _remove(path)


def _read_back(path: Path, text: str, slug: str) -> TipDraft:
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    try:
        done = subprocess.run([*shlex.split(command), str(path)], check=False)  # noqa: S603
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise TipRefused(slug=slug, reason=_failed(command, why)) from error
    if done.returncode:
        why = f"it ended with code {done.returncode}"
        raise TipRefused(slug=slug, reason=_failed(command, why))
    if path.read_bytes() == text.encode():
        raise TipRefused(slug=slug, reason="nothing was changed in the editor.")
    found = read_file(path)
    if isinstance(found, Refused):
        raise TipRefused(slug=slug, reason=str(found))
    return found


def _failed(command: str, why: str) -> str:
    return f"the editor {command!r} failed: {why}. Set EDITOR, or use --body."


def _remove(path: Path) -> None:
    path.unlink()
    path.parent.rmdir()


def _quoted(text: str | None) -> str:
    """Return *text* as YAML that means just that; JSON's quotes are YAML's, too."""
    return json.dumps(text or "", ensure_ascii=False)

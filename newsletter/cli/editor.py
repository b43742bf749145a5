"""Write or change a tip in the operator's own editor, as a file with front matter.

What was typed is never lost: when it cannot be used, the file stays and is named.
"""

import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from newsletter.errors import TipRefused
from newsletter.tips.drafts import Refused, TipDraft
from newsletter.tips.exporting import as_file
from newsletter.tips.library import TipChanges
from newsletter.tips.markdown_files import read_file
from newsletter.tips.views import TipView

NEW = """\
---
title: {title}
slug: {slug}
tags: {tags}
summary: {summary}
author: {author}
---

Write the tip here, in Markdown. Its last paragraph is the takeaway when it is
wholly emphasised.

*Say what happens next.*
"""


def write(draft: TipDraft) -> TipDraft:
    """Let the operator write the body of a new tip, and what else is to be changed.

    Raises:
        TipRefused: nothing was written, or it is no usable tip; says where it is kept.
    """
    text = NEW.format(
        title=draft.title,
        slug=draft.slug,
        tags=", ".join(draft.tags or ()),
        summary=draft.summary,
        author=draft.author,
    )
    return _edited(text, draft.slug)


def change(tip: TipView) -> TipChanges:
    """Let the operator change a tip; return what it says now.

    Raises:
        TipRefused: it was left as it is, or is no usable tip any more.
    """
    draft = _edited(as_file(tip, ()), tip.slug)
    return TipChanges(
        slug=draft.slug,
        title=draft.title,
        body=draft.body,
        summary=draft.summary,
        author=draft.author,
        tags=draft.tags,
        categories=draft.categories,
        written_on=draft.written_on,
    )


def _edited(text: str, slug: str) -> TipDraft:
    path = Path(tempfile.mkdtemp(prefix="newsletter-")) / f"{slug}.md"
    path.write_text(text, "utf-8")
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    try:
        subprocess.run([*shlex.split(command), str(path)], check=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError) as error:
        reason = f"the editor {command!r} failed ({error}). Set EDITOR, or use --body."
        raise TipRefused(slug=slug, reason=reason) from error
    if path.read_text("utf-8") == text:
        raise TipRefused(slug=slug, reason="nothing was changed in the editor.")
    found = read_file(path)
    if isinstance(found, Refused):
        reason = f"{found} Your text is kept in {path}."
        raise TipRefused(slug=slug, reason=reason)
    path.unlink()
    path.parent.rmdir()
    return found

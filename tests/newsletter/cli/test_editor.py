"""Writing in one's own editor: what was typed is used, or kept and named."""

import json
import re
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Editor = Callable[[str], None]
KEPT = re.compile(r"Your text is kept in (\S+\.md)\.")


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Set an editor that runs a line of Python on `text` and saves it."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr("tempfile.tempdir", None)

    def typing(line: str) -> None:
        script = tmp_path / "editor.py"
        script.write_text(
            f"#!{sys.executable}\n"
            "import sys, pathlib\n"
            "path = pathlib.Path(sys.argv[-1])\n"
            "text = path.read_text('utf-8')\n"
            f"{line}\n"
            "path.write_text(text, 'utf-8')\n"
        )
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        monkeypatch.delenv("VISUAL", raising=False)
        monkeypatch.setenv("EDITOR", f"{script} --wait")

    return typing


def tip(program: Any, slug: str) -> dict[str, Any]:
    """Return a tip as it stands."""
    shown = json.loads(program("tips", "show", slug, "--json").stdout)
    return dict(shown["tip"])


def left_over(tmp_path: Path) -> list[Path]:
    """Return the files that were kept."""
    return list((tmp_path / "scratch").rglob("*.md"))


def test_a_new_tip_is_written(program: Any, editor: Editor, tmp_path: Path) -> None:
    """Title and options stand in the file already; the text comes from the editor.

    A colon or quotes in the title mean nothing but themselves, and a draft stays one.
    """
    editor("text = text.split('Write the tip')[0] + 'My words.'")
    title = 'Say: "hello" #1 – first'

    program(
        "tips", "add", title, "--tags", "a,b", "--author", "O'Neill: Ann", "--draft"
    )

    made = tip(program, "say-hello-1-first")
    assert (made["title"], made["body"]) == (title, "My words.")
    assert (made["author"], made["status"]) == ("O'Neill: Ann", "draft")
    assert [tag["name"] for tag in made["tags"]] == ["a", "b"]
    assert left_over(tmp_path) == []


def test_a_tip_is_changed(program: Any, editor: Editor, tmp_path: Path) -> None:
    """What it says is changed, and where it stands is not."""
    program("tips", "pin", "tip-2", "2026-12-08")
    editor("text = text.replace('happens next', 'comes then')")

    told = program("tips", "edit", "tip-2").stdout

    assert told == "tip-2 is changed.\n"
    changed = tip(program, "tip-2")
    assert changed["body"] == "Say what comes then."
    assert (changed["pin"], changed["position"]) == ("2026-12-08", 2)
    assert left_over(tmp_path) == []


def test_a_draft_stays_a_draft(program: Any, editor: Editor) -> None:
    """Editing it does not send it."""
    editor("text = text.replace('happens next', 'comes then')")

    program("tips", "edit", "tip-3")

    assert tip(program, "tip-3")["status"] == "draft"


@pytest.mark.parametrize("line", ["pin: 2026-12-08", "status: retired"])
def test_what_has_its_own_command_is_not_changed_silently(
    program: Any, editor: Editor, line: str
) -> None:
    """A pin typed into the file is refused with the command that sets it."""
    editor(
        f"text = text.replace('status: ready\\n', '').replace("
        f"'---\\n', '---\\n{line}\\n', 1)"
    )

    refused = program("tips", "edit", "tip-2", code=1)

    assert "`newsletter tips pin`" in refused.stderr
    assert KEPT.search(refused.stderr)


@pytest.mark.parametrize("verb", [("add", "New one"), ("edit", "tip-2")])
def test_nothing_typed_is_nothing_done(
    program: Any, editor: Editor, tmp_path: Path, verb: tuple[str, str]
) -> None:
    """Leaving the editor without a change adds and changes nothing."""
    editor("pass")

    refused = program("tips", *verb, code=1)

    assert "nothing was changed in the editor" in refused.stderr
    assert left_over(tmp_path) == []


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("text = text.replace('title:', 'titel:') + 'x'", 'Did you mean "title"?'),
        ("text = text.replace('slug: new-one', 'slug: tip-1') + 'x'", "already"),
        (
            "path.write_text('typed', 'utf-8'); sys.exit(3)",
            "failed: it ended with code 3. Set EDITOR",
        ),
    ],
)
def test_what_was_typed_is_kept_when_it_cannot_be_used(
    program: Any, editor: Editor, line: str, says: str
) -> None:
    """Broken front matter, a slug that is taken, an editor that failed."""
    editor(line)

    refused = program("tips", "add", "New one", code=1)

    assert says in refused.stderr
    kept = KEPT.search(refused.stderr)
    assert kept
    assert Path(kept.group(1)).read_text("utf-8")


def test_an_editor_that_is_missing_is_named(
    program: Any, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the variable to set and the option that needs no editor."""
    editor("pass")
    monkeypatch.setenv("EDITOR", "/nowhere/edit")

    refused = program("tips", "add", "New one", code=1)

    assert "'/nowhere/edit' failed: No such file or directory." in refused.stderr
    assert "Set EDITOR, or use --body." in refused.stderr

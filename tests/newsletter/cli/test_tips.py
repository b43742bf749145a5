"""`newsletter tips`: the library, from the terminal."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session

from newsletter import comments
from newsletter.tables import CommentStatus, Tip
from newsletter.tips import library
from tests.factories import make_comment

FILE = """\
---
title: "Say: what happens next"
tags: [waiting, expectations]
summary: Close the gap.
---

The plumber has looked, nodded, and gone back to the van.
"""


def listed(program: Any) -> list[str]:
    """Return the slugs in the order of the queue."""
    return [tip["slug"] for tip in json.loads(program("tips", "list", "--json").stdout)]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder with one tip."""
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "say-what.md").write_text(FILE)
    return folder


def test_the_list_shows_the_queue(program: Any) -> None:
    """Place, slug, title and state, in sending order; by state and tag on request."""
    program("tips", "pin", "tip-2", "2026-12-08")
    program("tips", "edit", "tip-4", "--tags", "Waiting, Words")
    program("send", "-y")

    lines = program("tips", "list").stdout.splitlines()
    drafts = program("tips", "list", "--status", "draft").stdout
    tagged = program("tips", "list", "--tag", "waiting").stdout

    assert lines[2].split() == ["1", "tip-1", "Tip", "1", "sent", "2026-W48"]
    assert lines[3].endswith("ready, pinned to 2026-12-08")
    assert "tip-3" in drafts
    assert "tip-4" not in drafts
    assert "tip-4" in tagged
    assert "tip-5" not in tagged


def test_an_empty_library_says_how_to_fill_it(empty: Any) -> None:
    """The newcomer's next command."""
    assert "newsletter tips import FOLDER" in empty("tips", "list").stdout


def test_show_has_everything(program: Any) -> None:
    """What it says, where it stands; as JSON too."""
    program(
        "tips",
        "edit",
        "tip-2",
        "--author",
        "Ada",
        "--tags",
        "Waiting",
        "--summary",
        "In short.",
    )

    shown = program("tips", "show", "tip-2").stdout
    data = json.loads(program("tips", "show", "tip-2", "--json").stdout)

    for words in ("Tip 2", "ready", "Ada", "Waiting", "In short."):
        assert words in shown
    assert "Say what happens next." in shown
    assert data["tip"]["tags"] == [{"name": "Waiting", "slug": "waiting"}]
    assert data["comments"] == []


def test_add_puts_a_tip_at_the_end(program: Any, tmp_path: Path) -> None:
    """From a file or from standard input, with everything a tip can have."""
    (tmp_path / "body.md").write_text("Grüße zuerst.\n", "utf-8")

    result = program(
        "tips", "add", "Greet them first", "--body", str(tmp_path / "body.md"),
        "--slug", "greet", "--author", "Ada", "--tags", "hello,words",
        "--summary", "Short.", "--draft",
    )  # fmt: skip
    program("tips", "add", "Typed", "--body", "-", typed="Typed in.\n")

    assert result.stdout == "greet stands at place 11.\n"
    assert listed(program)[-2:] == ["greet", "typed"]
    tip = json.loads(program("tips", "show", "greet", "--json").stdout)["tip"]
    assert (tip["status"], tip["body"]) == ("draft", "Grüße zuerst.")
    assert [tag["name"] for tag in tip["tags"]] == ["hello", "words"]


def test_what_is_no_usable_tip_is_refused(program: Any, tmp_path: Path) -> None:
    """A taken slug, an empty text, a slug that is none, a file in another encoding."""
    (tmp_path / "latin.md").write_bytes("Grüße".encode("latin-1"))
    body = ("--body", "-")

    taken = program("tips", "add", "Tip 1", *body, typed="x\n", code=1)
    nothing = program("tips", "add", "New", *body, typed="", code=1)
    slug = program("tips", "add", "N", "--slug", "A b", *body, typed="x\n", code=1)
    latin = program("tips", "add", "N", "--body", str(tmp_path / "latin.md"), code=2)
    missing = program("tips", "add", "N", "--body", "nowhere.md", code=2)

    assert "there is a tip 'tip-1' already" in taken.stderr
    assert 'The tip "new": ' in nothing.stderr
    assert 'Write it like "a-b"' in slug.stderr
    assert "not UTF-8" in latin.stderr
    assert "nowhere.md" in missing.stderr


def test_edit_changes_what_is_named_and_nothing_else(program: Any) -> None:
    """Title, body, summary, author, tags, slug."""
    program("tips", "edit", "tip-2", "--title", "Wait", "--slug", "wait")
    program("tips", "edit", "wait", "--body", "-", typed="New words.\n")

    tip = json.loads(program("tips", "show", "wait", "--json").stdout)["tip"]
    assert (tip["title"], tip["body"], tip["position"]) == ("Wait", "New words.", 2)
    refused = program("tips", "show", "tip-2", code=1)
    assert 'There is no tip "tip-2"' in refused.stderr


def test_a_sent_tip_keeps_its_slug(program: Any) -> None:
    """Letters link to it."""
    program("send", "-y")

    refused = program("tips", "edit", "tip-1", "--slug", "other", code=1)

    assert "Keep the slug." in refused.stderr


def test_move(program: Any) -> None:
    """Right before or right after another; one of the two must be said."""
    moved = program("tips", "move", "tip-9", "--before", "tip-2").stdout
    program("tips", "move", "tip-1", "--after", "tip-4")
    neither = program("tips", "move", "tip-1", code=2)
    both = program("tips", "move", "tip-1", "--before", "x", "--after", "y", code=2)

    assert moved == "tip-9 stands at place 2.\n"
    assert listed(program)[:5] == ["tip-9", "tip-2", "tip-3", "tip-4", "tip-1"]
    for wrong in (neither, both):
        assert "either --before SLUG or --after SLUG" in wrong.stderr


def test_pin_and_unpin(program: Any) -> None:
    """To the week of a day; without a day back into the queue."""
    pinned = program("tips", "pin", "tip-2", "2026-12-24").stdout
    unpinned = program("tips", "pin", "tip-2").stdout
    over = program("tips", "pin", "tip-2", "2026-01-05", code=1)
    wrong = program("tips", "pin", "tip-2", "2026-02-30", code=2).stderr
    vague = program("tips", "pin", "tip-2", "tomorrow", code=2).stderr

    assert pinned == "tip-2 is pinned to the week of 2026-12-24.\n"
    assert unpinned == "tip-2 is not pinned.\n"
    assert "Pin it to a day to come." in over.stderr
    assert "'2026-02-30' is not a date: day is out of range" in wrong
    assert "'tomorrow' is not a date: it is not written as one. Write year" in vague


def test_retire_and_ready(program: Any) -> None:
    """Out of the queue, and back; a draft becomes ready too."""
    retired = program("tips", "retire", "tip-1").stdout
    following = program("tips", "next").stdout
    back = program("tips", "ready", "tip-1").stdout
    program("tips", "ready", "tip-3")

    assert "newsletter tips ready tip-1" in retired
    assert "Tip 2 (tip-2)" in following
    assert back == "tip-1 is ready, at place 1.\n"
    assert "draft" not in program("tips", "list").stdout


def test_next_says_which_when_and_why(program: Any, empty: Any) -> None:
    """And how long the library lasts; as JSON too."""
    shown = program("tips", "next").stdout
    data = json.loads(program("tips", "next", "--json").stdout)

    assert "2026-W48, Tue 2026-11-24 09:00" in shown
    assert "Tip 1 (tip-1)" in shown
    assert "next in queue" in shown
    assert data["runway_weeks"] == 9
    assert data["next"]["choice"]["slug"] == "tip-1"
    for number in range(1, 11):
        empty("tips", "retire", f"tip-{number}")
    assert "(nothing)" in empty("tips", "next").stdout


def test_import_reports_what_it_did(program: Any, source: Path) -> None:
    """Added, then the same, then changed; a dry run changes nothing."""
    words = ("tips", "import", str(source))

    dry = program(*words, "--dry-run").stdout
    first = program(*words).stdout
    again = json.loads(program(*words, "--json").stdout)
    (source / "say-what.md").write_text(FILE.replace("van", "shop"))
    changed = program(*words).stdout

    assert "Would be added" in dry
    assert "Added           1" in first
    assert (again["added"], again["same"]) == ([], ["say-what"])
    assert "say-what: body" in changed
    assert listed(program).count("say-what") == 1


def test_import_of_a_bad_source_imports_nothing(program: Any, source: Path) -> None:
    """Every bad file is named; the good ones come in when they are asked for."""
    (source / "bad.md").write_text("---\ntitel: Oops\n---\n\nWords.\n")
    words = ("tips", "import", str(source))

    refused = program(*words, code=1)
    before = listed(program)
    skipped = program(*words, "--skip-bad").stdout

    assert "Nothing was imported" in refused.stderr
    assert 'Did you mean "title"?' in refused.stderr
    assert "--skip-bad" in refused.stderr
    assert "say-what" not in before
    assert "Refused         1" in skipped
    assert "say-what" in listed(program)


def test_import_as_archive_is_never_mailed(program: Any, source: Path) -> None:
    """With a date it is in the archive; without one it is refused."""
    words = ("tips", "import", str(source), "--as-archive")

    undated = program(*words, code=1)
    dated = FILE.replace("summary:", "date: 2020-01-07\nsummary:")
    (source / "say-what.md").write_text(dated)
    program(*words)

    assert "has no date" in undated.stderr
    assert "archive 2020-01-07" in program("tips", "list").stdout
    assert "never mailed" in program("send", "--tip", "say-what", code=1).stderr


def test_export_imports_to_the_same_library(
    program: Any, source: Path, tmp_path: Path
) -> None:
    """A folder of Markdown; a second export into it is refused."""
    program("tips", "import", str(source))
    folder = tmp_path / "export"

    told = program("tips", "export", str(folder)).stdout
    again = program("tips", "import", str(folder), "--json")
    refused = program("tips", "export", str(folder), code=1)

    assert told == f"11 tips in {folder}.\n"
    assert len(json.loads(again.stdout)["same"]) == 11
    assert "Name an empty or new folder." in refused.stderr


def test_without_a_verb_the_help_is_shown(program: Any) -> None:
    """All verbs, on one screen."""
    shown = program("tips", code=2).output

    for verb in ("list", "show", "add", "edit", "move", "pin", "retire", "ready",
                 "next", "import", "export"):  # fmt: skip
        assert f" {verb} " in shown


def test_show_says_what_readers_think(program: Any) -> None:
    """How many comments there are in which state, and how many found it useful."""
    engine = program.engine()
    with Session(engine) as session:
        tip = library.find(session, "tip-2")
        row = session.get_one(Tip, tip.id)
        make_comment(session, row)
        make_comment(session, row, status=CommentStatus.HELD)
        comments.vote(session, tip.id, useful=True)
        comments.vote(session, tip.id, useful=False)
        session.commit()
    engine.dispose()

    shown = program("tips", "show", "tip-2").stdout
    data = json.loads(program("tips", "show", "tip-2", "--json").stdout)

    assert "1 shown, 1 held" in shown
    assert "1 of 2 readers said so" in shown
    assert data["votes"] == {"useful": 1, "not_useful": 1}
    assert [comment["status"] for comment in data["comments"]] == ["shown", "held"]

"""Markdown files: front matter as plain text, and errors that name the line."""

from datetime import date
from pathlib import Path

import pytest

from newsletter.errors import UnreadableSource
from newsletter.tables import TipStatus
from newsletter.tips.drafts import Refused, TipDraft
from newsletter.tips.markdown_files import read_file, read_folder

CORPUS = Path(__file__).parents[2] / "corpus" / "tips"


def read(folder: Path, text: str, name: str = "a.md") -> TipDraft | Refused:
    """Write *text* to a file and return what is read from it."""
    path = folder / name
    path.write_text(text, "utf-8")
    return read_file(path)


def test_a_folder_is_read_by_name_and_through() -> None:
    """Sub-folders belong to it, hidden ones do not, a bad file is a refusal."""
    first, bad, second = read_folder(CORPUS / "folder")

    assert isinstance(first, TipDraft)
    assert (first.slug, first.title) == ("first-light", "First light: early")
    assert (first.tags, first.categories) == (
        ("morning", "light"),
        ("windows", "doors"),
    )
    assert (first.pin, first.status) == (date(2026, 12, 1), TipStatus.DRAFT)
    assert isinstance(bad, Refused)
    assert bad.where.endswith("bad.md:3")
    assert isinstance(second, TipDraft)
    assert second.title == "The second tip"


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    """A wrong folder must not look like an import without news."""
    with pytest.raises(UnreadableSource, match="no Markdown file"):
        list(read_folder(tmp_path))


def test_an_unreadable_file_of_a_folder_is_a_refusal(tmp_path: Path) -> None:
    """The other files are read all the same."""
    (tmp_path / "a.md").write_bytes(b"# A\n\n\xff")
    (tmp_path / "b.md").write_text("# B\n\nText.")

    refused, tip = read_folder(tmp_path)

    assert isinstance(refused, Refused)
    assert refused.where.endswith("a.md, line 3")
    assert isinstance(tip, TipDraft)


@pytest.mark.parametrize("title", ["2026-01-01", "no", "1e3", "~", "0x1F"])
def test_values_stay_the_text_that_was_written(tmp_path: Path, title: str) -> None:
    """YAML's own types never replace what the operator wrote."""
    tip = read(tmp_path, f"---\ntitle: {title}\n---\nText.")

    assert isinstance(tip, TipDraft)
    assert tip.title == title


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("---\ntitle: A\n\nText.", 1, "never ends"),
        ("---\ntitle: A\nsumary: x\n---\nText.", 3, 'Did you mean "summary"?'),
        ("---\ntitle: A\ndate: 2025-02-30\n---\nText.", 3, "2025-02-30"),
        ("---\ntitle: A\npin: soon\n---\nText.", 3, "'soon' is not a date"),
        ("---\ntitle: A\ntitle: B\n---\nText.", 3, "given twice"),
        ('---\ntitle: A\nsummary: "a\n---\nText.', 3, "not YAML"),
        ("---\ntitle: a: b\n---\nText.", 2, "not YAML"),
        ("---\n- a\n---\nText.", 2, "not a list of fields"),
        ("---\ntags: {a: b}\n---\nText.", 2, "has a form"),
        ("+++\ntitle = 1\n+++\n", 1, "TOML"),
        ("---\ntitle: " + "[" * 5_000 + "\n---\nText.", 1, "not YAML"),
    ],
)
def test_a_mistake_is_named_with_its_line(
    tmp_path: Path, text: str, line: int, words: str
) -> None:
    """Every refusal leads to the line and says what to write."""
    refused = read(tmp_path, text)

    assert isinstance(refused, Refused)
    assert refused.where.endswith(f"a.md:{line}")
    assert words in str(refused)
    assert refused.remedy


def test_the_slug_comes_from_the_file_name_without_its_date(tmp_path: Path) -> None:
    """A leading date orders a folder; it is no part of the address."""
    tip = read(tmp_path, "# A\n\nText.", name="2025-01-02-Some Näme.md")

    assert isinstance(tip, TipDraft)
    assert tip.slug == "some-name"


def test_a_rule_in_the_body_does_not_end_anything(tmp_path: Path) -> None:
    """Only the first closing line counts."""
    tip = read(tmp_path, "---\ntitle: A\n---\n\na\n\n---\n\nb\n")

    assert isinstance(tip, TipDraft)
    assert tip.body == "a\n\n---\n\nb"


def test_a_file_with_the_wrong_encoding_is_an_error() -> None:
    """The line and the byte are named."""
    with pytest.raises(UnreadableSource, match="line 2: byte 11"):
        read_file(CORPUS / "latin-1.md")

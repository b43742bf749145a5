"""One door: the kind of a source is found out from what it is."""

from pathlib import Path

import pytest

from newsletter.errors import UnreadableSource
from newsletter.tips.drafts import TipDraft
from newsletter.tips.sources import read_source

CORPUS = Path(__file__).parents[2] / "corpus" / "tips"


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("folder", "first-light"),
        ("folder/deeper/second.md", "second"),
        ("semicolons.csv", "greet-first"),
        ("wordpress.xml", "only-words-here"),
        ("rss.xml", "salt-last"),
        ("atom.xml", "a-plain-one"),
    ],
)
def test_every_kind_is_recognised(name: str, slug: str) -> None:
    """The first tip of each sample is read by the reader of its kind."""
    tips = [x for x in read_source(CORPUS / name) if isinstance(x, TipDraft)]

    assert tips[0].slug == slug


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("plain words", "cannot be read"),
        ("<html><body></body></html>", "outermost tag is <html>"),
        ("<not xml", "broken"),
        ("", "cannot be read"),
    ],
)
def test_an_unknown_kind_is_named_with_the_known_ones(
    tmp_path: Path, content: str, words: str
) -> None:
    """The error says what could have been given instead."""
    path = tmp_path / "thing.dat"
    path.write_text(content)

    with pytest.raises(UnreadableSource, match=words):
        list(read_source(path))


def test_a_feed_in_utf_16_is_still_xml(tmp_path: Path) -> None:
    """The encoding is the parser's business."""
    path = tmp_path / "feed.xml"
    text = (CORPUS / "rss.xml").read_text("utf-8").replace("UTF-8", "UTF-16", 1)
    path.write_bytes(text.encode("utf-16"))

    assert any(isinstance(x, TipDraft) for x in read_source(path))


def test_nothing_at_the_path_is_an_error(tmp_path: Path) -> None:
    """The error names the path."""
    with pytest.raises(UnreadableSource, match="gone"):
        list(read_source(tmp_path / "gone"))

"""WordPress exports: what the public could read comes over, and nothing else."""

import re
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from newsletter.tips.cleaning import is_safe
from newsletter.tips.drafts import Found, LeftOut, Refused, TipDraft
from newsletter.tips.to_markdown import render
from newsletter.tips.wordpress import opening_words, read_wordpress

CORPUS = Path(__file__).parents[2] / "corpus" / "tips"
FIGURE = (
    '<figure><img alt="Pan" src="https://old.example/pan.png" width="20">'
    "<figcaption>A <em>pan</em></figcaption></figure>"
)
CODE = re.compile(r"<(pre|code)>.*?</\1>", re.DOTALL)


@pytest.fixture
def found() -> list[Found]:
    """Everything that the small export with every odd case holds."""
    return list(read_wordpress(CORPUS / "wordpress.xml"))


@pytest.fixture
def tips(found: list[Found]) -> dict[str, TipDraft]:
    """The tips of it by slug, in their order."""
    return {tip.slug: tip for tip in found if isinstance(tip, TipDraft)}


def test_posts_come_oldest_first(tips: dict[str, TipDraft]) -> None:
    """The queue begins with what was written first."""
    assert list(tips) == ["only-words-here", "cafe-later", "image-only"]


def test_a_post_keeps_all_that_readers_saw(tips: dict[str, TipDraft]) -> None:
    """Title, excerpt, author, labels, date and origin come over."""
    tip = tips["cafe-later"]

    assert tip.title == "Later & better"
    assert (tip.summary, tip.author) == ("In short.", "Ada Reyes")
    assert (tip.tags, tip.categories) == (("Salt & pepper",), ("Kitchen",))
    assert tip.written_on == date(2020, 3, 2)
    assert tip.origin == "https://old.example/?p=2"


def test_the_text_of_a_post_becomes_markdown(tips: dict[str, TipDraft]) -> None:
    """Paragraphs, captions, players and links survive; scripts do not."""
    assert tips["cafe-later"].body.split("\n\n") == [
        "First line\\\nsecond line",
        "A \\[gallery\\] in words.",
        FIGURE,
        "<https://old.example/v.mp4>",
        "<https://video.example/watch?v=1>",
        "<https://frames.example/x>",
        "Read [more](https://old.example/2020/03/more).",
        '\\[quiz id="3"\\]',
    ]
    assert "removed: script, onclick" in tips["cafe-later"].notes


def test_a_post_without_title_gets_its_opening_words(tips: dict[str, TipDraft]) -> None:
    """It is never refused, and the note says so."""
    tip = tips["only-words-here"]

    assert tip.title == "Only words here."
    assert "had no title" in tip.notes[-1]


def test_long_opening_words_end_at_a_word() -> None:
    """A title is not cut within a word."""
    assert opening_words("word " * 30) == "word " * 11 + "word…"
    assert opening_words("![](a.png)") == "Untitled"


def test_approved_comments_come_without_addresses(tips: dict[str, TipDraft]) -> None:
    """Plain text and names only; whoever signed with an address is unnamed."""
    comments = tips["cafe-later"].comments

    assert comments
    first, second, third = comments
    assert (first.author, first.body) == ("Bo", "One.\n\nTwo three.")
    assert first.written_at == datetime(2020, 3, 4, 16, tzinfo=UTC)
    assert (second.author, second.reply_to) == ("", "11")
    assert third.reply_to is None, "the comment it answers was not approved"
    assert "@" not in repr(comments)
    assert "192.0.2.7" not in repr(comments)


def test_what_is_left_out_has_a_reason(found: list[Found]) -> None:
    """Each thing that is not a tip is counted by its kind."""
    reasons = [(x.kind, x.reason) for x in found if isinstance(x, LeftOut)]

    assert Counter(reasons) == {
        ("comment", "it was not approved"): 1,
        ("pingback", "only comments of readers are kept"): 1,
        ("post", "it has no text"): 1,
        ("post", "it is protected by a password"): 1,
        ("post", "it is a draft"): 1,
        ("post", "it is scheduled and was not public yet"): 1,
        ("post", "its status is in-review"): 1,
        ("page", "only posts become tips"): 1,
    }


def test_a_real_export_is_read_to_the_last_item(shared: Path) -> None:
    """Of 55 published posts one has no text; everything else is accounted for."""
    found = list(read_wordpress(shared / "data" / "wordpress-export.xml"))

    tips = [tip for tip in found if isinstance(tip, TipDraft)]
    left = Counter((x.kind, x.reason) for x in found if isinstance(x, LeftOut))
    assert len(tips) == 54
    assert not [x for x in found if isinstance(x, Refused)]
    assert len({tip.origin for tip in tips}) == len({tip.slug for tip in tips}) == 54
    assert left == {
        ("post", "it has no text"): 1,
        ("post", "it is protected by a password"): 1,
        ("post", "it is a draft"): 1,
        ("post", "it is scheduled and was not public yet"): 1,
        ("page", "only posts become tips"): 21,
        ("nav_menu_item", "only posts become tips"): 70,
        ("attachment", "only posts become tips"): 37,
        ("pingback", "only comments of readers are kept"): 2,
        ("trackback", "only comments of readers are kept"): 2,
        ("comment", "it was not approved"): 1,
    }
    assert sum(len(tip.comments or ()) for tip in tips) == 21


def test_nothing_executable_survives_a_real_export(shared: Path) -> None:
    """No body renders to a script, frame, form, handler or script link."""
    bad = re.compile(r"<(script|iframe|form|style|embed|object)|\son\w+=|javascript:")

    for tip in read_wordpress(shared / "data" / "wordpress-export.xml"):
        if isinstance(tip, TipDraft):
            rendered = CODE.sub("", render(tip.body))
            assert is_safe(tip.body), tip.slug
            assert not bad.search(rendered), tip.slug
            assert "<!--" not in rendered, tip.slug
            assert "[caption" not in rendered, tip.slug

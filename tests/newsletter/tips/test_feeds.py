"""RSS and Atom: every form that the two allow, oldest entry first."""

from datetime import date
from pathlib import Path

from newsletter.tips.drafts import LeftOut, Refused, TipDraft
from newsletter.tips.feeds import read_atom, read_rss

CORPUS = Path(__file__).parents[2] / "corpus" / "tips"


def drafts(found: list[object]) -> dict[str, TipDraft]:
    """Return the drafts in *found* by their slugs, in their order."""
    return {tip.slug: tip for tip in found if isinstance(tip, TipDraft)}


def test_rss_items_come_oldest_first_with_all_they_have() -> None:
    """Whole text, summary, author, tags, date and absolute addresses are kept."""
    tips = drafts(list(read_rss(CORPUS / "rss.xml")))

    assert list(tips) == ["salt-last", "warm-plates", "salt-last-2", "untitled"]
    tip = tips["salt-last-2"]
    assert tip.title == "Salt last"
    assert tip.body == (
        "Salt it **last**. ![A pan](https://kitchen.example/pan.png) "
        "[More](https://kitchen.example/2025/more)"
    )
    assert (tip.summary, tip.author) == ("A short word on salt.", "Ada Reyes")
    assert tip.tags == ("Salt", "Cooking")
    assert tip.written_on == date(2025, 3, 3)
    assert tip.origin == "https://kitchen.example/#42"


def test_an_rss_author_is_a_name_without_the_address() -> None:
    """RSS puts the address first; it is not for readers."""
    tips = drafts(list(read_rss(CORPUS / "rss.xml")))

    assert tips["warm-plates"].author == "Noor Haddad"


def test_a_missing_title_and_an_unreadable_date_are_noted() -> None:
    """Neither is a reason to lose the text."""
    tip = drafts(list(read_rss(CORPUS / "rss.xml")))["untitled"]

    assert tip.title == "No title here, only a few words."
    assert tip.written_on is None
    assert "'sometime in spring'" in tip.notes[-1]


def test_an_item_without_text_is_left_out() -> None:
    """A title alone is no tip."""
    (left,) = [x for x in read_rss(CORPUS / "rss.xml") if isinstance(x, LeftOut)]

    assert left.reason == "it has no text"


def test_a_text_too_long_for_a_tip_is_refused_unread(tmp_path: Path) -> None:
    """Cleaning a book would take minutes, and no email could carry it."""
    path = tmp_path / "feed.xml"
    words = "word " * 50_000
    item = f"<item><title>Long</title><description>{words}</description></item>"
    path.write_text(f'<rss version="2.0"><channel>{item}</channel></rss>')

    (refused,) = read_rss(path)

    assert isinstance(refused, Refused)
    assert "characters" in refused.reason


def test_atom_texts_of_every_type_are_read() -> None:
    """Plain, HTML and XHTML content mean what RFC 4287 says they mean."""
    tips = drafts(list(read_atom(CORPUS / "atom.xml")))

    assert list(tips) == ["a-plain-one", "weeds", "water"]
    assert tips["a-plain-one"].body == "Use \\<em> as it is written."
    assert tips["weeds"].body == "Pull them **young**.\n\n- root\n- stem"
    assert tips["water"].body == (
        "Water *slowly*. [Why](https://garden.example/notes/deep)"
    )
    assert tips["water"].title == "Water & wait"
    assert tips["water"].tags == ("Water", "patience")


def test_atom_authors_are_inherited_from_the_feed() -> None:
    """An entry's own author wins over the feed's."""
    tips = drafts(list(read_atom(CORPUS / "atom.xml")))

    assert tips["weeds"].author == "Ada Reyes"
    assert tips["water"].author == "Tomasz Lind"


def test_atom_content_at_another_address_is_left_out() -> None:
    """Nothing is fetched."""
    (left,) = [x for x in read_atom(CORPUS / "atom.xml") if isinstance(x, LeftOut)]

    assert "another address" in left.reason

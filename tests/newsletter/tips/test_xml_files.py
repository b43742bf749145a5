"""XML of unknown origin: bounded, unexpanded, and broken with a line number."""

from pathlib import Path

import pytest

from newsletter.errors import UnreadableSource
from newsletter.tips.xml_files import child_text, elements, local_name, root_of

CORPUS = Path(__file__).parents[2] / "corpus" / "tips"


def test_elements_of_one_depth_come_whole() -> None:
    """Only items are handed over, each with all its children."""
    items = [
        child_text(element, "title")
        for element in elements(CORPUS / "rss.xml", depth=2)
        if local_name(element) == "item"
    ]

    assert items == [
        "Salt <em>last</em>",
        "Warm plates",
        "",
        "Only a title",
        "Another salt",
    ]


def test_a_cut_file_is_named_with_its_line() -> None:
    """The error says where the XML breaks."""
    with pytest.raises(UnreadableSource, match="line 7: the XML is broken"):
        list(elements(CORPUS / "broken.xml", depth=2))


def test_entities_of_the_document_are_refused_by_name() -> None:
    """A billion laughs never begin."""
    with pytest.raises(UnreadableSource, match="declares entities"):
        root_of(CORPUS / "entities.xml")


def test_an_external_entity_is_not_fetched(tmp_path: Path) -> None:
    """No file of the machine gets into a tip."""
    secret = tmp_path / "secret"
    secret.write_text("secret words")
    path = tmp_path / "a.xml"
    path.write_text(
        f'<!DOCTYPE rss [<!ENTITY x SYSTEM "{secret.as_uri()}">]><rss><a>&x;</a></rss>'
    )

    with pytest.raises(UnreadableSource, match="declares entities"):
        list(elements(path, depth=1))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The error names the path."""
    with pytest.raises(UnreadableSource, match=r"gone\.xml"):
        root_of(tmp_path / "gone.xml")

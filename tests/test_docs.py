"""What is documented is what there is."""

import re
from pathlib import Path

import pytest

from docs.generate import pages
from newsletter import errors
from newsletter.config.loading import setting_keys

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.name)
def test_generated_pages_are_fresh(path: Path) -> None:
    """The example settings and both references are what the code says today."""
    assert path.read_text("utf-8") == pages()[path], "run `make docs`"


def test_every_setting_is_documented() -> None:
    """Each setting has a row in the reference, and a meaning."""
    page = (ROOT / "docs/configuration.md").read_text("utf-8")

    for _, key in setting_keys():
        assert re.search(rf"^\| `{key}` \| `.*` \| \S", page, re.MULTILINE), key


def test_links_between_pages_lead_somewhere() -> None:
    """Every relative link of the README and the docs names a file that is there."""
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(
            r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8")
        ):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_error_says_what_it_is_for() -> None:
    """Each error of the tree has a docstring, and a page tells operators of it."""
    page = (ROOT / "docs/operating.md").read_text("utf-8")
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, Exception)
    ]

    for kind in kinds:
        assert kind.__doc__, kind
        assert f"`{kind.__name__}`" in page, kind

"""The picture: well-formed, true to scale, and the same in light and dark."""

import re
from dataclasses import replace

import pytest
from lxml import etree

from benchmarks.figures import Spread
from benchmarks.picture import LEFT, RIGHT, WIDTH, draw, draw_workers, panel
from tests.benchmarks.samples import race, results, workers

SVG = "{http://www.w3.org/2000/svg}"


def test_bars_are_as_long_as_their_figures() -> None:
    """A way that is half as fast has a bar of half the length; the best round fits."""
    (pair,) = panel(0, "heading", [race(ours=500, other=1_000)]).pairs
    ours, other = pair.bars

    assert other.length == pytest.approx(2 * ours.length, abs=0.2)
    assert other.high == RIGHT
    assert LEFT < ours.low < ours.end < ours.high < ours.words_at


def test_rounds_that_agree_have_no_whisker() -> None:
    """A bound is one figure, not a spread; rounds that differ show how far."""
    bound = replace(race(), other=Spread(200.0, 200.0, 200.0))
    (pair,) = panel(0, "heading", [bound]).pairs

    assert [bar.has_whisker for bar in pair.bars] == [True, False]


@pytest.mark.parametrize(
    ("words", "figures"),
    [
        (
            draw(results()),
            ("10,500", "21,000", "0.50", "380", "1.90", "20,000 letters"),
        ),
        (
            draw_workers(workers()),
            ("1 worker", "4 workers, 12 killed", "1,440", "1,600", "0.90"),
        ),
    ],
    ids=["sending", "workers"],
)
def test_picture_is_svg_with_every_figure_and_no_script(
    words: str, figures: tuple[str, ...]
) -> None:
    """It parses, shows the figures in words, and everything lies inside of it."""
    svg = etree.fromstring(words.encode())
    texts = str(etree.tostring(svg, method="text", encoding="unicode"))

    for figure in figures:
        assert figure in texts, figure
    assert not list(svg.iter(f"{SVG}script"))
    for bar in svg.iter(f"{SVG}rect"):
        x, width = (float(bar.attrib[name]) for name in ("x", "width"))
        assert x + width <= WIDTH


def test_every_colour_has_a_dark_twin() -> None:
    """The same names are given colours in both schemes, and drawn by name only."""
    words = draw(results())
    light, dark = re.findall(r"svg \{([^}]*)\}", words)

    names = [set(re.findall(r"--\w+", scheme)) for scheme in (light, dark)]
    assert names[0] == names[1]
    assert set(re.findall(r"var\((--\w+)\)", words)) <= names[0]
    assert not re.search(r'(fill|stroke)="#', words)

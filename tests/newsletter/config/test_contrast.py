"""Figures known from the definition, so that nobody's links are unreadable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.config.checks import readable_on
from newsletter.config.contrast import (
    DARK_SURFACES,
    LIGHT_SURFACES,
    READABLE,
    contrast,
    lowest_contrast,
)
from newsletter.config.settings import EmailSection

colours = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#FFFFFF", 21.0),
        ("#FFFFFF", "#FFFFFF", 1.0),
        # The faintest grey that passes on white, and the first that does not.
        ("#767676", "#FFFFFF", 4.54),
        ("#777777", "#FFFFFF", 4.48),
        ("#FF0000", "#FFFFFF", 4.0),
        ("#0000ff", "#ffffff", 8.59),
    ],
)
def test_known_ratios(one: str, other: str, ratio: float) -> None:
    """Ratios that everybody who checks contrast knows by heart."""
    assert contrast(one, other) == pytest.approx(ratio, abs=0.005)


@given(colours, colours)
def test_contrast_is_symmetric_and_bounded(one: str, other: str) -> None:
    """From 1 to 21, whichever colour is named first."""
    assert contrast(one, other) == contrast(other, one)
    assert 1 <= contrast(one, other) <= 21


@given(colours)
def test_the_worst_surface_decides(colour: str) -> None:
    """No surface gives a lower ratio than the one that is named."""
    ratio, surface = lowest_contrast(colour, LIGHT_SURFACES)

    assert surface in LIGHT_SURFACES
    assert ratio == min(contrast(colour, each) for each in LIGHT_SURFACES)


@pytest.mark.parametrize("text", ["red", "#FFF", "0B6157", "#0B615G", "#0B61570", ""])
def test_what_is_no_colour_is_refused(text: str) -> None:
    """The error shows how one is written."""
    with pytest.raises(ValueError, match="is not a colour like #0B6157"):
        contrast(text, "#FFFFFF")


def test_a_faint_colour_is_refused_with_its_figure() -> None:
    """The operator reads how far it is off, and on which surface."""
    with pytest.raises(
        ValueError, match=r"contrast on #E4EFEB is 3\.\d\d:1; readers need 4\.5:1"
    ):
        readable_on(LIGHT_SURFACES)("#777777")


def test_the_default_colours_are_readable() -> None:
    """What we ship passes its own check, in both schemes."""
    email = EmailSection()

    assert lowest_contrast(email.accent, LIGHT_SURFACES)[0] >= READABLE
    assert lowest_contrast(email.accent_dark, DARK_SURFACES)[0] >= READABLE


def test_a_colour_for_light_paper_is_refused_in_the_dark() -> None:
    """The two schemes are checked on their own surfaces."""
    with pytest.raises(ValueError, match="contrast on"):
        readable_on(DARK_SURFACES)("#0B6157")

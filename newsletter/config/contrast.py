"""Can the operator's colour be read? The contrast ratio of WCAG, and nothing else."""

import re

# The paper, page and soft colours that links and buttons stand on.
LIGHT_SURFACES = ("#FFFFFF", "#F4F1EA", "#E4EFEB")
DARK_SURFACES = ("#171B1A", "#0F1211", "#17302B")
READABLE = 4.5


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two ``#RRGGBB`` colours, 1.0 to 21.0.

    Raises:
        ValueError: a colour is not written as ``#RRGGBB``.

    Source: WCAG 2.2, definition of contrast ratio.
    """
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def lowest_contrast(colour: str, surfaces: tuple[str, ...]) -> tuple[float, str]:
    """Return the worst ratio of *colour* on *surfaces*, and the surface it is on."""
    return min((contrast(colour, surface), surface) for surface in surfaces)


def _luminance(colour: str) -> float:
    if not re.fullmatch(r"#[0-9A-Fa-f]{6}", colour):
        raise ValueError(f"{colour!r} is not a colour like #0B6157")
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue

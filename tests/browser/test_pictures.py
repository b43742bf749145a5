"""Every page is shown in the docs."""

from docs.pictures.pages import FOLDER, GALLERY, WIDTHS, gallery, name_of, shown
from tests.tour import Tour


def test_every_page_has_its_pictures(tour: tuple[Tour, str]) -> None:
    """docs/pages.md shows each page of the tour, at both widths; `make pictures`."""
    made = GALLERY.read_text("utf-8")
    names = {
        f"{name_of(path, tour[0])}-{width}.webp"
        for path in shown(tour[0])
        for width in WIDTHS
    }

    assert made == gallery(tour[0]), "run make pictures"
    assert {file.name for file in FOLDER.iterdir()} == names

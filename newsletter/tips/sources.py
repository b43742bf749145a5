"""Find out what kind of source a path is, and read it: the one door for imports."""

from collections.abc import Iterator
from pathlib import Path

from newsletter.errors import UnreadableSource
from newsletter.tips.csv_files import read_csv
from newsletter.tips.drafts import Found
from newsletter.tips.feeds import ATOM, read_atom, read_rss
from newsletter.tips.markdown_files import read_file, read_folder
from newsletter.tips.text_files import cannot_open
from newsletter.tips.wordpress import NAMESPACE, read_wordpress
from newsletter.tips.xml_files import root_of

_KINDS = (
    "Known are a folder of Markdown files, one Markdown file (.md), a CSV file (.csv), "
    "a WordPress export (.xml), and an RSS 2.0 or Atom feed (.xml)."
)


def read_source(path: Path) -> Iterator[Found]:
    """Yield the tips in *path*, what is refused, and what is rightly left out.

    Raises:
        UnreadableSource: there is nothing at *path*, its kind is not known, or it is
            broken as a whole.
    """
    if path.is_dir():
        yield from read_folder(path)
    elif path.suffix.lower() in {".md", ".markdown"}:
        yield read_file(path)
    elif path.suffix.lower() in {".csv", ".tsv"}:
        yield from read_csv(path)
    elif _looks_like_xml(path):
        yield from _read_xml(path)
    else:
        raise _unknown(path, "it is of a kind that cannot be read")


def _looks_like_xml(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            start = file.read(512)
    except OSError as error:
        raise cannot_open(path, error) from error
    # Also in UTF-16, where every second byte is a zero.
    return start.lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n").startswith(b"<")


def _read_xml(path: Path) -> Iterator[Found]:
    name, spaces = root_of(path)
    if name == "rss" and any(NAMESPACE in space for space in spaces):
        yield from read_wordpress(path)
    elif name == "rss":
        yield from read_rss(path)
    elif name == "feed" and ATOM in spaces:
        yield from read_atom(path)
    else:
        raise _unknown(path, f"its outermost tag is <{name}>")


def _unknown(path: Path, reason: str) -> UnreadableSource:
    return UnreadableSource(path=path, where="", reason=reason, remedy=_KINDS)

"""Read XML of unknown origin piece by piece, and say clearly when it is broken.

Nothing is fetched, no entity of the document's own is replaced, and no more than one
item is in memory at a time.
"""

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from lxml import etree

from newsletter.errors import UnreadableSource
from newsletter.tips.text_files import cannot_open


def root_of(path: Path) -> tuple[str, frozenset[str]]:
    """Return the local name of the outermost tag, and every namespace named there.

    Raises:
        UnreadableSource: the file is not XML, or declares entities.
    """
    with closing(_walk(path, ("start",))) as walk:
        _, element = next(walk)
        spaces = frozenset(str(uri) for uri in element.nsmap.values())
        return local_name(element), spaces


def elements(path: Path, *, depth: int) -> Iterator[etree._Element]:
    """Yield each element that lies *depth* tags below the outermost, then forget it.

    Raises:
        UnreadableSource: the XML is broken from some line on, or declares entities.
    """
    level = -1
    with closing(_walk(path, ("start", "end"))) as walk:
        for event, element in walk:
            level += 1 if event == "start" else 0
            if event == "end":
                if level == depth:
                    yield element
                    _forget(element)
                level -= 1


def local_name(element: etree._Element) -> str:
    """Return the name of *element* without its namespace; empty for a comment."""
    tag = element.tag
    return etree.QName(tag).localname if isinstance(tag, str) else ""


def namespace(element: etree._Element) -> str:
    """Return the namespace of *element*, or nothing."""
    return etree.QName(element).namespace or ""


def _walk(
    path: Path, events: tuple[str, ...]
) -> Generator[tuple[str, etree._Element], None, None]:
    checked = False
    with _readable(path), path.open("rb") as file:
        for event, element in etree.iterparse(
            file,
            events=events,
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        ):
            if not checked:
                _refuse_entities(element, path)
                checked = True
            yield event, element


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise cannot_open(path, error) from error
    except etree.XMLSyntaxError as error:
        line = error.lineno or 1
        raise UnreadableSource(
            path=path,
            where=f"line {line}",
            reason=f"the XML is broken here: {error.msg}",
            remedy="Export it again; a download that was cut short looks like this.",
        ) from error


def _refuse_entities(element: etree._Element, path: Path) -> None:
    dtd = element.getroottree().docinfo.internalDTD
    # The stubs do not know what lxml's page on validation says of entities().
    if dtd is not None and dtd.entities():  # type: ignore[attr-defined]
        raise UnreadableSource(
            path=path,
            where="line 1",
            reason="it declares entities of its own, which can fill any memory",
            remedy="No blog exports such a file; do not import it.",
        )


def _forget(element: etree._Element) -> None:
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def child_text(element: etree._Element, name: str, space: str = "") -> str:
    """Return the text of the first child called *name*, in a namespace with *space*."""
    for child in element:
        if local_name(child) == name and space in namespace(child):
            return "".join(str(piece) for piece in child.itertext()).strip()
    return ""

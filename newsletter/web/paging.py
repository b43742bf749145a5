"""The numbers under a list: ``« Previous 1 2 … 14 Next »``, and where they lead."""

from dataclasses import dataclass

# Beside the page itself and the ends.
BESIDE = 1


@dataclass(frozen=True)
class Place:
    """One number; an address of None is the page itself, a number of 0 a gap."""

    number: int
    path: str | None


@dataclass(frozen=True)
class Pages:
    """The ways from one page of a list to the others."""

    number: int
    count: int
    places: tuple[Place, ...]
    previous: str
    next: str


def pages(base: str, number: int, count: int, *, part: str = "") -> Pages:
    """Return the ways from page *number* of *count*.

    Args:
        base: the address of the first page; those after it are ``page/N/`` below it,
            or ``?q=…&page=N`` when it has a question.
        number: of the page shown, from 1.
        count: of all pages.
        part: the part of the first page that the list is; those after it are below it.
    """
    shown = {1, count, *range(number - BESIDE, number + BESIDE + 1)}
    places: list[Place] = []
    for at in sorted(n for n in shown if 1 <= n <= count):
        missing = at - (places[-1].number if places else 0) - 1
        if missing == 1:
            # A gap would be as wide as the one number that it hides.
            places.append(Place(at - 1, page_path(base, at - 1, part=part)))
        elif missing:
            places.append(Place(0, None))
        own = at == number
        places.append(Place(at, None if own else page_path(base, at, part=part)))
    return Pages(
        number,
        count,
        tuple(places),
        previous=page_path(base, number - 1, part=part) if number > 1 else "",
        next=page_path(base, number + 1, part=part) if number < count else "",
    )


def page_path(base: str, number: int, *, part: str = "") -> str:
    """Return the address of page *number*; the first has no number in it."""
    if number == 1:
        return f"{base}#{part}" if part else base
    if "?" in base:
        return f"{base}&page={number}"
    return f"{base}{part}/page/{number}/" if part else f"{base}page/{number}/"


def page_number(written: str) -> int:
    """Return the number of a page as an address has it; 0 when it is none."""
    if not (written.isascii() and written.isdigit() and len(written) < 10):
        return 0
    return int(written) if str(int(written)) == written else 0

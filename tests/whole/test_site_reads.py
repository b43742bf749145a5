"""Whoever only looks changes nothing: link scanners follow every link.

Every address that the application has is asked for, by GET and by HEAD, with a token of
every kind wherever an address takes one, and the whole database is compared.

Source: RFC 9110 §9.2.1.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import chain, product, zip_longest
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select
from sqlmodel import SQLModel

from newsletter.web import build
from tests.surface import schema_of
from tests.tour import Tour, fill

WEEKS = 3
# What is asked for where an address has a place; a token is one of every kind.
SAMPLES = {
    "slot": ("2026-W34", "2026-W01", "x"),
    "number": ("1", "2", "0", "9999", "x"),
}
OTHER = ("listening", "x", "1")


@pytest.fixture
def tour(empty_engine: Engine, tmp_path: Path) -> Tour:
    """A site that is filled anew, on each engine."""
    return fill(empty_engine, tmp_path, weeks=WEEKS)


def test_looking_changes_no_row(tour: Tour) -> None:
    """GET and HEAD of every address leave every table as it was."""
    before = _rows(tour.site.engine)
    asked = 0

    with TestClient(build(tour.site), raise_server_exceptions=False) as client:
        for address in _addresses(tour):
            for method in ("GET", "HEAD"):
                answer = client.request(method, address, follow_redirects=False)
                asked += 1
                assert answer.status_code < 500, f"{method} {address}"

    assert asked >= 2 * len(tour.public)
    assert _rows(tour.site.engine) == before


def _addresses(tour: Tour) -> Iterator[str]:
    yield from (*tour.public, *tour.personal)
    for pattern, methods in schema_of(tour.site)["paths"].items():
        if "get" not in methods:
            continue
        places = re.findall(r"{(\w+)[^}]*}", pattern)
        for values in product(*(_samples(tour, place) for place in places)):
            yield _filled(pattern, values)


def _filled(pattern: str, values: Iterable[str]) -> str:
    pieces = re.split(r"{[^}]*}", pattern)
    return "".join(chain(*zip_longest(pieces, values, fillvalue="")))


def _samples(tour: Tour, place: str) -> tuple[str, ...]:
    if place == "token":
        return (*tour.tokens.values(), "x" * 39, "x")
    return SAMPLES.get(place, (*tour.slugs[:1], *OTHER))


def _rows(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    with engine.connect() as connection:
        return {
            name: sorted(map(tuple, connection.execute(select(table))), key=repr)
            for name, table in SQLModel.metadata.tables.items()
        }

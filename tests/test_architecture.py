"""The house plan, checked: who may import whom, and where SQL may be written."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Ground floor first. A room may import from floors below its own, never from
# its own floor or above. A new module fails until someone gives it a floor.
FLOORS = [
    {"subscribers"},
    {"newsletter.errors"},
    {
        "newsletter.slots",
        "newsletter.outcome",
        "newsletter.holes",
        "newsletter.throttle",
        "newsletter.easing",
        "newsletter.words",
    },
    {"newsletter.config", "newsletter.tables"},
    {"newsletter.search"},
    {"newsletter.db"},
    {"newsletter.fence", "newsletter.holders"},
    {
        "newsletter.backup",
        "newsletter.soundness",
        "newsletter.tips",
        "newsletter.issues",
        "newsletter.ledger",
        "newsletter.notices",
        "newsletter.outbox",
        "newsletter.archive",
        "newsletter.comments",
        "newsletter.render",
        "newsletter.message",
        "newsletter.transport",
        "newsletter.bounces",
        "newsletter.mailbox",
        "newsletter.rates",
    },
    {"newsletter.privacy", "newsletter.departing"},
    {"newsletter.sender"},
    {"newsletter.scheduler", "newsletter.queue", "newsletter.demo", "newsletter.web"},
    {"newsletter.cli"},
]
FLOOR = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}
# The package itself, and frozen history.
FREE = {"newsletter", "newsletter.migrations"}
SQL_ROOMS = {
    "subscribers",
    "newsletter.tables",
    "newsletter.search",
    "newsletter.db",
    "newsletter.fence",
    "newsletter.backup",
    "newsletter.soundness",
    "newsletter.tips",
    "newsletter.issues",
    "newsletter.ledger",
    "newsletter.notices",
    "newsletter.outbox",
    "newsletter.archive",
    "newsletter.comments",
    "newsletter.rates",
    "newsletter.migrations",
}
SQL = {"sqlmodel", "sqlalchemy"}
WEB = {"fastapi", "starlette", "uvicorn"}
# What a room may not know besides the rooms above it.
STRANGERS = {
    "subscribers": {
        "jinja2",
        "premailer",
        "typer",
        "smtplib",
        "apscheduler",
        "fastapi",
        "starlette",
    },
    "newsletter.render": {"newsletter.tables", "smtplib"},
    "newsletter.message": {"newsletter.tables", "jinja2", "smtplib"},
    "newsletter.bounces": {"newsletter.tables", "newsletter.db", "imaplib"},
    "newsletter.mailbox": {"newsletter.tables", "newsletter.db", "subscribers"},
}


def room_of(dotted: str) -> str:
    """Return the room a module lives in: ``subscribers`` or ``newsletter.<part>``."""
    parts = dotted.split(".")
    return parts[0] if parts[0] == "subscribers" else ".".join(parts[:2])


def imported_names(path: Path) -> set[str]:
    """Return every dotted name *path* imports, at any depth; absolute imports only."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write imports in full"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


MODULES = [
    path for top in ("newsletter", "subscribers") for path in (ROOT / top).rglob("*.py")
]


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_module_keeps_to_its_floor(path: Path) -> None:
    """A module imports downwards only; SQL and Procrastinate stay in their rooms."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    dotted = ".".join(parts).removesuffix(".__init__")
    here = room_of(dotted)
    if here in FREE:
        return
    assert here in FLOOR, f"{dotted} has no floor: add {here!r} to FLOORS"
    for name in sorted(imported_names(path)):
        there = room_of(name)
        if there in FLOOR and there != here:
            assert FLOOR[there] < FLOOR[here], f"{dotted} may not import {name}"
        top = name.split(".")[0]
        if top in SQL:
            assert here in SQL_ROOMS, f"{dotted} writes SQL; only {SQL_ROOMS} may"
        assert top not in WEB or here == "newsletter.web", f"{dotted} is no web page"
        assert top != "procrastinate" or here == "newsletter.queue", dotted
        unknown = STRANGERS.get(here, set())
        assert not {top, there} & unknown, f"{dotted} may not know {name}"

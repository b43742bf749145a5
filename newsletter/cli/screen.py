"""How the terminal looks: plain words, one accent colour, tables that fit 80 columns.

Results go to stdout, everything about the work itself to stderr, so that
`newsletter tips list --json | jq` always works.
"""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import is_dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any, TextIO
from zoneinfo import ZoneInfo

from rich import box
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
)
from rich.progress import TimeRemainingColumn as TimeLeft
from rich.table import Table
from rich.text import Text

ACCENT = "dark_cyan"
# Words for states, with the colour that goes with each; never the colour alone.
STATES = {
    "ok": "green",
    "sent": "green",
    "active": "green",
    "ready": "green",
    "warning": "yellow",
    "deferred": "yellow",
    "paused": "yellow",
    "pending": "yellow",
    "uncertain": "yellow",
    "error": "red",
    "failed": "red",
    "bounced": "red",
    "complained": "red",
    "cancelled": "red",
}

_WIDTH_OF_A_PIPE = 80


def _console(stderr: bool = False) -> Console:
    console = Console(stderr=stderr, highlight=False, soft_wrap=False, emoji=False)
    if not console.is_terminal:
        console = Console(
            stderr=stderr, highlight=False, emoji=False, width=_WIDTH_OF_A_PIPE
        )
    return console


def say(text: str = "", *, style: str = "") -> None:
    """Print a line of the result; nothing in it is read as markup."""
    _console().print(Text(text, style=style), soft_wrap=True)


def heading(text: str) -> None:
    """Print a heading, with air above it."""
    say()
    say(text, style=f"bold {ACCENT}")


def aside(text: str) -> None:
    """Print a line about the work itself, on stderr."""
    _console(stderr=True).print(Text(text), soft_wrap=True)


def facts(rows: Iterable[tuple[str, object]]) -> None:
    """Print names and values in two columns."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(Text(name), _cell(value))
    _console().print(table)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table with one rule under its head.

    A column whose name ends with ``#`` holds numbers and stands to the right.
    """
    grid = Table(
        box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0)
    )
    for column in columns:
        right = column.endswith("#")
        grid.add_column(
            column.rstrip("#"),
            justify="right" if right else "left",
            header_style="dim",
            overflow="fold",
        )
    for row in rows:
        grid.add_row(*(_cell(value) for value in row))
    _console().print(grid)


def progress(label: str, total: int | None, *, vanish: bool = False) -> Progress:
    """Return a progress bar on stderr, with one task.

    Args:
        vanish: leave nothing behind; where nobody can see it move, not even a line.
    """
    console = _console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(complete_style=ACCENT, finished_style=ACCENT),
        MofNCompleteColumn(),
        TimeLeft(),
        console=console,
        transient=vanish,
        disable=vanish and not console.is_terminal,
    )
    bar.add_task(label, total=total)
    return bar


def octets(label: str, total: int | None) -> Progress:
    """Return a progress bar of how much of a file was read, which vanishes at the end.

    Without a total it moves to and fro.
    """
    console = _console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(complete_style=ACCENT, finished_style=ACCENT),
        DownloadColumn(),
        TimeLeft(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    bar.add_task(label, total=total)
    return bar


def as_json(value: object, out: TextIO | None = None) -> None:
    """Write *value* as JSON, to stdout unless told: times are in ISO 8601."""
    out = out or sys.stdout
    json.dump(_plain(value), out, ensure_ascii=False, indent=2)
    out.write("\n")


def local(moment: datetime | None, zone: ZoneInfo) -> str:
    """Return an instant as people of *zone* write it: ``Tue 2026-11-24 09:00``."""
    return moment.astimezone(zone).strftime("%a %Y-%m-%d %H:%M") if moment else ""


def short(moment: datetime, zone: ZoneInfo) -> str:
    """Return an instant whose year is plain from beside it: ``Tue 24 Nov 09:00``."""
    return moment.astimezone(zone).strftime("%a %d %b %H:%M")


def count(number: int, one: str, many: str = "") -> str:
    """Return ``1 tip`` or ``1,200 tips``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _cell(value: object) -> Text:
    text = "" if value is None else f"{value:,}" if _is_number(value) else str(value)
    return Text(text, style=STATES.get(text, ""))


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a view holds
    match value:
        case Enum():
            return value.value
        case datetime() | date():
            return value.isoformat()
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(item) for item in value]
        case None | bool() | int() | float() | str():
            return value
    if is_dataclass(value) and type(value).__str__ is object.__str__:
        return {key: _plain(item) for key, item in _fields(value).items()}
    return str(value)


def _fields(value: Any) -> dict[str, Any]:  # noqa: ANN401
    return {name: getattr(value, name) for name in value.__dataclass_fields__}

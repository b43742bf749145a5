"""The page shows what was counted, and a new row leaves the others alone."""

import json
from dataclasses import asdict, replace
from pathlib import Path

from tests.crash.counting import Count
from tests.crash.page import BEGIN, COUNTED, END, PAGE, Row, insert, keep, read

ROW = Row(
    what="random instants",
    database="sqlite",
    sent_by="1 × `send`",
    uncertain="resend",
    count=Count(letters=10_000, kills=200, cut=748, doubtful=50, repeated=50),
    counted="2026-11-25",
    on="2 cores, Python 3.11.7, SQLite 3.40.1",
    at_once=4,
)


def test_the_page_shows_the_kept_rows() -> None:
    """Nobody typed a figure, and nobody was forgotten in any row."""
    page, rows = PAGE.read_text("utf-8"), read(COUNTED)

    assert page == insert(page, rows)
    assert rows
    assert all(row.count.forgotten == 0 for row in rows)


def test_a_row_is_kept_beside_the_others_and_with_its_own_facts(tmp_path: Path) -> None:
    """The same row anew takes its place; others keep the day they were counted on."""
    counted, page = tmp_path / "counted.json", tmp_path / "page.md"
    counted.write_text(json.dumps([asdict(ROW)]), "utf-8")
    page.write_text(f"Before.\n{BEGIN}\nold\n{END}\nAfter.\n", "utf-8")
    held = replace(ROW, uncertain="hold", counted="2026-12-01", on="64 cores")
    again = replace(ROW, counted="2026-12-02")

    for row in (held, again):
        keep(row, counted=counted, page=page)

    assert read(counted) == [again, held]
    words = page.read_text("utf-8")
    assert words.startswith(f"Before.\n{BEGIN}\n| Killed at |")
    assert words.endswith(f"{END}\nAfter.\n")
    assert "\nold\n" not in words
    assert words.count("| 2026-12-01 |") == words.count("| 2026-12-02 |") == 1
    assert "- 2026-12-01: 64 cores; 4 connections a process." in words

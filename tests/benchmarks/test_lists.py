"""What a list takes is measured with the commands themselves."""

from pathlib import Path

from benchmarks.lists import Took, measure, table, write_list
from benchmarks.stage import stage

PEOPLE = 50


def test_every_command_is_measured() -> None:
    """In, once more, and out, with everybody in the file; time and memory are there."""
    with stage("sqlite") as ours:
        found = list(measure(ours, PEOPLE))

    assert [took.what for took in found] == [
        "import, all new",
        "import --dry-run, all known",
        "export",
    ]
    assert {(took.engine, took.people) for took in found} == {("SQLite", PEOPLE)}
    assert all(took.seconds > 0 and took.cpu > 0 and took.memory > 10 for took in found)


def test_a_list_has_everybody_once(tmp_path: Path) -> None:
    """In an order that is not the alphabet's."""
    write_list(tmp_path / "list.csv", 1_000)

    _, *lines = (tmp_path / "list.csv").read_text("utf-8").splitlines()
    addresses = [line.split(",")[0] for line in lines]
    assert len(set(addresses)) == 1_000
    assert addresses != sorted(addresses)


def test_a_row_tells_the_time_of_each() -> None:
    """In microseconds of CPU time, beside the whole."""
    took = Took("SQLite", 1_000, "export", 0.5, 0.4, 90.4)

    row = "| SQLite | export | 1,000 | 0.5 | 0.4 | 400 | 90 |"
    assert row in table([took]).as_markdown()

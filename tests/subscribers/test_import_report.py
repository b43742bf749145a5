"""Every line of an import is counted once, and what was refused can be mended."""

import csv
import io

from subscribers.csv_columns import Column, Layout
from subscribers.csv_people import Refusal
from subscribers.csv_records import BadRecord
from subscribers.import_report import EXAMPLES, RemarkKind, Tally, refused_writer

LAYOUT = Layout(("email", "name"), {Column.ADDRESS: 0, Column.NAME: 1})


def test_only_the_first_of_each_kind_are_kept() -> None:
    """However many lines are bad, a report stays short, and its counts true."""
    tally = Tally(None, LAYOUT)

    for line in range(1_000):
        tally.note(RemarkKind.WARNING, line, "x" * 500, "a reason")
        tally.note(RemarkKind.LEFT, line, "value", "a reason")
    report = tally.report()

    assert (report.warnings, report.left) == (1_000, 1_000)
    assert len(report.examples) == 2 * EXAMPLES
    assert max(len(remark.value) for remark in report.examples) == 80
    assert [remark.line for remark in report.examples[:4]] == [0, 0, 1, 1]


def test_who_left_is_no_mistake_of_the_file() -> None:
    """A strict import does not object to people who left."""
    tally = Tally(None, LAYOUT)

    tally.note(RemarkKind.LEFT, 2, "value", "a reason")

    assert tally.wrong == 0
    assert tally.first_wrong is None


def test_a_refused_line_is_written_with_its_number_and_reason() -> None:
    """Both stand in front, where a line of any length cannot push them away."""
    out = io.StringIO()
    tally = Tally(refused_writer(out, delimiter=";"), LAYOUT)

    tally.refuse(Refusal(2, ["a;b", "Ann", "more"], "a;b", "no address"))
    tally.refuse(BadRecord(3, '"open', "an open quote"))

    assert list(csv.reader(out.getvalue().splitlines(), delimiter=";")) == [
        ["refused_line", "refused_because", "email", "name"],
        ["2", "no address", "a;b", "Ann", "more"],
        ["3", "an open quote", '"open'],
    ]


def test_lines_refused_again_do_not_grow() -> None:
    """The two columns of the time before are replaced by those of this time."""
    layout = Layout(
        ("refused_line", "refused_because", "email"), {Column.ADDRESS: 2}, skip=2
    )
    out = io.StringIO()
    tally = Tally(refused_writer(out, delimiter=","), layout)

    tally.refuse(Refusal(5, ["17", "then", "ann@"], "ann@", "now"))

    assert out.getvalue().splitlines() == [
        "refused_line,refused_because,email",
        "5,now,ann@",
    ]

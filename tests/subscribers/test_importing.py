"""A list is taken in whole or told what is wrong, and never brings anybody back."""

import io
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, event
from sqlmodel import Session

from subscribers import roster
from subscribers.csv_columns import Column
from subscribers.errors import BadDetail, ImportRefused, UnreadableList
from subscribers.import_report import ImportReport, RemarkKind
from subscribers.importing import BATCH, ImportOptions, import_csv
from subscribers.tables import SubscriberStatus

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


def take(
    session: Session,
    *lines: str,
    options: ImportOptions | None = None,
    rejects: io.StringIO | None = None,
    now: datetime = NOW,
) -> ImportReport:
    """Import a file of these lines."""
    return import_csv(
        session,
        io.BytesIO("\n".join(lines).encode()),
        source_label="the old list",
        now=now,
        options=options,
        rejects=rejects,
    )


def counts(report: ImportReport) -> dict[str, int]:
    """Return the counts of *report* that are not 0."""
    numbers = asdict(report)
    return {
        name: count for name, count in numbers.items() if name != "examples" and count
    }


def addresses(session: Session) -> list[str]:
    """Return the addresses on the list, in the order in which they came."""
    return [person.address for person in roster.page(session, limit=1_000_000)]


def put(session: Session, address: str, status: SubscriberStatus) -> None:
    """Put somebody on the list a week before the import."""
    roster.add(
        session,
        address,
        source="by hand",
        signed_up_at=None,
        now=NOW - timedelta(days=7),
        status=status,
    )


def test_people_come_in_with_their_details(session: Session) -> None:
    """Each is as the file says, from the source that was named."""
    report = take(
        session,
        "Email,First Name,Last Name,Time Zone,Language,Signed up at",
        "Ann@Example.org,Ann,Reader,europe/berlin,de,2026-03-04 05:06:07",
        "bob@example.org,,,,,",
    )

    ann, bob = roster.page(session)
    assert counts(report) == {"read": 2, "added": 2}
    assert (ann.address, ann.name) == ("Ann@example.org", "Ann Reader")
    assert (ann.timezone, ann.language) == ("Europe/Berlin", "de")
    assert ann.signed_up_at == datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    assert (ann.source, ann.status) == ("the old list", SubscriberStatus.ACTIVE)
    assert ann.created_at == ann.status_at == NOW
    assert (bob.name, bob.timezone, bob.signed_up_at) == ("", "", None)


def test_a_column_of_addresses_is_enough(session: Session) -> None:
    """The first line of a file without a header is somebody too."""
    report = take(session, "ann@example.org", "bob@example.org")

    assert counts(report) == {"read": 2, "added": 2}
    assert addresses(session) == ["ann@example.org", "bob@example.org"]


def test_a_path_is_opened_and_closed(session: Session, tmp_path: Path) -> None:
    """A file may be named instead of opened; errors call it by its path."""
    path = tmp_path / "list.csv"
    path.write_text("email\nann@example.org\n", "utf-8")

    assert import_csv(session, path, source_label="", now=NOW).added == 1
    with pytest.raises(UnreadableList, match=r"missing\.csv: it cannot be opened"):
        import_csv(session, tmp_path / "missing.csv", source_label="", now=NOW)


def test_importing_twice_changes_nothing(session: Session) -> None:
    """Who is on the list stays as they are, whatever the file says of them now."""
    take(session, "email,name", "ann@example.org,Ann")
    before = roster.page(session)

    report = take(session, "email,name", "ANN@example.org,Another", now=NOW)

    assert counts(report) == {"read": 1, "already": 1}
    assert roster.page(session) == before


@pytest.mark.parametrize(
    "status",
    [
        SubscriberStatus.UNSUBSCRIBED,
        SubscriberStatus.BOUNCED,
        SubscriberStatus.COMPLAINED,
    ],
)
def test_a_file_brings_nobody_back(session: Session, status: SubscriberStatus) -> None:
    """Who left, bounced or complained stays so, and is counted apart."""
    put(session, "ann@example.org", status)

    report = take(session, "email,status", "Ann@example.org,active")

    assert counts(report) == {"read": 1, "left": 1}
    assert roster.find(session, "ann@example.org").status is status
    assert report.examples[0].kind is RemarkKind.LEFT
    assert f"{status} since 2026-11-15" in report.examples[0].reason


def test_who_left_elsewhere_is_not_mailed_here(session: Session) -> None:
    """People who are new and left, as the file says, are kept so that they stay out."""
    report = take(
        session,
        "email,status,unsub_time",
        "ann@example.org,unsubscribed,2026-03-04",
        "bob@example.org,cleaned,",
        "eve@example.org,subscribed,",
    )

    assert counts(report) == {"read": 3, "added": 1, "added_silent": 2}
    assert [person.status for person in roster.page(session)] == [
        SubscriberStatus.UNSUBSCRIBED,
        SubscriberStatus.BOUNCED,
        SubscriberStatus.ACTIVE,
    ]


def test_a_file_removes_nobody_either(session: Session) -> None:
    """If it says that a reader of ours left, the operator is told."""
    put(session, "ann@example.org", SubscriberStatus.ACTIVE)

    report = take(session, "email,status", "ann@example.org,unsubscribed")

    assert counts(report) == {"read": 1, "already": 1, "warnings": 1}
    assert "is active here and stays so" in report.examples[0].reason
    assert roster.find(session, "ann@example.org").status is SubscriberStatus.ACTIVE


def test_every_bad_line_is_reported_and_the_good_ones_are_taken(
    session: Session,
) -> None:
    """Each of them with its line, its value and the reason."""
    report = take(
        session,
        "email,name,timezone",
        "ann@example.org,Ann,Mars",
        "bob@,Bob,",
        "Ann@example.org,Ann again,",
        '"open,quote,',
        "carl@example.org,Carl",
        f"dora@example.org,{'x' * 201},",
        "eve@example.org,Eve\0,",
        "finn@example.org,Finn,UTC",
    )

    assert counts(report) == {
        "read": 8,
        "added": 2,
        "duplicates": 1,
        "refused": 5,
        "warnings": 1,
    }
    assert addresses(session) == ["ann@example.org", "finn@example.org"]
    told = [(remark.line, remark.kind, remark.value) for remark in report.examples]
    assert told == [
        (2, "warning", "ann@example.org"),
        (3, "refused", "bob@"),
        (4, "duplicate", "Ann@example.org"),
        (5, "refused", '"open,quote,'),
        (6, "refused", "carl@example.org"),
        (7, "refused", "x" * 80),
        (8, "refused", "eve@example.org,Eve\0,"),
    ]
    assert report.examples[2].reason == "the same address is on line 2"


def test_refused_lines_can_be_mended_and_imported_again(session: Session) -> None:
    """The file of refused lines is a list itself; mended, nobody is lost."""
    rejects = io.StringIO()
    take(
        session,
        "name;email",
        "Ann;ann@example.org",
        "Bob; bob(at)example.org",
        "Carl;carl@example.org;extra",
        rejects=rejects,
    )
    mended = rejects.getvalue().replace("(at)", "@").replace(";extra", "")

    report = take(session, *mended.splitlines())

    assert counts(report) == {"read": 2, "added": 2}
    assert [person.name for person in roster.page(session)] == ["Ann", "Bob", "Carl"]


def test_lines_that_stay_bad_are_refused_the_same_way(session: Session) -> None:
    """Importing the refused lines unmended refuses them again, without growing."""
    first, second = io.StringIO(), io.StringIO()
    take(session, "email,name", "bob@,Bob", "carl@,Carl", rejects=first)

    take(session, *first.getvalue().splitlines(), rejects=second)

    assert second.getvalue() == first.getvalue()


def test_a_duplicate_in_another_batch_is_found(session: Session) -> None:
    """An address is known from its first line on, however far that is."""
    lines = [f"reader{number}@example.org" for number in range(BATCH + 10)]

    report = take(session, "email", *lines, "READER3@example.org")

    assert report.added == BATCH + 10
    assert report.examples[0].reason == "the same address is on line 5"


def test_a_strict_import_takes_all_or_nothing(session: Session) -> None:
    """One wrong line after the first batch, and nobody is added."""
    put(session, "zoe@example.org", SubscriberStatus.ACTIVE)
    lines = [f"reader{number}@example.org" for number in range(BATCH + 10)]
    rejects = io.StringIO()

    with pytest.raises(ImportRefused) as refused:
        take(
            session,
            "email",
            *lines,
            "bob@",
            lines[0],
            options=ImportOptions(strict=True),
            rejects=rejects,
        )
    session.commit()

    assert addresses(session) == ["zoe@example.org"]
    assert refused.value.wrong == 2
    assert refused.value.first_line == BATCH + 12
    assert "2 lines are not right, so nothing was imported" in str(refused.value)
    assert len(rejects.getvalue().splitlines()) == 3


def test_a_strict_import_of_a_good_list_is_an_import(session: Session) -> None:
    """Who left is no mistake of the file."""
    put(session, "ann@example.org", SubscriberStatus.UNSUBSCRIBED)

    report = take(
        session,
        "email",
        "ann@example.org",
        "bob@example.org",
        options=ImportOptions(strict=True),
    )

    assert counts(report) == {"read": 2, "added": 1, "left": 1}


def test_a_file_that_breaks_off_changes_nothing(session: Session) -> None:
    """A wrong byte behind the first batches takes those back, even if we commit."""
    put(session, "zoe@example.org", SubscriberStatus.ACTIVE)
    lines = [f"reader{number}@example.org" for number in range(2 * BATCH)]
    content = "\n".join(["email", *lines]).encode() + b"\nb\xf6b@example.org\n"

    with pytest.raises(UnreadableList) as refused:
        import_csv(session, io.BytesIO(content), source_label="", now=NOW)
    session.commit()

    assert refused.value.line == 2 * BATCH + 2
    assert addresses(session) == ["zoe@example.org"]


def test_an_encoding_can_be_named(session: Session) -> None:
    """A file of another time is read as it was meant."""
    content = "email;name\nann@example.org;José\n".encode("cp1252")

    import_csv(
        session,
        io.BytesIO(content),
        source_label="",
        now=NOW,
        options=ImportOptions(encoding="cp1252"),
    )

    assert roster.find(session, "ann@example.org").name == "José"


def test_columns_can_be_named(session: Session) -> None:
    """What the operator says about the columns holds."""
    report = take(
        session,
        "kontakt,kind",
        "ann@example.org,Ann",
        options=ImportOptions(columns={Column.ADDRESS: "Kontakt", Column.NAME: "kind"}),
    )

    assert report.added == 1
    assert roster.find(session, "ann@example.org").name == "Ann"


def test_a_label_is_one_line(session: Session) -> None:
    """Readers may see it, so it is held to the rules of a name."""
    with pytest.raises(BadDetail, match="source"):
        import_csv(session, io.BytesIO(), source_label="x" * 201, now=NOW)


def test_progress_is_told_by_the_batch(session: Session) -> None:
    """Whoever waits hears how far it is."""
    told: list[int] = []
    lines = [f"reader{number}@example.org" for number in range(2 * BATCH + 1)]

    import_csv(
        session,
        io.BytesIO("\n".join(lines).encode()),
        source_label="",
        now=NOW,
        progress=told.append,
    )

    assert told == [BATCH, 2 * BATCH]


def test_a_batch_costs_two_statements(engine: Engine, session: Session) -> None:
    """One insert, and one look at those who were there; never one a person."""
    lines = [f"reader{number}@example.org" for number in range(BATCH)]
    take(session, *lines[::2])
    statements: list[str] = []

    @event.listens_for(engine, "before_cursor_execute")
    def _note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement.split(maxsplit=1)[0])

    take(session, *lines)
    event.remove(engine, "before_cursor_execute", _note)

    assert statements.count("SELECT") == 1
    assert statements.count("INSERT") <= 2

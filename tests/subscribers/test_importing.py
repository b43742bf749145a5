"""A list is taken in whole or told what is wrong, and never brings anybody back."""

import io
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event
from sqlmodel import Session

from subscribers import roster
from subscribers.csv_columns import Column
from subscribers.errors import (
    BadDetail,
    ConsentUnknown,
    ImportRefused,
    UnreadableList,
)
from subscribers.hashing import AddressHasher
from subscribers.import_report import ImportReport, RemarkKind
from subscribers.importing import BATCH, ImportOptions, import_csv
from subscribers.mail_hosts import HostVerdict
from subscribers.tables import SubscriberStatus

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
HASHER = AddressHasher([b"a secret of the tests"])


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
        hasher=HASHER,
        now=now,
        options=options,
        rejects=rejects,
    )


@pytest.fixture
def clean_session(engine: Engine) -> Iterator[Session]:
    """A session that a property test rolls back itself."""
    with Session(engine) as session:
        yield session


def counts(report: ImportReport) -> dict[str, object]:
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

    assert (
        import_csv(session, path, source_label="x", hasher=HASHER, now=NOW).added == 1
    )
    with pytest.raises(UnreadableList, match=r"missing\.csv: it cannot be opened"):
        import_csv(
            session, tmp_path / "missing.csv", source_label="x", hasher=HASHER, now=NOW
        )


def test_importing_twice_changes_nothing(session: Session) -> None:
    """Who is on the list stays as they are, whatever the file says of them now."""
    take(session, "email,name", "ann@example.org,Ann")
    before = roster.page(session)

    report = take(session, "email,name", "ANN@example.org,Another", now=NOW)

    assert counts(report) == {"read": 1, "different": 1, "differing": {"name": 1}}
    assert report.examples[0].kind is RemarkKind.DIFFERENT
    assert report.examples[0].reason == "name 'Ann' here, 'Another' in the file"
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
        import_csv(
            session, io.BytesIO(content), source_label="x", hasher=HASHER, now=NOW
        )
    session.commit()

    assert refused.value.line == 2 * BATCH + 2
    assert addresses(session) == ["zoe@example.org"]


def test_an_encoding_can_be_named(session: Session) -> None:
    """A file of another time is read as it was meant."""
    content = "email;name\nann@example.org;José\n".encode("cp1252")

    import_csv(
        session,
        io.BytesIO(content),
        source_label="x",
        hasher=HASHER,
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


def test_without_consent_nothing_is_imported(session: Session) -> None:
    """The error says of whom nothing is known, why that matters, and what to write."""
    file = io.BytesIO(
        b"email,status\nann@example.org,confirmed\nbob@example.org,active"
    )

    with pytest.raises(ConsentUnknown, match="line 3: nothing says how") as refused:
        import_csv(session, file, source_label=" ", hasher=HASHER, now=NOW)
    session.commit()

    assert "--source" in str(refused.value)
    assert addresses(session) == []


def test_where_a_column_says_it_only_who_says_nothing_is_refused(
    session: Session,
) -> None:
    """It can be filled in and imported again; who is not mailed need not say it."""
    rejects = io.StringIO()
    file = io.BytesIO(
        b"email,source,status\n"
        b"ann@example.org,the fair,\n"
        b"bob@example.org,,active\n"
        b"eve@example.org,,unsubscribed\n"
    )

    report = import_csv(
        session, file, source_label="", hasher=HASHER, now=NOW, rejects=rejects
    )

    assert counts(report) == {"read": 3, "added": 1, "added_silent": 1, "refused": 1}
    assert report.examples[0].value == "bob@example.org"
    assert "column source" in report.examples[0].reason
    assert "bob@example.org,,active" in rejects.getvalue()


class Hosts:
    """Knows of one domain that takes no mail, and of one that says nothing."""

    def look_up(self, address: str) -> HostVerdict:
        """Answer as `MailHosts` does."""
        if address.endswith("@nowhere.test"):
            return HostVerdict(refused="nowhere.test does not exist")
        return HostVerdict(doubt="slow" if address.endswith("@slow.test") else "")


def test_domains_are_asked_about_on_request(session: Session) -> None:
    """Where no mail can go nobody is added; where nobody knows, they are."""
    rejects = io.StringIO()
    hosts: Any = Hosts()

    report = take(
        session,
        "email,status",
        "ann@nowhere.test,active",
        "bob@slow.test,active",
        "eve@example.org,active",
        "gone@nowhere.test,unsubscribed",
        options=ImportOptions(mail_hosts=hosts),
        rejects=rejects,
    )

    assert counts(report) == {
        "read": 4,
        "added": 2,
        "added_silent": 1,
        "refused": 1,
        "warnings": 1,
    }
    assert "2,nowhere.test does not exist,ann@nowhere.test,active" in rejects.getvalue()


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=200)
    | st.lists(
        st.lists(
            st.sampled_from(
                (
                    *("email", "status", "source", "ann@example.org", "b@x.test"),
                    *("active", "confirmed", "left", '"', "\0", "=1+1", "", "é"),
                )
            ),
            max_size=4,
        ).map(",".join),
        max_size=6,
    ).map(lambda lines: "\n".join(["email,name,status", *lines]).encode()),
    st.booleans(),
)
def test_whatever_a_file_holds_there_is_a_report_or_a_reason(
    clean_session: Session, content: bytes, strict: bool
) -> None:
    """Never another error; each line is counted once, and the good ones are there."""
    session = clean_session
    try:
        report = import_csv(
            session,
            io.BytesIO(content),
            source_label="x",
            hasher=HASHER,
            now=NOW,
            options=ImportOptions(strict=strict),
            rejects=io.StringIO(),
        )
    except (UnreadableList, ImportRefused):
        assert roster.page(session) == []
        return
    found = roster.page(session)
    session.rollback()

    assert report.read == sum(
        (report.added, report.added_silent, report.already, report.different)
    ) + sum((report.left, report.suppressed, report.duplicates, report.refused))
    assert len(found) == report.added + report.added_silent


def test_a_label_is_one_line(session: Session) -> None:
    """Readers may see it, so it is held to the rules of a name."""
    with pytest.raises(BadDetail, match="source"):
        import_csv(
            session, io.BytesIO(), source_label="x" * 201, hasher=HASHER, now=NOW
        )


def test_progress_is_told_by_the_batch(session: Session) -> None:
    """Whoever waits hears how far it is, in lines and in octets of the file."""
    told: list[tuple[int, int]] = []
    lines = [f"reader{number}@example.org" for number in range(2 * BATCH + 1)]

    import_csv(
        session,
        io.BytesIO("\n".join(lines).encode()),
        source_label="x",
        hasher=HASHER,
        now=NOW,
        progress=lambda *so_far: told.append(so_far),
    )

    assert [lines_read for lines_read, _ in told] == [BATCH, 2 * BATCH]
    assert told[-1][1] == len("\n".join(lines))


def test_a_batch_costs_four_statements(engine: Engine, session: Session) -> None:
    """Two inserts, and a look at the suppressed and the known; never one a person."""
    lines = [f"reader{number}@example.org" for number in range(BATCH)]
    take(session, *lines[::2])
    statements: list[str] = []

    @event.listens_for(engine, "before_cursor_execute")
    def _note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement.split(maxsplit=1)[0])

    take(session, *lines)
    event.remove(engine, "before_cursor_execute", _note)

    assert statements.count("SELECT") == 2
    assert statements.count("INSERT") == 2

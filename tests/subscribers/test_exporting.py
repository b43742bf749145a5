"""What is written is read back to the same people."""

import csv
import io
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete
from sqlmodel import Session

from subscribers import roster
from subscribers.exporting import HEADER, export_csv
from subscribers.hashing import AddressHasher
from subscribers.importing import ImportOptions, import_csv
from subscribers.tables import Consent, Subscriber, SubscriberStatus
from tests.factories import make_subscriber

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
HASHER = AddressHasher([b"a secret of the tests"])

PEOPLE = st.lists(
    st.fixed_dictionaries(
        {
            "address": st.text("ab+-_='", min_size=1, max_size=8).map(
                lambda local: f"{local}@example.org"
            ),
            "name": st.text(max_size=20) | st.text("'=+-@ ,;\"\n", max_size=5),
            "timezone": st.sampled_from(["", "Europe/Berlin", "UTC"]),
            "language": st.sampled_from(["", "en", "pt-BR"]),
            # Nobody is on a list without a reason; the import insists on that.
            "source": st.text("'=+-@ ,;\"\nx", max_size=8).map("{}x".format)
            | st.text(max_size=9).map("{}x".format),
            # Of the erased nothing is left to write.
            "status": st.sampled_from(
                [s for s in SubscriberStatus if s is not SubscriberStatus.ERASED]
            ),
            "signed_up_at": st.none()
            | st.datetimes(
                datetime(1999, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
                datetime(2026, 11, 1),  # noqa: DTZ001
                timezones=st.just(UTC),
            ),
            "now": st.datetimes(
                datetime(2020, 1, 1),  # noqa: DTZ001
                datetime(2026, 11, 1),  # noqa: DTZ001
                timezones=st.just(UTC),
            ),
        }
    ),
    max_size=5,
    unique_by=lambda person: person["address"],
)


@pytest.fixture
def clean_session(engine: Engine) -> Iterator[Session]:
    """A session that a property test empties itself."""
    with Session(engine) as session:
        yield session


def exported(session: Session, status: SubscriberStatus | None = None) -> str:
    """Return the file that an export writes."""
    out = io.StringIO(newline="")
    export_csv(session, out, status=status)
    return out.getvalue()


def empty(session: Session) -> None:
    """Take everybody off the list."""
    session.execute(delete(Consent))
    session.execute(delete(Subscriber))


def facts(session: Session) -> list[dict[str, object]]:
    """Return what is known of everybody, but for what each installation has its own."""
    return [
        {
            name: value
            for name, value in asdict(person).items()
            if name not in {"id", "created_at"}
        }
        for person in roster.page(session)
    ]


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(PEOPLE)
def test_a_list_survives_the_round_trip(
    clean_session: Session, people: list[dict[str, object]]
) -> None:
    """Names of any text, all dates and statuses come back as they were, strictly."""
    session = clean_session
    empty(session)
    for person in people:
        roster.add(session, **person)  # type: ignore[arg-type]
    before, file = facts(session), exported(session)

    empty(session)
    import_csv(
        session,
        io.BytesIO(file.encode()),
        source_label="x",
        hasher=HASHER,
        now=NOW,
        options=ImportOptions(strict=True),
    )

    assert facts(session) == before
    assert exported(session) == file


def test_no_cell_begins_as_a_formula_does(session: Session) -> None:
    """A spreadsheet shows what somebody signed up with, and does not run it."""
    roster.add(
        session,
        "=a1@example.org",
        name='=HYPERLINK("https://evil.example")',
        source="+form",
        signed_up_at=None,
        now=NOW,
    )

    _, row = csv.reader(exported(session).splitlines())

    assert row[0] == "'=a1@example.org"
    assert row[1].startswith("'=HYPERLINK")
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row)


def test_everybody_is_written_over_many_pages(session: Session) -> None:
    """No page is lost or written twice, and the count is told."""
    lines = "\n".join(f"reader{number}@example.org" for number in range(2_500))
    import_csv(
        session, io.BytesIO(lines.encode()), source_label="x", hasher=HASHER, now=NOW
    )
    out = io.StringIO()

    count = export_csv(session, out)

    written = [line.split(",")[0] for line in out.getvalue().splitlines()[1:]]
    assert count == 2_500
    assert written == lines.splitlines()


def test_one_status_may_be_written(session: Session) -> None:
    """Only those who stand so are in the file."""
    for status in set(SubscriberStatus) - {SubscriberStatus.ERASED}:
        roster.add(
            session,
            f"{status}@example.org",
            source="",
            signed_up_at=NOW - timedelta(days=1),
            now=NOW,
            status=status,
        )

    lines = exported(session, SubscriberStatus.BOUNCED).splitlines()

    times = ("2026-11-22T08:00:00+00:00", "2026-11-21T08:00:00+00:00")
    assert lines[1:] == [f"bounced@example.org,,,,bounced,{times[0]},,{times[1]}"]


def test_of_the_erased_nothing_is_written(session: Session) -> None:
    """Neither among everybody nor when asked for them alone."""
    make_subscriber(session, "erased 1", status=SubscriberStatus.ERASED)

    assert exported(session) == ",".join(HEADER) + "\n"
    assert exported(session, SubscriberStatus.ERASED) == ",".join(HEADER) + "\n"


def test_progress_is_told_by_the_page(session: Session) -> None:
    """Whoever waits hears how many were written."""
    told: list[int] = []
    lines = "\n".join(f"reader{number}@example.org" for number in range(2_500))
    import_csv(
        session,
        io.BytesIO(lines.encode()),
        source_label="x",
        hasher=HASHER,
        now=NOW,
    )

    export_csv(session, io.StringIO(), progress=told.append)

    assert told == [1_000, 2_000]


def test_an_empty_list_has_a_header(session: Session) -> None:
    """A file with nobody in it still says what it would hold."""
    assert exported(session) == ",".join(HEADER) + "\n"

"""A line is read as a person, with every doubt said."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.csv_columns import find_columns
from subscribers.csv_people import (
    CONFIRMED_ELSEWHERE,
    STATUS_WORDS,
    Candidate,
    Refusal,
    guard,
    read_person,
    unguard,
)
from subscribers.csv_records import Record
from subscribers.tables import SubscriberStatus

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


def read(**cells: str) -> Candidate | Refusal:
    """Return the person of a line with these cells, by column."""
    header = find_columns(Record(1, list(cells)), told={}, path="list.csv")
    return read_person(
        Record(2, list(cells.values())), header, source_label="a file", now=NOW
    )


def person(**cells: str) -> Candidate:
    """Return the person of a line that must be good."""
    found = read(email="ann@example.org", **cells)
    assert isinstance(found, Candidate)
    return found


def refusal(**cells: str) -> Refusal:
    """Return why a line that must be bad is refused."""
    found = read(**cells)
    assert isinstance(found, Refusal)
    return found


def test_every_detail_is_read() -> None:
    """A full line gives a full person, and nothing to doubt."""
    found = read(
        email="Ann@Example.org",
        name=" Ann  Reader ",
        timezone="europe/berlin",
        language="pt_BR",
        signed_up_at="2026-03-04",
        source="the fair",
    )

    assert isinstance(found, Candidate)
    assert found.address.key == "ann@example.org"
    assert found[3:] == (
        "Ann Reader",
        "Europe/Berlin",
        "pt-BR",
        SubscriberStatus.ACTIVE,
        NOW,
        "the fair",
        datetime(2026, 3, 4, tzinfo=UTC),
        (),
    )


def test_two_names_are_joined() -> None:
    """A first and a last name make one, and a full name goes before them."""
    assert person(first_name="Ann", last_name="Reader").name == "Ann Reader"
    assert person(first_name="Ann", last_name="").name == "Ann"
    assert person(name="A. R.", first_name="Ann", last_name="Reader").name == "A. R."


def test_a_line_that_says_no_source_gets_the_label() -> None:
    """Everybody comes from somewhere."""
    assert person(source="").source == "a file"
    assert person().source == "a file"


@pytest.mark.parametrize(
    ("cells", "source"),
    [
        ({}, ""),
        ({"status": "active"}, ""),
        ({"status": "Confirmed"}, CONFIRMED_ELSEWHERE),
        ({"confirmed": "1"}, CONFIRMED_ELSEWHERE),
        ({"confirmed": "0"}, ""),
        ({"confirmed": "yes", "source": "the fair"}, "the fair"),
    ],
)
def test_only_what_the_file_says_of_consent_is_believed(
    cells: dict[str, str], source: str
) -> None:
    """That they confirmed is as good as a source; that they are active says nothing."""
    wanted = {"email": "ann@example.org", **cells}
    layout = find_columns(Record(1, list(wanted)), told={}, path="list.csv")

    found = read_person(
        Record(2, list(wanted.values())), layout, source_label="", now=NOW
    )

    assert isinstance(found, Candidate)
    assert found.source == source


@pytest.mark.parametrize(
    ("column", "text", "word"),
    [
        ("timezone", "Mars", "time zone"),
        ("language", "english", "language"),
        ("signed_up_at", "03/04/2026", "date"),
    ],
)
def test_a_senseless_detail_does_not_cost_the_person(
    column: str, text: str, word: str
) -> None:
    """It is left empty, and a warning tells the value."""
    found = person(**{column: text})

    assert not getattr(found, column)
    assert len(found.warnings) == 1
    assert f"the {word} {text!r} is passed over" in found.warnings[0]


def test_a_bad_address_is_refused_with_its_value() -> None:
    """The operator sees what is wrong with which address."""
    found = refusal(email="ann@", name="Ann")

    assert (found.line, found.value, found.cells) == (2, "ann@", ["ann@", "Ann"])
    assert "after the @-sign" in found.reason


def test_a_name_too_long_is_refused_and_not_cut() -> None:
    """The value is shortened for the report only."""
    found = refusal(email="ann@example.org", name="x" * 201)

    assert found.reason == "the name: it has 201 characters; at most 200 can be kept"
    assert found.value == "x" * 80
    assert found.cells[1] == "x" * 201


@pytest.mark.parametrize(
    ("cells", "verdict"),
    [
        (["ann@example.org"], "it has 1 columns, the header 2"),
        (["ann@example.org", "Ann", "x"], "it has 3 columns, the header 2"),
    ],
)
def test_a_line_must_fit_its_header(cells: list[str], verdict: str) -> None:
    """With a column too few or too many nobody knows which is what."""
    layout = find_columns(Record(1, ["email", "name"]), told={}, path="list.csv")

    found = read_person(Record(2, cells), layout, source_label="", now=NOW)

    assert isinstance(found, Refusal)
    assert found.reason == verdict
    assert found.value == "ann@example.org"


def test_empty_cells_beyond_the_header_do_no_harm() -> None:
    """Spreadsheets write them; they hold nobody's data."""
    layout = find_columns(Record(1, ["email"]), told={}, path="list.csv")

    found = read_person(
        Record(2, ["ann@example.org", "", " "]), layout, source_label="", now=NOW
    )

    assert isinstance(found, Candidate)


@pytest.mark.parametrize(("word", "status"), STATUS_WORDS.items())
def test_the_words_of_other_programs_are_known(
    word: str, status: SubscriberStatus
) -> None:
    """In any case and with any signs in it."""
    assert person(status=f" {word.title()}_").status is status


def test_every_status_of_ours_is_a_word() -> None:
    """What we export we read back."""
    kept = set(SubscriberStatus) - {SubscriberStatus.ERASED}

    assert all(STATUS_WORDS[status] is status for status in kept)
    assert SubscriberStatus.ERASED not in STATUS_WORDS


def test_an_unknown_status_is_not_guessed() -> None:
    """To take a lead for a reader would be to mail somebody who never asked."""
    found = refusal(email="ann@example.org", status="lead")

    assert "'lead' is not known" in found.reason
    assert "--column status=" in found.reason


@pytest.mark.parametrize(
    ("column", "text", "status", "since"),
    [
        ("subscribed_to_emails", "true", SubscriberStatus.ACTIVE, NOW),
        ("subscribed_to_emails", "", SubscriberStatus.ACTIVE, NOW),
        ("subscribed_to_emails", "FALSE", SubscriberStatus.UNSUBSCRIBED, NOW),
        ("email_disabled", "no", SubscriberStatus.ACTIVE, NOW),
        ("email_disabled", "1", SubscriberStatus.UNSUBSCRIBED, NOW),
        ("confirmed", "0", SubscriberStatus.PENDING, NOW),
        ("unsub_time", "", SubscriberStatus.ACTIVE, NOW),
        (
            "unsub_time",
            "2026-03-04",
            SubscriberStatus.UNSUBSCRIBED,
            datetime(2026, 3, 4, tzinfo=UTC),
        ),
        (
            "clean_time",
            "2026-03-04",
            SubscriberStatus.BOUNCED,
            datetime(2026, 3, 4, tzinfo=UTC),
        ),
    ],
)
def test_a_column_that_says_they_left_is_believed(
    column: str, text: str, status: SubscriberStatus, since: datetime
) -> None:
    """However a file says that somebody may not be mailed, they are not."""
    found = person(**{column: text})

    assert (found.status, found.status_at) == (status, since)


def test_the_column_that_says_they_left_wins() -> None:
    """If two columns disagree, nobody is mailed."""
    found = person(status="active", unsubscribed="yes")

    assert found.status is SubscriberStatus.UNSUBSCRIBED


def test_neither_yes_nor_no_is_refused() -> None:
    """A value that could mean that they left is not passed over."""
    found = refusal(email="ann@example.org", subscribed="perhaps")

    assert "'perhaps' is neither yes nor no" in found.reason
    assert "--column subscribed=" in found.reason


@pytest.mark.parametrize("text", ["=1+1", "+49", "-x", "@x", "'=1", "''@"])
def test_a_formula_is_guarded(text: str) -> None:
    """No cell that we write begins as a formula does."""
    assert guard(text) == f"'{text}"


@given(st.text("'=+-@ab", max_size=6))
def test_a_guard_comes_off_again(text: str) -> None:
    """Whatever a name is, it is the same after guarding and unguarding."""
    assert unguard(guard(text)) == text
    assert guard(text)[:1] not in set("=+-@")


@pytest.mark.parametrize("text", ["Ann", "'t Hooft", "O'Brien", "", "a=b"])
def test_a_harmless_text_is_left_alone(text: str) -> None:
    """A name with an apostrophe in front is no formula."""
    assert guard(text) == text
    assert unguard(text) == text

"""The columns of a list are found, or the operator is told what to do."""

import pytest

from subscribers.csv_columns import Column, Layout, find_columns
from subscribers.csv_records import BadRecord, Record
from subscribers.errors import UnreadableList


def find(header: str, **told: str) -> Layout:
    """Return the layout of a list with this header."""
    record = Record(1, header.split(","))
    wanted = {Column(column): name for column, name in told.items()}
    return find_columns(record, told=wanted, path="list.csv")


def names(header: str, **told: str) -> dict[str, str]:
    """Return what each column that was found is called in the header."""
    layout = find(header, **told)
    return {column: layout.header[place] for column, place in layout.places.items()}


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("E-Mail", {"address": "E-Mail"}),
        (
            " Email Address ,Full Name",
            {"address": "Email Address", "name": "Full Name"},
        ),
        ("subscriber", {"address": "subscriber"}),
        (
            "Email Address,First Name,Last Name,OPTIN_TIME,CONFIRM_TIME,TIMEZONE",
            {
                "address": "Email Address",
                "first_name": "First Name",
                "last_name": "Last Name",
                "timezone": "TIMEZONE",
                "signed_up_at": "CONFIRM_TIME",
            },
        ),
        (
            "Email Address,UNSUB_TIME,CLEAN_TIME",
            {
                "address": "Email Address",
                "left_at": "UNSUB_TIME",
                "bounced_at": "CLEAN_TIME",
            },
        ),
        (
            "id,email,name,note,subscribed_to_emails,created_at,deleted_at,labels",
            {
                "address": "email",
                "name": "name",
                "signed_up_at": "created_at",
                "subscribed": "subscribed_to_emails",
                "left_at": "deleted_at",
            },
        ),
        (
            "uuid,email,name,attributes,status,created_at,updated_at",
            {
                "address": "email",
                "name": "name",
                "signed_up_at": "created_at",
                "status": "status",
            },
        ),
        (
            "email_address,creation_date,subscriber_type,source",
            {
                "address": "email_address",
                "signed_up_at": "creation_date",
                "source": "source",
                "status": "subscriber_type",
            },
        ),
        (
            "email,active_subscription,email_disabled,created_at",
            {
                "address": "email",
                "signed_up_at": "created_at",
                "left": "email_disabled",
            },
        ),
        ("address,city,email", {"address": "email"}),
        ("name,name,email", {"address": "email", "name": "name"}),
    ],
)
def test_common_spellings_are_known(header: str, found: dict[str, str]) -> None:
    """The exports of other programs are understood as they are."""
    assert names(header) == found


def test_a_column_can_be_told() -> None:
    """What the operator says goes before what would be guessed."""
    assert names("email,work mail,nick", address="Work Mail", name="nick") == {
        "address": "work mail",
        "name": "nick",
    }


def test_a_column_can_be_passed_over() -> None:
    """An empty name means that no column is that."""
    layout = find("email,status", status="")

    assert Column.STATUS not in layout.places
    assert not layout.tells_status


def test_a_told_column_must_be_there() -> None:
    """A mistyped column is told, with those that there are."""
    with pytest.raises(UnreadableList, match="no column 'mial' to take the address"):
        find("email,mail", address="mial")
    with pytest.raises(UnreadableList, match="The columns are: 'email', 'mail'"):
        find("email,mail", address="mial")


def test_addresses_alone_need_no_header() -> None:
    """A file with one column of addresses begins with a person."""
    layout = find("ann@example.org")

    assert not layout.is_named
    assert layout.places == {Column.ADDRESS: 0}


def test_people_without_a_header_are_told_to_get_one() -> None:
    """With more columns than one, nobody guesses which is what."""
    with pytest.raises(UnreadableList, match="Begin it with a line such as"):
        find("ann@example.org,Ann")


def test_a_header_without_addresses_is_refused() -> None:
    """The error shows the columns, shortened, and how to name one."""
    with pytest.raises(UnreadableList, match="--column address=NAME") as refused:
        find(",".join(f"column {number}" for number in range(500)))

    assert len(str(refused.value)) < 600


def test_an_empty_file_is_refused() -> None:
    """Nothing at all is an error, since a wrong file looks like that."""
    with pytest.raises(UnreadableList, match="the file is empty"):
        find_columns(None, told={}, path="list.csv")


def test_a_broken_header_is_refused() -> None:
    """If the first record cannot be read, its reason is told."""
    with pytest.raises(UnreadableList, match=r"line 3: the header .*: a quote"):
        find_columns(BadRecord(3, '"a', "a quote"), told={}, path="list.csv")


def test_a_file_of_refused_lines_is_recognised() -> None:
    """Our two columns in front are skipped when lines are refused again."""
    layout = find("refused_line,refused_because,email,name")

    assert layout.skip == 2
    assert layout.places == {Column.ADDRESS: 2, Column.NAME: 3}


def test_a_cell_is_without_the_space_around_it() -> None:
    """A column that is not there is empty."""
    layout = find("email,name")

    assert layout.cell([" a ", "b"], Column.ADDRESS) == "a"
    assert layout.cell(["a", "b"], Column.LANGUAGE) == ""

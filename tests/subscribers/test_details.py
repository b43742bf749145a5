"""What stands beside an address is clean, or refused."""

import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.details import (
    clean_language,
    clean_name,
    clean_source,
    clean_timezone,
    clean_typed_name,
    find_timezone,
    read_instant,
)
from subscribers.errors import BadDetail


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Ann \t Reader\r\n", "Ann Reader"),
        ("Ann\u2028Reader\u2029", "Ann Reader"),
        ("Ann\0\x1b[31m", "Ann[31m"),
        ("\u202eAnn\u2066", "Ann"),
        ("\ufeffAnn\u200b", "Ann"),
        ("Ann\udcff", "Ann"),
        ("Rene\u0301e", "Renée"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("O'Brien, José", "O'Brien, José"),
        ("", ""),
    ],
)
def test_a_name_is_one_clean_line(typed: str, kept: str) -> None:
    """What could bend a line goes; what a name needs stays."""
    assert clean_name(typed) == kept


@given(st.text(st.characters(), max_size=150))
def test_any_text_becomes_a_clean_name(text: str) -> None:
    """No control or separator is left, and cleaning again changes nothing."""
    name = clean_name(text)

    kinds = {unicodedata.category(character) for character in name}
    assert kinds.isdisjoint({"Cc", "Cs", "Zl", "Zp"})
    assert clean_name(name) == name
    assert name == name.strip()


def test_a_name_may_have_200_characters() -> None:
    """A longer one is refused with its length, not cut."""
    assert clean_name("x" * 200) == "x" * 200
    with pytest.raises(BadDetail, match="it has 201 characters; at most 200"):
        clean_name("x" * 201)


def test_a_source_is_called_a_source() -> None:
    """The error about a long source does not speak of names."""
    with pytest.raises(BadDetail, match=r"^The source"):
        clean_source("x" * 201)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        (" europe/berlin ", "Europe/Berlin"),
        ("America/New York", "America/New_York"),
        ("utc", "UTC"),
        ("", ""),
    ],
)
def test_a_zone_is_kept_in_its_usual_case(typed: str, kept: str) -> None:
    """However it is typed, a zone is stored under its IANA name."""
    assert clean_timezone(typed) == kept


@pytest.mark.parametrize("typed", ["../../etc/passwd", "localtime", "Mars", "+01:00"])
def test_what_names_no_zone_is_refused(typed: str) -> None:
    """Only names in the IANA list pass, whatever files there are."""
    assert find_timezone(typed) is None
    with pytest.raises(BadDetail, match="no such zone"):
        clean_timezone(typed)


def test_the_nearest_zone_is_named() -> None:
    """Whoever mistypes a zone is told the one they meant."""
    with pytest.raises(BadDetail, match=r"Did you mean Europe/Berlin\?"):
        clean_timezone("Europe/Berln")


def test_a_language_is_a_tag() -> None:
    """Tags pass, with an underscore too; names of languages do not."""
    assert clean_language("pt_BR") == "pt-BR"
    assert clean_language(" en ") == "en"
    assert clean_language("") == ""
    for wrong in ("english", "e", "en-", "en-" + "x" * 40, "en\r\nX: y"):
        with pytest.raises(BadDetail, match="tag such as en"):
            clean_language(wrong)


@pytest.mark.parametrize(
    "typed",
    [
        "2026-03-04T05:06:07Z",
        "2026-03-04 05:06:07",
        "2026-03-04T05:06:07.000Z",
        "2026-03-04 06:06:07+01:00",
        "2026-03-04 05:06:07 +0000 UTC",
        "2026-03-04 05:06:07.000000 +0000 +0000",
        "2026-03-04 07:06:07 +0200 CEST",
    ],
)
def test_an_instant_is_read_in_utc(typed: str, now: datetime) -> None:
    """The forms that exports use all name the same instant."""
    assert read_instant(typed, now=now) == datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def test_a_day_is_its_first_instant_and_nothing_is_none(now: datetime) -> None:
    """A bare date counts from midnight UTC."""
    assert read_instant("2026-03-04", now=now) == datetime(2026, 3, 4, tzinfo=UTC)
    assert read_instant(" ", now=now) is None


@pytest.mark.parametrize(
    "typed",
    [
        "03/04/2026",
        "yesterday",
        "2026-02-30",
        "2099-01-01",
        "1970-01-01",
        "0001-01-01T00:00+10:00",
        "9999-12-31T23:59-10:00",
    ],
)
def test_a_date_that_must_be_guessed_is_refused(typed: str, now: datetime) -> None:
    """No order of day and month is guessed, and no impossible day is taken."""
    with pytest.raises(BadDetail, match=r"^The date"):
        read_instant(typed, now=now)


@pytest.mark.parametrize(
    "name",
    [
        "Ada Reyes",
        "J.R.R. Tolkien",
        "Martin Luther King, Jr.",
        "O'Brien-Łukasz",
        "María José 2nd",
        "李小龍",
        "می\u200cخواهم",
        "Ольга",
        "x" * 60,
        "",
    ],
)
def test_a_name_that_was_typed_into_a_form_is_kept(name: str) -> None:
    """People are called many things; none of these carries a message."""
    assert clean_typed_name(f"  {name} ") == name


@pytest.mark.parametrize(
    "name",
    [
        "x" * 61,
        "https://evil.example",
        "Win at evil.example",
        "EVIL.COM",
        "www.evil",
        "me@evil.example",
        "<b>Ada</b>",
        "[link](x)",
        "{{ secret }}",
        "call 0800 1234",
        "call ٠١٢٣",
        "evil\uff0ecom",
        "evil\u3002com",
        "evil\u200d.\u200dcom",
        "\uff48\uff54\uff54\uff50\uff1a\uff0f\uff0fevil",
        "evil\uff20example",
    ],
)
def test_a_name_that_could_be_a_message_is_refused(name: str) -> None:
    """It is greeted with in a letter that a stranger can have sent to anybody."""
    with pytest.raises(BadDetail) as refused:
        clean_typed_name(name)

    assert refused.value.detail == "name"


@given(st.text())
def test_whatever_passes_as_a_typed_name_is_one_short_line(text: str) -> None:
    """And passes again, unchanged."""
    try:
        name = clean_typed_name(text)
    except BadDetail:
        return

    assert len(name) <= 60
    assert name.splitlines() in ([], [name])
    assert clean_typed_name(name) == name

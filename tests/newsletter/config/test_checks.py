"""What a setting may hold, and the words in which the rest is refused."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.config import checks


@pytest.mark.parametrize("char", "\n\r\t\0\x1b\x7f\x85\u2028\u2029")
def test_one_line_refuses_what_would_break_a_header(char: str) -> None:
    """A control character in a name could add a header or a line to every letter."""
    with pytest.raises(ValueError, match="one line"):
        checks.one_line(f"Tips{char}Bcc: all@example.org")


@given(st.text())
def test_what_passes_as_one_line_is_one(text: str) -> None:
    """Whatever passes is one line to every reader of lines, with no space around it."""
    try:
        passed = checks.one_line(text)
    except ValueError:
        return
    assert len(passed.splitlines()) <= 1
    assert passed == passed.strip()


@pytest.mark.parametrize(
    "text",
    [
        "https://tips.example",
        "https://tips.example/",
        "https://tips.example:8443/weekly/",
        "https://bücher.example",
    ],
)
def test_an_https_address_passes_as_it_stands(text: str) -> None:
    """A link is the operator's own; a slash at its end may matter to their site."""
    assert checks.https_url(text) == text


def test_the_address_of_a_site_loses_its_final_slash() -> None:
    """Links are glued to it with a slash of their own."""
    assert checks.site_url("https://tips.example/tips/") == "https://tips.example/tips"
    with pytest.raises(ValueError, match="https://"):
        checks.site_url("http://tips.example/")


@pytest.mark.parametrize(
    "text",
    [
        "http://tips.example",
        "tips.example",
        "//tips.example",
        "https://",
        "https:///tips",
        "https://tips.example/a b",
        "https://tips.example\n",
        "javascript:alert(1)",
        "mailto:tips@tips.example",
        "https://[::1",
        "https://tips.example:port",
        "https://tips.example:99999",
        "",
    ],
)
def test_what_is_no_https_address_is_refused(text: str) -> None:
    """Every link in an email starts with it, so it must be absolute and safe."""
    with pytest.raises(ValueError, match=r"\w"):
        checks.https_url(text)


def test_a_mailbox_is_one_bare_address() -> None:
    """The domain is written small; the local part stays as it is."""
    assert checks.mailbox("Tips@Tips.Example") == "Tips@tips.example"


@pytest.mark.parametrize(
    "text",
    ["tips", "tips@", "Tips <tips@tips.example>", "a@tips.example, b@tips.example", ""],
)
def test_what_is_no_mailbox_is_refused(text: str) -> None:
    """A name around it, or two of them, is not what the envelope can carry."""
    with pytest.raises(ValueError, match=r"\w"):
        checks.mailbox(text)


@pytest.mark.parametrize("tag", ["en", "pt-BR", "zh-Hant-TW", "gsw"])
def test_language_tags_pass(tag: str) -> None:
    """The common shapes of BCP 47."""
    assert checks.language(tag) == tag


@pytest.mark.parametrize("tag", ["", "english", "e", "en_GB", "en-", 'en" x="'])
def test_what_is_no_language_tag_is_refused(tag: str) -> None:
    """It stands in an HTML attribute and a header; the error shows how to write it."""
    with pytest.raises(ValueError, match="such as en or pt-BR"):
        checks.language(tag)


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/Argentina/Ushuaia"])
def test_time_zones_pass(name: str) -> None:
    """IANA names, however deep."""
    assert checks.timezone(name) == name


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("Europe/Berln", "Europe/Berlin"),
        ("america/new york", "America/New_York"),
        ("Asia/Calcuta", "Asia/Calcutta"),
    ],
)
def test_a_misspelt_time_zone_names_the_nearest(name: str, nearest: str) -> None:
    """The operator reads what they meant."""
    with pytest.raises(ValueError, match=f"Did you mean {nearest}\\?"):
        checks.timezone(name)


@pytest.mark.parametrize("name", ["", "Europe", "../../etc/passwd", "/etc/localtime"])
def test_folders_and_paths_are_no_time_zones(name: str) -> None:
    """A name that the zone database resolves to a folder or elsewhere is refused."""
    with pytest.raises(ValueError, match="there is no such time zone"):
        checks.timezone(name)


@pytest.mark.parametrize("text", ["00:00", "09:00", "23:59"])
def test_times_of_day_pass(text: str) -> None:
    """Hours and minutes, with both digits."""
    assert checks.clock_time(text) == text


@pytest.mark.parametrize(
    "text", ["9:00", "24:00", "09:60", "09:00:00", "nine", "", "٠٩:00"]
)
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    """The error shows one that is."""
    with pytest.raises(ValueError, match="such as 09:00"):
        checks.clock_time(text)


def test_a_choice_may_be_written_in_any_case() -> None:
    """Tuesday is tuesday."""
    assert checks.one_of(["monday", "tuesday"])(" Tuesday ") == "tuesday"


def test_a_wrong_choice_lists_all_and_names_the_nearest() -> None:
    """The error is enough to mend it."""
    with pytest.raises(ValueError, match="one of monday, tuesday") as caught:
        checks.one_of(["monday", "tuesday"])("tusday")

    assert "Did you mean 'tuesday'?" in str(caught.value)


def test_an_optional_setting_may_be_empty_but_not_wrong() -> None:
    """Empty means left out; anything else is checked as ever."""
    check: Callable[[str], str] = checks.optional(checks.https_url)

    assert check("") == ""
    with pytest.raises(ValueError, match="https://"):
        check("http://tips.example")


@pytest.mark.parametrize("value", ["weekly", "weekly tips.example", "<a.b>", "a..b"])
def test_a_list_id_looks_like_a_host_name(value: str) -> None:
    """What could not stand between the brackets of List-Id is refused."""
    with pytest.raises(ValueError, match=r"weekly\.tips\.example"):
        checks.list_id(value)


@pytest.mark.parametrize(
    ("host", "stays_here"),
    [
        ("localhost", True),
        ("LOCALHOST.", True),
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("::1", True),
        ("[::1]", True),
        ("mail.example", False),
        ("localhost.example", False),
        ("10.0.0.1", False),
        ("::2", False),
        ("", False),
    ],
)
def test_only_this_machine_is_loopback(host: str, stays_here: bool) -> None:
    """A name that somebody else can point elsewhere is not."""
    assert checks.is_loopback(host) is stays_here

"""An address is read in one way, however it was typed."""

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from subscribers.addresses import (
    LONGEST_ADDRESS,
    is_reserved,
    on_the_wire,
    parse_address,
    shorten,
)
from subscribers.errors import BadAddress

ATEXT = "abcXYZ019.+-_'=!#"
LOCALS = st.text(ATEXT, max_size=70)
DOMAINS = st.sampled_from(
    [
        "example.org",
        "EXAMPLE.org",
        "mail.example.net",
        "münchen.example.org",
        "xn--mnchen-3ya.example.org",
        "reader.test",
        "localhost",
        "nodot",
        "-bad.example.org",
        "a..b.example.org",
        ("x" * 63 + ".") * 3 + "example.org",
        "",
    ]
)


def test_the_local_part_keeps_its_case_and_the_domain_does_not() -> None:
    """Mail goes to what the person typed; the key is the same however they typed it."""
    found = parse_address("  Ann.Reader@Example.ORG ")

    assert found.address == "Ann.Reader@example.org"
    assert found.key == "ann.reader@example.org"


def test_both_ways_to_write_a_domain_are_one_person() -> None:
    """A domain in Unicode and the same in A-labels have the same key."""
    unicode = parse_address("ann@münchen.example.org")
    labels = parse_address("ann@xn--mnchen-3ya.example.org")

    assert unicode == labels


@pytest.mark.parametrize(
    "value",
    [
        "",
        "ann",
        "@example.org",
        "ann@",
        "ann@localhost",
        "ann@@example.org",
        "ann@example..org",
        ".ann@example.org",
        "Ann <ann@example.org>",
        "ann@example.org, bob@example.org",
        "ann@example.org\nbcc: bob@example.org",
        "ann\0@example.org",
        "ann@[192.0.2.1]",
        "\udcff@example.org",
    ],
)
def test_what_mail_cannot_be_sent_to_is_refused(value: str) -> None:
    """Each is refused with its value and a reason, and nothing else is raised."""
    with pytest.raises(BadAddress) as refused:
        parse_address(value)

    assert refused.value.value == value.strip()
    assert refused.value.reason
    assert not refused.value.reason.endswith(".")


def test_an_address_may_have_254_octets_and_no_more() -> None:
    """The limit of RFC 5321 is the limit here."""
    domain = ".".join(["x" * 60] * 3) + ".example.org"
    longest = "a" * (LONGEST_ADDRESS - len(domain) - 1) + "@" + domain

    assert parse_address(longest).address == longest
    with pytest.raises(BadAddress, match="longer than 254 octets"):
        parse_address("a" + longest)


@given(LOCALS, DOMAINS)
def test_the_quick_way_says_what_email_validator_says(local: str, domain: str) -> None:
    """Whether an address is plain or not, the answer is that of the library."""
    text = f"{local}@{domain}"
    try:
        expected = validate_email(
            text, check_deliverability=False, test_environment=True
        ).normalized
    except EmailNotValidError:
        expected = None

    try:
        found = parse_address(text).address
    except BadAddress:
        found = None

    assert found == expected


@given(st.emails())
def test_reading_an_address_twice_changes_nothing(text: str) -> None:
    """What was read is read again as the same, and the key is a key of itself."""
    try:
        found = parse_address(text)
    except BadAddress:
        return

    assert parse_address(found.address) == found
    assert parse_address(found.key).key == found.key


@given(st.text(max_size=80))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    """No text makes the reader of addresses fail in another way."""
    try:
        found = parse_address(text)
    except BadAddress:
        return

    assert "@" in found.key


def test_a_domain_beyond_ascii_goes_on_the_wire_as_labels() -> None:
    """A local part beyond ASCII stays, and shows that SMTPUTF8 is needed."""
    assert on_the_wire("ann@example.org") == "ann@example.org"
    assert on_the_wire("ann@münchen.example.org") == "ann@xn--mnchen-3ya.example.org"
    assert on_the_wire("änn@münchen.example.org") == "änn@xn--mnchen-3ya.example.org"


def test_a_log_shows_one_letter_and_the_domain() -> None:
    """An address in a log is shortened."""
    assert shorten("ann@example.org") == "a…@example.org"


@pytest.mark.parametrize(
    ("address", "reserved"),
    [
        ("ann@example.org", True),
        ("ann@mail.EXAMPLE.net", True),
        ("ann@tips.test", True),
        ("ann@myexample.org", False),
        ("ann@example.fm", False),
    ],
)
def test_names_set_aside_for_trials_are_known(address: str, reserved: bool) -> None:
    """Nobody can get mail there; a name that only ends alike is a real one."""
    assert is_reserved(address) is reserved

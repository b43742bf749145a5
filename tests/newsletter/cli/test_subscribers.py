"""`newsletter subscribers`: a real list, from the terminal."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from newsletter import db
from subscribers import consent, roster
from subscribers.bounces import count_bounces
from subscribers.consent import Trace
from subscribers.tables import ConsentStep


def addresses(program: Any) -> list[str]:
    """Return everybody's address, in the order in which they came."""
    shown = json.loads(program("subscribers", "list", "--json").stdout)
    return [person["address"] for person in shown]


def test_add_and_show(program: Any) -> None:
    """With everything that is known of them; as JSON too."""
    told = program(
        "subscribers", "add", "Olga@Example.org", "--name", "Ольга",
        "--timezone", "Europe/Riga", "--language", "lv", "--source", "at the fair",
    ).stdout  # fmt: skip

    shown = program("subscribers", "show", "olga@example.org").stdout
    data = json.loads(
        program("subscribers", "show", "olga@example.org", "--json").stdout
    )

    assert told == "Olga@example.org is on the list and gets the next tip.\n"
    for words in ("Ольга", "active", "Europe/Riga", "lv", "at the fair", "2026-11-24"):
        assert words in shown
    assert (data["name"], data["status"]) == ("Ольга", "active")


def test_the_proof_of_consent_is_shown(program: Any) -> None:
    """Each step: what, when (UTC), on which page, from where, in which words."""
    engine = program.engine()
    page = "https://tips.example/join/"
    with db.transaction(engine) as session:
        person = roster.find(session, "bob@example.net").id
        asked = datetime(2026, 11, 3, 23, 30, 5, tzinfo=UTC)
        trace = Trace(page, "203.0.113.0/24", "Send me one tip a week.", "2")
        consent.note_trace(session, person, ConsentStep.ASKED, trace, now=asked)
        later = asked + timedelta(minutes=4)
        consent.note(session, person, ConsentStep.CAME_BACK, now=later)
    engine.dispose()
    program.settings(schedule__timezone="Asia/Tokyo")

    shown = program("subscribers", "show", "bob@example.net").stdout
    data = json.loads(
        program("subscribers", "show", "bob@example.net", "--json").stdout
    )
    without = program("subscribers", "show", "zoe@example.org").stdout

    proof = " ".join(shown.split("Proof of consent, times in UTC")[1].split())
    assert proof == (
        "2026-11-03 23:30:05 asked on https://tips.example/join/ from 203.0.113.0/24, "
        'form 2: "Send me one tip a week." 2026-11-03 23:34:05 came back'
    )
    assert data["address"] == "bob@example.net"
    assert [line["step"] for line in data["consent"]] == ["asked", "came_back"]
    assert data["consent"][0] == {
        "step": "asked",
        "at": "2026-11-03T23:30:05+00:00",
        "page": page,
        "network": "203.0.113.0/24",
        "wording": "Send me one tip a week.",
        "form_version": "2",
    }
    assert "No step was written down" in without


def test_whoever_the_operator_adds_has_a_proof_too(program: Any) -> None:
    """That the operator did it, and how the person agreed, as they said."""
    program("subscribers", "add", "olga@example.org", "--source", "at the fair")

    shown = program("subscribers", "show", "olga@example.org", "--json").stdout

    (line,) = json.loads(shown)["consent"]
    assert (line["step"], line["wording"]) == ("added", "at the fair")


def test_what_is_not_known_is_the_newsletters(program: Any) -> None:
    """Zone and language say where they come from."""
    shown = program("subscribers", "show", "bob@example.net").stdout

    assert "UTC (the newsletter's)" in shown
    assert "the newsletter's" in shown
    assert "unknown" in shown


def test_bounces_are_shown_when_there_are_any(program: Any) -> None:
    """As a line of their own, and always in JSON."""
    before = program("subscribers", "show", "bob@example.net").stdout
    engine = program.engine()
    with db.transaction(engine) as session:
        count_bounces(session, [roster.find(session, "bob@example.net").id])
    engine.dispose()

    after = program("subscribers", "show", "bob@example.net").stdout
    listed = json.loads(program("subscribers", "list", "--json").stdout)

    assert "Bounces" not in before
    assert "Bounces" in after
    assert sorted(person["bounces"] for person in listed) == [0, 0, 1]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("add", "zoe@example.org"), "is already on the list: active since"),
        (("add", "gone@example.org"), "Only they themselves can change that."),
        (("add", "zoe"), "is not a usable email address"),
        (("add", "new@example.org", "--timezone", "Berlin"), "time zone"),
        (("show", "zoee@example.org"), "Did you mean zoe@example.org?"),
        (("remove", "nobody@example.com"), "`newsletter subscribers list`"),
    ],
)
def test_what_cannot_be_done_is_refused(
    program: Any, words: tuple[str, ...], says: str
) -> None:
    """1, with the value and what to do."""
    assert says in program("subscribers", *words, code=1).stderr


def test_the_list_goes_page_by_page(program: Any) -> None:
    """In the order in which they came, with the command for the next page."""
    first = program("subscribers", "list", "--limit", "2").stdout
    second = program("subscribers", "list", "--after", "2").stdout
    gone = program("subscribers", "list", "--status", "unsubscribed").stdout

    assert "Zoë Krüger" in first
    assert "More: newsletter subscribers list --after 2" in first
    assert "2 active, 1 unsubscribed" in first
    assert "gone@example.org" in second
    assert "zoe@example.org" not in second
    assert "gone@example.org" in gone
    assert "bob@example.net" not in gone


def test_an_empty_list_says_how_to_fill_it(empty: Any) -> None:
    """The next command."""
    assert "newsletter subscribers import FILE" in empty("subscribers", "list").stdout


def test_remove_stops_the_mail_at_once(program: Any) -> None:
    """The row stays as the proof; a second time changes nothing."""
    first = program("subscribers", "remove", "zoe@example.org").stdout
    second = program("subscribers", "remove", "zoe@example.org").stdout
    program("send", "-y")

    assert first == "zoe@example.org gets no more mail, from this moment on.\n"
    assert second == "zoe@example.org gets no mail anyway: unsubscribed.\n"
    assert len(program.outbox) == 1
    assert "zoe@example.org" in addresses(program)

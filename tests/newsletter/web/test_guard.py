"""Robots are kept out without asking people to prove that they are none."""

import hashlib
from datetime import datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import Engine
from sqlmodel import Session
from starlette.requests import Request

from newsletter import db, notices
from newsletter.tables import NoticeKind
from newsletter.web import Site, guard
from newsletter.web.guard import PUZZLE_BITS, Verdict, check, fields
from subscribers import consent
from subscribers.tables import ConsentStep
from tests.conftest import NOW
from tests.desks import SetClock
from tests.factories import make_subscriber
from tests.sites import site_on

HERE, THERE = ("203.0.113.7", 1), ("198.51.100.7", 1)


@pytest.fixture
def clock() -> SetClock:
    """A clock that the test moves."""
    return SetClock(NOW)


@pytest.fixture
def site(engine: Engine, clock: SetClock) -> Site:
    """A site that takes three forms an hour from a network; five sign-ups are many."""
    return site_on(engine, clock=clock, signup={"per_network": 3, "attack_after": 5})


def request(client: tuple[str, int] = HERE) -> Request:
    """A request from somewhere."""
    return Request({"type": "http", "client": client})


def filled_in(site: Site, clock: SetClock, form: str = "join") -> dict[str, str]:
    """What a person sends who saw the form ten seconds ago."""
    shown = fields(site, form, now=clock.now)
    clock.now += timedelta(seconds=10)
    return {guard.TOKEN: shown.token, "address": "ada@example.org"}


def test_a_person_passes(site: Site, clock: SetClock) -> None:
    """Nothing is asked of them, and the form has no puzzle."""
    assert fields(site, "join", now=clock.now).puzzle_bits == 0
    assert check(site, request(), "join", filled_in(site, clock)) is Verdict.OK


def test_whoever_fills_what_nobody_sees_is_a_robot(site: Site, clock: SetClock) -> None:
    """The field is hidden from people, and no browser fills it."""
    data = filled_in(site, clock) | {guard.TRAP: "https://evil.example"}

    assert check(site, request(), "join", data) is Verdict.ROBOT


@pytest.mark.parametrize("waited", [timedelta(seconds=1), timedelta(days=3)])
def test_a_form_that_is_too_fresh_or_too_old_is_shown_again(
    site: Site, clock: SetClock, waited: timedelta
) -> None:
    """Nobody reads a form in a second; nobody leaves it open for days."""
    data = {guard.TOKEN: fields(site, "join", now=clock.now).token}
    clock.now += waited

    assert check(site, request(), "join", data) is Verdict.TOO_FAST


def test_the_time_of_a_form_cannot_be_made_up(site: Site, clock: SetClock) -> None:
    """It is signed, and for one form; without it the form is shown again."""
    for token in ("", "x" * 39, filled_in(site, clock, "contact")[guard.TOKEN]):
        verdict = check(site, request(), "join", {guard.TOKEN: token})
        assert verdict is Verdict.TOO_FAST


def test_a_network_sends_so_many_forms_an_hour(site: Site, clock: SetClock) -> None:
    """Each network and each form is counted by itself."""
    data = filled_in(site, clock)
    verdicts = [check(site, request(), "join", data) for _ in range(4)]

    assert verdicts == [Verdict.OK] * 3 + [Verdict.TOO_MANY]
    assert check(site, request(THERE), "join", data) is Verdict.OK
    contact = filled_in(site, clock, "contact")
    assert check(site, request(), "contact", contact) is Verdict.OK


@pytest.fixture
def attacked(site: Site) -> Site:
    """The same site, after five sign-ups within the hour."""
    with Session(site.engine) as session:
        person = make_subscriber(session).id or 0
        for _ in range(5):
            consent.note(session, person, ConsentStep.ASKED, now=NOW)
        session.commit()
    return site


def solve(data: dict[str, str]) -> dict[str, str]:
    """Find the answer, as the script does."""
    question = f"{data[guard.TOKEN]}:{data['address']}:"
    for number in count():
        digest = hashlib.sha256(f"{question}{number}".encode()).hexdigest()
        if int(digest, 16) >> (256 - PUZZLE_BITS) == 0:
            return data | {guard.ANSWER: str(number)}
    raise AssertionError


def test_in_an_attack_each_signup_needs_an_answer(
    attacked: Site, clock: SetClock
) -> None:
    """It is good for its own address only; other forms go on as ever."""
    assert fields(attacked, "join", now=clock.now).puzzle_bits == PUZZLE_BITS
    data = filled_in(attacked, clock)
    answered = solve(data)
    elsewhere = answered | {"address": "eve@example.org"}
    verdicts = [
        check(attacked, request(), "join", sent) for sent in (data, elsewhere, answered)
    ]

    assert verdicts == [Verdict.NEEDS_PUZZLE] * 2 + [Verdict.OK]
    contact = filled_in(attacked, clock, "contact")
    assert check(attacked, request(), "contact", contact) is Verdict.OK


def test_the_operator_is_told_of_an_attack_once_a_day(
    attacked: Site, clock: SetClock
) -> None:
    """By a form that was sent; looking at a page writes nothing."""
    fields(attacked, "join", now=clock.now)
    assert told(attacked) == []
    for _ in range(3):
        check(attacked, request(), "join", filled_in(attacked, clock))

    assert told(attacked) == [(NoticeKind.SIGNUP_ATTACK, "2026-11-22")]


def test_an_attack_ends_by_itself(attacked: Site, clock: SetClock) -> None:
    """An hour after the last of so many, nobody is asked for an answer."""
    assert fields(attacked, "join", now=clock.now).puzzle_bits

    clock.now += timedelta(hours=1, seconds=1)
    # What is known of it is ten seconds old by now.
    attacked.gate.looked_at = None

    assert not fields(attacked, "join", now=clock.now).puzzle_bits


def told(site: Site) -> list[tuple[NoticeKind, str]]:
    """Return what the operator was told."""
    with db.transaction(site.engine) as session:
        found = notices.recent(session, since=datetime.min.replace(tzinfo=NOW.tzinfo))
    return [(notice.kind, notice.key) for notice in found]

"""Every outcome becomes a status, and only the letter's holder may say so."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from newsletter import ledger
from newsletter.ledger import Claim, RetryPolicy
from newsletter.outcome import (
    Accepted,
    Command,
    Deferred,
    Outcome,
    Rejected,
    Uncertain,
)
from newsletter.tables import Delivery, DeliveryStatus, Issue
from subscribers.tables import Subscriber
from tests.factories import (
    LEASE,
    OPENED_AT,
    make_delivery,
    make_issue,
    make_subscriber,
)

S = DeliveryStatus
RETRY = RetryPolicy(
    waits=(timedelta(minutes=5), timedelta(hours=1)), give_up_after=timedelta(hours=48)
)
GREYLISTED = Deferred(451, "4.7.1 come back later", Command.RCPT)
NO_USER = Rejected(550, "5.1.1 no such user", Command.RCPT)


@pytest.fixture
def issue(session: Session) -> Issue:
    """An issue that is going out."""
    return make_issue(session)


def try_once(
    session: Session, issue: Issue, outcome: Outcome, *, now: datetime
) -> Claim:
    """Claim the issue's letter, put it on the wire, and record *outcome*."""
    claims = ledger.claim(session, issue.id or 0, limit=1, now=now, lease=LEASE)
    (claim,) = ledger.mark_sending(session, claims, now=now, lease=LEASE)
    ledger.record(session, [(claim, outcome)], now=now, retry=RETRY)
    return claim


def row(session: Session, claim: Claim) -> Delivery:
    """Return the ledger's row of a letter as it stands now."""
    session.expire_all()
    return session.get_one(Delivery, claim.delivery_id)


@pytest.mark.parametrize(
    ("outcome", "status", "attempts", "wait", "doubts", "code"),
    [
        (Accepted(250, "2.0.0 queued"), S.SENT, 1, None, 0, 250),
        (GREYLISTED, S.DEFERRED, 1, timedelta(minutes=5), 0, 451),
        (
            Deferred(None, "the connection broke at MAIL", Command.MAIL),
            S.DEFERRED,
            1,
            timedelta(minutes=5),
            0,
            None,
        ),
        (NO_USER, S.FAILED, 1, None, 0, 550),
        (Uncertain("no answer"), S.UNCERTAIN, 1, None, 1, None),
        # Nobody was reached: not this letter's fault, and no attempt.
        (Deferred(None, "refused", Command.CONNECT), S.PENDING, 0, None, 0, None),
        (Deferred(454, "4.7.0 later", Command.LOGIN), S.PENDING, 0, None, 0, 454),
        # These refuse us, so they never fail a reader.
        (
            Rejected(535, "5.7.8 wrong password", Command.LOGIN),
            S.DEFERRED,
            1,
            timedelta(minutes=5),
            0,
            535,
        ),
        (
            Rejected(550, "5.7.1 blocked", Command.RCPT),
            S.DEFERRED,
            1,
            timedelta(minutes=5),
            0,
            550,
        ),
        (
            Rejected(554, "5.6.0 content", Command.DATA),
            S.DEFERRED,
            1,
            timedelta(minutes=5),
            0,
            554,
        ),
    ],
)
def test_what_follows_from_each_outcome(
    session: Session,
    issue: Issue,
    now: datetime,
    outcome: Outcome,
    status: DeliveryStatus,
    attempts: int,
    wait: timedelta | None,
    doubts: int,
    code: int | None,
) -> None:
    """Status, attempts, doubts, reply and the time of the next try, all at once."""
    make_delivery(session, issue)

    letter = row(session, try_once(session, issue, outcome, now=now))

    assert letter.status is status
    assert (letter.attempts, letter.doubts, letter.code) == (attempts, doubts, code)
    assert letter.reason == outcome.reason
    assert letter.due_at == (now + wait if wait else OPENED_AT)
    waits = status in (S.PENDING, S.DEFERRED)
    assert letter.finished_at == (None if waits else now)
    assert letter.lease_until is None


def test_a_letter_is_deferred_with_growing_waits(
    session: Session, issue: Issue, now: datetime
) -> None:
    """Five minutes, then an hour, then an hour each; and the Date stays the first."""
    make_delivery(session, issue)

    first = row(session, try_once(session, issue, GREYLISTED, now=now))
    again = first.due_at
    second = row(session, try_once(session, issue, GREYLISTED, now=again))

    assert second.due_at == again + timedelta(hours=1)
    assert second.attempts == 2
    assert second.dated_at == now


def test_a_letter_is_given_up_after_its_time(
    session: Session, issue: Issue, now: datetime
) -> None:
    """A letter that is not taken for two days counts as failed, not a try sooner."""
    make_delivery(session, issue)
    claim = try_once(session, issue, GREYLISTED, now=now)
    late = now + timedelta(hours=47)
    assert try_once(session, issue, GREYLISTED, now=late) == claim_again(claim, late)
    assert row(session, claim).status is S.DEFERRED

    later = now + timedelta(hours=48)
    try_once(session, issue, GREYLISTED, now=later)

    letter = row(session, claim)
    assert letter.status is S.FAILED
    assert letter.finished_at == later
    assert letter.reason == "4.7.1 come back later"


def claim_again(claim: Claim, at: datetime) -> Claim:
    """Return *claim* as it is on the next try."""
    return claim._replace(attempts=claim.attempts + 1, lease_until=at + LEASE)


def test_the_time_to_give_up_counts_from_the_letters_first_try(
    session: Session, issue: Issue, now: datetime
) -> None:
    """After a pause of three days the first greylisting does not fail everybody."""
    make_delivery(session, issue)
    after_the_pause = now + timedelta(days=3)

    claim = try_once(session, issue, GREYLISTED, now=after_the_pause)

    assert row(session, claim).status is S.DEFERRED


def test_a_host_that_refuses_us_for_good_ends_the_letter(
    session: Session, issue: Issue, now: datetime
) -> None:
    """Blocked by one reader's host: tried for two days, then failed, not for ever."""
    make_delivery(session, issue)
    blocked = Rejected(550, "5.7.1 blocked", Command.RCPT)
    claim = try_once(session, issue, blocked, now=now)
    try_once(session, issue, blocked, now=now + timedelta(hours=24))
    assert row(session, claim).status is S.DEFERRED

    try_once(session, issue, blocked, now=now + timedelta(hours=48))

    assert row(session, claim).status is S.FAILED


def test_days_of_a_pause_are_no_tries(
    session: Session, issue: Issue, now: datetime
) -> None:
    """Refused once, paused for a week, refused again: nobody is failed for that."""
    make_delivery(session, issue)
    blocked = Rejected(550, "5.7.1 blocked", Command.RCPT)
    try_once(session, issue, blocked, now=now)

    claim = try_once(session, issue, blocked, now=now + timedelta(days=7))

    assert row(session, claim).status is S.DEFERRED


def test_a_refusal_at_the_door_never_fails_a_reader(
    session: Session, issue: Issue, now: datetime
) -> None:
    """However long the password has been wrong, or the relay short of room."""
    make_delivery(session, issue)
    wrong = Rejected(535, "5.7.8 wrong password", Command.LOGIN)
    full = Deferred(452, "4.3.1 out of room", Command.MAIL)
    for day in range(5):
        try_once(session, issue, wrong, now=now + timedelta(days=day))

    claim = try_once(session, issue, full, now=now + timedelta(days=30))

    assert row(session, claim).status is S.DEFERRED


def test_an_unreachable_relay_costs_no_attempt(
    session: Session, issue: Issue, now: datetime
) -> None:
    """Down all night, the letter is where it was: due, with its attempts unchanged."""
    make_delivery(session, issue)
    away = Deferred(None, "nobody listens", Command.CONNECT)
    first = try_once(session, issue, GREYLISTED, now=now)
    due_at = row(session, first).due_at

    for hour in range(1, 5):
        try_once(session, issue, away, now=now + timedelta(hours=hour))

    letter = row(session, first)
    assert (letter.status, letter.attempts) == (S.PENDING, 1)
    assert letter.due_at == due_at


def test_a_relay_that_is_away_for_days_makes_no_letter_old(
    session: Session, issue: Issue, now: datetime
) -> None:
    """Its time to be given up, and its Date, count from when a relay was reached."""
    make_delivery(session, issue)
    away = Deferred(None, "nobody listens", Command.CONNECT)
    first = try_once(session, issue, away, now=now)
    assert row(session, first).dated_at is None
    back = now + timedelta(days=3)

    claim = try_once(session, issue, GREYLISTED, now=back)

    letter = row(session, claim)
    assert (letter.status, letter.dated_at) == (S.DEFERRED, back)


def test_many_letters_are_recorded_together(
    session: Session, issue: Issue, now: datetime
) -> None:
    """Each gets its own outcome, whatever the others got."""
    for _ in range(3):
        make_delivery(session, issue)
    claims = ledger.claim(session, issue.id or 0, limit=3, now=now, lease=LEASE)
    marked = ledger.mark_sending(session, claims, now=now, lease=LEASE)

    outcomes: list[Outcome] = [Accepted(), GREYLISTED, NO_USER]
    ledger.record(session, zip(marked, outcomes, strict=True), now=now, retry=RETRY)

    statuses = [row(session, claim).status for claim in marked]
    assert statuses == [S.SENT, S.DEFERRED, S.FAILED]


def bounces(session: Session, claim: Claim) -> int:
    """Return the bounce count of a letter's reader."""
    session.expire_all()
    return session.get_one(Subscriber, claim.subscriber_id).bounces


@pytest.mark.parametrize(
    ("outcome", "counted"),
    [
        (NO_USER, 1),
        (Rejected(550, "5.2.2 mailbox full", Command.RCPT), 0),
        (Rejected(550, "5.7.1 blocked", Command.RCPT), 0),
        (GREYLISTED, 0),
    ],
)
def test_only_a_person_who_is_not_there_is_a_bounce(
    session: Session, issue: Issue, now: datetime, outcome: Outcome, counted: int
) -> None:
    """Neither a full mailbox nor a refusal of us says anything of the address."""
    make_delivery(session, issue)

    claim = try_once(session, issue, outcome, now=now)

    assert bounces(session, claim) == counted


def test_a_letter_that_is_taken_ends_the_count_of_bounces(
    session: Session, issue: Issue, now: datetime
) -> None:
    """Bounces in a row are what counts."""
    make_delivery(session, issue, make_subscriber(session, bounces=2))

    claim = try_once(session, issue, Accepted(), now=now)

    assert bounces(session, claim) == 0


def test_an_outcome_that_is_not_recorded_counts_no_bounce(
    session: Session, issue: Issue, now: datetime
) -> None:
    """Whoever lost the letter to another process says nothing of its reader."""
    make_delivery(session, issue)
    claim = try_once(session, issue, Accepted(), now=now)

    ledger.record(session, [(claim, NO_USER)], now=now, retry=RETRY)

    assert bounces(session, claim) == 0


def test_recording_nothing_is_no_error(session: Session, now: datetime) -> None:
    """A turn in which no letter got an outcome."""
    ledger.record(session, [], now=now, retry=RETRY)


def test_a_long_reply_is_cut(session: Session, issue: Issue, now: datetime) -> None:
    """A relay that talks too much does not break the ledger."""
    make_delivery(session, issue)
    claim = try_once(session, issue, Uncertain("ö" * 10_000), now=now)

    assert row(session, claim).reason == "ö" * 500


def test_whoever_lost_the_lease_records_nothing(
    session: Session, issue: Issue, now: datetime
) -> None:
    """A worker that slept through its lease cannot overwrite its successor's work."""
    make_delivery(session, issue)
    claims = ledger.claim(session, issue.id or 0, limit=1, now=now, lease=LEASE)
    (slow,) = ledger.mark_sending(session, claims, now=now, lease=LEASE)
    later = now + LEASE + timedelta(seconds=1)
    ledger.release_lapsed(session, issue.id or 0, now=later)
    ledger.resend_uncertain(session, issue.id or 0, now=later)
    taken = ledger.claim(session, issue.id or 0, limit=1, now=later, lease=LEASE)
    (quick,) = ledger.mark_sending(session, taken, now=later, lease=LEASE)

    ledger.record(session, [(slow, NO_USER)], now=later, retry=RETRY)
    letter = row(session, slow)
    assert (letter.status, letter.attempts, letter.code) == (S.SENDING, 1, None)
    assert letter.lease_until == quick.lease_until

    ledger.record(session, [(quick, Accepted())], now=later, retry=RETRY)
    ledger.record(session, [(slow, NO_USER)], now=later, retry=RETRY)
    assert row(session, quick).status is S.SENT


def test_an_outcome_is_recorded_once(
    session: Session, issue: Issue, now: datetime
) -> None:
    """What was sent stays sent, whatever is said of it afterwards."""
    make_delivery(session, issue)
    claim = try_once(session, issue, Accepted(), now=now)

    ledger.record(session, [(claim, NO_USER)], now=now, retry=RETRY)

    assert row(session, claim).status is S.SENT


@pytest.mark.parametrize(
    ("outcome", "status"), [(GREYLISTED, S.DEFERRED), (NO_USER, S.FAILED)]
)
def test_a_reader_who_is_refused_needs_no_mark(
    session: Session, issue: Issue, now: datetime, outcome: Outcome, status: S
) -> None:
    """Their message never touched the wire; the attempt counts all the same."""
    make_delivery(session, issue)
    (claim,) = ledger.claim(session, issue.id or 0, limit=1, now=now, lease=LEASE)

    ledger.record(session, [(claim, outcome)], now=now, retry=RETRY)

    letter = row(session, claim)
    assert (letter.status, letter.attempts) == (status, 1)


def test_a_letter_that_was_only_claimed_cannot_have_been_sent(
    session: Session, issue: Issue, now: datetime
) -> None:
    """Without the mark that it is on the wire, nobody can have taken it."""
    make_delivery(session, issue)
    (claim,) = ledger.claim(session, issue.id or 0, limit=1, now=now, lease=LEASE)

    ledger.record(session, [(claim, Accepted())], now=now, retry=RETRY)

    assert row(session, claim).status is S.CLAIMED

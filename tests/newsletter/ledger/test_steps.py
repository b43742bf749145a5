"""Letters move along their steps only, and never through two hands at once."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from threading import Barrier, Thread

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from newsletter import db, ledger
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
from subscribers.tables import Subscriber, SubscriberStatus
from tests.factories import (
    LEASE,
    OPENED_AT,
    make_delivery,
    make_issue,
    make_subscriber,
)

S = DeliveryStatus
MINUTE = timedelta(minutes=1)
RETRY = RetryPolicy(waits=(5 * MINUTE,), give_up_after=timedelta(hours=2))


@pytest.fixture
def issue(session: Session) -> Issue:
    """An issue that is going out."""
    return make_issue(session)


def claim(
    session: Session, issue: Issue, *, now: datetime = OPENED_AT, limit: int = 100
) -> list[Claim]:
    """Claim letters of the issue."""
    return ledger.claim(session, issue.id or 0, limit=limit, now=now, lease=LEASE)


def mark(session: Session, claims: list[Claim], *, now: datetime) -> list[Claim]:
    """Mark letters as being on the wire."""
    return ledger.mark_sending(session, claims, now=now, lease=LEASE)


def row(session: Session, letter: Claim | Delivery) -> Delivery:
    """Return the ledger's row of a letter as it stands now."""
    key = letter.delivery_id if isinstance(letter, Claim) else letter.id
    session.expire_all()
    return session.get_one(Delivery, key)


def test_a_claim_knows_the_letter_and_its_reader(
    session: Session, issue: Issue, now: datetime
) -> None:
    """Everything that is needed to write the letter, without another question."""
    joined = now - timedelta(days=400)
    reader = make_subscriber(
        session, "ann@example.org", name="Ann", signed_up_at=joined
    )
    letter = make_delivery(session, issue, reader)

    (found,) = claim(session, issue, now=now)

    assert found == Claim(
        delivery_id=letter.id or 0,
        issue_id=issue.id or 0,
        subscriber_id=reader.id or 0,
        address="ann@example.org",
        name="Ann",
        signed_up_at=joined,
        attempts=0,
        dated_at=now,
        lease_until=now + LEASE,
    )
    assert row(session, found).status is S.CLAIMED
    assert row(session, found).lease_until == now + LEASE


def test_only_letters_that_are_due_are_claimed(
    session: Session, issue: Issue, now: datetime
) -> None:
    """From their instant on, and not a second sooner."""
    make_delivery(session, issue, due_at=now + MINUTE)

    assert claim(session, issue, now=now + MINUTE - timedelta(seconds=1)) == []
    assert len(claim(session, issue, now=now + MINUTE)) == 1


@pytest.mark.parametrize("status", DeliveryStatus)
def test_only_letters_that_wait_are_claimed(
    session: Session, issue: Issue, status: DeliveryStatus
) -> None:
    """What is in hand, done, skipped or in doubt is nobody's to take."""
    make_delivery(session, issue, status=status)

    assert len(claim(session, issue)) == (status in (S.PENDING, S.DEFERRED))


def test_letters_of_other_issues_are_not_claimed(
    session: Session, issue: Issue
) -> None:
    """A worker gets letters of the issue that it sends."""
    make_delivery(session, make_issue(session, slot="2026-W46"))

    assert claim(session, issue) == []


def test_the_earliest_are_claimed_first_up_to_the_limit(
    session: Session, issue: Issue, now: datetime
) -> None:
    """By the time they are due, then by age; nobody waits for ever."""
    late = make_delivery(session, issue, due_at=now - MINUTE)
    early = make_delivery(session, issue, due_at=now - 2 * MINUTE)
    later = make_delivery(session, issue, due_at=now - MINUTE)

    first = claim(session, issue, now=now, limit=2)
    second = claim(session, issue, now=now, limit=2)

    assert [c.delivery_id for c in first] == [early.id, late.id]
    assert [c.delivery_id for c in second] == [later.id]


def test_claiming_does_not_ask_for_each_letter(
    session: Session,
    issue: Issue,
    count_queries: Callable[[], AbstractContextManager[list[str]]],
) -> None:
    """Fifty letters are one question a status, and one answer."""
    for _ in range(50):
        make_delivery(session, issue)
    issue_id = issue.id or 0

    with count_queries() as statements:
        claims = ledger.claim(session, issue_id, limit=50, now=OPENED_AT, lease=LEASE)
        mark(session, claims, now=OPENED_AT)

    asked = [words.split()[0] for words in statements]
    assert asked == ["SELECT", "SELECT", "UPDATE", "UPDATE"]


def test_whoever_left_meanwhile_is_skipped(
    session: Session, issue: Issue, now: datetime
) -> None:
    """The letter never leaves, and the reader's place in the round is given back."""
    left = make_subscriber(session, status=SubscriberStatus.UNSUBSCRIBED)
    letter = make_delivery(session, issue, left)
    stays = make_delivery(session, issue)

    claims = claim(session, issue, now=now)

    assert [c.delivery_id for c in claims] == [stays.id]
    skipped = row(session, letter)
    assert skipped.status is S.SKIPPED
    assert skipped.round is None
    assert skipped.finished_at == now
    assert skipped.reason == "left or paused before the letter went out"


def test_many_who_left_do_not_hide_those_behind_them(
    session: Session, issue: Issue
) -> None:
    """No claims means that nothing is due, not that the first handful has left."""
    for _ in range(5):
        left = make_subscriber(session, status=SubscriberStatus.UNSUBSCRIBED)
        make_delivery(session, issue, left)
    stays = make_delivery(session, issue)

    claims = claim(session, issue, limit=2)

    assert [c.delivery_id for c in claims] == [stays.id]
    assert ledger.tally(session, issue.id or 0).skipped == 5


def test_when_everybody_left_there_is_nothing_to_claim(
    session: Session, issue: Issue
) -> None:
    """The issue is finished then, and nobody was sent anything."""
    for _ in range(3):
        left = make_subscriber(session, status=SubscriberStatus.COMPLAINED)
        make_delivery(session, issue, left)

    assert claim(session, issue, limit=2) == []
    assert ledger.is_finished(session, issue.id or 0, resending=True)


def test_workers_at_once_never_claim_the_same_letter(
    engine: Engine, now: datetime
) -> None:
    """Four threads share sixty letters: each letter is in one hand, none is left."""
    with db.transaction(engine) as session:
        issue = make_issue(session)
        letters = {make_delivery(session, issue).id for _ in range(60)}
        issue_id = issue.id or 0
    start = Barrier(4)
    taken: list[int] = []

    def work() -> None:
        start.wait()
        while True:
            with db.transaction(engine) as session:
                claims = ledger.claim(session, issue_id, limit=4, now=now, lease=LEASE)
            if not claims:
                return
            taken.extend(found.delivery_id for found in claims)

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(taken) == 60
    assert set(taken) == letters


def test_a_worker_that_has_not_committed_is_passed_over(
    engine: Engine, now: datetime
) -> None:
    """On PostgreSQL a second worker does not wait for the first; it takes others."""
    if engine.dialect.name == "sqlite":
        # One writer at a time: the second one waits for the first to commit.
        assert db.BUSY_TIMEOUT_MS >= 1_000
        return
    with db.transaction(engine) as session:
        issue = make_issue(session)
        for _ in range(4):
            make_delivery(session, issue)
        issue_id = issue.id or 0

    with Session(engine) as one, Session(engine) as two:
        first = ledger.claim(one, issue_id, limit=3, now=now, lease=LEASE)
        second = ledger.claim(two, issue_id, limit=3, now=now, lease=LEASE)
        one.commit()
        two.commit()

    assert (len(first), len(second)) == (3, 1)
    assert not {c.delivery_id for c in first} & {c.delivery_id for c in second}


def test_marking_renews_the_lease(
    session: Session, issue: Issue, now: datetime
) -> None:
    """From here on a crash means "uncertain"; the claim says what the row says."""
    make_delivery(session, issue)
    claims = claim(session, issue, now=now)
    later = now + MINUTE

    (marked,) = mark(session, claims, now=later)

    letter = row(session, marked)
    assert letter.status is S.SENDING
    assert marked.is_marked
    assert letter.lease_until == marked.lease_until == later + LEASE


def test_the_date_of_a_letter_is_the_same_on_every_try(
    session: Session, issue: Issue, now: datetime
) -> None:
    """What the letter says is what the ledger keeps, though minutes have passed."""
    make_delivery(session, issue)
    (first,) = mark(session, claim(session, issue, now=now), now=now + MINUTE)
    deferred = Deferred(451, "later", Command.RCPT)
    ledger.record(session, [(first, deferred)], now=now + MINUTE, retry=RETRY)

    again = claim(session, issue, now=now + 30 * MINUTE)
    (second,) = mark(session, again, now=now + 31 * MINUTE)

    assert first.dated_at == now
    assert again[0].dated_at == second.dated_at == first.dated_at
    assert row(session, second).dated_at == first.dated_at


def test_whoever_left_since_the_claim_is_skipped_when_marked(
    session: Session, issue: Issue, now: datetime
) -> None:
    """The way out works up to the last moment before the wire; the others go on."""
    stays, leaves = make_delivery(session, issue), make_delivery(session, issue)
    claims = claim(session, issue, now=now)
    session.get_one(
        Subscriber, leaves.subscriber_id
    ).status = SubscriberStatus.UNSUBSCRIBED
    session.flush()

    marked = mark(session, claims, now=now + MINUTE)

    assert [claim.delivery_id for claim in marked] == [stays.id]
    session.refresh(leaves)
    assert (leaves.status, leaves.round, leaves.attempts) == (S.SKIPPED, None, 0)
    assert leaves.finished_at == now + MINUTE


def test_whoever_pauses_in_mid_issue_is_skipped(
    session: Session, issue: Issue, now: datetime
) -> None:
    """A pause holds from its moment on, for letters that wait and that are in hand."""
    waits, in_hand = make_delivery(session, issue), make_delivery(session, issue)
    claims = claim(session, issue, limit=1, now=now)
    for letter in (waits, in_hand):
        person = session.get_one(Subscriber, letter.subscriber_id)
        person.paused_until = now + MINUTE
    session.flush()

    assert mark(session, claims, now=now) == []
    assert claim(session, issue, now=now) == []

    for letter in (waits, in_hand):
        skipped = row(session, letter)
        assert (skipped.status, skipped.round) == (S.SKIPPED, None)


def test_marking_nothing_is_no_error(session: Session, now: datetime) -> None:
    """A volley that the throttle did not grant."""
    assert mark(session, [], now=now) == []


def test_whoever_lost_the_lease_may_not_touch_the_wire(
    session: Session, issue: Issue, now: datetime
) -> None:
    """A claim that lapsed and was taken by another is no claim any more."""
    make_delivery(session, issue)
    slow = claim(session, issue, now=now)
    later = now + LEASE
    ledger.release_lapsed(session, issue.id or 0, now=later)
    quick = claim(session, issue, now=later)

    assert mark(session, slow, now=later) == []

    letter = row(session, quick[0])
    assert (letter.status, letter.attempts) == (S.CLAIMED, 0)
    assert letter.lease_until == quick[0].lease_until
    assert len(mark(session, quick, now=later)) == 1


def test_only_the_letters_that_were_lost_are_missing_from_the_marked(
    session: Session, issue: Issue, now: datetime
) -> None:
    """A volley goes on without those that somebody withdrew meanwhile."""
    letters = [make_delivery(session, issue) for _ in range(3)]
    claims = claim(session, issue, now=now)
    session.delete(letters[1])
    session.flush()

    marked = mark(session, claims, now=now)

    assert [c.delivery_id for c in marked] == [letters[0].id, letters[2].id]


def test_a_letter_is_marked_once(session: Session, issue: Issue, now: datetime) -> None:
    """The same claim does not open the wire twice."""
    make_delivery(session, issue)
    claims = claim(session, issue, now=now)
    mark(session, claims, now=now)

    assert mark(session, claims, now=now) == []


def test_claims_that_are_given_back_wait_again(
    session: Session, issue: Issue, now: datetime
) -> None:
    """Nothing touched the wire, so nothing is counted; the next worker takes them."""
    make_delivery(session, issue)
    claims = claim(session, issue, now=now)

    ledger.release(session, claims)

    letter = row(session, claims[0])
    assert (letter.status, letter.attempts, letter.lease_until) == (S.PENDING, 0, None)
    assert len(claim(session, issue, now=now)) == 1


def test_nobody_gives_back_what_is_on_the_wire_or_anothers(
    session: Session, issue: Issue, now: datetime
) -> None:
    """Releasing late changes neither a letter being sent nor a successor's claim."""
    for _ in range(2):
        make_delivery(session, issue)
    claims = claim(session, issue, now=now)
    mark(session, claims[:1], now=now)
    ledger.release(session, claims)
    assert row(session, claims[0]).status is S.SENDING
    assert row(session, claims[1]).status is S.PENDING

    claim(session, issue, now=now + MINUTE)
    ledger.release(session, claims)

    assert row(session, claims[1]).status is S.CLAIMED


def test_giving_back_nothing_is_no_error(session: Session) -> None:
    """A worker that sent everything it had."""
    ledger.release(session, [])


def test_what_a_killed_process_had_is_taken_up_when_its_lease_ends(
    session: Session, issue: Issue, now: datetime
) -> None:
    """What was claimed waits again; what was on the wire may have reached the relay."""
    for _ in range(3):
        make_delivery(session, issue)
    claims = claim(session, issue, now=now)
    (sent,) = mark(session, claims[:1], now=now)
    early = now + LEASE - timedelta(seconds=1)

    assert ledger.release_lapsed(session, issue.id or 0, now=early) == 0
    assert ledger.tally(session, issue.id or 0).claimed == 2
    assert ledger.release_lapsed(session, issue.id or 0, now=now + LEASE) == 1

    letter = row(session, sent)
    assert letter.status is S.UNCERTAIN
    assert (letter.doubts, letter.attempts) == (1, 1)
    assert letter.finished_at == now + LEASE
    assert letter.lease_until is None
    assert "ended before the relay's answer" in letter.reason
    assert ledger.tally(session, issue.id or 0).pending == 2


def test_other_issues_are_not_taken_up(
    session: Session, issue: Issue, now: datetime
) -> None:
    """Each issue is looked after by whoever sends it."""
    other = make_issue(session, slot="2026-W46")
    letter = make_delivery(session, other, status=S.SENDING)

    assert ledger.release_lapsed(session, issue.id or 0, now=now + 2 * LEASE) == 0
    assert row(session, letter).status is S.SENDING


def test_a_doubtful_letter_is_sent_once_more_and_dated_as_before(
    session: Session, issue: Issue, now: datetime
) -> None:
    """One copy, with the same Date and so the same bytes; then it is left alone."""
    make_delivery(session, issue)
    (first,) = mark(session, claim(session, issue, now=now), now=now)
    later = now + LEASE
    ledger.release_lapsed(session, issue.id or 0, now=later)

    assert ledger.resend_uncertain(session, issue.id or 0, now=later) == 1
    letter = row(session, first)
    assert (letter.status, letter.due_at) == (S.PENDING, later)
    assert letter.finished_at is None
    (second,) = mark(session, claim(session, issue, now=later), now=later)
    assert second.dated_at == first.dated_at == now
    assert second.attempts == 1

    ledger.record(session, [(second, Uncertain("gone"))], now=later, retry=RETRY)

    assert row(session, second).doubts == 2
    assert ledger.resend_uncertain(session, issue.id or 0, now=later) == 0
    assert row(session, second).status is S.UNCERTAIN


def test_letters_without_doubt_are_not_resent(
    session: Session, issue: Issue, now: datetime
) -> None:
    """Only this issue's uncertain letters, and nothing that was sent or failed."""
    for status in DeliveryStatus:
        if status is not S.UNCERTAIN:
            make_delivery(session, issue, status=status)
    other = make_issue(session, slot="2026-W46")
    make_delivery(session, other, status=S.UNCERTAIN, doubts=1)

    assert ledger.resend_uncertain(session, issue.id or 0, now=now) == 0


def test_withdrawn_letters_cannot_be_marked(
    session: Session, issue: Issue, now: datetime
) -> None:
    """A cancelled issue stops at the letters on the wire; claimed ones never leave."""
    for _ in range(2):
        make_delivery(session, issue)
    claims = claim(session, issue, now=now)
    (on_the_wire,) = mark(session, claims[:1], now=now)

    assert ledger.withdraw(session, issue.id or 0) == 1

    assert mark(session, claims[1:], now=now) == []
    ledger.record(session, [(on_the_wire, Accepted())], now=now, retry=RETRY)
    assert ledger.tally(session, issue.id or 0).sent == 1


# The steps of DeliveryStatus. A letter that is withdrawn is gone.
STEPS = {
    S.PENDING: {S.CLAIMED, S.SKIPPED},
    S.CLAIMED: {S.SENDING, S.PENDING, S.SKIPPED},
    S.SENDING: {S.SENT, S.FAILED, S.DEFERRED, S.UNCERTAIN, S.PENDING},
    S.DEFERRED: {S.CLAIMED, S.SKIPPED},
    S.UNCERTAIN: {S.PENDING},
    S.SENT: set(),
    S.FAILED: set(),
    S.SKIPPED: set(),
}
OUTCOMES: list[Outcome] = [
    Accepted(),
    Deferred(451, "later", Command.RCPT),
    Deferred(None, "nobody there", Command.CONNECT),
    Rejected(550, "5.1.1 nobody", Command.RCPT),
    Rejected(530, "5.7.0 not you", Command.MAIL),
    Uncertain("gone"),
]
DEEDS = ["claim", "mark", "record", "release", "lapse", "resend", "leave", "wait"]


class Ledger:
    """Two careless workers, a leaving reader and a clock, on one issue."""

    def __init__(self, session: Session, size: int) -> None:
        self.session = session
        self.issue = make_issue(session)
        self.letters = [make_delivery(session, self.issue) for _ in range(size)]
        self.now = OPENED_AT
        self.claims: list[list[Claim]] = [[], []]
        self.marked: list[list[Claim]] = [[], []]

    def statuses(self) -> dict[int, DeliveryStatus]:
        """Return where every letter stands."""
        found = select(Delivery.id, Delivery.status).where(
            col(Delivery.issue_id) == self.issue.id
        )
        return {key or 0: S(status) for key, status in self.session.exec(found)}

    def do(self, deed: str, worker: int, outcome: Outcome) -> None:
        """Let a worker do something, whether or not its claims are still good."""
        session, issue_id = self.session, self.issue.id or 0
        match deed:
            case "claim":
                self.claims[worker] = claim(session, self.issue, now=self.now, limit=2)
            case "mark":
                self.marked[worker] = mark(session, self.claims[worker], now=self.now)
            case "record":
                results = [(claim, outcome) for claim in self.marked[worker]]
                ledger.record(session, results, now=self.now, retry=RETRY)
            case "release":
                ledger.release(session, self.claims[worker])
            case "lapse":
                self.now += LEASE
                ledger.release_lapsed(session, issue_id, now=self.now)
            case "resend":
                ledger.resend_uncertain(session, issue_id, now=self.now)
            case "leave":
                reader = session.get_one(Subscriber, self.letters[0].subscriber_id)
                reader.status = SubscriberStatus.UNSUBSCRIBED
                session.flush()
            case _:
                self.now += 6 * MINUTE


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.integers(1, 3),
    st.lists(
        st.tuples(st.sampled_from(DEEDS), st.integers(0, 1), st.sampled_from(OUTCOMES)),
        min_size=8,
        max_size=40,
    ),
)
def test_a_letter_moves_only_along_its_steps(
    session: Session, size: int, deeds: list[tuple[str, int, Outcome]]
) -> None:
    """Whatever two workers do in whatever order, no row ever takes another way."""
    session.rollback()
    book = Ledger(session, size)
    before = book.statuses()

    for deed, worker, outcome in deeds:
        book.do(deed, worker, outcome)
        after = book.statuses()
        for key, status in after.items():
            moved = status is not before[key]
            assert not moved or status in STEPS[before[key]], (deed, before[key])
        before = after

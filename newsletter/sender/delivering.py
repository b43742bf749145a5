"""The recipe: claim, compose, offer, mark, hand over, record.

The relay is asked whether it takes a reader before anything is written down; then the
letter is marked, that is committed, and only then its message touches the wire. One
commit serves many letters: it records those that are done and marks those that are
ready. So at any instant no more letters are in doubt than there are messages on the
wire, which is one for each connection.
"""

import contextlib
import logging
import math
import time
from collections.abc import Callable, Sequence

from newsletter import archive, db, fence, holders, issues, ledger, notices
from newsletter.config import UncertainPolicy
from newsletter.db import Session
from newsletter.errors import DatabaseProblem, IssueRefused
from newsletter.issues import IssueView
from newsletter.ledger import Claim, Tally
from newsletter.outcome import Rejected
from newsletter.sender.announcing import announce_finish
from newsletter.sender.composing import Composer
from newsletter.sender.desk import Desk
from newsletter.sender.processes import more_processes
from newsletter.sender.run import Run
from newsletter.sender.taking_up import take_up_lapsed
from newsletter.tables import IssueStatus, NoticeKind

log = logging.getLogger(__name__)

# Readers fetched at once: few enough to hold in memory, and to wait for a lease after a
# kill; enough to make the query and the fence's fsync cheap (from 500: 8 µs a letter).
CHUNK = 1_000
# So many workers may each have a handful in hand at a slow rate.
MOST_WORKERS = 16
# The longest wait before a request to stop is noticed.
LISTEN_SECONDS = 0.25
# How long a commit may be put off for more letters, in commits.
PATIENCE = 0.5

Progress = Callable[[int], None]


def deliver(
    desk: Desk, issue: IssueView, *, on_progress: Progress = lambda _done: None
) -> Tally:
    """Send every letter of *issue* that is due, and close the issue when all are done.

    Args:
        desk: the process's tools; `desk.stop` ends it after the letters in hand.
        issue: one that is going out.
        on_progress: called with the number of letters that just got an outcome.

    Returns:
        How many letters stand where, afterwards.

    Raises:
        Fenced: this database is not the live one.
    """
    with db.transaction(desk.engine) as session:
        fence.check(session, desk.mark)
        step = fence.advance(session)
    composer = Composer.of(desk.config, issue, uid=step.uid)
    take_up_lapsed(desk, issue)
    with (
        more_processes(desk, issue, on_progress) as (ours, counting),
        holders.holding(step.high_water, desk.mark) as holder,
    ):
        run = Run(ours, issue, composer, counting, holder)
        try:
            _send_all(run)
        except BaseException as error:
            # The answers of letters on the wire would reach a run that knows nothing of
            # them. Hung up, they are in doubt, and no more are than there are
            # connections.
            ours.transport.close()
            if isinstance(error, Exception):
                # What was never offered need not wait for its lease.
                with contextlib.suppress(DatabaseProblem):
                    _give_back(run)
            raise
    if _must_pause(run):
        _pause(run)
    if run.away_because:
        _report_the_relay(run)
    return settle(desk, issue)


def _must_pause(run: Run) -> bool:
    """Tell whether the refusals of us are more than one reader's host being odd.

    A short list never gets to `pause_after`; its operator must hear of it, too.
    """
    if run.refused_too_often or run.was_turned_away:
        return True
    if not run.was_refused_by_all:
        return False
    with db.transaction(run.desk.engine) as session:
        return not ledger.tally(session, run.issue.id).sent


def settle(desk: Desk, issue: IssueView) -> Tally:
    """Close the issue if nothing waits any more, and count its letters."""
    resending = desk.config.settings.delivery.uncertain is UncertainPolicy.RESEND
    settings, now = desk.config.settings, desk.clock()
    with db.transaction(desk.engine) as session:
        # Its operator may be about to cancel it, or to send letters in doubt again.
        issues.lock(session, issue.id)
        finished = ledger.is_finished(session, issue.id, resending=resending)
        if finished:
            issues.close(session, issue.id, now=now)
        status = issues.get(session, issue.id).status
        if status is IssueStatus.CANCELLED:
            # Letters that were on the wire when it was cancelled may have come back.
            ledger.withdraw(session, issue.id)
            archive.settle(session, issue.tip_id)
        tally = ledger.tally(session, issue.id)
        if finished and status is IssueStatus.SENT:
            announce_finish(session, issue, tally, settings=settings, now=now)
        # So that a state from before these outcomes is known to be older.
        mark = fence.advance(session)
    fence.keep(mark, desk.mark)
    if finished:
        facts = {"issue": issue.id, "slot": str(issue.slot), "sent": tally.sent}
        log.info("issue finished", extra=facts | {"failed": tally.failed})
    return tally


def _send_all(run: Run) -> None:
    """Turn the page and the wire, until all that is due is done or the run must end."""
    with db.kept_session(run.desk.engine) as session:
        # Room is asked for before trouble is heeded, which may be an hour old.
        _refill(run)
        while not run.is_over:
            _offer(run)
            # Says what was handed over and offered; the relay works while we compose.
            _take(run, timeout=0.0)
            _refill(run)
            _listen(run)
            _turn_page(run, session)
            if run.must_slow_down:
                _slow_down(run)
    _give_back(run)
    run.desk.allowance.close()


def _give_back(run: Run) -> None:
    with db.transaction(run.desk.engine) as session:
        ledger.release(session, run.unsent)


def _refill(run: Run) -> None:
    """Have as many letters written as connections could take next."""
    if not run.goes_on:
        return
    if not (run.claims or run.is_exhausted):
        run.claims.extend(_claim(run))
        run.is_exhausted = not (run.claims or run.next_place)
    while run.claims and len(run.pile) < run.desk.transport.width:
        claim = run.claims.popleft()
        letter = run.composer.compose(claim)
        if isinstance(letter, Rejected):
            run.results.append((claim, letter))
        else:
            run.pile.append((claim, letter))


def _claim(run: Run) -> Sequence[Claim]:
    """Take letters that are due and may go now; none when there are no more.

    Letters of a domain whose rate is used up get a place in it and go back.
    """
    desk, issue_id, now = run.desk, run.issue.id, run.desk.clock()
    if run.next_place and now < run.next_place:
        return []
    run.holder.note(now)
    with db.transaction(desk.engine) as session:
        claims = ledger.claim(
            session,
            issue_id,
            limit=_handful(desk),
            now=now,
            lease=run.holder.lease(desk.lease, now=now),
            places_first=desk.allowance.paces,
        )
        mark = fence.advance(session) if claims else None
    if mark:
        fence.keep(mark, desk.mark)
    going = desk.allowance.pace(claims)
    if claims:
        # When all of them wait, others may be behind them; but the wire comes first.
        run.next_place = None if going else now
    else:
        run.next_place = desk.allowance.next_place(issue_id)
    return going


def _handful(desk: Desk) -> int:
    """Return how many letters to claim: so few that their lease outlives the rate.

    Measured with 4 workers at 100 letters a second and a lease of 10 s: with chunks of
    500 they reached 60 a second, since letters came back while they waited in hand.
    """
    per_second = desk.allowance.per_second
    if per_second == math.inf:
        return CHUNK
    # All workers share the rate; so many of them may have a full hand at once.
    in_time = int(per_second * desk.lease.total_seconds()) // MOST_WORKERS
    return min(CHUNK, max(desk.transport.width, in_time))


def _offer(run: Run) -> None:
    """Say the envelopes of as many letters as there is room for, within the rate."""
    desk = run.desk
    if not (run.pile and run.goes_on):
        return
    wanted = min(desk.transport.room(len(run.pile)), len(run.pile))
    granted = desk.allowance.grant(wanted) if wanted else 0
    run.waits_for_the_rate = granted < wanted
    for _ in range(granted):
        claim, letter = run.pile.popleft()
        run.on_the_wire[claim.delivery_id] = claim
        desk.transport.start(claim.delivery_id, letter)


def _listen(run: Run) -> None:
    """Wait for the relay; then a moment longer, so that a commit serves many letters.

    Half of what the last commit took: commits that are dear wait for more letters.
    """
    if not run.has_news:
        _take(run, timeout=_wait_seconds(run))
    until = time.perf_counter() + run.page_seconds * PATIENCE
    while run.has_news and run.expects_more:
        left = until - time.perf_counter()
        if left <= 0:
            return
        _take(run, timeout=left)


def _wait_seconds(run: Run) -> float:
    """Return how long nothing needs doing unless the relay says something."""
    desk = run.desk
    if run.is_over:
        return 0.0
    if run.pile and run.waits_for_the_rate and run.goes_on:
        wait = min(LISTEN_SECONDS, desk.allowance.wait_seconds())
    elif run.next_place and run.goes_on:
        wait = (run.next_place - desk.clock()).total_seconds()
        wait = min(LISTEN_SECONDS, max(0.0, wait))
    else:
        return LISTEN_SECONDS
    if desk.transport.busy:
        return wait
    desk.stop.wait(wait)
    return 0.0


def _take(run: Run, *, timeout: float) -> None:
    """Serve the wire once, and take in what the relay said."""
    transport = run.desk.transport
    run.hear(*transport.turn(timeout))
    if transport.trouble and run.pile and not run.on_the_wire:
        run.heed_trouble(transport.trouble)


def _turn_page(run: Run, session: Session) -> None:
    """Record what is done and mark what is ready, in one commit; then hand over.

    From this commit on a crash means "uncertain" for the marked letters, never "again".
    """
    if not run.has_news:
        return
    desk, ready, now = run.desk, run.take_ready(), run.desk.clock()
    began = time.perf_counter()
    ledger.record(session, run.results, now=now, retry=desk.retry)
    marked = []
    if run.hands_over:
        lease = run.holder.lease(desk.lease, now=now)
        marked = ledger.mark_sending(session, ready, now=now, lease=lease)
    if len(marked) < len(ready):
        ledger.release(session, ready)
        # Somebody may have paused or cancelled it meanwhile.
        run.is_halted |= not issues.is_sending(session, run.issue.id)
    session.commit()
    run.page_seconds = time.perf_counter() - began
    _hand_over(run, ready, marked)
    run.on_progress(run.take_results())


def _hand_over(run: Run, ready: Sequence[Claim], marked: Sequence[Claim]) -> None:
    """Let the messages go that are marked; what is not marked never leaves."""
    transport = run.desk.transport
    for claim in marked:
        run.on_the_wire[claim.delivery_id] = claim
        transport.hand_over(claim.delivery_id)
    if len(marked) < len(ready):
        going = {claim.delivery_id for claim in marked}
        for claim in ready:
            if claim.delivery_id not in going:
                del run.on_the_wire[claim.delivery_id]
                transport.drop(claim.delivery_id)


def _slow_down(run: Run) -> None:
    """Keep only what can leave in time at the relay's pace, and say why it is slow."""
    run.must_slow_down = False
    claims = [*run.claims]
    run.claims.clear()
    run.is_exhausted &= not claims
    slot, now = run.issue.slot, run.desk.clock()
    message = (
        f"{slot} goes out more slowly, since the relay asks for it: "
        f"{run.too_fast_because}. Nothing is lost, and the pace grows again by itself. "
        "Ask the relay's operator for its limits; smtp.max_per_second keeps below them."
    )
    with db.transaction(run.desk.engine) as session:
        ledger.release(session, claims)
        notices.post(session, NoticeKind.RELAY_LIMITS, str(slot), message, now=now)


def _report_the_relay(run: Run) -> None:
    """Say, once a day and not at each try, that letters wait for the relay."""
    now = run.desk.clock()
    slot = run.issue.slot
    message = (
        f"{slot} waits: {run.away_because}. Nothing is lost; it goes on by itself "
        "when the relay is back. See `newsletter doctor`."
    )
    with db.transaction(run.desk.engine) as session:
        key = f"{slot} {now.date()}"
        is_new = notices.post(session, NoticeKind.RELAY_AWAY, key, message, now=now)
    if is_new:
        log.warning("relay away", extra={"reason": run.away_because})


def _pause(run: Run) -> None:
    """Pause the issue and tell the operator why."""
    desk, slot = run.desk, run.issue.slot
    reason = run.last_refusal or "no reason given"
    message = (
        f"The issue {slot} is paused: the relay refused us for "
        f"{run.refusals_in_a_row} of its letters in a row, last with: {reason}. "
        f"When it is mended: newsletter issues resume {slot}"
    )
    with db.transaction(desk.engine) as session:
        if not issues.is_sending(session, run.issue.id):
            return
        try:
            issues.pause(session, slot, because=reason)
        except IssueRefused:
            # Another process was refused, too, and came first.
            return
        now = desk.clock()
        key = f"{slot} {now.isoformat()}"
        notices.post(session, NoticeKind.ISSUE_PAUSED, key, message, now=now)
    log.error("issue paused", extra={"slot": str(slot), "reason": reason})

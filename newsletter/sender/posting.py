"""Automatic letters: claim, write, send, record; and keep the outbox tidy.

They go out beside the issue, from whichever process finds them first, and are fenced
and counted like everything that is sent. One that is killed in the middle leaves a
lease that lapses, never a letter that is lost.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from newsletter import db, fence, outbox
from newsletter.config import UncertainPolicy
from newsletter.errors import BadTemplate
from newsletter.outbox import WaitingLetter
from newsletter.outcome import Accepted, Command, Deferred, Outcome, Rejected, Uncertain
from newsletter.sender.desk import Desk
from newsletter.sender.letters import LetterWriter
from newsletter.tables import LetterKind
from newsletter.transport import Letter, Transport, send_all
from subscribers import confirming
from subscribers.addresses import parse_address
from subscribers.hashing import AddressHasher

log = logging.getLogger(__name__)

# The counts of what was sent to whom are of no more use after this.
KEPT = timedelta(days=30)
# People reminded or forgotten in one go.
CHUNK = 200
# When what must not be lost is tried again after everything was in vain.
A_DAY = timedelta(days=1)

Result = tuple[WaitingLetter, Outcome]


def send_waiting(desk: Desk) -> int:
    """Send every automatic letter that is due, as far as the rate allows.

    Returns:
        How many letters the relay took.

    Raises:
        Fenced: this database is not the live one; nothing was sent.
    """
    taken = 0
    while not desk.stop.is_set():
        # Nothing is claimed and written for a relay that is away: each sign-up asks.
        letters = [] if _is_away(desk.transport) else _claim(desk)
        if not letters:
            break
        results, unsent = _send(desk, letters)
        with db.transaction(desk.engine) as session:
            outbox.release(session, unsent)
            for letter, outcome in results:
                _record(session, desk, letter, outcome)
        taken += sum(isinstance(outcome, Accepted) for _, outcome in results)
        if unsent or any(map(_is_no_use, (outcome for _, outcome in results))):
            break
    desk.allowance.close()
    return taken


def tidy(desk: Desk) -> None:
    """Remind who never confirmed, forget who never will, and clear what is over.

    Raises:
        Fenced: this database is not the live one; nobody is reminded or deleted.
    """
    now = desk.clock()
    signup = desk.config.settings.signup
    hasher = AddressHasher(desk.config.secrets)
    with db.transaction(desk.engine) as session:
        fence.check(session, desk.mark)
        if signup.reminds_after < signup.forgets_after:
            _remind(session, hasher, before=now - signup.reminds_after, now=now)
        gone = confirming.never_confirmed(
            session, asked_before=now - signup.forgets_after, limit=CHUNK
        )
        for person in gone:
            outbox.forget(session, person)
        if gone:
            confirming.forget(session, gone)
        outbox.clear(session, ended_before=now - KEPT)
    if gone:
        log.info("people who never confirmed were deleted", extra={"people": len(gone)})


def _remind(
    session: db.Session, hasher: AddressHasher, *, before: datetime, now: datetime
) -> None:
    for due in confirming.remind(session, asked_before=before, limit=CHUNK, now=now):
        outbox.post(
            session,
            LetterKind.REMIND,
            due.address,
            facts={"asked_at": due.asked_at.isoformat()},
            subscriber_id=due.subscriber_id,
            to_hash=hasher.hash(parse_address(due.address).key),
            now=now,
        )


def _claim(desk: Desk) -> list[WaitingLetter]:
    """Take as many letters as can be on the wire at once."""
    now = desk.clock()
    with db.snapshot(desk.engine) as session:
        # Reading keeps nobody waiting; there is hardly ever a letter.
        if not outbox.is_due(session, now=now):
            return []
    resend = desk.config.settings.delivery.uncertain is UncertainPolicy.RESEND
    with db.transaction(desk.engine) as session:
        fence.check(session, desk.mark)
        width = max(1, desk.transport.width)
        letters = outbox.claim(
            session, limit=width, now=now, lease=desk.lease, resend=resend
        )
        mark = fence.advance(session)
    fence.keep(mark, desk.mark)
    return letters


def _send(
    desk: Desk, letters: Sequence[WaitingLetter]
) -> tuple[list[Result], list[WaitingLetter]]:
    """Return how letters went, and those for which the rate has no room now."""
    results: list[Result] = []
    written: list[tuple[WaitingLetter, Letter]] = []
    writer = LetterWriter(desk)
    for letter in letters:
        made = _written(writer, letter)
        if isinstance(made, Letter):
            written.append((letter, made))
        else:
            results.append((letter, made))
    granted = desk.allowance.grant(len(written)) if written else 0
    going, unsent = written[:granted], [letter for letter, _ in written[granted:]]
    outcomes = send_all(desk.transport, [made for _, made in going])
    results += zip((letter for letter, _ in going), outcomes, strict=True)
    return results, unsent


def _written(writer: LetterWriter, letter: WaitingLetter) -> Letter | Outcome:
    try:
        return writer.write(letter)
    except BadTemplate as error:
        # The operator can mend it, and the letter goes out then.
        facts = {"letter": letter.id, "kind": letter.kind, "reason": str(error)}
        log.error("an automatic letter cannot be written", extra=facts)
        return Deferred(None, str(error), Command.DATA)


def _record(
    session: db.Session, desk: Desk, letter: WaitingLetter, outcome: Outcome
) -> None:
    """Write down how a letter went: it ends, or is tried again later."""
    now = desk.clock()
    facts = {"letter": letter.id, "kind": letter.kind}
    match outcome:
        case Accepted():
            outbox.finish(session, letter, now=now)
            return
        case Uncertain() if _may_resend(desk, letter):
            again = _retry_at(desk, letter)
            outbox.retry(
                session, letter, at=again, reason=outcome.reason, in_doubt=True
            )
        case Deferred() | Rejected(ours=True) if _is_worth_trying(desk, letter):
            again = _retry_at(desk, letter)
            outbox.retry(session, letter, at=again, reason=outcome.reason)
        case _ if letter.kind in outbox.NEVER_LOST:
            # `newsletter status` says so until the operator has mended what is wrong.
            again = now + A_DAY
            outbox.retry(session, letter, at=again, reason=outcome.reason)
            log.error("a message to the operator waits", extra=facts)
        case _:
            outbox.finish(session, letter, now=now, reason=outcome.reason)
            log.warning("an automatic letter ended unsent", extra=facts)
            return
    log.info("an automatic letter waits", extra=facts | {"reason": outcome.reason})


def _is_no_use(outcome: Outcome) -> bool:
    """Tell whether the relay would take nothing else now, either."""
    return isinstance(outcome, Deferred) and outcome.is_relay_away


def _is_away(transport: Transport) -> bool:
    """Tell whether the relay was away when last asked, and need not be asked yet."""
    if transport.trouble:
        transport.room(1)
    return transport.trouble is not None


def _may_resend(desk: Desk, letter: WaitingLetter) -> bool:
    policy = desk.config.settings.delivery.uncertain
    return policy is UncertainPolicy.RESEND and not letter.was_in_doubt


def _is_worth_trying(desk: Desk, letter: WaitingLetter) -> bool:
    again = _retry_at(desk, letter)
    return again <= letter.created_at + desk.retry.give_up_after


def _retry_at(desk: Desk, letter: WaitingLetter) -> datetime:
    return desk.retry.retry_at(letter.attempts, now=desk.clock())

"""What keeps robots from our forms, without asking people to read crooked letters.

A field that people do not see, the time since the form was shown, and a limit for each
network. When sign-ups jump, each must also bring the answer of a small puzzle, which a
browser finds by itself in a second or two; a flood of mailboxes gets dear that way.
Nobody else is asked about anybody.
"""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from fastapi import Request
from limits import RateLimitItemPerHour

from newsletter import notices
from newsletter.tables import NoticeKind
from newsletter.web.network import network_of
from newsletter.web.site import Site
from subscribers import consent
from subscribers.errors import BadToken
from subscribers.tokens import Purpose

# The form that can be used to flood mailboxes, and is dear in an attack.
JOIN = "join"
COMMENT = "comment"
CONTACT = "contact"
# A field for robots: nothing that a browser would fill by itself.
TRAP = "website"
TOKEN = "form_token"  # noqa: S105 - a field's name
ANSWER = "puzzle_answer"
# Leading zero bits of the answer's SHA-256: some 65,000 tries.
PUZZLE_BITS = 16
LONGEST_ANSWER = 20
# A page may have been open since yesterday.
GOOD_FOR = timedelta(days=2)
WINDOW = timedelta(hours=1)
# How long what is known of an attack may be old; asking costs a query.
FRESH_SECONDS = 10.0


class Verdict(StrEnum):
    """What is to be done about a form.

    `ROBOT` is answered as if all went well, so that it learns nothing. `TOO_FAST` also
    stands for a form without a time, as from another site, or from days ago: it is
    shown again, and pressing the button once more is enough.
    """

    OK = "ok"
    ROBOT = "robot"
    TOO_FAST = "too_fast"
    TOO_MANY = "too_many"
    NEEDS_PUZZLE = "needs_puzzle"


@dataclass(frozen=True)
class GuardFields:
    """What a form must hold; shown by ``web/guard.html``.

    Attributes:
        token: says when the form was shown.
        puzzle_bits: 0 when there is no puzzle.
    """

    token: str
    puzzle_bits: int


def fields(site: Site, form: str, *, now: datetime) -> GuardFields:
    """Return what the form called *form* holds beside its own fields."""
    token = site.signer.sign(Purpose.FORM, _milliseconds(now), _number_of(form))
    bits = PUZZLE_BITS if form == JOIN and _is_attacked(site, now) else 0
    return GuardFields(token, bits)


def check(site: Site, request: Request, form: str, data: Mapping[str, str]) -> Verdict:
    """Say what is to be done about a form that was sent.

    Args:
        form: which one it is; its fields were made for it.
        data: what was sent; the puzzle is about its field ``address``.
    """
    now = site.clock()
    if data.get(TRAP):
        return Verdict.ROBOT
    if not _took_its_time(site, form, data.get(TOKEN, ""), now):
        return Verdict.TOO_FAST
    if not _is_within_limit(site, form, network_of(request)):
        return Verdict.TOO_MANY
    if form == JOIN and _is_attacked(site, now):
        _tell_operator(site, now)
        if not is_solved(data):
            return Verdict.NEEDS_PUZZLE
    return Verdict.OK


def is_solved(data: Mapping[str, str]) -> bool:
    """Tell whether a form brings the answer of its puzzle.

    The question holds the address, so that an answer is good for one mailbox only.
    """
    answer = data.get(ANSWER, "")
    if not 0 < len(answer) <= LONGEST_ANSWER:
        return False
    question = f"{data.get(TOKEN, '')}:{data.get('address', '').strip()}:{answer}"
    digest = hashlib.sha256(question.encode("utf-8", "replace")).digest()
    return int.from_bytes(digest, "big") >> (256 - PUZZLE_BITS) == 0


def _took_its_time(site: Site, form: str, token: str, now: datetime) -> bool:
    try:
        shown = site.signer.verify(Purpose.FORM, token)
    except BadToken:
        return False
    if shown.about != _number_of(form):
        return False
    waited = timedelta(milliseconds=_milliseconds(now) - shown.subject)
    fastest = timedelta(seconds=site.settings.signup.fastest_seconds)
    return fastest <= waited <= GOOD_FOR


def _is_within_limit(site: Site, form: str, network: str) -> bool:
    settings = site.settings
    section = settings.comments if form == COMMENT else settings.signup
    limit = RateLimitItemPerHour(section.per_network)
    return site.gate.limiter.hit(limit, form, network or "unknown")


def _is_attacked(site: Site, now: datetime) -> bool:
    """Tell whether so many signed up in the last hour that it looks like an attack."""
    gate, clock = site.gate, time.monotonic()
    if gate.looked_at is None or clock - gate.looked_at >= FRESH_SECONDS:
        most = site.settings.signup.attack_after
        with site.reading() as session:
            asked = consent.count_asked(session, since=now - WINDOW, most=most)
        gate.is_attacked, gate.looked_at = asked >= most, clock
    return gate.is_attacked


def _tell_operator(site: Site, now: datetime) -> None:
    """Say it once a day, whichever process finds out."""
    gate, day = site.gate, now.date()
    if gate.told_on == day:
        return
    most = site.settings.signup.attack_after
    message = (
        f"{most:,} or more sign-ups in an hour: perhaps somebody floods other people's "
        "mailboxes through your form. As long as it lasts, each sign-up must bring the "
        "answer of a small puzzle, which browsers find by themselves. There is nothing "
        "you must do. If so many are what you hope for, raise signup.attack_after."
    )
    site.write(
        lambda session: notices.post(
            session, NoticeKind.SIGNUP_ATTACK, f"{day}", message, now=now
        )
    )
    gate.told_on = day


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _number_of(form: str) -> int:
    digest = hashlib.blake2b(form.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")

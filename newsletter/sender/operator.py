"""Bring notices to the operator by mail; that never fails anything else."""

import logging
from uuid import uuid4
from zoneinfo import ZoneInfo

from newsletter import db, notices
from newsletter.errors import NewsletterError
from newsletter.message import Addressee, automatic
from newsletter.notices import NoticeView
from newsletter.outcome import Accepted, Command, Uncertain
from newsletter.render import Edition, NoticeContent, render_notice
from newsletter.sender.composing import addressed, envelope_sender, own_templates
from newsletter.sender.desk import Desk
from newsletter.tables import NoticeKind
from newsletter.transport import Letter, send_all

log = logging.getLogger(__name__)

UNTOLD = "the operator could not be told by mail"
TITLES = {
    NoticeKind.RUNWAY_LOW: "The library is running low",
    NoticeKind.LIBRARY_EMPTY: "There is no tip to send",
    NoticeKind.SLOT_MISSED: "A week was missed",
    NoticeKind.PIN_MISSED: "A pinned tip missed its week",
    NoticeKind.ISSUE_STARTED: "The issue is going out",
    NoticeKind.ISSUE_FINISHED: "The issue is finished",
    NoticeKind.ISSUE_PAUSED: "The issue is paused",
    NoticeKind.CANNOT_START: "The tip cannot go out",
    NoticeKind.RELAY_AWAY: "The relay is away",
    NoticeKind.RELAY_LIMITS: "The relay asks to go slower",
    NoticeKind.MAILBOX_AWAY: "The mailbox cannot be read",
    NoticeKind.LEAVING_HELD: "Departures wait for you",
    NoticeKind.SIGNUP_ATTACK: "Very many sign-ups",
    NoticeKind.COMMENT_HELD: "A comment waits for you",
}
UNREACHED = (Command.CONNECT, Command.LOGIN)
# News that asks nothing of anybody.
GOOD_NEWS = (NoticeKind.ISSUE_STARTED, NoticeKind.ISSUE_FINISHED)


def tell_operator(desk: Desk) -> None:
    """Mail every notice that was not mailed yet, each at most once.

    What the relay could not take, being away or refusing our login, is mailed when it
    can: news of a paused issue is of no use in the log alone.
    """
    with db.transaction(desk.engine) as session:
        fresh = notices.take_unmailed(session, now=desk.clock())
    for notice in fresh:
        if desk.config.settings.identity.operator_address:
            try:
                if not _mail(desk, notice):
                    continue
            except NewsletterError:
                # A broken template or address of theirs; `status` still shows it.
                log.exception(UNTOLD, extra={"notice": notice.key})
        level = logging.INFO if notice.kind in GOOD_NEWS else logging.WARNING
        log.log(level, TITLES[notice.kind], extra={"notice": notice.message})


def _mail(desk: Desk, notice: NoticeView) -> bool:
    """Mail one notice; False when the relay is not there and it is kept for later."""
    settings = desk.config.settings
    now = desk.clock().astimezone(ZoneInfo(settings.schedule.timezone))
    content = NoticeContent(TITLES[notice.kind], (notice.message,))
    edition = Edition.of(settings, day=now.date())
    rendered = render_notice(content, edition, own_templates=own_templates(desk.config))
    to = settings.identity.operator_address
    mail_domain = settings.identity.from_address.rpartition("@")[2]
    addressee = Addressee(to, f"notice.{uuid4().hex}@{mail_domain}", now)
    message = automatic(
        rendered.subject, rendered.text, rendered.html, to=addressee, settings=settings
    )
    letter = Letter(addressed(envelope_sender(settings), to), message)
    (outcome,) = send_all(desk.transport, [letter])
    if not isinstance(outcome, Accepted | Uncertain) and outcome.command in UNREACHED:
        with db.transaction(desk.engine) as session:
            notices.put_back(session, notice.id)
        return False
    if not isinstance(outcome, Accepted):
        facts = {"notice": notice.key, "reason": outcome.reason}
        log.error(UNTOLD, extra=facts)
    return True

"""The very message that would be sent, for the operator's eyes only.

Nothing is written down, and the links in it are signed for nobody: whoever clicks
"unsubscribe" in a preview takes no reader off the list.
"""

from dataclasses import dataclass
from datetime import datetime
from html import escape
from uuid import uuid4
from zoneinfo import ZoneInfo

from newsletter import holes
from newsletter.config import Config
from newsletter.holes import Hole
from newsletter.message import Reader, prepare
from newsletter.render import Finding, lint, signed_up_words
from newsletter.sender.composing import addressed, envelope_sender, render_article
from newsletter.slots import Slot
from newsletter.tips.library import TipView
from newsletter.transport import Letter
from subscribers.tokens import Purpose, TokenSigner

NOBODY = 0


@dataclass(frozen=True)
class Preview:
    """A message as one reader would get it, and what lint says of it."""

    subject: str
    html: str
    text: str
    letter: Letter
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class As:
    """Whose copy the preview shows; `signed_up_at` is UTC."""

    address: str
    name: str = ""
    signed_up_at: datetime | None = None


def preview(
    config: Config,
    tip: TipView,
    slot: Slot,
    reader: As,
    *,
    now: datetime,
    marked: bool = False,
) -> Preview:
    """Render *tip* for *slot* as *reader* would get it.

    Args:
        marked: put ``[Preview]`` before the subject, for a copy that is mailed.

    Raises:
        BadTemplate, ReservedWords: the tip cannot be rendered.
        UnmailableAddress: *reader*'s address cannot be written to.
        MissingSetting: there is no secret to sign the links with.
    """
    settings = config.settings
    zone = ZoneInfo(settings.schedule.timezone)
    rendered = render_article(config, tip, day=settings.schedule.timetable.day(slot))
    prepared = prepare(
        rendered.subject,
        rendered.text,
        rendered.html,
        settings=settings,
        slot=str(slot),
        preview=marked,
    )
    signer = TokenSigner(config.secrets)
    joined = reader.signed_up_at
    mail_domain = settings.identity.from_address.rpartition("@")[2]
    copy = Reader(
        address=reader.address,
        name=reader.name,
        message_id=f"preview.{slot}.{uuid4().hex}@{mail_domain}",
        date=now.astimezone(zone),
        unsubscribe=signer.sign(Purpose.UNSUBSCRIBE, NOBODY),
        preferences=signer.sign(Purpose.PREFERENCES, NOBODY),
        view=signer.sign(Purpose.VIEW, NOBODY),
        signed_up=signed_up_words(
            joined.astimezone(zone).date() if joined else None,
            settings.newsletter.language,
        ),
    )
    message = prepared.fill(copy)
    values = _hole_values(config, copy)
    escaped = {hole: escape(value, quote=False) for hole, value in values.items()}
    html = holes.fill(rendered.html, escaped)
    text = holes.fill(rendered.text, values)
    return Preview(
        subject=rendered.subject,
        html=html,
        text=text,
        letter=Letter(addressed(envelope_sender(settings), copy.address), message),
        findings=lint(rendered.subject, rendered.html, rendered.text, settings),
    )


def _hole_values(config: Config, copy: Reader) -> dict[Hole, str]:
    email = config.settings.email
    return {
        Hole.GREETING: holes.greet(
            copy.name, pattern=email.greeting, without_name=email.greeting_without_name
        ),
        Hole.UNSUBSCRIBE: copy.unsubscribe,
        Hole.PREFERENCES: copy.preferences,
        Hole.VIEW: copy.view,
        Hole.SIGNED_UP: copy.signed_up,
    }

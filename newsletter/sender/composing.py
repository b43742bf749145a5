"""Write one reader's letter: the issue's message, that person's name and links.

Rendering happens once, when the issue is opened; what is left for each reader costs
microseconds and asks no database.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from newsletter.config import Config, Settings, TransportKind
from newsletter.errors import BadTemplate, UnmailableAddress
from newsletter.issues import IssueView
from newsletter.ledger import Claim
from newsletter.message import PreparedMessage, Reader, prepare
from newsletter.outcome import Command, Rejected
from newsletter.render import (
    Article,
    Edition,
    Label,
    Rendered,
    render_tip,
    signed_up_words,
)
from newsletter.tips.library import TipView
from newsletter.transport import Envelope, Letter
from subscribers.addresses import is_reserved, on_the_wire
from subscribers.tokens import Purpose, TokenSigner

NO_MAILBOX = 553


@dataclass(frozen=True)
class Composer:
    """Everything that the letters of one issue share."""

    prepared: PreparedMessage
    signer: TokenSigner
    issue: IssueView
    mail_from: str
    installation: str
    zone: ZoneInfo
    language: str
    allow_reserved: bool

    @classmethod
    def of(cls, config: Config, issue: IssueView, *, uid: str) -> "Composer":
        """Prepare the message of *issue* as the settings say.

        Raises:
            MissingSetting: there is no secret to sign the links with.
            UnmailableAddress: an address of ours cannot be written in ASCII.
        """
        settings = config.settings
        return cls(
            prepared=prepare(
                issue.subject,
                issue.text,
                issue.html,
                settings=settings,
                slot=str(issue.slot),
            ),
            signer=TokenSigner(config.secrets),
            issue=issue,
            mail_from=envelope_sender(settings),
            installation=uid[:8],
            zone=ZoneInfo(settings.schedule.timezone),
            language=settings.newsletter.language,
            allow_reserved=settings.delivery.allow_reserved
            or settings.delivery.transport is TransportKind.FILE,
        )

    def compose(self, claim: Claim, *, message_id: str = "") -> Letter | Rejected:
        """Return the letter for one claim, or why none can be written.

        Args:
            message_id: of a letter that is sent once more, on request; else its own.
        """
        if not self.allow_reserved and is_reserved(claim.address):
            return unmailable("nobody can have an address there (RFC 2606)")
        try:
            reader = self._reader(claim)
            if message_id:
                reader = reader._replace(message_id=message_id)
            message = self.prepared.fill(reader)
        except UnmailableAddress as error:
            return unmailable(error.reason)
        return Letter(addressed(self.mail_from, claim.address), message)

    def _reader(self, claim: Claim) -> Reader:
        sign, person, issue = self.signer.sign, claim.subscriber_id, claim.issue_id
        joined = claim.signed_up_at
        day = joined.astimezone(self.zone).date() if joined else None
        number = f"{self.issue.slot}.{claim.delivery_id}.{self.installation}"
        return Reader(
            address=claim.address,
            name=claim.name,
            message_id=f"{number}@{self.issue.mail_domain}",
            date=claim.dated_at.astimezone(self.zone),
            unsubscribe=sign(Purpose.UNSUBSCRIBE, person, issue),
            preferences=sign(Purpose.PREFERENCES, person, issue),
            view=sign(Purpose.VIEW, person, issue),
            signed_up=signed_up_words(day, self.language),
        )


def render_article(config: Config, tip: TipView, *, day: date) -> Rendered:
    """Render *tip* as the email of *day*, a date in the newsletter's zone.

    Raises:
        BadTemplate: a template cannot be used.
        ReservedWords: the tip contains the word that marks a hole.
    """
    edition = Edition.of(config.settings, day=day)
    return render_tip(article_of(tip), edition, own_templates=own_templates(config))


def article_of(tip: TipView) -> Article:
    """Return *tip* as it is rendered."""
    return Article(
        title=tip.title,
        slug=tip.slug,
        body=tip.body,
        summary=tip.summary,
        author=tip.author,
        tags=tuple(Label(label.name, label.slug) for label in tip.tags),
        categories=tuple(Label(label.name, label.slug) for label in tip.categories),
    )


def own_templates(config: Config) -> Path | None:
    """Return the operator's folder of templates, if the settings name one.

    Raises:
        BadTemplate: the folder is not there.
    """
    if not config.settings.email.templates:
        return None
    folder = config.path(config.settings.email.templates)
    if not folder.is_dir():
        reason = "there is no such folder. Check email.templates."
        raise BadTemplate(template=str(folder), reason=reason)
    return folder


def addressed(mail_from: str, address: str) -> Envelope:
    """Return the envelope of a letter to *address*, which `fill` could write.

    Only a local part beyond ASCII needs SMTPUTF8; a domain has an ASCII form.
    """
    if address.isascii():
        return Envelope(mail_from, address)
    rcpt_to = on_the_wire(address)
    return Envelope(mail_from, rcpt_to, smtputf8=not rcpt_to.isascii())


def envelope_sender(settings: Settings) -> str:
    """Return the address that bounces go to, as the wire carries it.

    Raises:
        UnmailableAddress: it cannot be written in ASCII.
    """
    identity = settings.identity
    wire = on_the_wire(identity.bounce_address or identity.from_address)
    if not wire.isascii():
        raise UnmailableAddress(reason="identity.bounce_address must be ASCII")
    return wire


def unmailable(reason: str) -> Rejected:
    """Return the refusal of an address that no relay needs to be asked about."""
    return Rejected(NO_MAILBOX, f"5.1.3 {reason}", Command.RCPT)

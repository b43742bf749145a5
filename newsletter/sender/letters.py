"""What each kind of automatic letter says: its facts, its links, and what is new.

The words are in the templates of the kind; here is where their values come from. Links
are signed when a letter is written, never stored, and the same on every try: they go by
when the letter was asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from newsletter import db, holes
from newsletter.config import TransportKind
from newsletter.errors import UnmailableAddress
from newsletter.message import Addressee, automatic
from newsletter.outbox import WaitingLetter
from newsletter.outcome import Rejected
from newsletter.render import (
    Edition,
    article_parts,
    issue_day,
    render_automatic,
    signed_up_words,
)
from newsletter.sender.again import once_more
from newsletter.sender.composing import (
    addressed,
    article_of,
    envelope_sender,
    own_templates,
    unmailable,
)
from newsletter.sender.desk import Desk
from newsletter.sender.welcoming import Welcome, welcome_for
from newsletter.tables import LetterKind
from newsletter.transport import Letter
from subscribers.addresses import is_reserved
from subscribers.tokens import Purpose, TokenSigner, second_of

# They may be to somebody who never asked, so they do not use a name that was typed.
_TO_STRANGERS = {LetterKind.CONFIRM, LetterKind.REMIND}
# Nor do these, which have no links of the person either: whoever reads there now may
# be somebody else.
_ABOUT_A_MOVE = {LetterKind.NEW_ADDRESS, LetterKind.OLD_ADDRESS}
# They bring a tip, like an issue, so mailbox providers show their way out, too.
_OF_THE_LIST = {LetterKind.WELCOME, LetterKind.AGAIN}


@dataclass(frozen=True)
class LetterWriter:
    """Writes automatic letters, one at a time."""

    desk: Desk

    @cached_property
    def signer(self) -> TokenSigner:
        """Signs the links.

        Raises:
            MissingSetting: there is no secret to sign them with.
        """
        return TokenSigner(self.desk.config.secrets)

    def write(self, waiting: WaitingLetter) -> Letter | Rejected:
        """Return the letter, or why none can ever be written.

        Raises:
            BadTemplate: its template cannot be used, which can be mended.
        """
        config = self.desk.config
        settings = config.settings
        delivery = settings.delivery
        address = self._address(waiting)
        in_earnest = delivery.transport is not TransportKind.FILE
        if in_earnest and not delivery.allow_reserved and is_reserved(address):
            return unmailable("nobody can have an address there (RFC 2606)")
        if waiting.kind is LetterKind.AGAIN:
            return once_more(self.desk, waiting)
        day = waiting.created_at.astimezone(self._zone)
        edition = Edition.of(settings, day=day.date())
        rendered = render_automatic(
            waiting.kind,
            self._values(waiting, edition),
            edition,
            own_templates=own_templates(config),
        )
        domain = settings.identity.from_address.rpartition("@")[2]
        to = Addressee(
            address,
            f"{waiting.uid}@{domain}",
            day,
            reply_name=str(waiting.facts.get("sender_name", "")),
            reply_address=str(waiting.facts.get("sender", "")),
            unsubscribe=self._way_out(waiting),
        )
        try:
            message = automatic(
                rendered.subject,
                rendered.text,
                rendered.html,
                to=to,
                settings=settings,
            )
        except UnmailableAddress as error:
            return unmailable(error.reason)
        return Letter(addressed(envelope_sender(settings), address), message)

    def _address(self, waiting: WaitingLetter) -> str:
        """Return whom it goes to: whoever runs the newsletter by now, or its reader."""
        if waiting.kind is LetterKind.CONTACT:
            return self.desk.config.settings.identity.mailbox
        return waiting.address

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.desk.config.settings.schedule.timezone)

    def _values(self, waiting: WaitingLetter, edition: Edition) -> dict[str, Any]:
        """Return what the templates of its kind say; facts of its own go first."""
        values: dict[str, Any] = {
            "address": waiting.address,
            "greeting": self._greeting(waiting),
            "signed_up": signed_up_words(edition.day, edition.language),
            "next_day": self._next_day(edition.language),
        }
        if waiting.subscriber_id is not None:
            values |= self._links(waiting, waiting.subscriber_id, edition)
        if waiting.kind is LetterKind.WELCOME:
            values |= self._welcome(edition)
        return values | self._in_words(waiting.facts, edition.language)

    def _greeting(self, waiting: WaitingLetter) -> str:
        email = self.desk.config.settings.email
        return holes.greet(
            "" if waiting.kind in _TO_STRANGERS | _ABOUT_A_MOVE else waiting.name,
            pattern=email.greeting,
            without_name=email.greeting_without_name,
        )

    def _links(
        self, waiting: WaitingLetter, person: int, edition: Edition
    ) -> dict[str, str]:
        sign, base_url = self.signer.sign, edition.base_url
        if waiting.kind in _TO_STRANGERS:
            asked = second_of(waiting.created_at)
            token = sign(Purpose.CONFIRM, person, asked)
            confirm = holes.confirm_url(base_url, token)
            return {"confirm_url": confirm, "until": self._until(waiting, edition)}
        if waiting.kind is LetterKind.NEW_ADDRESS:
            wish = int(str(waiting.facts["change_id"]))
            token = sign(Purpose.NEW_ADDRESS, person, wish)
            move = holes.move_url(base_url, token)
            return {"move_url": move, "until": self._until(waiting, edition)}
        if waiting.kind is LetterKind.OLD_ADDRESS:
            return {}
        preferences = sign(Purpose.PREFERENCES, person)
        leave = sign(Purpose.UNSUBSCRIBE, person)
        return {
            "preferences_url": holes.preferences_url(base_url, preferences),
            "unsubscribe_url": holes.unsubscribe_url(base_url, leave),
        }

    def _until(self, waiting: WaitingLetter, edition: Edition) -> str:
        """Return the last day on which a link of the letter works, in words."""
        within = self.desk.config.settings.signup.confirms_within
        until = (waiting.created_at + within).astimezone(self._zone).date()
        return issue_day(until, edition.language)

    def _way_out(self, waiting: WaitingLetter) -> str:
        person = waiting.subscriber_id
        if person is None or waiting.kind not in _OF_THE_LIST:
            return ""
        return self.signer.sign(Purpose.UNSUBSCRIBE, person)

    def _next_day(self, language: str) -> str:
        """Return the day on which the next tip goes out, in words."""
        desk = self.desk
        timetable = desk.timetable
        coming = timetable.coming(timetable.latest(desk.clock()).shift(1))
        moment = timetable.moment(next(coming))
        return issue_day(moment.astimezone(self._zone).date(), language)

    def _welcome(self, edition: Edition) -> dict[str, Any]:
        desk = self.desk
        with db.snapshot(desk.engine) as session:
            slugs = desk.config.settings.welcome.tips
            found: Welcome = welcome_for(session, slugs, now=desk.clock())
        values: dict[str, Any] = {"article": None, "favourites": found.favourites}
        if found.tip is None:
            return values
        return values | article_parts(article_of(found.tip), edition)

    def _in_words(self, facts: Mapping[str, object], language: str) -> dict[str, Any]:
        """Return facts with their instants in words, in the newsletter's zone."""
        return {
            name: self._moment(str(value), language) if name.endswith("_at") else value
            for name, value in facts.items()
        }

    def _moment(self, text: str, language: str) -> str:
        moment = datetime.fromisoformat(text).astimezone(self._zone)
        day = issue_day(moment.date(), language)
        return f"On {day} at {moment:%H:%M} ({self._zone.key})"

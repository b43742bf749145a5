"""Signed tokens for the links in a letter: who is meant, and for what, and no more.

A token is opaque: without the secret nobody can read an id from it, guess another
one, or use it for another purpose. The way out has no date in it, so that it works for
ever; what must end, such as a request to confirm, carries the second in which it was
made as what it is `about`. Former secrets go on verifying. Knows nothing of URLs or of
the database.
"""

import binascii
import hashlib
import hmac
import re
import struct
from base64 import urlsafe_b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from subscribers.errors import BadToken

# 13 octets of MAC and 16 of ids. With 29 octets the last character carries four bits
# only, so it is never "-" or "_", which programs that find links in text cut off.
TOKEN_LENGTH = 39
_MAC_OCTETS = 13
_IDS = struct.Struct(">QQ")
_TOKEN = re.compile(f"[A-Za-z0-9_-]{{{TOKEN_LENGTH}}}")
_LAST_SECOND = 253_402_300_799
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


class Purpose(StrEnum):
    """What a link is for; a token of one purpose is worthless for another.

    `NEW_ADDRESS` is about the number of the wish to move.
    `CONFIRM` is about the second in which it was asked for, since 1970; see `issued`.
    `FORM` is no link: it says when a form was shown, and is about which form.
    """

    UNSUBSCRIBE = "unsubscribe"
    PREFERENCES = "preferences"
    VIEW = "view"
    CONFIRM = "confirm"
    NEW_ADDRESS = "new_address"
    FORM = "form"


@dataclass(frozen=True, slots=True)
class TokenSubject:
    """Who a token is about: a subscriber's id, and an issue's id or 0.

    Subject 0 is nobody: previews have working links that change nobody's data.
    """

    subject: int
    about: int

    @property
    def issued(self) -> datetime:
        """When a token was made that is about that, in UTC, to the second."""
        # Beyond the last year there is, nobody can have signed it.
        return datetime.fromtimestamp(min(self.about, _LAST_SECOND), UTC)


def second_of(moment: datetime) -> int:
    """Return *moment* as a token is about it: whole seconds since 1970."""
    return int(moment.timestamp())


class TokenSigner:
    """Signs and verifies tokens; safe to share between threads.

    Args:
        secrets: the one in force, which signs, then former ones, which only verify.

    Raises:
        ValueError: there is no secret, or an empty one.
    """

    def __init__(self, secrets: Sequence[bytes]) -> None:
        if not secrets or not all(secrets):
            raise ValueError("a TokenSigner needs a secret, and none that is empty")
        self._keys = {
            purpose: [_Keys(secret, purpose) for secret in secrets]
            for purpose in Purpose
        }

    def sign(self, purpose: Purpose, subject: int, about: int = 0) -> str:
        """Return the token of these ids: always 39 characters of ``[A-Za-z0-9_-]``.

        The same arguments always give the same token, so that a retried letter equals
        the first.

        Raises:
            ValueError: an id is negative or needs more than 64 bits.
        """
        return self._keys[purpose][0].seal(subject, about)

    def verify(self, purpose: Purpose, token: str) -> TokenSubject:
        """Return whom *token* was signed for.

        Raises:
            BadToken: it was cut short, altered, or signed for another purpose or with
                a secret that is no longer known.
        """
        if not _TOKEN.fullmatch(token):
            raise BadToken("it was cut short, or something was added to it")
        for keys in self._keys[purpose]:
            ids = keys.open(token)
            if ids is not None:
                return TokenSubject(*ids)
        raise BadToken("it was altered, or made for something else")


class _Keys:
    """One secret's keys for one purpose.

    The MAC of the ids is also the nonce under which they are masked, as in SIV
    (RFC 5297 §2.6): equal ids give equal tokens, and anything else looks random.
    """

    def __init__(self, secret: bytes, purpose: Purpose) -> None:
        self._mac = _keyed(secret, f"{purpose}: mac", _MAC_OCTETS)
        self._mask = _keyed(secret, f"{purpose}: mask", _IDS.size)

    def seal(self, subject: int, about: int) -> str:
        try:
            ids = _IDS.pack(subject, about)
        except struct.error as error:
            raise ValueError(f"no token can hold the ids {subject}, {about}") from error
        # In line: a letter has three, and a call of each would cost it 3 µs.
        state = self._mac.copy()
        state.update(ids)
        mac = state.digest()
        state = self._mask.copy()
        state.update(mac)
        sealed = mac + _xor(ids, state.digest())
        encoded = binascii.b2a_base64(sealed, newline=False).translate(_URL_SAFE)
        return encoded[:TOKEN_LENGTH].decode("ascii")

    def open(self, token: str) -> tuple[int, int] | None:
        sealed = urlsafe_b64decode(token + "=")
        mac, masked = sealed[:_MAC_OCTETS], sealed[_MAC_OCTETS:]
        mask = self._mask.copy()
        mask.update(mac)
        subject, about = _IDS.unpack(_xor(masked, mask.digest()))
        # Comparing the whole text also refuses the other spellings that base64
        # would allow for the last character.
        same = hmac.compare_digest(self.seal(subject, about), token)
        return (subject, about) if same else None


def _keyed(secret: bytes, label: str, octets: int) -> hashlib.blake2b:
    """Return a keyed hash whose key is derived once; it is copied for each message.

    Source: RFC 5869 §2.3 (one block of expansion); RFC 7693 §2.9 (keyed BLAKE2).
    """
    info = f"subscribers.tokens: {label}\x01".encode()
    key = hmac.digest(secret, info, "sha256")
    return hashlib.blake2b(key=key, digest_size=octets)


def _xor(one: bytes, other: bytes) -> bytes:
    mixed = int.from_bytes(one, "big") ^ int.from_bytes(other, "big")
    return mixed.to_bytes(_IDS.size, "big")

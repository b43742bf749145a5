"""Addresses as keyed hashes: equal for the same address, unreadable without the key.

What must outlast a person's erasure, or counts how much mail somebody asked for, is
kept under this hash instead of the address. The key comes from the oldest secret, so
that the hashes of a year ago still match after the secret was changed.
"""

import hmac
from collections.abc import Sequence

_LABEL = b"subscribers.hashing: address\x01"


class AddressHasher:
    """Hashes addresses; safe to share between threads.

    Args:
        secrets: the one in force, then former ones, the oldest last.

    Raises:
        ValueError: there is no secret, or an empty one.
    """

    def __init__(self, secrets: Sequence[bytes]) -> None:
        if not secrets or not all(secrets):
            raise ValueError("an AddressHasher needs a secret, and none that is empty")
        # A key of its own, so that no hash says anything about a token.
        self._key = hmac.digest(secrets[-1], _LABEL, "sha256")

    def hash(self, address_key: str) -> str:
        """Return 64 hexadecimal digits for the key of an address.

        Args:
            address_key: as `subscribers.addresses.parse_address` gives it.

        Source: RFC 2104 (HMAC); an unkeyed hash of an address is found by trying.
        """
        return hmac.digest(self._key, address_key.encode(), "sha256").hex()

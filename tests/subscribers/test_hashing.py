"""An address's hash is the same for ever, and says nothing without the key."""

import re

import pytest

from subscribers.hashing import AddressHasher

NEW, OLD = b"new" * 12, b"old" * 12


def test_a_hash_outlives_a_change_of_the_secret() -> None:
    """The oldest secret keys it, so what was suppressed stays so."""
    before = AddressHasher([OLD]).hash("ada@example.org")

    assert AddressHasher([NEW, OLD]).hash("ada@example.org") == before
    assert AddressHasher([NEW]).hash("ada@example.org") != before


def test_addresses_have_hashes_of_their_own() -> None:
    """64 digits, different for different people, never the address."""
    hasher = AddressHasher([NEW])
    hashes = {hasher.hash(f"reader{number}@bücher.example") for number in range(100)}

    assert len(hashes) == 100
    assert all(re.fullmatch("[0-9a-f]{64}", found) for found in hashes)


@pytest.mark.parametrize("secrets", [[], [b""], [NEW, b""]])
def test_without_a_secret_there_is_no_hasher(secrets: list[bytes]) -> None:
    """An empty key would let anybody try addresses."""
    with pytest.raises(ValueError, match="secret"):
        AddressHasher(secrets)

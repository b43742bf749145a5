"""Small sums that the operator reads, and when a letter is tried again."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.ledger import RetryPolicy, Tally
from newsletter.tables import DeliveryStatus

counts = st.integers(0, 1_000)


@given(st.fixed_dictionaries({status.value: counts for status in DeliveryStatus}))
def test_every_letter_is_either_open_or_done(numbers: dict[str, int]) -> None:
    """No status is forgotten and none is counted twice."""
    tally = Tally(**numbers)

    assert tally.total == sum(numbers.values())
    assert tally.open == tally.total - tally.done
    waiting = ("pending", "claimed", "sending", "deferred")
    assert tally.open == sum(numbers[status] for status in waiting)


@pytest.mark.parametrize(
    ("attempts", "minutes"), [(1, 5), (2, 15), (3, 60), (4, 60), (99, 60)]
)
def test_waits_grow_and_the_last_one_repeats(
    attempts: int, minutes: int, now: datetime
) -> None:
    """After the first try comes the first wait; after many, always the last."""
    waits = tuple(timedelta(minutes=m) for m in (5, 15, 60))
    policy = RetryPolicy(waits, give_up_after=timedelta(days=2))

    assert policy.retry_at(attempts, now=now) == now + timedelta(minutes=minutes)

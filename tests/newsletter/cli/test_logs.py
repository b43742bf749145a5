"""Log lines carry their facts, so that nobody has to guess."""

import logging
from typing import Any

import pytest

from newsletter.cli.logs import FactsFormatter


@pytest.mark.parametrize(
    ("facts", "ends"),
    [
        ({}, "WARNING relay away"),
        ({"issue": 31, "slot": "2026-W19"}, "relay away  issue=31 slot=2026-W19"),
        ({"reason": "nobody\n there"}, 'relay away  reason="nobody there"'),
        ({"reason": ""}, 'relay away  reason=""'),
    ],
)
def test_facts_follow_the_event(facts: dict[str, Any], ends: str) -> None:
    """One line an event; what has spaces stands in quotes."""
    logger = logging.getLogger("newsletter.test")
    record = logger.makeRecord(
        "newsletter.test",
        logging.WARNING,
        __file__,
        1,
        "relay %s",
        ("away",),
        None,
        extra=facts,
    )

    line = FactsFormatter().format(record)

    assert line.endswith(ends)
    assert "\n" not in line


def test_a_traceback_still_follows() -> None:
    """An unexpected error is shown whole."""
    try:
        raise ValueError("odd")
    except ValueError as error:
        info: Any = (type(error), error, error.__traceback__)
    record = logging.makeLogRecord({"msg": "this round failed", "exc_info": info})

    assert FactsFormatter().format(record).endswith("ValueError: odd")

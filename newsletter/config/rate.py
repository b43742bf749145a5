"""The settings of how fast letters leave, beyond plain numbers."""

from typing import Annotated

from pydantic import AfterValidator, Field

from newsletter.config import checks
from newsletter.config.section import Section

# A letter in a quarter of an hour; slower is no rate but a mistake.
SLOWEST = 0.001


def _no_limit_or_a_rate(value: float) -> float:
    if value and value < SLOWEST:
        raise ValueError(f"it must be 0, for no limit, or at least {SLOWEST}")
    return value


Rate = Annotated[float, Field(ge=0), AfterValidator(_no_limit_or_a_rate)]
DomainRates = dict[
    Annotated[str, AfterValidator(checks.domain)],
    Annotated[float, Field(ge=SLOWEST)],
]


class WarmUpSection(Section):
    """A ramp for a sender that is new: few letters on the first day, then more."""

    start: int = Field(
        0,
        ge=0,
        description="Letters on the first day on which anything is sent. A day is 24 "
        "hours from its first letter; the rest goes on the next one. 0: no ramp.",
    )
    factor: float = Field(
        1.5,
        ge=1.01,
        le=10,
        description="How many times as many letters on each further day of sending. "
        "Days without a letter do not count.",
    )

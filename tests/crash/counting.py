"""What a crash did, counted from the recipients' side and held against the ledger."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields

from newsletter.ledger.rows import MOST_DOUBTS
from newsletter.slots import Slot
from tests.crash.house import House
from tests.crash.recorder import Arrival


@dataclass(frozen=True)
class Count:
    """How it went, in letters.

    Attributes:
        letters: how many there were to send.
        kills: processes that ended by SIGKILL.
        cut: connections that ended without goodbye, because their process was killed;
            at most so many SMTP transactions were open at the kills.
        doubtful: how often the ledger says that a letter was uncertain.
        repeated: letters that arrived a second time.
        held: letters that stay uncertain, each named by the program.
        held_unarrived: those of them that did not arrive.
        forgotten: letters that did not arrive, and that nobody names.
    """

    letters: int = 0
    kills: int = 0
    cut: int = 0
    doubtful: int = 0
    repeated: int = 0
    held: int = 0
    held_unarrived: int = 0
    forgotten: int = 0

    def __add__(self, other: "Count") -> "Count":
        """Return both together."""
        names = [field.name for field in fields(self)]
        return Count(**{n: getattr(self, n) + getattr(other, n) for n in names})


def count(
    house: House, slot: Slot, arrivals: Sequence[Arrival], *, kills: int, cut: int
) -> Count:
    """Count one finished issue, and see that the promise was kept.

    Whoever got nothing is named by the program; whoever got it twice was in doubt, and
    both letters have the same Message-ID; and no more were in doubt than there were
    connections when somebody was killed.
    """
    everybody = house.everybody
    ours = [each for each in arrivals if each.recipient in everybody]
    copies = Counter(each.recipient for each in ours)
    messages = {(each.recipient, each.message_id) for each in ours}
    doubts, held = house.doubts(slot), house.held(slot)
    repeated = {address for address, number in copies.items() if number > 1}
    missing = everybody - set(copies)
    found = Count(
        letters=len(everybody),
        kills=kills,
        cut=cut,
        doubtful=sum(doubts.values()),
        repeated=sum(copies.values()) - len(copies),
        held=len(held),
        held_unarrived=len(missing & held),
        forgotten=len(missing - held),
    )

    assert house.is_finished(slot)
    assert house.addresses(slot) == everybody
    assert missing <= held, sorted(missing - held)
    assert repeated <= set(doubts), sorted(repeated - set(doubts))
    assert max(copies.values()) <= 1 + MOST_DOUBTS
    assert len(messages) == len(copies), "a copy must carry the same Message-ID"
    assert len({message_id for _, message_id in messages}) == len(messages)
    assert found.repeated <= found.doubtful <= cut, found
    assert house.named_by_the_program(slot) == held
    if house.settings["delivery.uncertain"] == "hold":
        assert not repeated, sorted(repeated)
        assert held == set(doubts)
    return found

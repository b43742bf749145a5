"""The choice of a week, and that no tip is lost or repeated in years of choices."""

from dataclasses import replace
from datetime import date
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.slots import Slot
from newsletter.tips.choosing import Candidate, Choice, choose, pins_missed

WEEK = Slot(2026, 47)
LAST_WEEK, NEXT_WEEK = WEEK.shift(-1), WEEK.shift(1)


def tip(
    number: int,
    *,
    position: int | None = None,
    pin: date | None = None,
    sent_in: Slot | None = None,
    times: int | None = None,
) -> Candidate:
    """Return a tip of the queue; one that was sent, when a slot is given."""
    return Candidate(
        number,
        f"tip-{number}",
        f"Tip {number}",
        number if position is None else position,
        pin,
        sent_in,
        times or int(sent_in is not None),
    )


def chosen(library: list[Candidate], slot: Slot = WEEK, rest: int | None = None) -> int:
    """Return the id of the tip that is chosen; 0 for none."""
    choice = choose(library, slot, recycle_after_weeks=rest)
    return choice.tip_id if choice else 0


def test_the_first_in_the_queue_goes_out() -> None:
    """Position decides, whatever the order in which tips were written."""
    library = [tip(1, position=30), tip(2, position=10), tip(3, position=20)]

    choice = choose(library, WEEK)

    assert choice == Choice(2, "tip-2", "Tip 2", "next in queue", round=1)


def test_the_older_of_two_at_the_same_place_goes_first() -> None:
    """Equal positions leave no doubt: the tip that was made first."""
    assert chosen([tip(9, position=1), tip(4, position=1)]) == 4


def test_a_pinned_tip_goes_before_the_queue() -> None:
    """Its week has come, so the queue waits; the reason names the pin."""
    library = [tip(1), tip(2, pin=date(2026, 11, 20))]

    choice = choose(library, WEEK)

    assert choice
    assert choice.tip_id == 2
    assert choice.reason == "pinned to 2026-11-20"


@pytest.mark.parametrize("day", [date(2026, 11, 16), date(2026, 11, 22)])
def test_a_pin_means_its_whole_week(day: date) -> None:
    """Monday and Sunday name the same slot."""
    assert chosen([tip(1), tip(2, pin=day)]) == 2


def test_a_pin_in_the_future_keeps_the_tip_out() -> None:
    """A tip for Christmas does not go out in November, even when it is the only one."""
    library = [tip(1, pin=date(2026, 12, 24))]

    assert choose(library, WEEK) is None
    assert chosen(library, Slot(2026, 52)) == 1


def test_a_missed_pin_falls_back_into_the_queue_and_says_so() -> None:
    """The week went by without it; it waits at its old place and nobody forgets it."""
    library = [tip(1), tip(2, position=0, pin=date(2026, 11, 12))]

    choice = choose(library, WEEK)

    assert choice
    assert choice.tip_id == 2
    assert choice.reason == "next in queue (its pin, 2026-11-12, has passed)"
    assert pins_missed(library, WEEK) == [library[1]]
    assert pins_missed(library, LAST_WEEK) == []


def test_a_pinned_tip_that_was_sent_is_not_missed() -> None:
    """A pin that was kept is no news for the operator."""
    assert pins_missed([tip(1, pin=date(2026, 11, 12), sent_in=LAST_WEEK)], WEEK) == []


def test_of_two_tips_pinned_to_one_week_the_second_falls_back() -> None:
    """The first in the queue gets the week; the other one goes out a week later."""
    pin = date(2026, 11, 17)
    library = [tip(1), tip(2, position=8, pin=pin), tip(3, position=7, pin=pin)]

    assert chosen(library) == 3
    library[2] = replace(library[2], last_sent=WEEK, times_sent=1)
    assert chosen(library, NEXT_WEEK) == 1
    library[0] = replace(library[0], last_sent=NEXT_WEEK, times_sent=1)
    assert chosen(library, NEXT_WEEK.shift(1)) == 2


@pytest.mark.parametrize("pin", [None, date(2026, 11, 17)])
def test_without_recycling_nothing_is_sent_twice(pin: date | None) -> None:
    """The library ends; not even a pin brings back what was sent."""
    assert choose([tip(1, pin=pin, sent_in=Slot(2020, 1))], WEEK) is None


def test_an_empty_library_has_nothing_to_send() -> None:
    """No tips, no choice, no error."""
    assert choose([], WEEK, recycle_after_weeks=1) is None


def test_what_was_never_sent_goes_before_what_was() -> None:
    """A new tip at the end of the queue goes before one that rested for years."""
    library = [tip(1, sent_in=Slot(2020, 1)), tip(2, position=99)]

    assert chosen(library, rest=52) == 2


def test_recycling_takes_the_one_sent_longest_ago() -> None:
    """The oldest opens a new round and the reason says when it was sent."""
    library = [
        tip(1, sent_in=Slot(2025, 10)),
        tip(2, sent_in=Slot(2025, 3), times=2),
        tip(3, sent_in=Slot(2025, 20)),
    ]

    choice = choose(library, WEEK, recycle_after_weeks=52)

    assert choice
    assert choice.tip_id == 2
    assert choice.round == 3
    assert choice.reason == "round 3, last sent in 2025-W03"


def test_recycling_waits_until_the_tip_has_rested() -> None:
    """A week short of the rest nothing is sent; when it is over, it is."""
    library = [tip(1, sent_in=WEEK.shift(-52))]

    assert choose(library, WEEK, recycle_after_weeks=53) is None
    assert chosen(library, rest=52) == 1


def test_recycling_leaves_a_tip_that_waits_for_its_pin() -> None:
    """Last year's Christmas tip, pinned again, does not go out in November."""
    library = [
        tip(1, pin=date(2026, 12, 24), sent_in=Slot(2020, 52)),
        tip(2, sent_in=Slot(2021, 1)),
    ]

    assert chosen(library, rest=52) == 2


def test_with_recycling_a_pin_brings_a_tip_back() -> None:
    """The operator asked for this tip in this week: a new round before the queue."""
    library = [tip(1), tip(2, pin=date(2026, 11, 17), sent_in=Slot(2025, 52))]

    choice = choose(library, WEEK, recycle_after_weeks=52)

    assert choice
    assert (choice.tip_id, choice.round) == (2, 2)


def test_a_tip_that_went_out_this_week_is_not_chosen_for_it_again() -> None:
    """A pin is used up by the issue of its own week."""
    library = [tip(1), tip(2, pin=date(2026, 11, 17), sent_in=WEEK)]

    assert chosen(library, rest=52) == 1


slots = st.integers(-120, 20).map(WEEK.shift)
candidates = st.builds(
    tip,
    st.just(0),
    position=st.integers(0, 5),
    pin=st.none() | slots.map(lambda slot: slot.monday),
    sent_in=st.none() | st.integers(-120, 0).map(WEEK.shift),
)
libraries = st.lists(candidates, max_size=12).map(
    lambda tips: [replace(tip, tip_id=n) for n, tip in enumerate(tips, 1)]
)


@given(libraries, slots, st.none() | st.integers(1, 60), st.randoms())
def test_the_order_of_the_input_changes_nothing(
    library: list[Candidate], slot: Slot, rest: int | None, random: Random
) -> None:
    """The choice is a function of the library and the week, and of nothing else."""
    shuffled = random.sample(library, len(library))

    first = choose(library, slot, recycle_after_weeks=rest)

    assert choose(shuffled, slot, recycle_after_weeks=rest) == first
    assert choose(library, slot, recycle_after_weeks=rest) == first


@given(libraries, slots)
def test_the_choice_is_always_an_unsent_tip_whose_time_has_come(
    library: list[Candidate], slot: Slot
) -> None:
    """Nothing is sent too early or twice, and a week is empty only for want of tips."""
    may_go = {
        tip.tip_id
        for tip in library
        if not tip.times_sent and (tip.pinned_to is None or tip.pinned_to <= slot)
    }

    choice = choose(library, slot)

    assert choice.tip_id in may_go if choice else not may_go


class Desk:
    """An operator who tampers with the library while the weeks go by."""

    def __init__(self, size: int) -> None:
        self.tips = {n: tip(n) for n in range(1, size + 1)}
        self.retired: set[int] = set()
        self.sent: list[int] = []

    def insert(self, position: int, pin: date | None = None) -> None:
        """Write a new tip somewhere in the queue."""
        number = len(self.tips) + 1
        self.tips[number] = tip(number, position=position, pin=pin)

    def tamper(self, random: Random, slot: Slot) -> None:
        """Insert, move or retire a tip, or do nothing."""
        number = random.choice(list(self.tips))
        match random.choice(["insert", "pin", "move", "retire", "rest", "rest"]):
            case "insert":
                self.insert(random.randint(0, 60))
            case "pin":
                self.insert(0, slot.shift(random.randint(-2, 8)).monday)
            case "move":
                self.tips[number] = replace(
                    self.tips[number], position=random.randint(0, 60)
                )
            case "retire":
                self.retired.add(number)
            case _:
                pass

    def send(self, random: Random, slot: Slot) -> None:
        """Choose from what is ready and mark the choice as sent."""
        ready = [t for n, t in self.tips.items() if n not in self.retired]
        random.shuffle(ready)
        choice = choose(ready, slot)
        if choice:
            self.sent.append(choice.tip_id)
            self.tips[choice.tip_id] = replace(
                self.tips[choice.tip_id], last_sent=slot, times_sent=choice.round
            )


@settings(max_examples=30)
@given(st.integers(1, 30), st.randoms(use_true_random=False))
def test_in_sixty_weeks_nobody_misses_a_tip_or_gets_one_twice(
    size: int, random: Random
) -> None:
    """Whatever is inserted, moved, pinned or retired, every ready tip goes out once."""
    desk = Desk(size)

    for week in range(60):
        slot = WEEK.shift(week)
        # The last weeks are quiet, so that the queue runs dry.
        if week < 28:
            desk.tamper(random, slot)
        desk.send(random, slot)

    assert len(desk.sent) == len(set(desk.sent))
    assert set(desk.tips) - desk.retired <= set(desk.sent)


@settings(max_examples=30)
@given(st.integers(1, 8), st.integers(1, 12), st.randoms(use_true_random=False))
def test_a_round_ends_before_the_next_begins(
    size: int, rest: int, random: Random
) -> None:
    """With recycling every tip goes out once in each round, and rests in between."""
    desk = {n: tip(n) for n in range(1, size + 1)}
    sent: list[tuple[int, int, Slot]] = []

    for week in range(40):
        slot = WEEK.shift(week)
        library = random.sample(list(desk.values()), size)
        if choice := choose(library, slot, recycle_after_weeks=rest):
            sent.append((choice.round, choice.tip_id, slot))
            desk[choice.tip_id] = replace(
                desk[choice.tip_id], last_sent=slot, times_sent=choice.round
            )

    rounds = [number for number, _, _ in sent]
    assert rounds == sorted(rounds)
    assert len({(number, tip_id) for number, tip_id, _ in sent}) == len(sent)
    last: dict[int, Slot] = {}
    for _, tip_id, slot in sent:
        assert tip_id not in last or slot.weeks_since(last[tip_id]) >= rest
        last[tip_id] = slot

"""The watch at the borders between the rooms."""

from benchmarks.split import PARTS, Watch


def test_a_timed_act_does_what_it_did() -> None:
    """Words go in and the answer comes out as before."""
    add = Watch(0.0).timed("wire", lambda first, *, second: first + second)

    assert add(1, second=2) == 3


def test_every_door_is_there() -> None:
    """No part is timed at a place that was renamed; commits belong to the ledger."""
    doors = {(part, name) for part, places in PARTS.items() for _, name in places}

    for part, places in PARTS.items():
        for owner, name in places:
            assert callable(getattr(owner, name)), f"{part}: {name}"
    assert {("ledger", "commit"), ("ledger", "claim"), ("wire", "turn")} <= doors

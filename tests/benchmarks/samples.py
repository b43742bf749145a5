"""Results that nobody measured, with the widest words and figures that may come."""

from benchmarks.figures import Copy, Crew, Race, Results, Size, Spread, Workers

CPU = {"compose": 20.0, "wire": 40.0, "ledger": 60.0, "rest": 10.0, "cpu": 130.0}
MACHINE = {
    "date": "2026-11-24",
    "cores": 2,
    "mhz": 2100,
    "memory_gb": 8.0,
    "load_before": 0.1,
    "kernel": "6.1.0",
    "filesystem": "ext4",
    "python": "3.11.7",
    "sqlite": "3.45.0",
    "postfix": "3.7.11",
    "packages": {"sqlalchemy": "2.0.44"},
}


def race(
    group: str = "source", *, ours: float = 10_500.0, other: float = 21_000
) -> Race:
    """Return a race whose rounds lie ten per cent to both sides."""
    return Race(
        group=group,
        name="PostgreSQL normal",
        connections=50,
        ours=Spread(ours, ours * 0.5, ours * 1.5),
        other=Spread(other, other * 0.5, other * 1.5),
        ratio=ours / other,
        aim=0.5,
        cpu=CPU,
        memory=142.0,
        safety={"fsync": "on", "synchronous_commit": "on"},
    )


def results(*, source: float = 21_000.0) -> Results:
    """Return results with a row of each kind."""
    races = [
        race(other=source),
        race("bound", ours=380.0, other=200.0),
        race("silence", ours=19.5, other=20.0),
        race("processes"),
    ]
    size = Size("PostgreSQL", 1_000_000, 12.25, 1_000_000, 125.0, 75.0, 142.0)
    copy = Copy(32.6, Spread(13.0, 12.6, 13.6))
    return Results(MACHINE, 20_000, 5, copy, races, [size], workers())


def workers() -> Workers:
    """Return crews with and without a limit, and one that was shot at."""
    shot = crew(4, kills=12, doubtful=240, twice=240)
    return Workers(MACHINE, [crew(1), crew(4), shot, crew(4, per_second=100.0)])


def crew(workers: int, **more: float) -> Crew:
    """Return a crew that reaches nine tenths of its bound."""
    bound = float(more.get("per_second") or 400.0 * workers)
    usual = {"kills": 0, "doubtful": 0, "held": 0, "twice": 0, "forgotten": 0}
    facts = {"connections": 20, "letters": 3_000, "per_second": 0.0, **usual, **more}
    return Crew(workers=workers, rate=bound * 0.9, bound=bound, **facts)  # type: ignore[arg-type]

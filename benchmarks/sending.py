"""Letters a second through the whole command, beside Postfix's own generator.

    python -m benchmarks.sending [LETTERS] [ROUNDS] [ROW ...]

`newsletter send` composes, signs and keeps the ledger; `smtp-source -d` sends one
message of 6 KB again and again, with no ledger. Both mail to `smtp-sink` (Debian's
package postfix has the two; nothing else of it runs) over the loopback interface, over
as many connections, taking turns in one run. Medians are printed.
"""

import statistics
import subprocess
import sys
import time
from dataclasses import dataclass

from benchmarks.relays import LOOPBACK, sink
from benchmarks.stage import stage

BYTES = 6_000


@dataclass(frozen=True)
class Row:
    """One way of sending."""

    engine: str
    durability: str
    connections: int

    @property
    def name(self) -> str:
        """As it is asked for and printed."""
        return f"{self.engine}-{self.durability}-{self.connections}"


ROWS = [
    Row(engine, durability, connections)
    for engine, durability in (
        ("sqlite", "normal"),
        ("sqlite", "full"),
        ("postgresql", "full"),
    )
    for connections in (10, 50)
]


def generator(letters: int, connections: int, port: int) -> float:
    """Return how many messages a second `smtp-source` hands over."""
    program = ["smtp-source", "-d", "-s", str(connections), "-m", str(letters)]
    began = time.perf_counter()
    subprocess.run([*program, "-l", str(BYTES), f"{LOOPBACK}:{port}"], check=True)
    return letters / (time.perf_counter() - began)


def measure(row: Row, letters: int, rounds: int) -> None:
    """Let the two take turns, and print the medians."""
    with stage(row.engine) as ours, sink() as port:
        ours.fill(letters)
        ours.configure(
            port,
            smtp__connections=row.connections,
            database__durability=row.durability,
        )
        pairs = [
            (ours.send(), generator(letters, row.connections, port))
            for _ in range(rounds)
        ]
        parts = ours.send(split=True).split
    mine = [sent.rate for sent, _ in pairs]
    ratio = statistics.median(sent.rate / source for sent, source in pairs)
    source = statistics.median(source for _, source in pairs)
    memory = max(sent.memory for sent, _ in pairs)
    words = ", ".join(f"{part} {cpu:.0f}" for part, cpu in parts.items())
    print(
        f"{row.name:20} {statistics.median(mine):6,.0f}/s ({min(mine):,.0f}-"
        f"{max(mine):,.0f}), smtp-source {source:6,.0f}/s, ratio {ratio:.2f}, "
        f"{memory:.0f} MB; µs of CPU: {words}",
        flush=True,
    )


def main() -> None:
    """Print a line for each row."""
    letters = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    for row in ROWS:
        if len(sys.argv) <= 3 or row.name in sys.argv[3:]:
            measure(row, letters, rounds)


if __name__ == "__main__":
    main()
